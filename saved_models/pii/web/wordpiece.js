// BERT's tokenizer for text in lower case: words -> ids of word pieces.

const LONGEST = 100;
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

/** A word in lower case without accents -> what punctuation, space and ideographs part it into. */
function parts(word) {
  const found = [];
  let inside = false;
  for (const letter of Array.from(word.toLowerCase().normalize("NFD"))) {
    if (/[\p{Mn}\ufffd]/u.test(letter) || (/[\p{Cc}\p{Cf}]/u.test(letter) && !/[\t\n\r]/.test(letter))) continue;
    const code = letter.codePointAt(0);
    const isAlone = /\p{P}/u.test(letter) || /[!-/:-@[-`{-~]/.test(letter) || HAN.some(([a, b]) => a <= code && code <= b);
    if (/[\p{Z}\t\n\r]/u.test(letter)) {
      inside = false;
    } else if (isAlone || !inside) {
      found.push(letter);
      inside = !isAlone;
    } else {
      found[found.length - 1] += letter;
    }
  }
  return found;
}
