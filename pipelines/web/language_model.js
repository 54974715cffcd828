// Text in, how probable it is and what may come next out; or text that goes on after it, as it is made.

import {chosen, logProbabilities, random, ranked} from "./sampling.js";
import {END, UNKNOWN, isOpen, opened, stripped, windows} from "./text_ids.js";

export const takes = "text";
/** What the page asks for besides the text: [name, what it is called, default, lowest, highest]. */
export const options = [
  ["length", "items to make", 200, 0, 100000],
  ["temperature", "temperature", 0.8, 0, 100],
  ["top_k", "top k", 40, 0, 1000000],
  ["top_p", "top p", 1, 0, 1],
  ["seed", "seed", 1, 0, 2147483647],
];
const SHOWN = 5; // items that may come next

/**
 * Text -> {text, perplexity, bits_per_byte, next: [{text, probability}]}, and with the option length, generated.
 * asked: {name: number} of options. tell: gets each part of the text as it is made. signal: an AbortSignal that ends it.
 */
export async function predict(source, run, manifest, asked = {}, tell = () => {}, signal = null) {
  const settings = {length: 0, temperature: 1, top_k: 0, top_p: 1, seed: 0, ...asked};
  let text = source.replaceAll("\r\n", "\n");
  if (!settings.length) text = stripped(text); // as training reads it
  const {config, learned} = manifest;
  const known = opened(config.units, learned);
  const ids = known.ids(text);
  if (!ids.length && !settings.length) throw new Error("is empty. Give some text");
  const judged = await perplexity(text, ids, run, config, known);
  const reader = net(run, config);
  const logits = await reader([END, ...ids]);
  const answer = {text, ...judged, next: following(logits, known)};
  if (settings.length) answer.generated = await made(reader, logits, known, isOpen(text), settings, tell, signal);
  return {answer};
}

export function line(answer) {
  if (answer.generated !== undefined) return answer.text + answer.generated;
  const shown = answer.next.map(({text, probability}) => `${quoted(text)} ${probability.toFixed(2)}`);
  return `perplexity ${answer.perplexity.toFixed(2)}; next ${shown.join(", ")}`;
}

/** As Python's repr shows a short text. */
function quoted(text) {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\t", "\\t");
  const mark = escaped.includes("'") && !escaped.includes('"') ? '"' : "'";
  return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark;
}

/** A function of ids, which it reads, -> logits of what comes next. */
function net(run, {chunk, context, state: size}) {
  let [state, count, read] = [new Float32Array(size), 0, []];
  return async (ids) => {
    if (context) read = read.concat(ids).slice(-context);
    let waiting = ids;
    if (context && count + waiting.length > context) {
      waiting = read.slice(-Math.max(1, Math.floor(context / 2)));
      [state, count, read] = [new Float32Array(size), 0, waiting];
    }
    let logits;
    while (waiting.length) {
      const length = waiting.length >= chunk ? chunk : 1;
      const inputs = {
        ids: {data: Int32Array.from(waiting.slice(0, length)), shape: [1, length]},
        state: {data: state, shape: [1, size]},
      };
      const found = await run(inputs, length === 1 ? "step" : "prefill");
      [logits, state] = [found.logits.data, found.state.data];
      count += length;
      waiting = waiting.slice(length);
    }
    return logits;
  };
}

async function made(reader, first, known, isFirst, settings, tell, signal) {
  const draw = random(settings.seed);
  const piece = known.pieces(isFirst);
  let [logits, text] = [first, ""];
  for (let n = 0; n < settings.length && !signal?.aborted; n++) {
    logits[UNKNOWN] = -Infinity;
    const id = chosen(logits, settings, draw);
    const part = piece(id);
    text += part;
    tell(part);
    if (n + 1 < settings.length) logits = await reader([id]);
    if (n % 8 === 7) await new Promise((done) => setTimeout(done)); // the page shows it, and hears the button
  }
  return text;
}

async function perplexity(text, ids, run, {length, overlap}, known) {
  if (!ids.length) return {perplexity: null, bits_per_byte: null};
  const all = [END, ...ids];
  let total = 0;
  for (const [start, first, stop] of windows(ids.length, length, overlap)) {
    const data = new Int32Array(overlap + length + 1).fill(-1);
    data.set(all.slice(start, stop));
    const found = await run({ids: {data, shape: [1, data.length]}}, "score");
    const own = found.log_likelihood.data.slice(first - start - 1, stop - start - 1);
    for (const value of own) total -= value;
  }
  const size = known.sizes(text).reduce((a, b) => a + b, 0);
  return {perplexity: Math.exp(Math.min(total / ids.length, 700)), bits_per_byte: total / Math.LN2 / size};
}

function following(logits, known) {
  const scores = logProbabilities(logits);
  scores[UNKNOWN] = -Infinity;
  return ranked(scores).slice(0, SHOWN).map((id) => ({text: known.pieces(true)(id), probability: Math.exp(scores[id])}));
}
