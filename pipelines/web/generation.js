// A picture in, its code and the picture made anew out.

import {batch, canvas, even, read, resize} from "./pictures.js";

export const takes = "picture";

/** A Blob -> {code: numbers, mse: mean squared error}, and the picture made anew. */
export async function predict(source, run, manifest) {
  const side = manifest.inputs.image.shape[1];
  const [square] = resize(await read(source, manifest), side);
  const {code} = await run({image: batch(square)}, "encode");
  const made = (await run({code: {data: code.data, shape: [1, code.data.length]}}, "decode")).image.data;
  let sum = 0;
  for (let i = 0; i < made.length; i++) sum += (square.data[i] / 255 - made[i]) ** 2;
  const data = Uint8Array.from(made, (value) => Math.min(Math.max(even(value * 255), 0), 255));
  const image = canvas({data, height: side, width: side});
  return {answer: {code: [...code.data], mse: sum / made.length}, pictures: {image}};
}

export function line({code, mse}) {
  return `${code.length} numbers, error ${mse.toFixed(4)}`;
}
