// Text in, its aspects and what is said of each out; see edge/aspect_sentiment.py.

import {encoder, parted} from "./given_aspects.js";
import {marked, predict as tagged} from "./tagging.js";
import {letters} from "./words.js";

export const takes = "text";

const COLOURS = {positive: 2, negative: 1, neutral: 0, conflict: 3};

/** Text -> {text, aspects: [{start, end, polarity, text}]}, places in code points; and the text with its aspects marked. */
export async function predict(text, run, manifest) {
  const answer = manifest.config.given ? await judged(text, run, manifest) : await found(text, run, manifest);
  const shown = answer.aspects.map((one) => ({...one, label: one.polarity}));
  return {answer, pictures: {aspects: marked(letters(answer.text), shown, ({label}) => COLOURS[label] ?? 4)}};
}

export function line(answer) {
  return answer.aspects.map((one) => `${one.text.trim().split(/\s+/).join(" ")} ${one.polarity}`).join("; ") || "no aspect";
}

/** Polarities, without the marks of the scheme. */
export function kinds({labels}) {
  return [...new Set(labels.filter((label) => label !== "O").map((label) => label.replace(/^[BIES]-/, "")))];
}

async function found(text, run, manifest) {
  const {answer} = await tagged(text, run, manifest);
  const aspects = answer.spans.map(({start, end, label, text: own}) => ({start, end, polarity: label, text: own}));
  return {text: answer.text, aspects};
}

async function judged(text, run, manifest) {
  const encoded = encoder(manifest);
  const {plain, places} = parted(text);
  const aspects = [];
  for (const [start, end] of places) {
    const first = plain.slice(0, start).lastIndexOf("\n") + 1;
    const last = plain.indexOf("\n", end);
    const sentence = plain.slice(first, last < 0 ? plain.length : last);
    const {data} = (await run(encoded(sentence, start - first, end - first))).probabilities;
    const probabilities = Object.fromEntries(manifest.labels.map((label, i) => [label, data[i]]));
    const polarity = manifest.labels.reduce((best, label) => (probabilities[label] > probabilities[best] ? label : best));
    const [from, to] = [start, end].map((at) => letters(plain.slice(0, at)).length);
    aspects.push({start: from, end: to, polarity, text: plain.slice(start, end), probabilities});
  }
  return {text: plain, aspects};
}
