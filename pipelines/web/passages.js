// A question and a passage in pieces: windows of the passage. See edge/passages.py.

import {places, wordPiece} from "./wordpiece.js";
import {letters} from "./words.js";

const [ENDS, BEFORE] = [3, 2];

/** What makes windows of question and passage: {windows, unknown}. */
export function encoder({config, learned}) {
  const words = wordPiece(learned.pieces);
  const length = config.max_length;
  const windows = (question, passage) => {
    const asked = words.text(question).slice(0, Math.min(config.question_length, length - ENDS - 1));
    const all = letters(passage);
    const [pieces, spans] = [[], []];
    for (const [start, end] of places(passage)) {
      for (const id of words(all.slice(start, end).join(""))) {
        pieces.push(id);
        spans.push([start, end]);
      }
    }
    const room = length - ENDS - asked.length;
    const first = BEFORE + asked.length;
    return starts(pieces.length, room, config.overlap).map((start) => {
      const own = pieces.slice(start, start + room);
      const inputs = {pieces: new Int32Array(length), segments: new Int32Array(length)};
      inputs.pieces.set([words.start, ...asked, words.end, ...own, words.end]);
      inputs.segments.fill(1, first, first + own.length);
      const span = (piece) => spans[start + piece - first] ?? [0, 0];
      return {inputs, span, length};
    });
  };
  const unknown = (text) => {
    const pieces = words.text(text);
    return pieces.filter((id) => id === words.unknown).length / Math.max(1, pieces.length);
  };
  return {windows, unknown};
}

/** Where windows of `room` pieces begin. */
export function starts(count, room, overlap) {
  const step = Math.max(1, rounded(room * (1 - overlap)));
  const beyond = Math.max(0, count - room);
  const found = [];
  for (let at = 0; at < beyond; at += step) found.push(at);
  return [...found, beyond];
}

/** As Python rounds: a half to the even neighbour. */
function rounded(value) {
  const down = Math.floor(value);
  if (value - down !== 0.5) return Math.round(value);
  return down % 2 ? down + 1 : down;
}
