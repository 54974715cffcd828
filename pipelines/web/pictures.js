// Pictures as every model takes them: uint8 RGB, resized as Pillow does, to the last bit.

export const MAX_PIXELS = 100_000_000;
const PADDING = 114; // grey of the letterbox's bars
const BITS = 22; // precision of the weights

/** A Blob -> {data: Uint8Array of H * W * 3, height, width}, upright. Throws an Error that says what is wrong. */
export async function read(blob, manifest = {}) {
  if (manifest.learned?.grey_range && (await isDeep(blob))) {
    throw new Error("has 16 bits, of which a browser keeps 8. Use predict.py of the bundle");
  }
  let bitmap;
  try {
    const options = {imageOrientation: "from-image", premultiplyAlpha: "none", colorSpaceConversion: "none"};
    bitmap = await createImageBitmap(blob, options);
  } catch {
    throw new Error("is no picture that this browser can read");
  }
  const {height, width} = bitmap;
  if (height * width > MAX_PIXELS) throw new Error(`has ${width} x ${height} pixels. Scale it down`);
  const context = new OffscreenCanvas(width, height).getContext("2d", {colorSpace: "srgb"});
  context.drawImage(bitmap, 0, 0);
  const four = context.getImageData(0, 0, width, height).data;
  const data = new Uint8Array(height * width * 3);
  for (let i = 0, j = 0; j < data.length; i += 4) for (let c = 0; c < 3; c++) data[j++] = four[i + c];
  return {data, height, width};
}

/** Whether a Blob is a PNG of 16 bits, by its header. */
async function isDeep(blob) {
  const start = new Uint8Array(await blob.slice(0, 25).arrayBuffer());
  return start[0] === 0x89 && start[1] === 0x50 && start[24] === 16;
}

/**
 * A picture -> [{data, height: size, width: size}, placement]: `scale` and `offset`, [down, across], of the picture
 * within the square, and its own `size`. method: "stretch" or "letterbox", between grey bars.
 */
export function resize(picture, size, method = "stretch") {
  const {height, width} = picture;
  let inner = [size, size];
  if (method === "letterbox") {
    inner = [height, width].map((length) => Math.max(1, even((length * size) / Math.max(height, width))));
  }
  const offset = inner.map((length) => Math.floor((size - length) / 2));
  const resized = bilinear(picture, ...inner, 3);
  const placement = {size: [height, width], scale: [inner[0] / height, inner[1] / width], offset};
  if (inner[0] === size && inner[1] === size) return [resized, placement];
  const data = new Uint8Array(size * size * 3).fill(PADDING);
  for (let y = 0; y < inner[0]; y++) {
    const row = resized.data.subarray(y * inner[1] * 3, (y + 1) * inner[1] * 3);
    data.set(row, ((y + offset[0]) * size + offset[1]) * 3);
  }
  return [{data, height: size, width: size}, placement];
}

/** A picture of the square [ymin, xmin, ymax, xmax] -> the same in pixels of the original, cut at its edges. */
export function back(box, {size, scale, offset}) {
  return box.map((v, i) => Math.min(Math.max((v - offset[i % 2]) / scale[i % 2], 0), size[i % 2]));
}

/** Colours -> their luma, whole numbers throughout: as edge/pictures.py. */
export function grey(data) {
  const luma = (_, i) => (19595 * data[3 * i] + 38470 * data[3 * i + 1] + 7471 * data[3 * i + 2] + 32768) >> 16;
  return Uint8Array.from({length: data.length / 3}, luma);
}

/** What a model takes: a batch of one. */
export function batch(square) {
  return {data: square.data, shape: [1, square.height, square.width, 3]};
}

/** Any picture -> a canvas with it. `data` has 1 or 3 channels. */
export function canvas({data, height, width}) {
  const made = document.createElement("canvas");
  [made.width, made.height] = [width, height];
  const pixels = new ImageData(width, height);
  const channels = data.length / (height * width);
  for (let i = 0; i < height * width; i++) {
    for (let c = 0; c < 3; c++) pixels.data[i * 4 + c] = data[i * channels + (channels === 3 ? c : 0)];
    pixels.data[i * 4 + 3] = 255;
  }
  made.getContext("2d").putImageData(pixels, 0, 0);
  return made;
}

const BILINEAR = {support: 1, weight: (x) => Math.max(1 - Math.abs(x), 0)};
const BICUBIC = {support: 2, weight: (x) => cubic(Math.abs(x))};

/** Antialiased bilinear resampling of C channels to `high` x `wide`. */
export function bilinear(picture, high, wide, channels) {
  return resample(picture, high, wide, channels, BILINEAR);
}

/** Antialiased bicubic resampling, with a = -0.5. */
export function bicubic(picture, high, wide, channels) {
  return resample(picture, high, wide, channels, BICUBIC);
}

function cubic(x) {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/**
 * Across, then down, or the other way where that is less work. Whole numbers are rounded between the two passes, so the
 * order is Pillow's (tried with version 13); Float32Arrays stay as they are.
 */
function resample({data, height, width}, high, wide, channels, filter) {
  const across = (given, lines) => (width === wide ? given : pass(given, lines, width, wide, channels, true, filter));
  const down = (given, lines) => (height === high ? given : pass(given, lines, height, high, channels, false, filter));
  const isDownFirst = high < height && 2 * (width - wide) < height - high;
  const made = isDownFirst ? across(down(data, width), high) : down(across(data, height), wide);
  return {data: made, height: high, width: wide};
}

function pass(data, lines, length, wanted, channels, isAcross, filter) {
  const isFloat = data instanceof Float32Array;
  const made = new data.constructor(lines * wanted * channels);
  const [step, jump] = isAcross ? [channels, length * channels] : [lines * channels, channels];
  const [outStep, outJump] = isAcross ? [channels, wanted * channels] : [lines * channels, channels];
  for (let i = 0; i < wanted; i++) {
    const [first, weights] = taps(i, length, wanted, isFloat, filter);
    for (let line = 0; line < lines; line++) {
      for (let c = 0; c < channels; c++) {
        let sum = isFloat ? 0 : 1 << (BITS - 1);
        let at = line * jump + first * step + c;
        for (let k = 0; k < weights.length; k++, at += step) sum += weights[k] * data[at];
        made[line * outJump + i * outStep + c] = isFloat ? sum : Math.min(Math.max(sum >> BITS, 0), 255);
      }
    }
  }
  return made;
}

/** Where pixel `i` of `wanted` looks among `length` -> [first pixel, weight of it and of those after it]. */
function taps(i, length, wanted, isFloat, {support: reach, weight}) {
  const scale = length / wanted;
  const stretch = Math.max(scale, 1);
  const support = reach * stretch;
  const centre = (i + 0.5) * scale;
  const first = Math.max(Math.trunc(centre - support + 0.5), 0);
  const last = Math.min(Math.trunc(centre + support + 0.5), length);
  const weights = [];
  for (let x = first; x < last; x++) weights.push(weight((x - centre + 0.5) / stretch));
  const total = weights.reduce((a, b) => a + b, 0);
  return [first, weights.map((w) => (isFloat ? w / total : Math.trunc((w / total) * (1 << BITS) + (w < 0 ? -0.5 : 0.5))))];
}

/** Half goes to the even number, as in Python. */
export function even(value) {
  const down = Math.floor(value);
  return value - down !== 0.5 ? Math.round(value) : down % 2 ? down + 1 : down;
}
