// A picture in, the same picture redrawn in the other domain out.

import {batch, bicubic, canvas, even, read, resize} from "./pictures.js";

export const takes = "picture";
const NAMES = ["to_a", "to_b"]; // of what programs give

/** A Blob -> {size: [H, W], to: [names of domains]}, and a picture for each; every program of the manifest is run. */
export async function predict(source, run, manifest) {
  const picture = await read(source, manifest);
  const {height, width} = picture;
  const side = manifest.inputs.image.shape[1];
  const [square] = resize(picture, side);
  const answers = {};
  for (const program of Object.keys(manifest.programs || {serving_default: null})) {
    Object.assign(answers, await run({image: batch(square)}, program));
  }
  const found = NAMES.filter((name) => answers[name]);
  const domains = manifest.labels.length ? manifest.labels : ["A", "B"];
  const pictures = {};
  for (const name of found) {
    const data = Uint8Array.from(answers[name].data, (value) => Math.min(Math.max(even(value * 255), 0), 255));
    pictures[name] = canvas(bicubic({data, height: side, width: side}, height, width, 3));
  }
  return {answer: {size: [height, width], to: found.map((name) => domains[NAMES.indexOf(name)])}, pictures};
}

export function line({size, to}) {
  return `${size.join(" x ")} to ${to.join(", ")}`;
}
