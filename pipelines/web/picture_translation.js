// A picture in, the same picture redrawn in the other domain out.

import {batch, bicubic, canvas, even, read, resize} from "./pictures.js";

export const takes = "picture";

/** A Blob -> {size: [H, W], to: [names of domains]}, and a picture for each. */
export async function predict(source, run, manifest) {
  const picture = await read(source);
  const {height, width} = picture;
  const side = Object.values(manifest.inputs)[0].shape[1];
  const [square] = resize(picture, side);
  const answers = await run(Object.fromEntries(Object.keys(manifest.inputs).map((name) => [name, batch(square)])));
  const names = manifest.labels.length ? manifest.labels : ["A", "B"];
  const to = ["a", "b"].filter((domain) => answers[`to_${domain}`]);
  const pictures = {};
  for (const domain of to) {
    const values = answers[`to_${domain}`].data;
    const data = Uint8Array.from(values, (value) => Math.min(Math.max(even(value * 255), 0), 255));
    pictures[`to_${domain}`] = canvas(bicubic({data, height: side, width: side}, height, width, 3));
  }
  return {answer: {size: [height, width], to: to.map((domain) => names["ab".indexOf(domain)])}, pictures};
}

export function line({size, to}) {
  return `${size.join(" x ")} to ${to.join(", ")}`;
}
