// Hand-made features of words, for a linear model.

import {letters, normal, shape} from "./words.js";

export const COUNT = 19;

/** Words of a sentence -> for each a list of at most COUNT features, text. */
export function clues(tokens) {
  const lower = tokens.map(normal);
  const shapes = tokens.map(shape);
  return lower.map((word, i) => {
    const all = letters(word);
    const own = ["bias", `w=${word}`, `s=${shapes[i]}`];
    for (const n of [4, 3, 2]) own.push(`-${n}=${all.slice(-n).join("")}`);
    for (const n of [3, 2]) own.push(`+${n}=${all.slice(0, n).join("")}`);
    if (isTitle(tokens[i])) own.push("is=title");
    if (/\p{Uppercase}/u.test(tokens[i]) && !/[\p{Lowercase}\p{Lt}]/u.test(tokens[i])) own.push("is=upper");
    if (/^\p{Nd}+$/u.test(tokens[i])) own.push("is=digit");
    for (const step of [-2, -1, 1, 2]) {
      const name = (step > 0 ? "+" : "") + step;
      if (i + step in lower) {
        own.push(`${name}w=${lower[i + step]}`);
        if (Math.abs(step) === 1) own.push(`${name}s=${shapes[i + step]}`);
      }
    }
    if (i === 0) own.push("first");
    if (i === tokens.length - 1) own.push("last");
    return own;
  });
}

/** Capitals only where no letter with case stands before them, small letters only after one. */
function isTitle(word) {
  let [isInside, any] = [false, false];
  for (const letter of letters(word)) {
    const isUpper = /[\p{Uppercase}\p{Lt}]/u.test(letter);
    const isLower = /\p{Lowercase}/u.test(letter);
    if ((isUpper && isInside) || (isLower && !isInside)) return false;
    isInside = isUpper || isLower;
    any = any || isUpper;
  }
  return any;
}
