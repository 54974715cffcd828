// Text to the ids of its items and back: as edge/text_ids.py.

import {bytePairs} from "./byte_pairs.js";
import {letters, lines, tokens} from "./words.js";

export const [END, UNKNOWN, FIRST] = [0, 1, 2];
const BREAK = "\n\n"; // between two texts
const MARK = "\ufffd"; // shown for what is not known
const utf8 = new TextEncoder();

/** Of what a model has learned -> {ids: text -> ids, sizes: text -> bytes of each, pieces: () -> (id -> text)}. */
export function opened(units, learned) {
  if (units === "bpe") return pairs(learned);
  const isCharacters = units === "characters";
  const items = isCharacters ? learned.items.map((code) => String.fromCodePoint(Number(code))) : [...learned.items, "\n"];
  const known = new Map(items.map((item, i) => [item, FIRST + i]));
  const glue = isCharacters ? "" : " ";
  return {
    count: FIRST + items.length,
    ids: (text) => split(text, units).map((item) => known.get(item) ?? UNKNOWN),
    sizes: (text) => split(text, units).map((item) => utf8.encode(item).length + (item === "\n" ? 0 : glue.length)),
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

function pairs({pieces, merges}) {
  const made = bytePairs(pieces, merges);
  return {
    count: FIRST + pieces.length,
    ids: (text) => made.encode(text).map((number) => FIRST + number),
    sizes: (text) => made.encode(text).map((number) => pieces[number].length),
    pieces() {
      const reader = new TextDecoder();
      return (id) => {
        if (id === END) return BREAK;
        return id < FIRST ? MARK : reader.decode(made.bytes(id - FIRST), {stream: true});
      };
    },
  };
}

/** The items of a text; between its lines stands "\n". */
function split(text, units) {
  if (units === "characters") return letters(text);
  const found = [];
  for (const line of lines(text)) {
    const items = units === "words" ? tokens(line).map(([word]) => word) : line.split(/\s+/u).filter(Boolean);
    found.push(...items, "\n");
  }
  return found.slice(0, -1);
}

/** How `count` ids behind a first 0 are judged: [start, first, stop] of each window. */
export function windows(count, length, overlap) {
  const found = [];
  for (let i = 1; i <= count; i += length) {
    found.push([Math.max(0, i - 1 - overlap), i, Math.min(i + length, count + 1)]);
  }
  return found;
}
