// A state in, what to do out.

export const takes = "text";

/** A state as JSON, such as 5 or [0.1, 0.2] -> {state, action, values: {action: worth}}. */
export async function predict(text, run, manifest) {
  const {shape, dtype} = manifest.inputs.state;
  const state = parsed(text);
  const numbers = [state].flat();
  const wanted = shape.slice(1).reduce((a, b) => a * b, 1);
  if (numbers.length !== wanted || !numbers.every(Number.isFinite)) {
    throw new Error(`must be ${wanted} number${wanted > 1 ? "s" : ""} as JSON`);
  }
  const data = dtype === "int32" ? Int32Array.from(numbers) : Float32Array.from(numbers);
  const answer = await run({state: {data, shape}});
  const names = manifest.config.actions;
  const values = Object.fromEntries(names.map((name, i) => [name, answer.values.data[i]]));
  return {answer: {state, action: names[answer.action.data[0]], values}};
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("is no state. Give numbers as JSON, such as 5 or [0.1, 0.2]");
  }
}

export function line({state, action, values}) {
  const listed = Object.entries(values).map(([name, value]) => `${name} ${value.toFixed(2)}`);
  return `${JSON.stringify(state)}: ${action} (${listed.join(", ")})`;
}
