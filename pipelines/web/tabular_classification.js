// Rows in, a label, or several, for each out.

import {named, short} from "./classification.js";
import {features, listed} from "./tables.js";

export const takes = "text";

/** A table with a line of names, or JSON of one row or several -> {rows: [answer]}. */
export async function predict(text, run, manifest) {
  const rows = [];
  for (const data of features(text, manifest)) {
    const answer = await run({features: {data, shape: [1, data.length]}});
    rows.push(named(answer, manifest));
  }
  return {answer: {rows}};
}

export function line({rows}) {
  return listed(rows.map(short));
}
