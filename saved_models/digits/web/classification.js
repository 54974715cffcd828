// A picture in, a label out.

import {batch, read, resize} from "./pictures.js";

export const takes = "picture";
const TOP = 5;

/** A Blob -> {label, probability, top: [[label, probability], ...]}. */
export async function predict(source, run, manifest) {
  const [square] = resize(await read(source, manifest), manifest.inputs.image.shape[1]);
  const {data} = (await run({image: batch(square)})).probabilities;
  return {answer: ranked(data, manifest.labels)};
}

/** Probabilities of the labels -> {label, probability, top}, the best first. */
export function ranked(data, labels) {
  const best = [...data.keys()].sort((a, b) => data[b] - data[a] || a - b).slice(0, TOP);
  const top = best.map((i) => [labels[i], data[i]]);
  return {label: top[0][0], probability: top[0][1], top};
}

export function line({top}) {
  const [first, ...others] = top.map(([label, probability]) => `${label} ${probability.toFixed(2)}`);
  return others.length ? `${first}  (${others.join(", ")})` : first;
}
