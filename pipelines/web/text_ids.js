// Text to the ids of its items and back: as edge/text_ids.py.

import {bytePairs} from "./byte_pairs.js";
import {SPACE, letters, lines, tokens} from "./words.js";

export const [END, UNKNOWN, FIRST] = [0, 1, 2];
const APART = "bpe_digits_apart"; // each digit a word of its own
const BREAK = "\n\n"; // between two texts
const MARK = "\ufffd"; // shown for what is not known
const TOKEN = new RegExp(`[^${SPACE}]+`, "gu");
const LINE_END = /(?:\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])$/u;
const utf8 = new TextEncoder();

/** Of what a model has learned -> {ids: text -> ids, sizes: text -> bytes of each, pieces: () -> (id -> text)}. */
export function opened(units, learned) {
  if (units === "bpe" || units === APART) return pairs(learned, units === APART);
  const isCharacters = units === "characters";
  const items = isCharacters ? learned.items.map((code) => String.fromCodePoint(Number(code))) : [...learned.items, "\n"];
  const known = new Map(items.map((item, i) => [item, FIRST + i]));
  const glue = isCharacters ? "" : " ";
  return {
    count: FIRST + items.length,
    ids: (text) => split(text, units).map((item) => known.get(item) ?? UNKNOWN),
    sizes: (text) => sizes(text, units),
    pieces(isFirst) {
      let isOpen = isFirst || !glue; // whether the next item follows without a space
      return (id) => {
        const item = id === END ? BREAK : items[id - FIRST] ?? MARK;
        const shown = isOpen || item.startsWith("\n") ? item : glue + item;
        isOpen = !glue || item.endsWith("\n");
        return shown;
      };
    },
  };
}

function pairs({pieces, merges}, isApart) {
  const made = bytePairs(pieces, merges, isApart);
  return {
    count: FIRST + pieces.length,
    ids: (text) => made.encode(text).map((number) => FIRST + number),
    sizes: (text) => made.encode(text).map((number) => pieces[number]?.length ?? 1),
    pieces() {
      const reader = new TextDecoder();
      return (id) => {
        if (id === END) return BREAK;
        return id < FIRST ? MARK : reader.decode(made.bytes(id - FIRST), {stream: true});
      };
    },
  };
}

/** The items of a text; a line break is "\n". */
function split(text, units) {
  return placed(text, units).map(([item]) => item);
}

/** [[item, code points before it]]. */
function placed(text, units) {
  if (units === "characters") return letters(text).map((letter, at) => [letter, at]);
  const found = [];
  let begin = 0;
  for (const line of lines(text)) {
    const own = line.replace(LINE_END, "");
    for (const [item, at] of ofLine(own, units)) found.push([item, begin + at]);
    if (own !== line) found.push(["\n", begin + letters(own).length]);
    begin += letters(line).length;
  }
  return found;
}

function ofLine(line, units) {
  if (units === "words") return tokens(line).map(([word, at]) => [word, at]);
  return Array.from(line.matchAll(TOKEN), (match) => [match[0], letters(line.slice(0, match.index)).length]);
}

/** Bytes of UTF-8 of each item, with what stands up to the next one; the first has what stands before it, too. */
function sizes(text, units) {
  const all = letters(text);
  const starts = placed(text, units).map(([, at]) => at);
  return starts.map((at, i) => utf8.encode(all.slice(i ? at : 0, starts[i + 1] ?? all.length).join("")).length);
}

/** A text without the space around it, as Python's strip. */
export function stripped(text) {
  return text.replace(new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "gu"), "");
}

/** Whether a text is empty or ends with space. */
export function isOpen(text) {
  return !text || new RegExp(`[${SPACE}]$`, "u").test(text);
}

/** How `count` ids behind a first 0 are judged: [start, first, stop] of each window. */
export function windows(count, length, overlap) {
  const found = [];
  for (let i = 1; i <= count; i += length) {
    found.push([Math.max(0, i - 1 - overlap), i, Math.min(i + length, count + 1)]);
  }
  return found;
}
