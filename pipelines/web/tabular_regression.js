// Rows in, a number, or several, for each out.

import {line as shown, named} from "./numbers.js";
import {features, listed} from "./tables.js";

export const takes = "text";

/** A table with a line of names, or JSON of one row or several -> {rows: [{column: number}]}; one alone is called `value`. */
export async function predict(text, run, manifest) {
  const rows = [];
  for (const data of features(text, manifest)) {
    const answer = await run({features: {data, shape: [1, data.length]}});
    const values = named(answer.value.data, manifest.learned);
    const [first, ...others] = Object.values(values);
    rows.push(others.length ? values : {value: first});
  }
  return {answer: {rows}};
}

export function line({rows}) {
  return listed(rows.map(shown));
}
