// A TFLite file as a function of named arrays, for each of its programs, by LiteRT.js.

import {loadAndCompile, loadLiteRt, Tensor} from "@litertjs/core";

const SERVE = "serving_default"; // the program of a file that has one only
const TYPES = {uint8: Uint8Array, int32: Int32Array, float32: Float32Array};

let runtime = null;

/** Starts LiteRT.js once, on several threads where the browser lets a page have them -> how many it may use. */
export async function start(folder, threads = self.crossOriginIsolated) {
  runtime = runtime || loadLiteRt(folder, {threads}).catch((error) => {
    if (!threads) throw error;
    console.warn("no threads:", error);
    return loadLiteRt(folder, {threads: false});
  });
  await runtime;
  return threads ? navigator.hardwareConcurrency : 1;
}

/**
 * The bytes of a file -> a function of ({name: {data: typed array, shape: [...]}}, program), which gives the same for the
 * outputs. It throws an Error in one line on an unknown program, a missing input, another shape, or an axis of any
 * length, which this runtime does not have. Its `programs` are names; its `latency` has the milliseconds of each call.
 */
export async function load(content) {
  const model = await loadAndCompile(content, {accelerator: "wasm"});
  const programs = model.signatures;
  const run = async (given, program = SERVE) => {
    const signature = programs[program];
    if (!signature) throw new Error(`the programs are ${run.programs.join(", ")}; got ${program}`);
    const made = tensors(signature, given);
    const began = performance.now();
    const found = await signature.run(made);
    const answer = await arrays(signature, found);
    run.latency.push(performance.now() - began);
    for (const tensor of [...Object.values(made), ...Object.values(found)]) tensor.delete();
    return answer;
  };
  run.programs = Object.keys(programs);
  run.latency = [];
  run.close = () => model.delete();
  return run;
}

/** What LiteRT.js takes of {name: {data, shape}}. */
function tensors(signature, given) {
  const inputs = signature.getInputDetails();
  for (const {name, shape} of inputs) {
    if (!given[name]) throw new Error(`the input ${name} is missing`);
    if (shape.includes(-1)) throw new Error(`${name} has an axis of any length, which LiteRT.js cannot run`);
    if (String(given[name].shape) !== String([...shape])) {
      throw new Error(`${name} must have shape ${[...shape]}; got ${given[name].shape}`);
    }
  }
  const made = inputs.map(({name, dtype, shape}) =>
    [name, new Tensor(TYPES[dtype].from(given[name].data), [...shape])]);
  return Object.fromEntries(made);
}

/** {name: {data, shape}} of what LiteRT.js gives. */
async function arrays(signature, found) {
  const answer = {};
  for (const {name, shape} of signature.getOutputDetails()) {
    const data = await found[name].data();
    answer[name] = {data: data.slice(), shape: [...shape]};
  }
  return answer;
}
