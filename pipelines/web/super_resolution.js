// A picture of any size in, the same picture larger out.

import {MAX_PIXELS, canvas, even, read} from "./pictures.js";
import {bands} from "./tiles.js";

export const takes = "picture";

/** A Blob -> {size: [H, W], enlarged: [s * H, s * W]}, and the picture. */
export async function predict(source, run, manifest) {
  const picture = await read(source, manifest);
  const {height, width} = picture;
  const {config} = manifest;
  const side = manifest.inputs.image.shape[1];
  const [high, wide] = [height * config.scale, width * config.scale];
  if (high * wide > MAX_PIXELS) throw new Error(`is too large to be enlarged ${config.scale} times`);
  const data = new Uint8Array(high * wide * 3);
  const take = (top, rows, values) => {
    for (let i = 0; i < values.length; i++) data[top * wide * 3 + i] = Math.min(Math.max(even(values[i] * 255), 0), 255);
  };
  await bands(picture, side, async (image) => (await run({image})).image, config.margin, take, config);
  const enlarged = {data, height: high, width: wide};
  return {answer: {size: [height, width], enlarged: [high, wide]}, pictures: {enlarged: canvas(enlarged)}};
}

export function line({size, enlarged}) {
  return `${size.join(" x ")} to ${enlarged.join(" x ")}`;
}
