import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import yaml
from conftest import write_photos

import pipelines
from pipelines.bundle import Bundle
from pipelines.edge import litert
from pipelines.engine.export import export, request, tflite_file
from pipelines.engine.proof import proof, seal, verify
from pipelines.errors import PipelineError, Refused
from pipelines.files import in_bytes, sha256
from pipelines.records import read_json

KINDS = ("saved_model", "float32", "float16", "dynamic", "int8")
FILES = {
    "saved_model": "saved_model",
    "float32": "model.tflite",
    "float16": "model_float16.tflite",
    "dynamic": "model_dynamic.tflite",
    "int8": "model_int8.tflite",
}


@pytest.fixture
def copy(exported, tmp_path):
    """The bundle's folder, free to be changed."""
    return shutil.copytree(exported.path, tmp_path / "bundle")


@pytest.fixture
def picture(tmp_path):
    """A photo of the class grün that the model has not seen, of a size that it does not have."""
    folder = write_photos(
        tmp_path / "new", {"apple": 0, "grün": 1, "sky": 0}, size=(61, 47), seed=9
    )
    return folder / "grün" / "000.jpg"


def alter(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def predict_py(bundle, *arguments):
    """The bundle's own command line, with our package out of reach."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    command = [sys.executable, "predict.py", *map(str, arguments)]
    return subprocess.run(
        command, cwd=bundle, env=environment, capture_output=True, text=True, encoding="utf-8"
    )


def test_what_is_in_a_bundle(exported):
    found = {
        p.relative_to(exported.path).as_posix() for p in exported.path.rglob("*") if p.is_file()
    }
    assert {f for f in found if not f.startswith("saved_model/")} == {
        *[f for f in FILES.values() if f.endswith("tflite")],
        "labels.txt", "config.yaml", "predict.py", "card.md", "report.html", "manifest.json", "golden.npz",
        "edge/__init__.py", "edge/fitted.py", "edge/learned.py", "edge/pictures.py", "edge/litert.py",
        "edge/predict.py", "held_out.txt", "edge/numbers.py", "edge/options.py", "web/numbers.js",
        "edge/classification.py", "web/index.html", "web/page.css", "web/page.js", "web/bundle.js", "web/model.js",
        "web/pictures.js", "web/classification.js",
    }  # fmt: skip
    assert (exported.path / "labels.txt").read_text(encoding="utf-8") == "apple\ngrün\nsky\n"
    config = yaml.safe_load((exported.path / "config.yaml").read_text(encoding="utf-8"))
    assert (config["task"], config["labels"], config["image_size"]) == (
        "classification",
        ["apple", "grün", "sky"],
        16,
    )


def test_the_manifest(exported, trained):
    manifest = read_json(exported.path / "manifest.json")
    assert manifest["inputs"] == {"image": {"shape": [1, 16, 16, 3], "dtype": "uint8"}}
    assert manifest["outputs"] == {"probabilities": {"shape": [1, 3], "dtype": "float32"}}
    assert manifest["labels"] == ["apple", "grün", "sky"]
    assert manifest["weights_sha256"] == trained.info["weights_sha256"]
    assert (manifest["proof"]["split"], manifest["proof"]["examples"]) == ("test", 24)
    assert manifest["reference"]["accuracy"] == trained.evaluate("test")["accuracy"] >= 0.9
    assert {kind: record["path"] for kind, record in manifest["files"].items()} == FILES
    for kind, record in manifest["files"].items():
        path = exported.path / record["path"]
        assert record["passed"] is True
        assert record["sha256"] == sha256(path)
        assert record["size_bytes"] == seal.size(path)
        assert record["max_difference"] <= {
            "saved_model": 1e-6,
            "float32": 1e-5,
            "float16": 1e-2,
        }.get(kind, 0.1)
        assert record["drop"] == manifest["reference"]["accuracy"] - record["metrics"]["accuracy"]
        assert set(record["metrics"]["per_class"]) == {"apple", "grün", "sky"}
        assert ("latency_ms" in record) == (kind != "saved_model")
    for name, digest in manifest["sha256"].items():
        assert sha256(exported.path / name) == digest


@pytest.mark.parametrize("kind", KINDS[1:])
def test_each_tflite_file_takes_uint8_and_holds_its_labels(exported, kind):
    path = exported.path / FILES[kind]
    model = litert.Model(path)
    assert model.inputs == {"image": {"shape": [1, 16, 16, 3], "dtype": "uint8"}}
    assert model.outputs == {"probabilities": {"shape": [1, 3], "dtype": "float32"}}
    tflite_file.refuse_foreign(path)
    assert "apple\ngrün\nsky".encode() in path.read_bytes()


def test_the_small_file_is_smaller(exported):
    sizes = {kind: record["size_bytes"] for kind, record in exported.files.items()}
    assert sizes["float16"] < 0.7 * sizes["float32"]


def test_golden_examples_are_held_out_pictures_with_keras_answers(exported, trained):
    inputs, outputs = exported.golden()
    assert {k: (v.shape, v.dtype.name) for k, v in inputs.items()} == {
        "image": ((8, 16, 16, 3), "uint8")
    }
    wanted = trained.method.decode(trained.model.predict_on_batch(inputs), trained.config)[
        "probabilities"
    ]
    np.testing.assert_allclose(outputs["probabilities"], wanted, atol=1e-6)
    held_out = trained.split("test").sample(8)[0]["image"]
    np.testing.assert_array_equal(inputs["image"], held_out)


def test_the_card_has_every_file_and_what_goes_in_and_out(exported):
    card = (exported.path / "card.md").read_text(encoding="utf-8")
    for words in (
        *FILES.values(),
        "`image`: uint8 (1, 16, 16, 3)",
        "`probabilities`: float32 (1, 3)",
        "grün",
        "24 ",
    ):
        assert words in card
    assert exported.manifest["weights_sha256"] in card
    assert "val probabilities: FloatBuffer = FloatBuffer.allocate(3)" in card
    assert 'try runner.copy(image, toInputNamed: "image")' in card


def test_run_bundle_and_predict_py_give_the_same_answers(exported, trained, picture, tmp_path):
    (from_run,), (from_bundle,) = trained.predict([picture]), exported.predict([picture])
    done = predict_py(exported.path, "--json", picture, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    (from_device,) = json.loads(done.stdout.splitlines()[-1])["predictions"]
    for answer in (from_run, from_bundle, from_device):
        assert answer["input"] == str(picture)
        assert answer["label"] == "grün"
        assert [label for label, _ in answer["top"]] == [label for label, _ in from_run["top"]]
        assert [p for _, p in answer["top"]] == pytest.approx(
            [p for _, p in from_run["top"]], abs=1e-5
        )
    assert sum(p for _, p in from_run["top"]) == pytest.approx(1, abs=1e-5)
    assert (
        json.loads((tmp_path / "out" / "0000_000.json").read_text(encoding="utf-8")) == from_device
    )
    (from_bytes,) = exported.predict(picture.read_bytes())
    assert from_bytes["top"] == from_bundle["top"]


def test_every_file_predicts_and_evaluates(exported, trained, picture):
    for kind in KINDS:
        (answer,) = exported.predict(picture, file=kind)
        assert answer["label"] == "grün"
    assert (
        exported.evaluate(data=trained.data_name, file="int8")["accuracy"]
        == exported.files["int8"]["metrics"]["accuracy"]
    )
    with pytest.raises(PipelineError, match="has no file 'int4'. Did you mean 'int8'"):
        exported.evaluate(file="int4")


def test_verify_repeats_the_proof(exported, trained):
    result = exported.verify(trained.data_name)
    assert (result["passed"], result["failures"], result["notes"]) == (True, [], [])
    for kind, record in result["files"].items():
        before = exported.files[kind]
        assert record["metrics"]["accuracy"] == before["metrics"]["accuracy"]
        assert record["golden_difference"] <= before["max_difference"] + verify.SLACK


@pytest.mark.parametrize(
    "name",
    [
        *[f for f in FILES.values() if f != "saved_model"],
        "saved_model/saved_model.pb", "saved_model/variables/variables.data-00000-of-00001",
        "labels.txt", "config.yaml", "golden.npz", "card.md", "predict.py", "edge/pictures.py",
    ],
)  # fmt: skip
def test_one_altered_byte_fails_and_is_named(copy, name):
    alter(copy / name)
    result = Bundle(copy).verify()
    named = "saved_model" if name.startswith("saved_model/") else name
    assert result["passed"] is False
    wanted = [f"{named} is not the file that was proven: its SHA-256 differs"]
    if name == "labels.txt":
        wanted.append("labels.txt and manifest.json name different labels")
    assert result["failures"] == wanted


def test_a_file_that_is_gone_or_added_fails(copy):
    (copy / "model.tflite").unlink()
    (copy / "saved_model" / "assets" / "more.txt").parent.mkdir(exist_ok=True)
    (copy / "saved_model" / "assets" / "more.txt").touch()
    assert [line.split()[0] for line in Bundle(copy).verify()["failures"]] == [
        "saved_model",
        "model.tflite",
    ]


def test_an_altered_file_answers_nothing_and_others_do(copy, picture):
    alter(copy / "model.tflite")
    bundle = Bundle(copy)
    with pytest.raises(
        PipelineError, match="model.tflite does not belong to this model: its SHA-256 differs"
    ):
        bundle.predict(picture)
    with pytest.raises(PipelineError, match="model.tflite does not belong to this model"):
        bundle.evaluate()
    assert bundle.predict(picture, file="int8")[0]["label"]


def test_predict_py_refuses_an_altered_file(copy, picture):
    alter(copy / "model.tflite")
    done = predict_py(copy, picture)
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr
        == "model.tflite is not the file that was proven: its SHA-256 differs. Export the model"
        " again\n"
    )


def test_without_the_data_the_golden_examples_are_verified_and_it_is_said(copy):
    result = Bundle(copy).verify()
    assert result["passed"]
    (note,) = result["notes"]
    assert note.startswith("scores were not repeated: photos, the data of ")
    assert note.endswith("Name the data with --data, or data= in Python.")
    assert all("metrics" not in record for record in result["files"].values())
    assert set(result["files"]) == set(KINDS)
    with pytest.raises(PipelineError, match="there is no file or folder /also/gone"):
        Bundle(copy).verify("/also/gone")


def test_other_answers_than_keras_gave_fail(copy):
    manifest = read_json(copy / "manifest.json")
    inputs, outputs = Bundle(copy).golden()
    changed = {"in/image": inputs["image"], "out/probabilities": outputs["probabilities"][:, ::-1]}
    np.savez(copy / "golden.npz", **changed)
    manifest["sha256"]["golden.npz"] = sha256(copy / "golden.npz")
    seal.write(copy, manifest)
    result = Bundle(copy).verify()
    assert not result["passed"]
    assert len(result["failures"]) == 5
    assert all("outputs differ by" in line for line in result["failures"])


def test_a_bundle_moves(copy, trained, picture):
    assert Bundle(copy).predict(picture)[0]["label"] == "grün"
    assert pipelines.load(copy).verify(trained.data_name)["passed"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not valid JSON"),
        ("{}", "was made by an earlier version of this package"),
        ('{"format": 2}', "it lacks 'name'"),
    ],
)
def test_a_broken_manifest_is_one_line(copy, text, message):
    (copy / "manifest.json").write_text(text)
    with pytest.raises(PipelineError, match=message) as raised:
        pipelines.load(copy)
    assert "\n" not in str(raised.value)


# Exports that do not come about, and those of fewer files.


def test_a_file_that_fails_is_named_and_nothing_is_left(trained, tmp_path, monkeypatch):
    plain = proof.predictor

    def wrong(folder, kind, method):
        predict = plain(folder, kind, method)

        def flip(outputs):
            return {k: v[:, ::-1] for k, v in outputs.items()}

        return (lambda *asked: flip(predict(*asked))) if kind == "dynamic" else predict

    monkeypatch.setattr(proof, "predictor", wrong)
    with pytest.raises(Refused) as raised:
        trained.export(tmp_path / "out" / "bundle", ["saved_model", "dynamic"], max_drop=0.2)
    message = str(raised.value)
    assert message.startswith("export failed: model_dynamic.tflite: accuracy went from ")
    assert "worse by more than max-drop 0.2" in message
    assert "Leave dynamic out (--files saved_model)" in message
    assert "\n" not in message
    files = raised.value.details["files"]
    assert [files[kind]["passed"] for kind in ("saved_model", "dynamic")] == [True, False]
    assert files["dynamic"]["metrics"]["accuracy"] < 0.8
    assert raised.value.details["reference"]["accuracy"] >= 0.9
    json.dumps(raised.value.details)
    assert list((tmp_path / "out").iterdir()) == []


def test_the_smallest_proven_file_of_a_size(trained, exported, tmp_path):
    size = exported.files["int8"]["size_bytes"]
    bundle = trained.export(
        tmp_path / "bundle", ["float32", "int8"], 0.2, target_size=f"{size / 1024 + 1:.1f}KB"
    )
    assert list(bundle.files) == ["int8"]
    assert [p.name for p in bundle.path.glob("*.tflite")] == ["model_int8.tflite"]
    assert not (bundle.path / "saved_model").exists()
    assert bundle.verify(trained.data_name)["passed"]


def test_no_file_is_small_enough(exported, tmp_path):
    kept, failures = export._smallest(tmp_path, exported.files, 1024, ["more"])
    assert kept == exported.files
    assert failures[0] == "more"
    assert re.match(r"no file of at most 1 KB passed: model.tflite has \d+ KB, ", failures[1])
    asked = request.asked(None, (), None, "1KB", None, None, None)
    assert "--target-size" in export._advice(exported.files, asked)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("500KB", 512_000), ("1.5 mb", 1_572_864), (2048, 2048), ("7", 7), ("2G", 2 * 1024**3)],
)
def test_sizes(text, wanted):
    assert in_bytes(text, "ram") == wanted


@pytest.mark.parametrize("text", ["", "KB", "0", "-5KB", "5 kilo", "nan", "1e6"])
def test_what_is_no_size(trained, text):
    with pytest.raises(PipelineError, match="target_size must be a number of bytes"):
        trained.export(target_size=text)


@pytest.mark.parametrize("max_drop", [-0.1, float("nan")])
def test_a_max_drop_that_is_no_fall(trained, tmp_path, max_drop):
    with pytest.raises(PipelineError, match="max_drop must be 0 or more"):
        trained.export(tmp_path / "bundle", ["saved_model"], max_drop=max_drop)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_not_touched(trained, tmp_path):
    (tmp_path / "bundle").mkdir()
    with pytest.raises(
        PipelineError, match="bundle exists already. Name another folder with --out."
    ):
        trained.export(tmp_path / "bundle")
    assert list((tmp_path / "bundle").iterdir()) == []


def test_some_files_alone(trained, tmp_path):
    bundle = trained.export(tmp_path / "bundle", ["float16"])
    assert list(bundle.files) == ["float16"]
    assert not (bundle.path / "saved_model").exists()
    assert {p.name for p in bundle.path.glob("*.tflite")} == {"model_float16.tflite"}
    assert bundle.verify(trained.data_name)["passed"]
    assert bundle.kind() == "float16"
    assert predict_py(bundle.path, trained.data.splits["test"].columns["image"][0]).returncode == 0


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["int4"], "unknown file 'int4'. Did you mean 'int8'"),
        (["float"], "unknown file 'float'. Did you mean 'float"),
        (["onnx"], "unknown file 'onnx'. Known: dynamic, float16, float32, int8, saved_model"),
        ([], "files must name at least one of"),
    ],
)
def test_unknown_files(trained, tmp_path, files, message):
    with pytest.raises(PipelineError) as raised:
        trained.export(tmp_path / "bundle", files)
    assert message in str(raised.value)
    assert list(tmp_path.iterdir()) == []
