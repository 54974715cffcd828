// A state in, what to do out; or `play`, and an episode of a bundled environment is played here.

import {drawn} from "./episode.js";
import {play, WORLDS} from "./worlds.js";

export const takes = "text";
export const hint = "A state as numbers, such as 5 or [0.1, 0.2]; or: play 1";

/** A state as JSON -> {state, action, values or probabilities: {action: number}}; "play SEED" -> {environment, return, steps}. */
export async function predict(text, run, manifest) {
  const asked = /^\s*play\s*(\d*)\s*$/.exec(text);
  if (asked) return played(Number(asked[1] || 0), run, manifest);
  const state = parsed(text);
  const answer = await run({state: fed(state, manifest)});
  const names = manifest.config.actions;
  if (!names.length) return {answer: {state, action: [...answer.action.data]}};
  const found = {state, action: names[answer.action.data[0]]};
  for (const kind of ["values", "probabilities"]) {
    if (answer[kind]) {
      found[kind] = Object.fromEntries(names.map((name, i) => [name, answer[kind].data[i]]));
    }
  }
  return {answer: found};
}

async function played(seed, run, manifest) {
  const environment = manifest.config.environment;
  const make = WORLDS[environment];
  if (!make) throw new Error(`${environment} is not played here; the page has ${Object.keys(WORLDS).join(", ")}`);
  const choose = async (state) => (await run({state: fed(state, manifest)})).action.data[0];
  const {states, ...found} = await play(make(), seed, choose);
  const episode = drawn(states);
  return {answer: {environment, ...found}, pictures: episode ? {episode} : {}};
}

/** A state as the model takes it. */
function fed(state, manifest) {
  const {shape} = manifest.inputs.state;
  const {states} = manifest.config;
  if (states) {
    if (!Number.isInteger(state) || state < 0 || state >= states) {
      throw new Error(`must be a whole number from 0 to ${states - 1}`);
    }
    return {data: Int32Array.of(state), shape};
  }
  const wanted = shape[1];
  const fits = (number) => Number.isFinite(number) && Number.isFinite(Math.fround(number));
  if (!Array.isArray(state) || state.length !== wanted || !state.every(fits)) {
    throw new Error(`must be a list of ${wanted} finite number${wanted > 1 ? "s" : ""} as JSON`);
  }
  return {data: Float32Array.from(state), shape};
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("is no state. Give numbers as JSON, such as 5 or [0.1, 0.2]");
  }
}

export function line(answer) {
  if ("return" in answer) {
    return `${answer.environment}: return ${answer.return} in ${answer.steps} steps`;
  }
  const numbers = Object.entries(answer.values || answer.probabilities || {});
  const listed = numbers.map(([name, value]) => `${name} ${value.toFixed(2)}`).join(", ");
  return `${JSON.stringify(answer.state)}: ${answer.action}${listed ? ` (${listed})` : ""}`;
}
