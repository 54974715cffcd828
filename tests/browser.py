"""A real browser for tests: opens a bundle's page, runs a check in it, and returns what the check found."""

import json
import queue
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest

from pipelines import catalog
from pipelines.edge import learned
from pipelines.edge.litert import Model
from pipelines.engine.serving import litert_js, serve, web
from pipelines.task import SERVE

CHECK = """
import {open, proven} from "./bundle.js";
import {load, start} from "./model.js";

async function check() {
  const wanted = await (await fetch("../wanted.json")).json();
  const manifest = await open("../");
  const task = await import(`./${manifest.task}.js`);
  const threads = await start(new URL("litert/wasm/", location.href).href, wanted.threads);
  const found = {threads, isolated: self.crossOriginIsolated, outputs: {}, milliseconds: {}, answers: []};
  for (const [kind, record] of Object.entries(manifest.files)) {
    if (!record.path.endsWith(".tflite")) continue;
    const run = await load(await proven("../", record.path, record.sha256));
    found.outputs[kind] = [];
    found.milliseconds[kind] = [];
    for (const [i, inputs] of wanted.inputs.entries()) {
      const began = performance.now();
      const outputs = await run(inputs, wanted.programs[i]);
      found.milliseconds[kind].push(performance.now() - began);
      found.outputs[kind].push(Object.fromEntries(Object.entries(outputs).map(([name, {data}]) => [name, [...data]])));
    }
    if (kind === wanted.kind) {
      for (const source of wanted.sources) {
        const given = task.takes === "text" ? source : await (await fetch(`../${source}`)).blob();
        const {answer} = await task.predict(given, run, manifest);
        found.answers.push([answer, task.line(answer)]);
      }
    }
    run.close();
  }
  return found;
}
"""
PROGRAMS = """
import {load, start} from "./model.js";

async function check() {
  const wanted = await (await fetch("../wanted.json")).json();
  await start(new URL("litert/wasm/", location.href).href);
  const content = new Uint8Array(await (await fetch("../model.tflite")).arrayBuffer());
  const run = await load(content);
  const outputs = [];
  for (const [program, inputs] of wanted) {
    const found = await run(inputs, program).catch((error) => error.message);
    if (typeof found !== "string") for (const output of Object.values(found)) output.data = [...output.data];
    outputs.push(found);
  }
  run.close();
  return {programs: run.programs, outputs};
}
"""
TOLD = """
import {open, proven} from "./bundle.js";
import {load, start} from "./model.js";

async function check() {
  const wanted = await (await fetch("../wanted.json")).json();
  const manifest = await open("../");
  const task = await import(`./${manifest.task}.js`);
  await start(new URL("litert/wasm/", location.href).href);
  const record = manifest.files.float32;
  const run = await load(await proven("../", record.path, record.sha256));
  const found = [];
  for (const [source, options] of wanted) {
    let parts = "";
    const {answer} = await task.predict(source, run, manifest, options, (part) => (parts += part));
    found.push([answer, parts]);
  }
  run.close();
  return found;
}
"""
STOPPED = """
const until = async (found) => {
  for (;;) {
    const value = found();
    if (value) return value;
    await new Promise((done) => setTimeout(done, 20));
  }
};

async function check() {
  const wanted = await (await fetch("../wanted.json")).json();
  const frame = document.createElement("iframe");
  frame.src = "index.html";
  document.body.append(frame);
  await until(() => frame.contentDocument?.getElementById("state")?.textContent.startsWith("ready"));
  const page = frame.contentDocument;
  page.getElementById("text").value = wanted.text;
  for (const [name, value] of Object.entries(wanted.options)) {
    page.querySelector(`#options [name=${name}]`).value = value;
  }
  page.querySelector("#write button").click();
  const shown = await until(() => page.querySelector("article p"));
  await until(() => shown.textContent.length > wanted.text.length + 20);
  const early = shown.textContent;
  page.querySelector("article button").click();
  await until(() => !page.querySelector("article button"));
  return {early, last: shown.textContent};
}
"""
POST = """
check().then((found) => ({found}), (error) => ({error: String(error.stack || error)})).then((result) =>
  fetch("/result", {method: "POST", body: JSON.stringify(result)}));
"""
PAGE = (
    '<!doctype html><body><script type="importmap">{"imports": {"@litertjs/core":'
    ' "./litert/core.js", "@litertjs/wasm-utils": "./litert/wasm-utils.js"}}</script><script'
    ' type="module" src="check.js"></script>'
)


def chromium():
    """The browser's command; tests are skipped where there is none."""
    found = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    return found or pytest.skip("needs Chromium")


def check(
    bundle,
    inputs,
    kind="float32",
    sources=(),
    files=(),
    threads=True,
    timeout=120,
    programs=None,
):
    """Runs every file of a bundle in a browser -> {"threads", "outputs": {kind: [{name: flat
    list}]}, "answers"}.

    "milliseconds" has the times of these runs, {kind: list}. inputs: [{name: array}]; sources:
    text, or paths of pictures, which the file `kind` answers as the page does. programs: those that
        take `inputs`, a name for each; None is the only one of a file.
    """
    chromium()
    shown = {f"source{i}": Path(file) for i, file in enumerate(files)}
    wanted = {
        "kind": kind,
        "threads": threads,
        "programs": list(programs or [SERVE] * len(inputs)),
        "sources": [*sources, *shown],
        "inputs": [_plain(row) for row in inputs],
    }
    return _found(serve.site(bundle) | shown, CHECK, wanted, timeout)


def programs(path, calls, timeout=120):
    """Runs programs of a TFLite file in a browser, {"programs": names, "outputs": [{name: {"data",
    "shape"}}, or the line of an error]}. calls: [(program, {name: array})]."""
    chromium()
    runtime = litert_js.folder()
    site = {f"web/litert/{name}": runtime / name for name in litert_js.names()}
    site |= {"model.tflite": Path(path), "web/model.js": web.SOURCE / "model.js"}
    wanted = [[program, _plain(inputs)] for program, inputs in calls]
    return _found(site, PROGRAMS, wanted, timeout)


def told(bundle, asked, timeout=120):
    """What the page of a bundle answers to [(text, {option: value})]: [(answer, all that it told)]."""
    return _found(serve.site(bundle), TOLD, asked, timeout)


def stopped(bundle, text, options, timeout=120):
    """What the page of a bundle shows after a text, early on and at last: its button is pressed."""
    wanted = {"text": text, "options": options}
    return _found(serve.site(bundle), STOPPED, wanted, timeout)


def _plain(arrays):
    return {n: {"data": a.ravel().tolist(), "shape": a.shape} for n, a in arrays.items()}


def _found(site, script, wanted, timeout):
    """What `check` of a script, which reads `wanted`, finds in a browser on a site, {path: file}."""
    command = chromium()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        scratch = Path(scratch)
        own = {
            "wanted.json": json.dumps(wanted),
            "web/check.js": script + POST,
            "web/check.html": PAGE,
        }
        for name, text in own.items():
            (scratch / Path(name).name).write_text(text)
        site = site | {name: scratch / Path(name).name for name in own}
        running, results = serve.server(site, 0), queue.Queue()

        def post(handler):
            results.put(json.loads(handler.rfile.read(int(handler.headers["Content-Length"]))))
            handler._head(204, {})

        running.RequestHandlerClass = type("Posting", (serve.Handler,), {"do_POST": post})
        threading.Thread(target=running.serve_forever, daemon=True).start()
        flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-dev-shm-usage",
        ]
        flags += [
            f"--user-data-dir={scratch / 'profile'}",
            f"{serve.address(running)}web/check.html",
        ]
        with subprocess.Popen(
            [command, *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                result = results.get(timeout=timeout)
            finally:
                process.terminate()
                running.shutdown()
                running.server_close()
    assert "error" not in result, result["error"]
    return result["found"]


def agrees(bundle, sources):
    """Asserts that in a browser every file of a bundle gives what LiteRT gives in Python, and the
    page what predict.py.

    bundle: a Bundle; sources: text, or paths of pictures.
    """
    programs, rows = zip(*_asked(bundle), strict=True)
    is_text = isinstance(sources[0], str)
    given = {"sources": sources} if is_text else {"files": sources}
    found = check(bundle.path, rows, programs=programs, **given)
    models = {
        kind: Model(bundle.path / r["path"])
        for kind, r in bundle.files.items()
        if kind != "saved_model"
    }
    assert found["outputs"].keys() == models.keys()
    for kind, model in models.items():
        for program, row, outputs in zip(programs, rows, found["outputs"][kind], strict=True):
            for name, values in model(row, program).items():
                tolerance = (
                    1e-5 if kind in ("float32", "float16") else 2e-2
                )  # one step in 256, and what it leads to
                np.testing.assert_allclose(
                    outputs[name],
                    values.ravel(),
                    atol=tolerance,
                    err_msg=f"{kind} {program} {name}",
                )
    half = catalog.edge(bundle.task_name)
    manifest = {**bundle.manifest, "learned": learned.read(bundle.path / "learned")}
    for source, (answer, line) in zip(sources, found["answers"], strict=True):
        wanted, _ = half.predict(source, models["float32"], manifest)
        assert_close(answer, json.loads(json.dumps(wanted)))
        assert line == half.line(wanted)


def _asked(bundle):
    """[(program, one example of its inputs)]: golden ones, or noise for each of several programs."""
    if "programs" in bundle.manifest:
        random = np.random.default_rng(0)
        specs = {name: p["inputs"] for name, p in bundle.manifest["programs"].items()}
        return [
            (program, {n: random.integers(0, 256, s["shape"]).astype(s["dtype"]) for n, s in own.items()})
            for program, own in specs.items()
        ]  # fmt: skip
    golden = bundle.golden()[0]
    count = min(2, len(next(iter(golden.values()))))
    return [
        (SERVE, {name: values[i : i + 1] for name, values in golden.items()}) for i in range(count)
    ]


def assert_close(a, b):
    """Equal, numbers to within 1e-4."""
    if isinstance(b, dict):
        assert a.keys() == b.keys()
        for key in b:
            assert_close(a[key], b[key])
    elif isinstance(b, list):
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            assert_close(one, other)
    elif isinstance(b, float):
        assert a == pytest.approx(b, abs=1e-4)
    else:
        assert a == b
