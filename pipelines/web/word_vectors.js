// Words in, the words that are nearest to each out; see edge/word_vectors.py.

import {FIRST, ids, normal, tokens} from "./words.js";

export const takes = "text";

const PROGRAM = "nearest";
const [NEAREST, MOST] = [10, 100];

/** Text -> {words: [{word, nearest: [[word, cosine]], vector}], unknown: [word]}. */
export async function predict(text, run, manifest) {
  const names = manifest.learned.words;
  const known = ids(names);
  const given = [...new Set(tokens(text).map(([word]) => normal(word)))].slice(0, MOST);
  const unknown = given.filter((word) => !known.has(word));
  const words = [];
  for (const word of given.filter((word) => known.has(word))) {
    words.push(await lookedUp(word, known.get(word), run, names));
  }
  const told = unknown.slice(0, 3).map((word) => `'${word}'`).join(", ");
  if (!words.length) throw new Error(told ? `${told} has no vector here` : "there is no word in it");
  return {answer: {words, unknown}};
}

async function lookedUp(word, number, run, names) {
  const answer = await run({words: {data: new Int32Array([number]), shape: [1, 1]}}, PROGRAM);
  const cosines = answer.similarity.data;
  const near = [...answer.nearest.data].map((id, i) => [id, cosines[i]]).filter(([id]) => id !== number);
  const nearest = near.slice(0, NEAREST).map(([id, cosine]) => [names[id - FIRST], cosine]);
  return {word, nearest, vector: [...answer.vector.data]};
}

export function line(answer) {
  const told = answer.words.map(({word, nearest}) =>
    `${word}: ${nearest.map(([other, cosine]) => `${other} ${cosine.toFixed(2)}`).join(", ")}`);
  if (answer.unknown.length) told.push(`no vector: ${answer.unknown.join(", ")}`);
  return told.join("; ");
}
