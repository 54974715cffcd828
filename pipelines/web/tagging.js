// Plain text in, the spans in it out.

import {COUNT, clues} from "./clues.js";
import {fixed, rules} from "./rules.js";
import {spans} from "./spans.js";
import {wordPiece} from "./wordpiece.js";
import {UNKNOWN, ids, letters, lines, normal, shape, tokens, windows} from "./words.js";

export const takes = "text";

/** Text -> {text, spans: [{start, end, label, text}]}, places in code points; and the text with its spans marked. */
export async function predict(text, run, manifest) {
  const encoder = encoderOf(manifest);
  const all = letters(text);
  const found = [];
  let at = 0;
  for (const line of lines(text)) {
    const words = tokens(line);
    const tags = await tag(words.map(([word]) => word), run, encoder);
    for (const [first, last, label] of spans(tags.map((i) => manifest.labels[i]), manifest.config.scheme === "plain")) {
      const [start, end] = [at + words[first][1], at + words[last - 1][2]];
      found.push({start, end, label, text: all.slice(start, end).join("")});
    }
    at += letters(line).length;
  }
  return {answer: {text, spans: found}, pictures: {spans: marked(all, found, ({label}) => kinds(manifest).indexOf(label) % 6)}};
}

export function line(answer) {
  return answer.spans.map((s) => `${s.label} ${s.text.trim().split(/\s+/).join(" ")}`).join("; ") || "nothing";
}

async function tag(words, run, encoder) {
  const tags = [];
  if (!words.length) return tags;
  for (const [start, stop, first, last] of windows(words.map(encoder.cost), encoder.size)) {
    const {data} = (await run(encoder.inputs(words.slice(start, stop)))).tags;
    tags.push(...data.subarray(first - start, last - start));
  }
  return tags;
}

/** What the model takes of words; see edge/tagging.py. */
function encoderOf({config, learned}) {
  const length = config.max_length;
  const pieces = learned.pieces ? wordPiece(learned.pieces) : null;
  const size = pieces ? length - 2 : length;
  const known = Object.fromEntries(Object.entries(learned).map(([name, list]) => [name, ids(list)]));
  const id = (name, entry) => known[name].get(entry) ?? UNKNOWN;
  const made = (values, ...shape) => {
    const data = new Int32Array(shape.reduce((a, b) => a * b));
    values.forEach((row, i) => data.set([row].flat(), i * (data.length / shape[0])));
    return {data, shape: [1, ...shape]};
  };
  const marked = learned.rules ? rules(learned.rules) : null;
  const inputs = (words) => {
    if (!marked) return read(words);
    return {...read(words), ruled: made(fixed(marked(words), words.length, config.tags), size)};
  };
  const read = (words) => {
    if (learned.clues) {
      return {clues: made(clues(words).map((row) => row.map((clue) => id("clues", clue))), size, COUNT)};
    }
    const rows = words.map((word) => letters(word).slice(0, config.word_length).map((letter) => id("letters", letter)));
    const both = {
      shapes: made(words.map((word) => id("shapes", shape(word))), size),
      letters: made(rows, size, config.word_length),
    };
    if (!pieces) return {words: made(words.map((word) => id("words", normal(word))), size), ...both};
    const first = [];
    const all = [pieces.start];
    for (const word of words) {
      first.push(all.length);
      all.push(...pieces(word));
    }
    return {pieces: made([...all.slice(0, length - 1), pieces.end], length), first: made(first, size), ...both};
  };
  return {size, inputs, cost: (word) => (pieces ? pieces(word).length : 1)};
}

/** Types of spans, without the marks of the scheme. */
export function kinds({labels, config}) {
  if (config.scheme === "plain") return labels;
  return [...new Set(labels.filter((label) => label !== "O").map((label) => label.replace(/^[BIES]-/, "")))];
}

/** Code points of a text and places in it -> it, marked; colour: a function of a place, a number. */
export function marked(text, found, colour) {
  const made = document.createElement("p");
  let at = 0;
  for (const place of found) {
    const mark = document.createElement("mark");
    const name = document.createElement("small");
    mark.className = `kind${colour(place)}`;
    name.textContent = place.label;
    mark.append(text.slice(place.start, place.end).join(""), name);
    made.append(text.slice(at, place.start).join(""), mark);
    at = place.end;
  }
  made.append(text.slice(at).join(""));
  return made;
}
