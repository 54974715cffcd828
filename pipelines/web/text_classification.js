// Plain text in, a label, several, or numbers out.

import {line as labelled, named} from "./classification.js";
import {terms} from "./terms.js";
import {wordPiece} from "./wordpiece.js";
import {UNKNOWN, ids, normal, tokens} from "./words.js";

export const takes = "text";

/** Text -> the answer of `classification.js`, and unread: the share of it that was left out. */
export async function predict(text, run, manifest) {
  const length = manifest.config.max_length;
  const made = encoded(text, manifest);
  if (!made) throw new Error("there is no text in it");
  const inputs = {};
  for (const [name, values] of Object.entries(made.inputs)) {
    const data = new Int32Array(length);
    data.set(values.slice(0, length));
    inputs[name] = {data, shape: [1, length]};
  }
  const outputs = await run(inputs);
  const unread = Math.max(0, made.count - made.room) / Math.max(1, made.count);
  return {answer: {...named(outputs, manifest), unread}};
}

export function line(answer) {
  const cut = answer.unread ? `  (${Math.round(100 * answer.unread)}% of it was not read)` : "";
  return labelled(answer) + cut;
}

/** {inputs: {name: ids}, count: what there is to read, room: how much is read}; null if there is no text. */
function encoded(text, manifest) {
  const {config, learned} = manifest;
  if (learned.pieces) return ofPieces(text, config, wordPiece(learned.pieces));
  return learned.words ? ofWords(text, config, ids(learned.words)) : ofTerms(text, config, ids(learned.terms));
}

function ofPieces(text, config, words) {
  const pieces = words.text(text);
  const room = config.max_length - 2;
  const given = [words.start, ...pieces.slice(0, room), words.end];
  return pieces.length ? {inputs: {pieces: given}, count: pieces.length, room} : null;
}

function ofWords(text, config, known) {
  const found = tokens(text).map(([word]) => known.get(normal(word)) ?? UNKNOWN);
  return found.length ? {inputs: {words: found}, count: found.length, room: config.max_length} : null;
}

function ofTerms(text, config, known) {
  const found = terms(text, config.units, config.order);
  const counts = new Map();
  for (const id of found.map((term) => known.get(term))) {
    if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  const inputs = {terms: [...counts.keys()], counts: [...counts.values()]};
  return found.length ? {inputs, count: counts.size, room: config.max_length} : null;
}
