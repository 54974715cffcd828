// The page: pictures or text in, this model's answers out, all in the browser.

import {open, proven} from "./bundle.js";
import {load, start} from "./model.js";

const FOLDER = "../";
const SHOWN = 12; // labels
const KINDS = ["float32", "float16", "dynamic", "int8"];
const at = (id) => document.getElementById(id);

let [manifest, task, run, threads, panel] = [];
let queue = Promise.resolve(); // one thing at a time

function say(text, isBad = false) {
  at("state").textContent = text;
  at("state").classList.toggle("bad", isBad);
}

async function choose(kind) {
  const record = manifest.files[kind];
  say(`loading ${record.path}…`);
  run?.close();
  run = null;
  run = await load(await proven(FOLDER, record.path, record.sha256));
  panel?.show();
  say(`ready, ${threads} thread${threads > 1 ? "s" : ""}`);
}

async function answer(source, name) {
  const shown = make("article", make("h2", name), make("p", "…"));
  at("answers").prepend(shown);
  const [stop, text] = [new AbortController(), shown.querySelector("p")];
  const button = make("button", "Stop");
  button.onclick = () => stop.abort();
  if (task.options) text.after(button);
  const tell = (part) => {
    if (text.textContent === "…") text.textContent = source;
    text.textContent += part;
  };
  try {
    if (!run) throw new Error("no file of the model is loaded");
    const {latency} = run;
    latency.length = 0;
    const found = await task.predict(source, run, manifest, chosen(), tell, stop.signal);
    const total = latency.reduce((a, b) => a + b, 0);
    const runs = latency.length > 1 ? ` in ${latency.length} runs` : "";
    text.textContent = task.line(found.answer);
    shown.append(make("p", `${total.toFixed(1)} ms${runs}, ${at("file").value}`, "milliseconds"));
    if (found.answer.top) shown.append(bars(found.answer.top));
    shown.append(pictures(source, found.pictures || {}));
    const all = JSON.stringify(found.answer, null, 1);
    shown.append(make("details", make("summary", "all of the answer"), make("pre", all)));
  } catch (error) {
    text.replaceWith(make("p", `${name}: ${error.message}`, "bad"));
  }
  button.remove();
}

/** The options of a task, as the page has them, and what its panel asks for: {name: number}. */
function chosen() {
  const inputs = [...at("options").querySelectorAll("input")];
  return {...Object.fromEntries(inputs.map((input) => [input.name, Number(input.value)])), ...panel?.asked?.()};
}

function choices(options) {
  for (const [name, label, value, min, max] of options) {
    const input = make("input");
    Object.assign(input, {type: "number", name, min, max, step: Number.isInteger(value) && max > 100 ? 1 : "any", value});
    at("options").append(make("label", `${label} `, input));
  }
}

function pictures(source, found) {
  const made = make("div", "", "pictures");
  if (source instanceof Blob) {
    const image = new Image();
    image.onload = () => {
      if (image.naturalWidth < 120) for (const each of made.children) each.classList.add("small");
      URL.revokeObjectURL(image.src);
    };
    image.src = URL.createObjectURL(source);
    image.alt = "";
    made.append(make("figure", image, make("figcaption", "input")));
  }
  for (const [name, element] of Object.entries(found)) {
    made.append(make("figure", element, source instanceof Blob ? make("figcaption", name) : ""));
  }
  return made;
}

function bars(top) {
  const made = make("div", "", "bars");
  for (const [label, probability] of top) {
    const meter = make("meter", "");
    meter.value = probability;
    made.append(make("span", label), meter, make("span", `${(100 * probability).toFixed(1)} %`));
  }
  return made;
}

/** An element with a text, or with elements, in it. */
function make(tag, ...content) {
  const made = document.createElement(tag);
  if (content.length === 2 && typeof content[1] === "string" && typeof content[0] === "string") {
    made.className = content.pop();
  }
  made.append(...content);
  return made;
}

function take(files) {
  for (const file of files) queue = queue.then(() => answer(file, file.name));
}

function listen() {
  at("file").onchange = () => {
    queue = queue.then(() => choose(at("file").value)).catch((error) => say(error.message, true));
  };
  at("picture").onchange = (event) => take(event.target.files);
  at("write").onsubmit = (event) => {
    event.preventDefault();
    const text = at("text").value;
    queue = queue.then(() => answer(text, text.trim().slice(0, 60)));
  };
  const drop = at("drop");
  for (const name of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
      if (name === "drop" && !drop.hidden) take(event.dataTransfer.files);
    });
  }
}

async function begin() {
  manifest = await open(FOLDER);
  document.title = at("name").textContent = manifest.name;
  task = await import(`./${manifest.task}.js`);
  const kinds = task.kinds?.(manifest) ?? manifest.labels;
  const more = kinds.length > SHOWN ? `, … (${kinds.length})` : "";
  at("task").textContent = [manifest.task, kinds.slice(0, SHOWN).join(", ") + more].filter(Boolean).join(": ");
  panel = task.panel?.(manifest, () => run);
  if (panel) at("answers").before(panel.element);
  threads = await start(new URL("litert/wasm/", location.href).href);
  for (const kind of KINDS.filter((name) => manifest.files[name])) {
    at("file").append(new Option(`${kind}, ${(manifest.files[kind].size_bytes / 1024).toFixed(0)} KB`, kind));
  }
  if (!at("file").options.length) throw new Error("this bundle has no TFLite file");
  await choose(at("file").value);
  at("file").disabled = false;
  choices(task.options ?? []);
  at(task.takes === "text" ? "write" : "drop").hidden = Boolean(panel?.alone);
  if (task.hint) at("text").placeholder = task.hint;
  listen();
}

begin().catch((error) => say(error.message, true));
