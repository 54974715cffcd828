// Rows in, a label for each out.

import {ranked} from "./classification.js";
import {features, listed} from "./tables.js";

export const takes = "text";

/** A table with a line of names, or JSON of one row or several -> {rows: [{label, probability, top}]}. */
export async function predict(text, run, manifest) {
  const rows = [];
  for (const data of features(text, manifest)) {
    const answer = await run({features: {data, shape: [1, data.length]}});
    rows.push(ranked(answer.probabilities.data, manifest.labels));
  }
  return {answer: {rows}};
}

export function line({rows}) {
  return listed(rows.map(({label, probability}) => `${label} ${probability.toFixed(2)}`));
}
