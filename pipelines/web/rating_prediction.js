// Ratings in, what someone would rate highest out; see edge/rating_prediction.py.

import {ids, placesOf, plain} from "./recommendation.js";

export const takes = "text";
const TOP = 10, SHOWN = 5; // items of an answer, and in a line
const FORM = 'Give JSON such as {"rated": {"A": 5, "B": 2}, "top": 5}';

/** JSON of {title or id: rating}, or of {rated: that, top} -> {rated, highest: [{item, title, rating}], unknown}. */
export async function predict(text, run, manifest) {
  const known = manifest.learned;
  const {rated, top} = asked(text);
  const places = placesOf(known);
  const {liked, unknown} = ids(Object.keys(rated), places, known);
  const count = known.items.length;
  const history = new Float32Array(count), ratings = new Float32Array(count);
  for (const [name, value] of Object.entries(rated)) {
    const i = places.get(plain(name));
    if (i !== undefined) [history[i], ratings[i]] = [1, value];
  }
  const shape = [1, count];
  const answer = await run({history: {data: history, shape}, ratings: {data: ratings, shape}});
  const found = answer.ratings.data;
  const order = known.items.map((_, i) => i).filter((i) => !history[i]).sort((a, b) => found[b] - found[a] || a - b);
  const highest = order.slice(0, top).map((i) => ({item: known.items[i], title: known.titles[i], rating: found[i]}));
  return {answer: {rated: Object.fromEntries(liked.map((i) => [known.titles[i], ratings[i]])), highest, unknown}};
}

function asked(text) {
  let given;
  try {
    given = JSON.parse(text);
  } catch {
    throw new Error(`is no JSON. ${FORM}`);
  }
  const isObject = (value) => value && typeof value === "object" && !Array.isArray(value);
  const {rated, top = TOP} = isObject(given?.rated) ? given : {rated: given};
  if (!isObject(rated) || !(Number.isInteger(top) && top > 0)) {
    throw new Error(`must have ratings by item, and top of 1 or more. ${FORM}`);
  }
  if (!Object.keys(rated).length) throw new Error(`rates nothing. ${FORM}`);
  const bad = Object.keys(rated).find((name) => !Number.isFinite(rated[name]));
  if (bad !== undefined) throw new Error(`has no number for '${bad}'. ${FORM}`);
  return {rated, top};
}

export function line({highest, unknown}) {
  const found = highest.slice(0, SHOWN).map(({title, rating}) => `${title} ${rating.toFixed(1)}`).join(", ");
  return found + (unknown.length ? `. Unknown: ${unknown.join(", ")}` : "");
}
