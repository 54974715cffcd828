// BERT's tokenizer for text in lower case: words -> ids of word pieces.

import {SPACE, letters} from "./words.js";

const LONGEST = 100;
const IS_SPACE = new RegExp(`[${SPACE}]`, "u");
const HAN = [
  [0x4e00, 0x9fff], [0x3400, 0x4dbf], [0x20000, 0x2a6df], [0x2a700, 0x2b73f], [0x2b740, 0x2b81f], [0x2b820, 0x2ceaf],
  [0xf900, 0xfaff], [0x2f800, 0x2fa1f],
];

/** A vocabulary -> a function: word -> ids, one at least; it has `start`, `end`, `unknown`, and `text` for whole texts. */
export function wordPiece(vocabulary) {
  const ids = new Map(vocabulary.map((piece, i) => [piece, i]));
  const unknown = ids.get("[UNK]");
  const pieces = (part) => {
    const letters = Array.from(part);
    const found = [];
    let start = 0;
    while (start < letters.length && letters.length <= LONGEST) {
      let end = letters.length;
      while (end > start && !ids.has((start ? "##" : "") + letters.slice(start, end).join(""))) end--;
      if (end === start) return [unknown];
      found.push(ids.get((start ? "##" : "") + letters.slice(start, end).join("")));
      start = end;
    }
    return found.length ? found : [unknown];
  };
  const made = (word) => {
    const found = parts(word).flatMap(pieces);
    return found.length ? found : [unknown];
  };
  const text = (whole) => parts(whole).flatMap(pieces);
  return Object.assign(made, {text, start: ids.get("[CLS]"), end: ids.get("[SEP]"), unknown});
}

/** Text -> [[start, end]] of what space, punctuation and ideographs part it into, in code points. */
export function places(text) {
  const found = [];
  let isOpen = false;
  letters(text).forEach((letter, i) => {
    if (IS_SPACE.test(letter)) {
      isOpen = false;
      return;
    }
    const alone = isAlone(letter);
    if (isOpen && !alone) found.at(-1)[1] = i + 1;
    else found.push([i, i + 1]);
    isOpen = !alone;
  });
  return found;
}

function isAlone(letter) {
  const code = letter.codePointAt(0);
  return /\p{P}/u.test(letter) || /[!-/:-@[-`{-~]/.test(letter) || HAN.some(([a, b]) => a <= code && code <= b);
}

/** A word in lower case without accents -> what punctuation, space and ideographs part it into. */
function parts(word) {
  const found = [];
  let inside = false;
  for (const letter of Array.from(word.toLowerCase().normalize("NFD"))) {
    if (/[\p{Mn}\ufffd]/u.test(letter) || (/[\p{Cc}\p{Cf}]/u.test(letter) && !/[\t\n\r]/.test(letter))) continue;
    const alone = isAlone(letter);
    if (/[\p{Z}\t\n\r]/u.test(letter)) {
      inside = false;
    } else if (alone || !inside) {
      found.push(letter);
      inside = !alone;
    } else {
      found[found.length - 1] += letter;
    }
  }
  return found;
}
