// A picture in, a label, several, or numbers out; see edge/classification.py.

import {named as numbers, line as shown} from "./numbers.js";
import {batch, read, resize} from "./pictures.js";

export const takes = "picture";
const TOP = 5;

/** A Blob -> the answer of `named`. */
export async function predict(source, run, manifest) {
  const [square] = resize(await read(source, manifest), manifest.inputs.image.shape[1]);
  return {answer: named(await run({image: batch(square)}), manifest)};
}

/** The outputs for one example -> its answer, by what the model has learned. */
export function named(outputs, manifest) {
  if (outputs.value) return {numbers: numbers(outputs.value.data, manifest.learned)};
  const {data} = outputs.probabilities;
  return outputs.thresholds ? several(data, outputs.thresholds.data, manifest.labels) : ranked(data, manifest.labels);
}

/** Probabilities of the labels -> {label, probability, top}, the best first. */
export function ranked(data, labels) {
  const best = [...data.keys()].sort((a, b) => data[b] - data[a] || a - b).slice(0, TOP);
  const top = best.map((i) => [labels[i], data[i]]);
  return {label: top[0][0], probability: top[0][1], top};
}

function several(data, thresholds, labels) {
  const found = labels.filter((_, i) => data[i] >= thresholds[i]);
  return {labels: found, probabilities: Object.fromEntries(labels.map((label, i) => [label, data[i]]))};
}

export function line(answer) {
  if (answer.numbers) return shown(answer.numbers);
  if (answer.labels) {
    return answer.labels.map((label) => `${label} ${answer.probabilities[label].toFixed(2)}`).join(", ") || "none";
  }
  const [first, ...others] = answer.top.map(([label, probability]) => `${label} ${probability.toFixed(2)}`);
  return others.length ? `${first}  (${others.join(", ")})` : first;
}

/** The same without the labels that come second. */
export function short(answer) {
  return answer.top ? `${answer.label} ${answer.probability.toFixed(2)}` : line(answer);
}
