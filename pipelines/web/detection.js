// A picture in, the objects in it out.

import {back, batch, canvas, even, read, resize} from "./pictures.js";

export const takes = "picture";
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

/** A Blob -> {objects: [{label, score, box: [ymin, xmin, ymax, xmax] in pixels}]}, and the picture with them drawn. */
export async function predict(source, run, manifest) {
  const picture = await read(source, manifest);
  const size = manifest.inputs.image.shape[1];
  const [square, placement] = resize(picture, size, "letterbox");
  const {boxes, scores, classes, count} = await run({image: batch(square)});
  const objects = [];
  for (let i = 0; i < count.data[0]; i++) {
    if (scores.data[i] < manifest.config.shown_score) continue;
    const box = back([...boxes.data.subarray(4 * i, 4 * i + 4)].map((v) => v * size), placement);
    objects.push({
      label: manifest.labels[classes.data[i]],
      score: scores.data[i],
      box: box.map((v) => even(v * 100) / 100),
    });
  }
  return {answer: {objects}, pictures: {boxes: marked(picture, objects, manifest.labels)}};
}

export function line({objects}) {
  if (!objects.length) return "no object";
  const counts = new Map();
  for (const {label} of objects) counts.set(label, (counts.get(label) || 0) + 1);
  const listed = [...counts].map(([label, n]) => `${n} ${label}`).join(", ");
  return `${objects.length} object${objects.length > 1 ? "s" : ""}: ${listed} (best ${objects[0].score.toFixed(2)})`;
}

function marked(picture, objects, labels) {
  const made = canvas(picture);
  const context = made.getContext("2d");
  const side = Math.max(picture.height, picture.width);
  context.lineWidth = Math.max(1, Math.round(side / 320));
  context.font = `${Math.max(12, Math.floor(side / 36))}px sans-serif`;
  context.textBaseline = "top";
  for (const {label, score, box: [top, left, bottom, right]} of objects) {
    const colour = COLOURS[labels.indexOf(label) % COLOURS.length];
    const caption = `${label} ${score.toFixed(2)}`;
    const high = Math.max(14, Math.floor(side / 32));
    context.strokeStyle = context.fillStyle = colour;
    context.strokeRect(left, top, right - left, bottom - top);
    const at = top > high ? top - high : top;
    context.fillRect(left, at, context.measureText(caption).width + 6, high);
    context.fillStyle = "#fff";
    context.fillText(caption, left + 3, at + 2);
  }
  return made;
}
