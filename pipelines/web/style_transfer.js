// A picture of any size in, the same picture in the style of the model out.

import {batch, bicubic, bilinear, canvas, even, read} from "./pictures.js";
import {mirrored} from "./tiles.js";

export const takes = "picture";

/** A Blob -> {size: [H, W], painted: [h, w]}, and the picture. */
export async function predict(source, run, manifest) {
  const picture = await read(source, manifest);
  const {height, width} = picture;
  const [, high, wide] = manifest.inputs.image.shape;
  const inner = fitting(height, width, high, wide);
  const {image} = await run({image: batch(squared(bilinear(picture, ...inner, 3), high, wide))});
  const data = new Uint8Array(inner[0] * inner[1] * 3);
  for (let y = 0, at = 0; y < inner[0]; y++) {
    for (let x = 0; x < inner[1] * 3; x++, at++) {
      data[at] = Math.min(Math.max(even(image.data[y * wide * 3 + x] * 255), 0), 255);
    }
  }
  const styled = bicubic({data, height: inner[0], width: inner[1]}, height, width, 3);
  return {answer: {size: [height, width], painted: inner}, pictures: {styled: canvas(styled)}};
}

export function line({size, painted}) {
  return `${size.join(" x ")}, painted at ${painted.join(" x ")}`;
}

/** The largest size of a picture's ratio within (high, wide), at least 1 px on either side. */
export function fitting(height, width, high, wide) {
  if (height * wide >= width * high) return [high, Math.max(1, even((width * high) / height))];
  return [Math.max(1, even((height * wide) / width)), wide];
}

/** A picture at the top left of a rectangle, mirrored from there on. */
export function squared(picture, high, wide) {
  const [rows, columns] = [mirrored(picture.height, high), mirrored(picture.width, wide)];
  const data = new Uint8Array(high * wide * 3);
  let at = 0;
  for (const row of rows) {
    for (const column of columns) {
      const from = (row * picture.width + column) * 3;
      for (let c = 0; c < 3; c++) data[at++] = picture.data[from + c];
    }
  }
  return {data, height: high, width: wide};
}
