// A picture in, its code and the picture made anew out.

import {canvas, even, grey, read, resize} from "./pictures.js";

export const takes = "picture";

/** A Blob -> {latent: numbers, mse: mean squared error}, and the picture made anew. */
export async function predict(source, run, manifest) {
  const given = await taken(source, manifest);
  const {latent} = await run({image: given}, "encode");
  const made = (await run({latent: {data: latent.data, shape: [1, latent.data.length]}}, "decode")).image;
  let sum = 0;
  for (let i = 0; i < made.data.length; i++) sum += (given.data[i] / 255 - made.data[i]) ** 2;
  return {answer: {latent: [...latent.data], mse: sum / made.data.length}, pictures: {image: shown(made)}};
}

/** A Blob -> the picture as the model takes it, as in training. */
async function taken(source, {inputs, config, ...manifest}) {
  const side = inputs.image.shape[1];
  let [{data}] = resize(await read(source, manifest), side);
  if (config.channels === 1) data = grey(data);
  if (config.cut) data = data.map((value) => (value >= config.cut ? 255 : 0));
  return {data, shape: [1, side, side, config.channels]};
}

/** What a program gives, (1, S, S, C) in [0, 1] -> a canvas. */
function shown({data, shape: [, height, width]}) {
  return canvas({data: Uint8Array.from(data, (value) => Math.min(Math.max(even(value * 255), 0), 255)), height, width});
}

export function line({latent, mse}) {
  return `${latent.length} numbers, error ${mse.toFixed(4)}`;
}
