// Plain text in, a label out.

import {line as labelled, ranked} from "./classification.js";
import {wordPiece} from "./wordpiece.js";

export const takes = "text";

/** Text -> {label, probability, top: [[label, probability], ...], unread: share of its pieces that was cut off}. */
export async function predict(text, run, manifest) {
  const length = manifest.inputs.pieces.shape[1];
  const words = wordPiece(manifest.learned.pieces);
  const pieces = words.text(text);
  if (!pieces.length) throw new Error("there is no text in it");
  const data = new Int32Array(length);
  data.set([words.start, ...pieces.slice(0, length - 2), words.end]);
  const {data: probabilities} = (await run({pieces: {data, shape: [1, length]}})).probabilities;
  const unread = Math.max(0, pieces.length - (length - 2)) / pieces.length;
  return {answer: {...ranked(probabilities, manifest.labels), unread}};
}

export function line(answer) {
  const cut = answer.unread ? `  (the last ${Math.round(100 * answer.unread)}% was not read)` : "";
  return labelled(answer) + cut;
}
