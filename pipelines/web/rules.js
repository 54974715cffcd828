// Rules that tag words before a model does; see edge/rules.py.

import {FIRST, UNKNOWN, letters, normal} from "./words.js";

const LONGEST = 64;

/** Lines of JSON -> a function of words, which gives [[first, end, label]], none over another. */
export function rules(lines) {
  const patterns = [];
  const phrases = new Map();
  for (const [number, rule] of lines.map((line) => JSON.parse(line)).entries()) {
    if (rule.pattern) {
      patterns.push([rule.pattern.map((pattern) => new RegExp(`^(?:${pattern})$`, "u")), rule.label]);
    } else {
      const first = normal(rule.phrase[0]);
      phrases.set(first, [...(phrases.get(first) ?? []), {...rule, number}]);
    }
  }
  return (words) => chosen([...byPatterns(patterns, words), ...byPhrases(phrases, words)]);
}

function byPatterns(patterns, words) {
  const found = [];
  for (const [made, label] of patterns) {
    for (let start = 0; start + made.length <= words.length; start++) {
      const fits = (one, i) => letters(words[start + i]).length <= LONGEST && one.test(words[start + i]);
      if (made.every(fits)) found.push([start, start + made.length, label]);
    }
  }
  return found;
}

/** The longest first, and of equals that of the first rule. */
function byPhrases(phrases, words) {
  const found = [];
  const lower = words.map(normal);
  lower.forEach((first, start) => {
    for (const {number, phrase, cased, label} of phrases.get(first) ?? []) {
      const own = cased ? words : lower;
      if (phrase.every((word, i) => own[start + i] === word)) {
        found.push({number, span: [start, start + phrase.length, label]});
      }
    }
  });
  const length = ({span: [start, end]}) => end - start;
  found.sort((a, b) => length(b) - length(a) || a.number - b.number);
  return found.map(({span}) => span);
}

function chosen(candidates) {
  const taken = new Set();
  const found = [];
  for (const [start, end, label] of candidates) {
    const places = Array.from({length: end - start}, (_, i) => start + i);
    if (places.some((place) => taken.has(place))) continue;
    places.forEach((place) => taken.add(place));
    found.push([start, end, label]);
  }
  return found.sort((a, b) => a[0] - b[0]);
}

/** Spans of `count` words -> what the model gets of each. tags: their names. */
export function fixed(found, count, tags) {
  const made = Array(count).fill(UNKNOWN);
  for (const [start, end, kind] of found) {
    for (let place = start; place < end; place++) made[place] = FIRST + tag(kind, place === start, place === end - 1, tags);
  }
  return made;
}

function tag(kind, isFirst, isLast, tags) {
  if (tags.includes(kind)) return tags.indexOf(kind);
  const prefixes = isFirst ? (isLast ? "SB" : "B") : isLast ? "EI" : "I";
  return tags.indexOf([...prefixes].map((prefix) => `${prefix}-${kind}`).find((name) => tags.includes(name)));
}
