// Plain text to its terms: words or characters, alone and in runs; see edge/terms.py.

import {SPACE, normal, tokens} from "./words.js";

/** The terms of a text in reading order: all of one item, then all runs of two, up to `order`. */
export function terms(text, units, order) {
  const isWords = units === "words";
  const items = isWords ? tokens(text).map(([word]) => normal(word)) : characters(text);
  const found = [];
  for (let length = 1; length <= order; length++) {
    for (let i = 0; i + length <= items.length; i++) found.push(items.slice(i, i + length).join(isWords ? " " : ""));
  }
  return found;
}

/** Lower case, with one space between words and at either end. */
function characters(text) {
  const inner = text.toLowerCase().replace(new RegExp(`[${SPACE}]+`, "gu"), " ").replace(/^ | $/g, "");
  return inner ? Array.from(` ${inner} `) : [];
}
