// Random numbers that follow from a seed: as edge/draws.py, with the same numbers.

import {random} from "./sampling.js";

const product = (shape) => shape.reduce((a, b) => a * b, 1);
const size = ({shape}) => product(shape) + (product(shape) % 2);

/** {name: {shape, law}} -> what picture `index` of a seed takes: {name: {data, shape: [1, ...shape]}}. */
export function drawn(draws, seed, index = 0) {
  const next = random(seed);
  const names = Object.keys(draws).sort();
  const before = index * names.reduce((sum, name) => sum + size(draws[name]), 0);
  for (let i = 0; i < before; i++) next();
  const made = {};
  for (const name of names) {
    const {shape, law} = draws[name];
    let values = Float64Array.from({length: size(draws[name])}, next);
    if (law === "normal") values = normal(values);
    made[name] = {data: Float32Array.from(values.subarray(0, product(shape))), shape: [1, ...shape]};
  }
  return made;
}

/** Pairs of uniform numbers -> as many normal ones. */
function normal(values) {
  const made = new Float64Array(values.length);
  for (let i = 0; i < values.length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - values[i]));
    const angle = 2 * Math.PI * values[i + 1];
    [made[i], made[i + 1]] = [radius * Math.cos(angle), radius * Math.sin(angle)];
  }
  return made;
}
