// A picture of any size seen by a model of one size: overlapping tiles whose answers are blended.

/**
 * Calls `take(first row, rows, Float32Array of rows * W * C)` from top to bottom. run: {data, shape} of a tile -> {data,
 * shape}. margin: pixels along a tile's border that another tile knows better; step: tiles begin at multiples of it.
 */
export async function bands(picture, side, run, margin, take, {step = 1, scale = 1} = {}) {
  const {height, width} = picture;
  const rows = mirrored(height, padded(height, side, step));
  const columns = mirrored(width, padded(width, side, step));
  const tops = starts(rows.length, side, margin, step);
  const lefts = starts(columns.length, side, margin, step);
  const [large, high, wide, across] = [scale * side, scale * height, scale * width, scale * columns.length];
  let [total, norm, channels] = [null, null, 0];
  for (const [i, top] of tops.entries()) {
    const down = weights(scale * top, large, scale * rows.length, scale * margin);
    for (const left of lefts) {
      const {data, shape} = await run(cut(picture, rows, columns, top, left, side));
      channels = shape[3];
      total = total || new Float32Array(large * across * channels);
      norm = norm || new Float32Array(large * across);
      const over = weights(scale * left, large, scale * columns.length, scale * margin);
      for (let y = 0; y < large; y++) {
        for (let x = 0; x < large; x++) {
          const weight = Math.fround(down[y] * over[x]);
          const at = y * across + scale * left + x;
          norm[at] += weight;
          for (let c = 0; c < channels; c++) {
            total[at * channels + c] += Math.fround(weight * data[(y * large + x) * channels + c]);
          }
        }
      }
    }
    const done = scale * ((i + 1 < tops.length ? tops[i + 1] : rows.length) - top);
    const count = Math.min(done, high - scale * top);
    if (top < height && count > 0) {
      const answer = new Float32Array(count * wide * channels);
      for (let y = 0; y < count; y++) {
        for (let x = 0; x < wide; x++) {
          for (let c = 0; c < channels; c++) {
            const at = y * across + x;
            answer[(y * wide + x) * channels + c] = total[at * channels + c] / norm[at];
          }
        }
      }
      take(scale * top, count, answer);
    }
    if (i + 1 < tops.length) {
      for (const [kept, each] of [[total, channels], [norm, 1]]) {
        kept.copyWithin(0, done * across * each);
        kept.fill(0, (large - done) * across * each);
      }
    }
  }
}

function cut(picture, rows, columns, top, left, side) {
  const data = new Uint8Array(side * side * 3);
  let at = 0;
  for (let y = top; y < top + side; y++) {
    for (let x = left; x < left + side; x++) {
      const from = (rows[y] * picture.width + columns[x]) * 3;
      for (let c = 0; c < 3; c++) data[at++] = picture.data[from + c];
    }
  }
  return {data, shape: [1, side, side, 3]};
}

function starts(length, side, margin, step) {
  const stride = Math.max(step, Math.floor((side - 2 * margin - ramp(side, margin)) / step) * step);
  const found = [];
  for (let at = 0; at < length - side; at += stride) found.push(at);
  return [...found, length - side];
}

/** A tile's weights along an axis: 0 within the margin, then a ramp to 1; 1 up to the picture's own edge. */
function weights(begin, side, length, margin) {
  const made = new Float32Array(side);
  const rise = (i) => Math.min(Math.max((i + 0.5 - margin) / ramp(side, margin), 1e-6), 1);
  for (let i = 0; i < side; i++) {
    made[i] = Math.min(begin > 0 ? rise(i) : 1, begin + side < length ? rise(side - 1 - i) : 1);
  }
  return made;
}

function ramp(side, margin) {
  return Math.max(1, Math.min(Math.floor(side / 8), Math.floor((side - 2 * margin) / 2)));
}

function padded(length, side, step) {
  return Math.max(side, Math.ceil(length / step) * step);
}

/** 0 .. length - 1, then back and forth up to `wanted` of them; the edge pixel is its own neighbour. */
export function mirrored(length, wanted) {
  return Array.from({length: wanted}, (_, i) => (i % (2 * length) < length ? i % (2 * length) : 2 * length - 1 - (i % (2 * length))));
}
