// Plain text in, a label, several, or numbers out.

import {line as labelled, named} from "./classification.js";
import {terms} from "./terms.js";
import {wordPiece} from "./wordpiece.js";
import {UNKNOWN, ids, normal, tokens, windows} from "./words.js";

export const takes = "text";

const MOST = 256; // windows of a text

/** Text -> the answer of `classification.js`, and unread: the share of it that was left out. See edge/text_classification.py. */
export async function predict(text, run, manifest) {
  const length = manifest.config.max_length;
  const made = encoded(text, manifest);
  if (!made) throw new Error("there is no text in it");
  const {parts, most} = partsOf(made);
  const total = {};
  for (const [given, share] of parts) {
    const inputs = {};
    for (const [name, values] of Object.entries(given)) {
      const data = new Int32Array(length);
      data.set(values.slice(0, length));
      inputs[name] = {data, shape: [1, length]};
    }
    for (const [name, {data, shape}] of Object.entries(await run(inputs))) {
      total[name] ??= {data: new Float64Array(data.length), shape};
      data.forEach((value, i) => (total[name].data[i] += share * value));
    }
  }
  const unread = Math.max(0, made.count - most) / Math.max(1, made.count);
  return {answer: {...named(total, manifest), unread}};
}

/** [[inputs, share of the answer], ...], and how many items are read at most. */
function partsOf({inputs, items, inner, count, room}) {
  if (!items || count <= room) return {parts: [[inputs, 1]], most: room};
  const most = MOST * Math.max(1, Math.floor((room * 3) / 4));
  const read = items.slice(0, most);
  const cuts = windows(read.map(() => 1), room);
  return {parts: cuts.map(([start, stop, first, last]) => [inner(read.slice(start, stop)), (last - first) / read.length]), most};
}

export function line(answer) {
  const cut = answer.unread ? `  (${Math.round(100 * answer.unread)}% of it was not read)` : "";
  return labelled(answer) + cut;
}

/**
 * {inputs: {name: ids}, count: what there is to read, room: how much is read}; null if there is no text. What can be read in
 * windows has its items, too, and `inner`, a function of some of them -> inputs.
 */
function encoded(text, manifest) {
  const {config, learned} = manifest;
  if (learned.pieces) return ofPieces(text, config, wordPiece(learned.pieces));
  return learned.words ? ofWords(text, config, ids(learned.words)) : ofTerms(text, config, ids(learned.terms));
}

function ofPieces(text, config, words) {
  const pieces = words.text(text);
  const room = config.max_length - 2;
  const inner = (items) => ({pieces: [words.start, ...items.slice(0, room), words.end]});
  return pieces.length ? {inputs: inner(pieces), items: pieces, inner, count: pieces.length, room} : null;
}

function ofWords(text, config, known) {
  const found = tokens(text).map(([word]) => known.get(normal(word)) ?? UNKNOWN);
  const inner = (items) => ({words: items});
  return found.length ? {inputs: inner(found), items: found, inner, count: found.length, room: config.max_length} : null;
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
