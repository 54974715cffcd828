"""Folders that were altered, and names that would do more than be shown: each attack fails."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import zygote
from PIL import Image

import pipelines
from pipelines import catalog, config, files, terminal
from pipelines.engine.proof import operations, seal, trial
from pipelines.engine.training.loop import as_csv
from pipelines.errors import PipelineError, Refused

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
from damaging import crash


@pytest.fixture
def bundle(exported, tmp_path):
    shutil.copytree(exported.path, tmp_path / "bundle")
    return tmp_path / "bundle"


@pytest.fixture
def run(trained, tmp_path):
    shutil.copytree(trained.path, tmp_path / "run")
    return pipelines.load(tmp_path / "run")


def evaluation(run, picture):
    folder = run.path / "evaluations" / "test"
    folder.mkdir(parents=True, exist_ok=True)
    result = {"split": "test", "examples": 1, "accuracy": 1.0}
    worst = [{"name": "x", "loss": 1.0, "picture": picture}]
    files.write_json(folder / "result.json", {"result": result, "worst": worst})
    return folder


def test_a_picture_out_of_the_run_is_not_put_into_its_report(run, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "secret.png")
    evaluation(run, "../../../secret.png")
    with pytest.raises(PipelineError, match="leads out of it"):
        run.report()


def test_a_link_out_of_the_run_is_not_followed(run, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "secret.png")
    folder = evaluation(run, "00.png")
    (folder / "00.png").unlink(missing_ok=True)
    (folder / "00.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(PipelineError, match="leads out of it"):
        run.report()


def test_a_picture_of_another_format_calls_no_interpreter(run, tmp_path):
    folder = evaluation(run, "00.png")
    (folder / "00.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n")
    with pytest.raises(PipelineError, match="00.png is no PNG that can be read .cannot identify"):
        run.report()


@pytest.mark.parametrize("name", ["numpy.py", "PIL/__init__.py", "importlib/__init__.py"])
def test_a_file_beside_predict_stands_for_no_library(bundle, photos, name):
    (bundle / name).parent.mkdir(exist_ok=True)
    (bundle / name).write_text("print('EVIL')\n")
    picture = next(photos({"train/apple": 1}).rglob("*.jpg"))
    command = [sys.executable, str(bundle / "predict.py"), str(picture)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "EVIL" not in done.stdout


@pytest.mark.parametrize("name", ["numpy.py", "edge/evil.py", "web/evil.js", "saved_model2/x"])
def test_verify_names_what_does_not_belong(bundle, name):
    assert pipelines.load(bundle).broken() == []
    (bundle / name).parent.mkdir(exist_ok=True)
    (bundle / name).write_text("x")
    assert pipelines.load(bundle).broken() == [f"{name} does not belong to this bundle"]
    assert not pipelines.load(bundle).verify()["passed"]


def test_a_signature_may_lie_beside_the_manifest(bundle):
    for name in ("manifest.json.minisig", "manifest.json.sig", "manifest.json.exe"):
        (bundle / name).write_text("x")
    assert pipelines.load(bundle).broken() == ["manifest.json.exe does not belong to this bundle"]


def test_verify_notices_an_altered_report_manifest_and_list_of_labels(bundle):
    (bundle / "report.html").write_text("<html></html>")
    (found,) = pipelines.load(bundle).broken()
    assert found.startswith("report.html is not the file")
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["labels"] = manifest["labels"][::-1]
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    found = pipelines.load(bundle).broken()
    assert "manifest.json was altered: its checksum differs" in found
    assert "labels.txt and manifest.json name different labels" in found


def test_a_path_in_the_manifest_that_climbs_is_refused(bundle):
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["sha256"]["../run/run.json"] = "0" * 64
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(PipelineError, match="leads out of it"):
        pipelines.load(bundle).broken()


def reseal(bundle, change):
    """A manifest altered by someone who knows how its checksum is made."""
    manifest = json.loads((bundle / "manifest.json").read_text())
    change(manifest)
    manifest["sha256"]["labels.txt"] = files.sha256(bundle / "labels.txt")
    for record in manifest["files"].values():
        record["sha256"] = files.sha256(bundle / record["path"])
    seal.write(bundle, manifest)


def test_what_the_manifest_says_is_compared_with_the_files(bundle):
    def change(manifest):
        record = manifest["files"]["int8"]
        record |= {"size_bytes": 5, "passed": False, "reason": "it failed"}

    reseal(bundle, change)
    assert pipelines.load(bundle).broken() == [
        "model_int8.tflite has not the size that manifest.json says",
        "model_int8.tflite did not pass its proof, as manifest.json says",
    ]


def test_labels_are_compared_with_those_within_the_files(bundle):
    def change(manifest):
        manifest["labels"] = manifest["labels"][::-1]

    (bundle / "labels.txt").write_text("sky\ngrün\napple\n", encoding="utf-8")
    reseal(bundle, change)
    found = pipelines.load(bundle).broken()
    assert found == [
        f"{name} and manifest.json name different labels"
        for name in (
            "model.tflite",
            "model_float16.tflite",
            "model_dynamic.tflite",
            "model_int8.tflite",
        )
    ]


def test_a_manifest_names_no_other_file_of_a_kind(bundle):
    shutil.copy(bundle / "model.tflite", bundle / "other.tflite")
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["files"]["float32"]["path"] = "other.tflite"
    seal.write(bundle, manifest)
    with pytest.raises(PipelineError, match="the file of 'float32' is 'other.tflite'"):
        pipelines.load(bundle)


def test_a_saved_model_that_writes_files_is_not_run(bundle, trained, tmp_path):
    import tensorflow as tf

    class Evil(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((1, 16, 16, 3), tf.uint8, name="image")])
        def serve(self, image):
            tf.io.write_file(str(tmp_path / "evil"), "x")
            return {"probabilities": tf.zeros((1, 3))}

    evil = Evil()
    shutil.rmtree(bundle / "saved_model")
    tf.saved_model.save(evil, str(bundle / "saved_model"), {"serving_default": evil.serve})
    reseal(bundle, lambda manifest: None)
    with pytest.raises(PipelineError, match="saved_model has the operation WriteFile, which is"):
        pipelines.load(bundle).evaluate(data=trained.data_name, file="saved_model")
    assert not (tmp_path / "evil").exists()
    with pytest.raises(ValueError, match="WriteFile"):
        operations.refuse_harmful(bundle / "saved_model")


def test_a_file_that_ends_its_process_is_tried_in_another(bundle, monkeypatch):
    trial.refuse_fatal([bundle / "model.tflite"])
    dies = trial.CODE.replace(
        "model = litert", "import os; os.abort() if 'int8' in file else 0; model = litert"
    )
    monkeypatch.setattr(trial, "CODE", dies)
    result = pipelines.load(bundle).verify()
    assert result["failures"] == [
        "model_int8.tflite ends the process that runs it (signal 6); it was tried in one of its own"
    ]


def test_settings_have_limits():
    method = catalog.method("bilstm_crf")
    with pytest.raises(PipelineError, match="lstm_units must be at most 4096 units"):
        method.Config().replace(lstm_units=2**30)


SIZES = ("units", "features", "filters", "layers", "words", "terms", "letters", "boxes", "pieces")


def test_every_size_of_a_net_has_a_limit():
    for task, entry in catalog.tasks().items():
        for method in entry.methods:
            for field in config.settings(catalog.method(method.name, task).Config):
                is_size = field.type is int and field.metadata["unit"] in SIZES
                assert not is_size or field.metadata["high"] is not None, field.name


def test_no_cell_is_a_formula():
    rows = [{"=cmd|' /C calc'!A0": 0.5, "phase": "@SUM(A1)", "loss": -1.5, "n": None}]
    assert as_csv(rows) == "'=cmd|' /C calc'!A0,phase,loss,n\n0.5,'@SUM(A1),-1.5,\n"


def test_names_do_not_steer_the_terminal():
    evil = "cat\x1b[2J\x1b]0;x\x07\r\nok"
    assert terminal.shown(evil) == r"cat\x1b[2J\x1b]0;x\x07\r\nok"
    assert "\x1b" not in terminal.table([[evil, 1]], ["class", "n"])
    assert terminal.shown("grün 東京 🙂") == "grün 東京 🙂"


TRAIN = "import pipelines, sys; pipelines.resume(sys.argv[1])"


def test_two_processes_do_not_train_one_run(run):
    run.info["status"] = "running"
    files.write_json(run.path / "run.json", run.info)
    with files.locked(run.path / "lock"):
        done = zygote.run([sys.executable, "-c", TRAIN, run.path])
    assert done.returncode != 0
    assert f"in use by process {os.getpid()}" in done.stderr


def test_a_lock_of_a_process_that_has_ended_holds_nobody(tmp_path):
    code = "import os, sys; from pathlib import Path; from pipelines import files\n"
    code += "with files.locked(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "lock")], check=False)
    assert done.returncode == -9
    with files.locked(tmp_path / "lock"):
        assert (tmp_path / "lock").read_text() == str(os.getpid())
    with files.locked(tmp_path / "lock"):
        second = files.locked(tmp_path / "lock")
        with pytest.raises(Refused, match="in use by process"):
            second.__enter__()


def test_what_a_killed_process_left_behind_is_swept(tmp_path):
    code = "import os, sys; from pathlib import Path; from pipelines import files\n"
    code += "with files.appearing(Path(sys.argv[1]) / 'a.txt') as part:\n"
    code += "    part.write_text('half'); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    (tmp_path / ".hidden").mkdir()
    assert len(list(tmp_path.iterdir())) == 2
    files.sweep(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [".hidden"]


def test_what_another_process_writes_is_not_swept(tmp_path):
    with files.appearing(tmp_path / "a") as part:
        part.mkdir()
        stale = tmp_path / ".a.abcdefgh"
        stale.mkdir()
        files.sweep_beside(tmp_path / "a")
        files.sweep(tmp_path)
        assert part.exists()
        assert not stale.exists()
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def _killed(work, folder, at, after):
    with crash.Killer(folder, at, after).watching():
        work()


def test_a_kill_at_a_change_of_files_loses_nothing(tmp_path):
    """Some of what `benchmarks/damage.py crash` does at every change."""

    def work():
        files.sweep_beside(tmp_path / "a")
        files.write_json(tmp_path / "a" / "b.json", [1])
        files.sweep_beside(tmp_path / "a" / "b.json")

    for at in range(40):
        for after in (False, True):
            code = crash.forked(lambda: _killed(work, tmp_path, at, after))  # noqa: B023
            work()
            assert [p.name for p in (tmp_path / "a").iterdir()] == ["b.json"]
            assert (tmp_path / "a" / "b.json").read_text() == "[\n  1\n]\n"
            shutil.rmtree(tmp_path / "a")
            if code == 0:
                assert at > 3
                return
    pytest.fail("the work never came to its end")
