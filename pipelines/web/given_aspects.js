// Aspects that a text names by marks, as in `the [[battery life]] is great`, as models take them: as edge/given_aspects.py.

import {wordPiece} from "./wordpiece.js";
import {ids, normal, tokens} from "./words.js";

const MARKED = /\[\[(.*?)\]\]/gs;
const LIKE_THIS = "mark each aspect, as in: the [[battery life]] is great";
const [OUTSIDE, AGAIN, INSIDE] = [0, 1, 2];
const SECOND = 4;
const ENDS = 3;

/** A text with marks -> {plain, places: [[start, end]]}, in units of JavaScript's strings. */
export function parted(text) {
  const places = [];
  let [plain, at] = ["", 0];
  for (const match of text.matchAll(MARKED)) {
    plain += text.slice(at, match.index);
    places.push([plain.length, plain.length + match[1].length]);
    plain += match[1];
    at = match.index + match[0].length;
  }
  plain += text.slice(at);
  if (!places.length || plain.includes("[[") || plain.includes("]]")) throw new Error(LIKE_THIS);
  if (!places.every(([start, end]) => plain.slice(start, end).trim())) throw new Error(`a mark is empty; ${LIKE_THIS}`);
  return {plain, places};
}

/** A function: a text and the place of an aspect -> what the model takes. */
export function encoder({config, learned}) {
  const made = (values) => {
    const data = new Int32Array(config.max_length);
    data.set(values.slice(0, config.max_length));
    return {data, shape: [1, config.max_length]};
  };
  const encoded = learned.pieces ? pieces(config, wordPiece(learned.pieces)) : counted(config, ids(learned.terms));
  return (text, start, end) => {
    const inputs = encoded(text.slice(0, start), text.slice(start, end), text.slice(end));
    return Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, made(values)]));
  };
}

function pieces({max_length: length}, words) {
  return (...parts) => {
    let [before, aspect, after] = parts.map((part) => words.text(part));
    const again = aspect.slice(0, Math.floor(length / SECOND));
    const room = length - ENDS - again.length;
    aspect = aspect.slice(0, room);
    const left = room - aspect.length;
    const behind = Math.min(after.length, Math.max(left - before.length, Math.floor(left / 2)));
    before = before.slice(before.length - Math.min(before.length, left - behind));
    const roles = [OUTSIDE, ...before.map(() => OUTSIDE), ...aspect.map(() => INSIDE), ...Array(behind + 1).fill(OUTSIDE)];
    return {
      pieces: [words.start, ...before, ...aspect, ...after.slice(0, behind), words.end, ...again, words.end],
      roles: [...roles, ...Array(again.length + 1).fill(AGAIN)],
    };
  };
}

function counted({near}, known) {
  return (...parts) => {
    const [before, aspect, after] = parts.map((part) => tokens(part).map(([word]) => normal(word)));
    const all = [...before, ...aspect, ...after];
    const pairs = all.slice(1).map((word, i) => `${all[i]} ${word}`);
    const beside = [...before.slice(Math.max(0, before.length - near)), ...after.slice(0, near)];
    const found = [...all, ...pairs, ...beside.map((word) => `~${word}`), ...aspect.map((word) => `=${word}`)];
    const counts = new Map();
    for (const id of found.map((term) => known.get(term))) {
      if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return {terms: [...counts.keys()], counts: [...counts.values()]};
  };
}
