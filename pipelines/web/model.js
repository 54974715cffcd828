// A TFLite file as a function of named arrays, by LiteRT.js.

import {loadAndCompile, loadLiteRt, Tensor} from "@litertjs/core";

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
 * The bytes of a file -> a function, {name: {data: typed array, shape: [...]}} -> the same for the outputs. It throws an
 * Error in one line on a missing input or another shape; its `latency` has the milliseconds of each call.
 */
export async function load(content) {
  const model = await loadAndCompile(content, {accelerator: "wasm"});
  const inputs = Object.fromEntries(model.getInputDetails().map((d) => [plain(d.name), d]));
  const outputs = model.getOutputDetails();
  const run = async (given) => {
    const made = {};
    for (const [name, details] of Object.entries(inputs)) {
      const shape = [...details.shape];
      if (!given[name]) throw new Error(`the input ${name} is missing`);
      if (String(given[name].shape) !== String(shape)) {
        throw new Error(`${name} must have shape ${shape}; got ${given[name].shape}`);
      }
      made[details.name] = new Tensor(TYPES[details.dtype].from(given[name].data), shape);
    }
    const began = performance.now();
    const found = await model.run(made);
    const answer = {};
    for (const details of outputs) {
      const data = await found[details.name].data();
      answer[plain(details.name)] = {data: data.slice(), shape: [...details.shape]};
    }
    run.latency.push(performance.now() - began);
    for (const tensor of [...Object.values(made), ...Object.values(found)]) tensor.delete();
    return answer;
  };
  run.latency = [];
  run.close = () => model.delete();
  return run;
}

/** A tensor's name in the signature: "serving_default_image:0" is image. */
function plain(name) {
  return name.replace(/^serving_default_/, "").replace(/:\d+$/, "");
}
