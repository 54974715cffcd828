// A picture of any size in, a class per pixel out.

import {batch, bilinear, canvas, even, read, resize} from "./pictures.js";
import {bands} from "./tiles.js";

export const takes = "picture";

/** A Blob -> {size, confidence: mean, shares: {label: share of pixels}}, and the mask in colours over the picture. */
export async function predict(source, run, manifest) {
  const picture = await read(source, manifest);
  const {height, width} = picture;
  const {config, labels} = manifest;
  const side = manifest.inputs.image.shape[1];
  const mask = new Uint8Array(height * width);
  const counts = labels.map(() => 0);
  let sure = 0;
  const take = (top, rows, data) => {
    const classes = data.length / (rows * width);
    for (let i = 0; i < rows * width; i++) {
      let best = 0;
      for (let c = 1; c < classes; c++) if (data[i * classes + c] > data[i * classes + best]) best = c;
      mask[top * width + i] = best;
      counts[best]++;
      sure += even(255 * Math.min(Math.max(data[i * classes + best], 0), 1));
    }
  };
  const one = async (image) => (await run({image})).probabilities;
  if (config.fit === "tile") {
    await bands(picture, side, one, config.margin, take, {step: config.step});
  } else {
    const {data, shape} = await one(batch(resize(picture, side)[0]));
    take(0, height, bilinear({data, height: side, width: side}, height, width, shape[3]).data);
  }
  const shares = Object.fromEntries(labels.map((label, i) => [label, counts[i] / mask.length]));
  const answer = {size: [height, width], confidence: sure / 255 / mask.length, shares};
  return {answer, pictures: {overlay: overlay(picture, mask), mask: canvas({data: coloured(mask), height, width})}};
}

export function line({size, shares}) {
  const ranked = Object.entries(shares).sort((a, b) => b[1] - a[1]).filter(([, share]) => share >= 0.0005);
  return `${size[0]} x ${size[1]}  ${ranked.map(([label, s]) => `${label} ${(100 * s).toFixed(1)}%`).join(", ")}`;
}

/** Pascal VOC's colour of a class. */
function colour(id) {
  const made = [0, 0, 0];
  for (let bit = 0; bit < 8; bit++) for (let c = 0; c < 3; c++) made[c] |= ((id >> (3 * bit + c)) & 1) << (7 - bit);
  return made;
}

function coloured(mask) {
  const made = new Uint8Array(mask.length * 3);
  mask.forEach((id, i) => made.set(colour(id), i * 3));
  return made;
}

function overlay(picture, mask) {
  const data = picture.data.slice();
  mask.forEach((id, i) => {
    if (id > 0 && id < 255) {
      const own = colour(id);
      for (let c = 0; c < 3; c++) data[i * 3 + c] = (data[i * 3 + c] >> 1) + (own[c] >> 1);
    }
  });
  return canvas({...picture, data});
}
