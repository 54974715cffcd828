import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, TINY, two_classes

import pipelines
from pipelines import catalog
from pipelines.config import settings
from pipelines.engine.proof import minisign, seal, signing
from pipelines.records import read_json

VERBS = (
    "demo",
    "tasks",
    "methods",
    "datasets",
    "formats",
    "backbones",
    "audit",
    "train",
    "evaluate",
    "predict",
    "export",
    "verify",
    "benchmark",
    "report",
)
LIGHT = """
import sys
{code}
heavy = {{"tensorflow", "keras", "keras_hub", "tensorflow_datasets", "sklearn", "PIL", "jax"}} & set(sys.modules)
assert not heavy, heavy
"""


def process(*arguments, **environment):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(
        [sys.executable, *map(str, arguments)], env=environment, capture_output=True, text=True
    )


# Help.


@pytest.mark.parametrize(
    "code",
    [
        "import pipelines; assert pipelines.__version__",
        (
            "from pipelines import cli\n"
            "for words in (['--help'], ['train', '--help'], ['export', '--help'], ['--version']):\n"
            "    try: cli.main(words)\n    except SystemExit: pass"
        ),
        (
            "from pipelines import cli\ntry: cli.main(['train', 'scratch',"
            " '--help'])\nexcept SystemExit: pass"
        ),
        (
            "from pipelines import cli\nassert not any(cli.main([verb]) for verb in ('tasks',"
            " 'methods', 'datasets', 'backbones'))"
        ),
        (
            "from pipelines import cli\nassert cli.main(['trian']) == cli.main([]) =="
            " cli.main(['train', 'x', '-y']) == 2"
        ),
    ],
    ids=["import", "help", "help of a task", "lists", "wrong verbs"],
)
def test_what_answers_at_once_loads_nothing_heavy(code):
    done = process("-c", LIGHT.format(code=code))
    assert done.returncode == 0, done.stderr


def test_help_lists_every_verb(command):
    code, out, _ = command("--help")
    assert code == 0
    for verb in VERBS:
        assert any(line.split()[:1] == [verb] for line in out), verb
        assert command(verb, "--help")[0] == 0


def test_help_of_a_method_lists_every_setting(command):
    for method in catalog.methods():
        code, out, _ = command("train", method, "--help")
        assert code == 0
        listed = [line.split()[0] for line in out if line.startswith("  ") and line.endswith("]")]
        names = [field.name for field in settings(catalog.method(method).Config)]
        assert listed[-len(names) :] == names


def test_help_of_a_task_lists_its_methods(command):
    for name, entry in catalog.tasks().items():
        code, out, _ = command("train", name, "--help")
        assert code == 0
        listed = [line.split()[0] for line in out if line.startswith("  ")]
        if len(entry.methods) > 1:
            assert listed[-len(entry.methods) :] == [method.name for method in entry.methods]
        else:
            assert "seed" in listed
    code, _, err = command("train", "clasification", "--help")
    assert (code, err) == (
        2,
        ["pipelines: unknown task 'clasification'. Did you mean 'classification'?"],
    )


def test_version(command):
    assert command("--version") == (0, [f"pipelines {pipelines.__version__}"], [])


def test_lists_have_a_line_each(command):
    for verb, names in (("tasks", catalog.tasks()), ("datasets", catalog.datasets())):
        code, out, _ = command(verb)
        assert code == 0
        assert [line.split()[0] for line in out[2:]] == list(names)
    code, out, _ = command("methods")
    assert code == 0
    tasks = [line.partition(":")[0] for line in out if line[:1].strip()]
    assert tasks == list(catalog.tasks())
    listed = [line.split()[0] for line in out if re.match(r"  \w", line)]
    assert listed == [entry.name for entry in catalog.methods().values()]


def test_the_catalog_of_backbones_says_what_is_known_of_each(command):
    code, out, _ = command("backbones")
    assert code == 0
    names = [line for line in out if line and not line.startswith(" ")]
    assert names == ["efficientnet_lite0", "minilm", "smollm2", "imagenet:NAME", "hub:PRESET"]
    for what in ("source", "licence", "size", "accuracy", "training"):
        assert sum(line.split()[:1] == [what] for line in out) == len(names), what


# What goes well.


def test_each_verb_with_json_ends_with_one_object(command, trained, exported, photos, tmp_path):
    data = two_classes(photos)
    picture = next((Path(trained.data_name) / "test" / "sky").iterdir())
    verbs = {
        "audit": ("audit", data),
        "train": ("train", "classification", "--data", data, "--run", tmp_path / "run", *TINY),
        "evaluate": ("evaluate", trained.path),
        "evaluate a file": (
            *("evaluate", exported.path, "--file", "int8", "--split", "validation"),
            *("--data", trained.data_name),
        ),
        "predict": ("predict", trained.path, picture, "--out", tmp_path / "out"),
        "export": (
            "export",
            tmp_path / "run",
            "--files",
            "saved_model",
            "--out",
            tmp_path / "bundle",
            "--sign",
            minisign.new_keys(tmp_path / "ours.key")[0],
        ),
        "verify": ("verify", exported.path, "--data", trained.data_name),
    }
    results = {}
    for name, words in verbs.items():
        code, out, err = command(*words, "--json")
        assert code == 0, (name, err)
        results[name] = json.loads(out[-1])
        assert isinstance(results[name], dict), name
    assert results["audit"]["errors"] == 0
    assert results["train"]["run"] == str(tmp_path / "run")
    assert len(results["train"]["weights_sha256"]) == 64
    assert results["evaluate"]["accuracy"] == exported.manifest["reference"]["accuracy"]
    assert set(results["evaluate"]["per_class"]["grün"]) >= {
        "accuracy",
        "precision",
        "recall",
        "f1",
    }
    assert results["evaluate a file"]["split"] == "validation"
    (answer,) = results["predict"]["predictions"]
    assert (answer["input"], answer["label"]) == (str(picture), "sky")
    assert (
        json.loads((tmp_path / "out" / f"0000_{picture.stem}.json").read_text(encoding="utf-8"))
        == answer
    )
    assert results["export"]["files"]["saved_model"]["passed"] is True
    manifest = seal.read(tmp_path / "bundle")
    assert signing.doubts(tmp_path / "bundle", manifest, tmp_path / "ours.pub")[1] == []
    assert results["verify"]["passed"] is True


@pytest.mark.slow
def test_benchmark_and_report_of_a_run_and_of_a_bundle(command, trained, exported, tmp_path):
    run, bundle = (
        shutil.copytree(trained.path, tmp_path / "run"),
        shutil.copytree(exported.path, tmp_path / "bundle"),
    )
    code, out, _ = command("benchmark", run, "--json")
    assert (code, json.loads(out[-1])["parameters"]) == (0, trained.info["parameters"])
    code, out, _ = command("benchmark", bundle, "--json")
    measured = json.loads(out[-1])["files"]
    assert code == 0
    assert all(
        0 < times["p50"] <= times["p90"] for times in measured["int8"]["latency_ms"].values()
    )
    assert measured["int8"]["memory_mb"]["process"] > 0
    # A report that knows of the run is not written over by one of the bundle alone.
    before = (bundle / "report.html").read_text(encoding="utf-8")
    assert command("report", bundle)[0] == 0
    assert (bundle / "report.html").read_text(encoding="utf-8") == before
    for folder in (run, bundle):
        (folder / "report.html").unlink(missing_ok=True)
        assert command("report", folder)[1] == [f"report: {folder / 'report.html'}"]
        page = (folder / "report.html").read_text(encoding="utf-8")
        assert "grün" in page
        assert "http://" not in page.replace("http://www.w3.org", "")


def test_settings_come_from_a_file_and_then_from_the_line(command, photos, tmp_path):
    values = "task: classification\ndata: {}\nepochs: 7\njit_compile: off\nlabels: [a, b]\n"
    (tmp_path / "settings.yaml").write_text(values.format(two_classes(photos)))
    words = ["--config", tmp_path / "settings.yaml", "--run", tmp_path / "run", *TINY]
    assert command("train", "classification", *words)[0] == 0
    config = pipelines.load(tmp_path / "run").config
    assert (config.epochs, config.jit_compile, config.labels) == (1, "off", ("a", "b"))
    # A run's own config.yaml makes the same run again.
    words = ["--config", tmp_path / "run" / "config.yaml", "--run", tmp_path / "again"]
    assert command("train", "classification", *words)[0] == 0
    one, other = (
        read_json(tmp_path / name / "run.json")["weights_sha256"] for name in ("run", "again")
    )
    assert one == other
