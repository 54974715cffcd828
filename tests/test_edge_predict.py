"""A bundle's own command line, run in a process where our package is out of reach."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tiny
from PIL import Image

from pipelines import edge
from pipelines.edge import classification, latency
from pipelines.edge.litert import Model
from pipelines.files import sha256

PREDICT = """
import sys
from edge.predict import main
code = main()
assert not {"tensorflow", "keras", "pipelines"} & set(sys.modules), "a device has none of these"
raise SystemExit(code)
"""


@pytest.fixture
def bundle(tmp_path):
    shutil.copytree(
        Path(edge.__file__).parent, tmp_path / "edge", ignore=shutil.ignore_patterns("__pycache__")
    )
    files = {}
    for kind, path in tiny.converted().items():
        shutil.copy(path, tmp_path)
        files[kind] = {"path": path.name, "sha256": sha256(path)}
    manifest = {
        "task": "classification",
        "labels": tiny.LABELS,
        "inputs": {"image": {"shape": [1, 16, 16, 3], "dtype": "uint8"}},
        "config": {},
        "files": {"saved_model": {"path": "saved_model", "sha256": ""}, **files},
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "predict.py").write_text(PREDICT)
    Image.fromarray(tiny.pictures(1)[0]).save(tmp_path / "a.png")
    (tmp_path / "notes.txt").write_text("not a picture")
    return tmp_path


def run(bundle, *arguments):
    command = [sys.executable, bundle / "predict.py", *arguments]
    return subprocess.run(command, cwd=bundle, capture_output=True, text=True, encoding="utf-8")


def change(bundle, **values):
    path = bundle / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def expected(kind="float32"):
    return Model(tiny.converted()[kind])({"image": tiny.pictures(1)})["probabilities"][0]


def test_a_picture_gets_a_line(bundle):
    done = run(bundle, "a.png")
    assert (done.returncode, done.stderr) == (0, "")
    ranked = np.argsort(-expected())
    words = [f"{tiny.LABELS[i]} {expected()[i]:.2f}" for i in ranked]
    assert done.stdout == f"a.png  {words[0]}  ({', '.join(words[1:])})\n"


@pytest.mark.parametrize("kind", ["float32", "float16", "dynamic", "int8"])
def test_json_is_the_last_line(bundle, kind):
    done = run(bundle, "--json", "--file", kind, "a.png", "a.png")
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["file"] == tiny.converted()[kind].name
    first, second = result["predictions"]
    assert first == second
    assert first["input"] == "a.png"
    assert dict(first["top"]) == pytest.approx(
        dict(zip(tiny.LABELS, expected(kind).tolist(), strict=True))
    )


def test_a_wrong_input_is_one_line_and_exit_2_and_the_others_are_answered(bundle):
    done = run(bundle, "notes.txt", "a.png")
    assert done.returncode == 2
    assert done.stderr.startswith("notes.txt: is a text file, not a picture")
    assert done.stdout.startswith("a.png  ")


def test_wrong_inputs_alone_leave_one_line(bundle):
    done = run(bundle, "missing.png")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "missing.png: cannot be read: No such file or directory\n"


def test_one_altered_byte_is_refused(bundle):
    path = bundle / "model_int8.tflite"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    done = run(bundle, "--file", "int8", "a.png")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("model_int8.tflite is not the file that was proven")
    assert done.stderr.count("\n") == 1
    assert run(bundle, "a.png").returncode == 0


@pytest.mark.parametrize("task", ["nothing", "../evil", "os.path", ""])
def test_a_task_that_is_not_in_the_bundle_is_not_imported(bundle, task):
    change(bundle, task=task)
    done = run(bundle, "a.png")
    assert done.returncode == 1
    assert f"names the task {task!r}" in done.stderr


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ("{", "Expecting"),
        ("{}", "manifest.json lacks 'files'"),
        ('{"files": {}}', "has no file that runs here"),
        ("[]", "is not what was exported"),
        ("[" * 100_000, "is not what was exported"),
        ('{"files": []}', "is not what was exported"),
        ('{"files": {"float32": 5}}', "is not what was exported"),
        ('{"files": {"float32": {"path": 5, "sha256": ""}}}', "is not what was exported"),
    ],
)
def test_a_broken_manifest_is_one_line(bundle, manifest, reason):
    (bundle / "manifest.json").write_text(manifest)
    done = run(bundle, "a.png")
    assert done.returncode == 1
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_the_best_labels_come_first():
    out = io.BytesIO()
    Image.new("RGB", (9, 7)).save(out, "PNG")
    manifest = {"labels": ["a", "b", "c"], "inputs": {"image": {"shape": [1, 4, 4, 3]}}}

    def run(inputs):
        return {"probabilities": np.array([[0.1, 0.6, 0.3]], np.float32)}

    answer, pictures = classification.predict(out.getvalue(), run, manifest)
    assert (answer["label"], answer["probability"], pictures) == ("b", pytest.approx(0.6), {})
    assert answer["top"] == [
        ["b", pytest.approx(0.6)],
        ["c", pytest.approx(0.3)],
        ["a", pytest.approx(0.1)],
    ]
    assert classification.line(answer) == "b 0.60  (c 0.30, a 0.10)"


def test_latency_is_measured_in_a_process_of_its_own():
    result = latency.measure(tiny.converted()["float32"], threads=(1, 2), seconds=0.2)
    assert list(result["latency_ms"]) == ["1", "2"]
    for times in result["latency_ms"].values():
        assert 0 < times["p50"] <= times["p90"] < 1000
        assert 1 <= times["runs"] <= latency.RUNS
    # This process holds TensorFlow, hundreds of megabytes; what is measured holds NumPy and LiteRT.
    assert 0 < result["memory_mb"]["model"] < result["memory_mb"]["process"] < 200


def test_latency_of_what_does_not_run_is_an_error(tmp_path):
    (tmp_path / "model.tflite").write_text("hello")
    with pytest.raises(ValueError, match="model.tflite does not run in LiteRT"):
        latency.measure(tmp_path / "model.tflite")
