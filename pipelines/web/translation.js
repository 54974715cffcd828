// A text in one language in, the same in another one out: as edge/translation.py.

import {drawn} from "./heat.js";
import {logProbabilities, ranked} from "./sampling.js";
import {END, UNKNOWN, opened} from "./text_ids.js";

export const takes = "text";
export const hint = "a sentence";
/** What the page asks for besides the text: [name, what it is called, default, lowest, highest]. */
export const options = [
  ["beam", "beam", 4, 1, 64],
  ["length_penalty", "length penalty", 1, 0, 2],
];
const MOST = 20000; // words of a text that is translated in one go
const CLOSE = /(?<=[.!?…。！？])(["'»”’)\]]*)\s+/gu; // of a sentence, and the space behind it
const STRANGE = 0.5; // of the letters: above it, a text is in no language that was learned

/** Text -> {text, translation, sentences: [{source, target, score}], unknown, doubt}. */
export async function predict(source, run, manifest, asked = {}, tell = () => {}, signal = null) {
  const settings = {beam: 4, length_penalty: 1, ...asked};
  const text = source.replaceAll("\r\n", "\n");
  const count = words(text).length;
  if (!count) throw new Error("there is no text in it");
  if (count > MOST) throw new Error(`has ${count} words, and ${MOST} are translated in one go. Part it into several files`);
  const {config, learned} = manifest;
  const known = opened("bpe", learned);
  const [lines, found, pictures] = [[], [], {}];
  for (const line of text.trim().split("\n")) {
    const parts = [];
    for (const sentence of sentences(line, known, config.length)) {
      if (signal?.aborted) break;
      const {target, score, seen} = await translated(sentence, run, config, known, settings);
      found.push({source: sentence, target, score});
      parts.push(target);
      if (seen && !pictures.attention) pictures.attention = drawn(...seen);
      await new Promise((done) => setTimeout(done)); // the page hears the button
    }
    lines.push(parts.join(" "));
  }
  const unknown = strange(text, learned.letters);
  const answer = {text, translation: lines.join("\n"), sentences: found, unknown};
  if (unknown > STRANGE) answer.doubt = `${Math.round(100 * unknown)}% of its letters were never in a ${config.source} text`;
  return {answer, pictures};
}

export function line(answer) {
  return answer.translation + (answer.doubt ? `  (${answer.doubt})` : "");
}

/** The share of a text's letters that are not among those of the sources of training. */
function strange(text, letters) {
  const own = text.toLowerCase().match(/\p{L}/gu) ?? [];
  const known = new Set(letters);
  return own.filter((letter) => !known.has(letter)).length / Math.max(1, own.length);
}

function words(text) {
  return text.split(/\s+/u).filter(Boolean);
}

/** The sentences of a line, and parts of those that are too long, between words. */
function sentences(line, known, room) {
  const found = [];
  for (const sentence of line.replaceAll(CLOSE, "$1\n").split("\n").map((own) => own.trim()).filter(Boolean)) {
    let part = [];
    for (const word of words(sentence)) {
      if (part.length && known.ids([...part, word].join(" ")).length > room) {
        found.push(part.join(" "));
        part = [];
      }
      part.push(word);
    }
    found.push(part.join(" "));
  }
  return found;
}

async function translated(text, run, config, known, settings) {
  const own = known.ids(text).slice(0, config.length);
  const data = new Int32Array(config.length);
  data.set(own);
  const {ids, score, weights} = await written(run, {data, shape: [1, config.length]}, config.length, settings);
  const piece = known.pieces(true);
  const target = ids.map(piece).join("").trim();
  if (!config.looks || !ids.length) return {target, score};
  const names = (items) => items.map((id) => known.pieces(true)(id).trim());
  return {target, score, seen: [weights.map((row) => row.slice(0, own.length)), names(own), names(ids)]};
}

/** Ids of a source -> {ids of the target, score: mean log probability, weights: a row for each id}. */
async function written(run, source, room, {beam, length_penalty: penalty}) {
  const {state: first, ...read} = await run({source}, "encode");
  let beams = [{total: 0, ids: [], state: first, seen: []}];
  const ended = [];
  for (let n = 0; n < room; n++) {
    const found = [];
    for (const {total, ids, state, seen} of beams) {
      const last = {data: Int32Array.of(ids.length ? ids.at(-1) : END), shape: [1, 1]};
      const after = await run({ids: last, state, ...read}, "step");
      const scores = logProbabilities(after.logits.data);
      scores[UNKNOWN] = -Infinity;
      const looked = [...seen, Array.from(after.attention.data)];
      for (const id of ranked(scores).slice(0, beam)) {
        found.push({total: total + scores[id], ids: [...ids, id], state: after.state, seen: looked});
      }
    }
    found.sort((a, b) => b.total - a.total);
    beams = [];
    for (const item of found.slice(0, beam)) (item.ids.at(-1) === END ? ended : beams).push(item);
    if (!beams.length || ended.length >= beam) break;
  }
  const value = ({total, ids}) => total / ids.length ** penalty;
  const best = (ended.length ? ended : beams).reduce((a, b) => (value(b) > value(a) ? b : a));
  const score = best.total / Math.max(1, best.ids.length);
  const kept = best.ids.at(-1) === END ? best.ids.length - 1 : best.ids.length;
  return {ids: best.ids.slice(0, kept), score, weights: best.seen.slice(0, kept)};
}
