// Numbers as a model gives them to numbers as people read them; see edge/numbers.py.

/** One answer -> {name: number}; an angle comes as its cosine and sine, and leaves in degrees. */
export function named(data, learned) {
  const left = [...data];
  const angles = new Set(learned.angles ?? []);
  const found = learned.numbers.map((name) => {
    const first = left.shift();
    return [name, angles.has(name) ? degrees(first, left.shift()) : first];
  });
  return Object.fromEntries(found);
}

function degrees(cosine, sine) {
  return ((Math.atan2(sine, cosine) * 180) / Math.PI + 360) % 360;
}

/** `31.2`, or of several numbers `age 31.2, angle 270`. */
export function line(values) {
  const entries = Object.entries(values);
  if (entries.length === 1) return shown(entries[0][1]);
  return entries.map(([name, value]) => `${name} ${shown(value)}`).join(", ");
}

/** Four digits, and never fewer than stand before the point. */
function shown(value) {
  return Math.abs(value) < 1000 ? String(Number(value.toPrecision(4))) : value.toFixed(0);
}
