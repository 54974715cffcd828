// Plain text to words with their places, and what a model knows a word by. Offsets count code points, as Python's do.

export const [PADDING, UNKNOWN, FIRST] = [0, 1, 2];
export const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const WORD = "\\p{L}\\p{N}_";
const OTHER = // what is no letter
  SPACE +
  "!-\\/:-@\\[-`\\{-~\\u00a1-\\u00a9\\u00ab-\\u00b4\\u00b6-\\u00b9\\u00bb-\\u00bf\\u00d7\\u00f7\\u05be\\u05c0\\u05c3\\u060c" +
  "\\u061b\\u061f\\u0964\\u0965\\u2000-\\u200b\\u200e-\\u2bff\\u3000-\\u303f\\ufe30-\\ufe6f\\uff01-\\uff0f\\uff1a-\\uff20" +
  "\\uff3b-\\uff40\\uff5b-\\uff65\\u{1f000}-\\u{1faff}";
const SINGLE = // scripts without spaces between words, each letter of which is a word
  "\\u3005-\\u3007\\u3041-\\u3096\\u309d-\\u309f\\u30a1-\\u30fa\\u30fc-\\u30ff\\u31f0-\\u31ff\\u3400-\\u4dbf\\u4e00-\\u9fff" +
  "\\uf900-\\ufaff\\uff66-\\uff9d\\u{20000}-\\u{3ffff}";
const TOKEN = new RegExp(
  [
    `(?:https?:\\/\\/|www\\.)[^${SPACE}]*[^${SPACE}.,;:!?)\\]'"]`,
    `[${WORD}.+\\-]{1,64}@[${WORD}\\-]+(?:\\.[${WORD}\\-]+)+`,
    `[@#][^${OTHER}][${WORD}]*`,
    `\\p{Nd}+(?:[.,:\\/\\-]\\p{Nd}+)*(?![^${OTHER}${SINGLE}])`,
    `['\\u2019][a-z]{1,2}(?![${WORD}])`,
    `[^${OTHER}${SINGLE}]+(?:-[^${OTHER}${SINGLE}]+)*`,
    `[${SINGLE}]`,
    `[^${WORD}${SPACE}][\\ufe0f\\u20e3\\u{1f3fb}-\\u{1f3ff}]*` +
      `(?:\\u200d[^${WORD}${SPACE}][\\ufe0f\\u{1f3fb}-\\u{1f3ff}]*)*`,
    `[^${SPACE}]`,
  ].join("|"),
  "gu",
);
const LONGEST_SHAPE = 8;

/** Text -> [[word, start, end]]. */
export function tokens(text) {
  const found = [];
  let [at, before] = [0, 0];
  for (const match of text.matchAll(TOKEN)) {
    at += letters(text.slice(before, match.index)).length;
    const start = at;
    at += letters(match[0]).length;
    before = match.index + match[0].length;
    found.push([match[0], start, at]);
  }
  return found;
}

export function letters(text) {
  return Array.from(text);
}

/** Lines with their ends, parted where Python's splitlines does. */
export function lines(text) {
  return text.match(/[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*(?:\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]|$)/gu).filter(Boolean);
}

export function normal(word) {
  return word.toLowerCase().replace(/\p{Nd}/gu, "0");
}

/** Kinds of a word's characters, repeats once. */
export function shape(word) {
  const kinds = [];
  for (const letter of letters(word)) {
    const kind = /[\p{Nd}\u00b2\u00b3\u00b9\u2070-\u2079\u2080-\u2089]/u.test(letter)
      ? "d"
      : /\p{Uppercase}/u.test(letter)
        ? "X"
        : /\p{Lowercase}/u.test(letter)
          ? "x"
          : /\p{L}/u.test(letter)
            ? "c"
            : letter;
    if (kinds.at(-1) !== kind) kinds.push(kind);
    if (kinds.length === LONGEST_SHAPE) break;
  }
  return kinds.join("");
}

/** A learned list -> Map of its entries' ids. */
export function ids(entries) {
  return new Map(entries.map((entry, i) => [entry, FIRST + i]));
}

/** Where a sentence is cut: [[start, stop, first, last]]; tokens first..last count. costs: room that each token takes. */
export function windows(costs, room) {
  const cuts = [];
  let start = 0;
  while (!cuts.length || cuts.at(-1)[1] < costs.length) {
    let [stop, left] = [start, room];
    while (stop < costs.length && (left >= costs[stop] || stop === start)) left -= costs[stop++];
    cuts.push([start, stop]);
    start = Math.max(start + 1, stop - Math.floor((stop - start) / 4));
  }
  const middles = cuts.slice(1).map((after, i) => Math.floor((after[0] + cuts[i][1]) / 2));
  return cuts.map((cut, i) => [...cut, i ? middles[i - 1] : 0, i < middles.length ? middles[i] : costs.length]);
}
