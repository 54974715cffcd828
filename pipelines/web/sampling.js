// Which item comes next: as edge/sampling.py, with the same draws.

/** Numbers in [0, 1) that follow from a seed: mulberry32. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The id that is taken after logits, -Infinity for what must not be. */
export function chosen(logits, {temperature, top_k: topK, top_p: topP}, draw) {
  if (!temperature) return logits.reduce((best, value, i) => (value > logits[best] ? i : best), 0);
  const order = ranked(logits).slice(0, topK || undefined);
  const sums = [];
  let sum = 0;
  for (const id of order) sums.push((sum += Math.exp((logits[id] - logits[order[0]]) / temperature)));
  const enough = sums.findIndex((value) => value >= topP * sum);
  const kept = enough < 0 ? sums.length : enough + 1;
  const at = draw() * sums[kept - 1];
  const place = sums.findIndex((value) => value > at);
  return order[place < 0 ? kept - 1 : Math.min(place, kept - 1)];
}

/** Ids by falling logits; equal ones by number. */
export function ranked(logits) {
  return Array.from(logits, (_, i) => i).sort((a, b) => logits[b] - logits[a] || a - b);
}

/** Logits -> natural logarithms of probabilities. */
export function logProbabilities(logits) {
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = logits.reduce((total, value) => total + Math.exp(value - most), 0);
  return Float64Array.from(logits, (value) => value - most - Math.log(sum));
}
