"""The page of a bundle: what is served, to whom, and that a real browser says what predict.py says."""

import contextlib
import http.client
import json
import re
import shutil
import socket
import subprocess
import threading

import bare
import browser
import node
import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

from pipelines import catalog, cli
from pipelines.engine.serving import litert_js, serve, web
from pipelines.errors import PipelineError


@pytest.fixture(scope="module")
def site(exported):
    return serve.site(exported.path)


@pytest.fixture
def running(site):
    made = serve.server(site, 0)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def ask(running, path, method="GET", **headers):
    with contextlib.closing(
        http.client.HTTPConnection(*running.server_address, timeout=10)
    ) as connection:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response, response.read()


def test_a_bundle_holds_its_page_and_what_the_page_imports(exported):
    names = {path.name for path in (exported.path / "web").iterdir()}
    assert names == {
        "index.html",
        "page.css",
        "page.js",
        "bundle.js",
        "model.js",
        "classification.js",
        "numbers.js",
        "pictures.js",
    }
    assert {f"web/{name}" for name in names} < set(exported.manifest["sha256"])
    assert exported.broken() == []


def test_what_is_served(running, site, exported):
    response, content = ask(running, "/model.tflite")
    assert (response.status, content) == (200, (exported.path / "model.tflite").read_bytes())
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    response, _ = ask(running, "/")
    assert (response.status, response.headers["Location"]) == (302, "/web/index.html")
    assert (
        ask(running, "/web/litert/wasm/litert_wasm_internal.wasm")[0].headers["Content-Type"]
        == "application/wasm"
    )
    response, content = ask(running, "/web/index.html?x=1", "HEAD")
    assert (response.status, content) == (200, b"")
    assert ask(running, "/manifest.json", "POST")[0].status == 501
    assert running.server_address[0] == "127.0.0.1"
    assert "golden.npz" not in site


@pytest.mark.parametrize(
    "path",
    ["/../setup.cfg", "/web/../../manifest.json", "/%2e%2e/x", "/web/..%2f..%2fmanifest.json", "//etc/passwd",
     "/golden.npz", "/saved_model/saved_model.pb", "/web/page.js/", "/web/nothing.js", "/\\..\\x", "/config.yaml"],
)  # fmt: skip
def test_nothing_else_is_served(running, path):
    response, content = ask(running, path)
    assert response.status == 404
    assert b"root" not in content


def test_a_name_that_was_made_to_lead_here_is_refused(running):
    assert ask(running, "/manifest.json", Host="evil.example")[0].status == 403
    assert (
        ask(running, "/manifest.json", Host=f"localhost:{running.server_address[1]}")[0].status
        == 200
    )


def test_a_manifest_cannot_name_files_elsewhere(exported, tmp_path):
    folder = shutil.copytree(exported.path, tmp_path / "bundle")
    manifest = json.loads((folder / "manifest.json").read_text())
    (tmp_path.parent / "secret.tflite").write_text("secret")
    manifest["sha256"]["learned/../../x.txt"] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert all(file.resolve().is_relative_to(folder.resolve()) for name, file in serve.site(folder).items()
               if not name.startswith("web/"))  # fmt: skip
    manifest["files"]["float32"]["path"] = "../../secret.tflite"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(PipelineError, match="the file of 'float32' is '../../secret.tflite'"):
        serve.site(folder)


def test_a_port_in_use(capsys, exported):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert cli.main(["serve", str(exported.path), "--port", str(taken.getsockname()[1])]) == 2
    assert "Name another with --port" in capsys.readouterr().err
    with pytest.raises(PipelineError, match="port 99999"):
        serve.server({}, 99999)


def test_what_is_no_bundle(exported, tmp_path, capsys):
    assert cli.main(["serve", str(tmp_path)]) == 2
    manifest = json.loads((exported.path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "task": "../../x"}))
    with pytest.raises(PipelineError, match="there is no page for the task"):
        serve.site(tmp_path)
    del manifest["files"]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(PipelineError, match=r"manifest.json is not .* it lacks 'files'"):
        serve.site(tmp_path)


def test_a_static_site(exported, tmp_path, capsys):
    assert cli.main(["serve", str(exported.path), "--out", str(tmp_path / "site")]) == 0
    assert (tmp_path / "site/web/litert/core.js").stat().st_size > 10_000
    assert (tmp_path / "site/model_int8.tflite").read_bytes() == (
        exported.path / "model_int8.tflite"
    ).read_bytes()
    first = (tmp_path / "site/index.html").read_text()
    for place in re.findall(r'(?:href="|url=)([^"]+)"', first):
        assert (tmp_path / "site" / place).is_file()
    assert first.count("web/index.html") == 2
    assert cli.main(["serve", str(exported.path), "--out", str(tmp_path / "site")]) == 2


def test_without_npm_or_network_one_line_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PipelineError, match="npm is needed once"):
        litert_js.folder()
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error network' >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(PipelineError, match="cannot fetch @litertjs/core 2.5.3: npm error network"):
        litert_js.folder()
    npm.write_text("#!/bin/sh\necho altered > core.tgz\necho core.tgz\n")
    with pytest.raises(PipelineError, match="checksum differs"):
        litert_js.folder()
    assert not (tmp_path / "keras-task-pipelines" / "litertjs-2.5.3").exists()


def _in_browsers():
    """Tasks with a method whose files a browser runs: arrays run by NumPy alone."""
    for name, entry in catalog.tasks().items():
        if any(not catalog.method(own.name, name).fitted for own in entry.methods):
            yield name


@pytest.mark.parametrize("name", list(_in_browsers()))
def test_each_task_has_a_page(name):
    text = (web.SOURCE / f"{name}.js").read_text(encoding="utf-8")
    for wanted in ("line", "predict", "takes"):
        assert (
            f"export function {wanted}" in text
            or f"export async function {wanted}" in text
            or wanted in text
        )
    assert all((web.SOURCE / own).is_file() for own in web.names(name))


@pytest.mark.slow
@pytest.mark.parametrize("client", [bare, browser])
def test_clients_give_the_same_answers(exported, tmp_path, client):
    photo = next((ROOT / "docs").glob("*.png"))
    with Image.open(photo) as picture:
        picture.convert("RGB").resize((90, 71)).save(tmp_path / "a.png")
    client.agrees(exported, [tmp_path / "a.png", photo])


@pytest.mark.slow
def test_a_browser_without_threads_gives_the_same(exported):
    row = {name: values[:1] for name, values in exported.golden()[0].items()}
    with_threads, without = (
        browser.check(exported.path, [row], threads=threads) for threads in (True, False)
    )
    assert with_threads["isolated"]
    assert (with_threads["threads"] > 1, without["threads"]) == (True, 1) or with_threads[
        "threads"
    ] == 1
    assert with_threads["outputs"] == without["outputs"]


@pytest.mark.slow
def test_an_altered_file_is_refused_in_the_browser(exported, tmp_path):
    folder = shutil.copytree(exported.path, tmp_path / "bundle")
    content = bytearray((folder / "model.tflite").read_bytes())
    content[-1] ^= 1
    (folder / "model.tflite").write_bytes(content)
    with pytest.raises(AssertionError, match="model.tflite is not the file that was proven"):
        browser.check(folder, [])


@pytest.mark.slow
def test_the_page_as_people_see_it(exported):
    """Opens the page itself: it loads the model and says so."""
    made = serve.server(serve.site(exported.path), 0)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    try:
        command = [
            browser.chromium(),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--virtual-time-budget=15000",
        ]
        done = subprocess.run(
            [*command, "--dump-dom", serve.address(made) + "web/index.html"],
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        made.shutdown()
        made.server_close()
    assert exported.manifest["name"] in done.stdout
    assert 'class="drop"' in done.stdout


RESIZE = """
import {bicubic, bilinear} from "./pictures.js";
import fs from "fs";
for (const {data, from, to, kind} of JSON.parse(fs.readFileSync(0))) {
  const picture = {data: Uint8Array.from(data), height: from[0], width: from[1]};
  console.log(JSON.stringify([...(kind === "bicubic" ? bicubic : bilinear)(picture, ...to, 3).data]));
}
"""


def test_pictures_are_resized_as_pillow_does():
    random, cases, wanted = np.random.default_rng(0), [], []
    for height, width, high, wide in (
        (20, 30, 33, 17),
        (64, 64, 20, 100),
        (13, 7, 64, 64),
        (40, 40, 40, 9),
        (90, 8, 7, 8),
    ):
        pixels = random.integers(0, 256, (height, width, 3)).astype(np.uint8)
        for kind in ("bilinear", "bicubic"):
            cases.append(
                {
                    "data": pixels.ravel().tolist(),
                    "from": [height, width],
                    "to": [high, wide],
                    "kind": kind,
                }
            )
            filter = Image.Resampling[kind.upper()]
            wanted.append(
                np.asarray(Image.fromarray(pixels).resize((wide, high), filter)).ravel().tolist()
            )
    lines = node.said(RESIZE, cases).splitlines()
    for case, line, values in zip(cases, lines, wanted, strict=True):
        assert json.loads(line) == values, case["kind"]
