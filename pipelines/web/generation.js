// A picture in, its numbers and the picture made anew out; or new ones, out of random numbers: as edge/generation.py.

import {drawn} from "./draws.js";
import {canvas, even, grey, read, resize} from "./pictures.js";

export const takes = "picture";
const AXES = 8; // sliders
const FURTHEST = 3; // deviations from the middle

/**
 * A Blob -> {latent: numbers, mse, strangeness: as far as the model has them}, and the picture made anew.
 * kind: the id of its class, which a conditional model has to be told.
 */
export async function predict(source, run, manifest, {kind} = {}) {
  const programs = manifest.programs ?? {};
  if (!programs.encode) throw new Error("is a picture, and this model takes none: make some below");
  if (manifest.config.conditional && kind === undefined) throw new Error("this model has to be told the class of a picture");
  const given = await taken(source, manifest);
  const latent = (await run({image: given, ...label(manifest, kind)}, "encode")).latent.data;
  const answer = {latent: [...latent]};
  let found;
  if (programs.reconstruct) {
    found = await run({image: given}, "reconstruct");
    if (found.strangeness) answer.strangeness = found.strangeness.data[0];
  } else if (programs.decode) {
    found = await run({latent: {data: latent, shape: [1, latent.length]}, ...label(manifest, kind)}, "decode");
  } else {
    return {answer};
  }
  const made = found.image.data;
  answer.mse = made.reduce((sum, value, i) => sum + (given.data[i] / 255 - value) ** 2, 0) / made.length;
  return {answer, pictures: {image: shown(found.image)}};
}

/** A picture of random numbers: {options: {seed, index, kind: id of a class}, given: {axis: number} in place of some}. */
export async function make(run, manifest, {seed, index = 0, kind = 0}, given = {}) {
  const {program, draws} = manifest.config.maker;
  const inputs = drawn(draws, seed, index);
  for (const [axis, value] of Object.entries(given)) inputs.latent.data[axis] = value;
  const found = await run({...inputs, ...label(manifest, kind)}, program);
  return {image: found.image, latent: inputs.latent};
}

/** What the page shows besides answers: sliders for the first numbers, and new random ones; null if nothing is made. */
export function panel(manifest, current) {
  const {maker, conditional} = manifest.config;
  if (!maker) return null;
  const axes = maker.draws.latent?.law === "normal" ? Math.min(AXES, maker.draws.latent.shape.at(-1)) : 0;
  const place = element("div", {className: "made"});
  const seed = element("input", {type: "number", min: 0, value: 0, id: "seed"});
  const kinds = element("select", {id: "of_class"});
  for (const [i, name] of (manifest.learned?.classes ?? []).entries()) kinds.append(new Option(name, i));
  const sliders = Array.from({length: axes}, (_, axis) =>
    element("input", {type: "range", min: -FURTHEST, max: FURTHEST, step: 0.01, value: 0, ariaLabel: `number ${axis + 1}`}));
  let moved = {};
  let queue = Promise.resolve();
  const show = () => {
    queue = queue.then(async () => {
      const {image, latent} = await make(current(), manifest, {seed: Number(seed.value), kind: Number(kinds.value)}, moved);
      place.replaceChildren(shown(image));
      sliders.forEach((slider, axis) => (slider.value = latent.data[axis]));
    }).catch((error) => place.replaceChildren(error.message));
  };
  const renew = () => {
    moved = {};
    show();
  };
  sliders.forEach((slider, axis) => (slider.oninput = () => {
    moved[axis] = Number(slider.value);
    show();
  }));
  seed.oninput = kinds.onchange = renew;
  const noise = element("button", {type: "button", textContent: "New noise"});
  noise.onclick = () => {
    seed.value = Number(seed.value) + 1;
    renew();
  };
  const controls = element("div", {className: "sliders"});
  controls.append(noise, labelled("seed ", seed));
  if (conditional) controls.append(labelled("class ", kinds));
  sliders.forEach((slider, axis) => controls.append(labelled(`${axis + 1} `, slider)));
  const made = element("section", {className: "panel", id: "panel"});
  made.append(place, controls);
  return {element: made, show: renew, asked: () => ({kind: Number(kinds.value)}), alone: !manifest.programs?.encode};
}

function element(tag, values) {
  return Object.assign(document.createElement(tag), values);
}

function labelled(text, control) {
  const made = element("label", {textContent: text});
  made.append(control);
  return made;
}

/** The input for a class, an id, if the model has one. */
function label({config}, id) {
  return config.conditional ? {label: {data: Int32Array.of(id), shape: [1]}} : {};
}

/** A Blob -> the picture as the model takes it, as in training. */
async function taken(source, manifest) {
  const {side, channels, cut} = manifest.config;
  let [{data}] = resize(await read(source, manifest), side);
  if (channels === 1) data = grey(data);
  if (cut) data = data.map((value) => (value >= cut ? 255 : 0));
  return {data, shape: [1, side, side, channels]};
}

/** What a program gives, (1, S, S, C) in [0, 1] -> a canvas. */
function shown({data, shape: [, height, width]}) {
  return canvas({data: Uint8Array.from(data, (value) => Math.min(Math.max(even(value * 255), 0), 255)), height, width});
}

export function line({latent, mse, strangeness}) {
  const parts = [`${latent.length} numbers`];
  if (mse !== undefined) parts.push(`error ${mse.toFixed(4)}`);
  if (strangeness !== undefined) parts.push(`strangeness ${strangeness.toFixed(2)}${strangeness > 1 ? " (strange)" : ""}`);
  return parts.join(", ");
}
