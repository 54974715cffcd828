// Rows in, a number for each out.

import {features, listed} from "./tables.js";

export const takes = "text";

/** A table with a line of names, or JSON of one row or several -> {rows: [{value}]}. */
export async function predict(text, run, manifest) {
  const rows = [];
  for (const data of features(text, manifest)) {
    const answer = await run({features: {data, shape: [1, data.length]}});
    rows.push({value: answer.value.data[0]});
  }
  return {answer: {rows}};
}

export function line({rows}) {
  return listed(rows.map(({value}) => String(Number(value.toPrecision(4)))));
}
