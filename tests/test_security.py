"""Folders that were altered, and names that would do more than be shown: each attack fails."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from PIL import Image

import pipelines
from pipelines import files, terminal
from pipelines.errors import PipelineError, Refused


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
        command = [sys.executable, "-c", TRAIN, str(run.path)]
        done = subprocess.run(command, capture_output=True, text=True)
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
