import json
import os
import re
import resource
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import pytest
import zygote
from conftest import ROOT, SMALL

import pipelines
from pipelines import catalog, cli, progress
from pipelines.config import settings
from pipelines.engine.proof import minisign, proof, seal, signing
from pipelines.errors import PipelineError
from pipelines.files import write_text
from pipelines.records import read_json
from pipelines.task import SERVE

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
TINY = [f"--set={name}={value}" for name, value in (SMALL | {"epochs": 1}).items()]
LIGHT = """
import sys
{code}
heavy = {{"tensorflow", "keras", "keras_hub", "tensorflow_datasets", "sklearn", "PIL", "jax"}} & set(sys.modules)
assert not heavy, heavy
"""
# A verb on a disk that is full after so many bytes a file.
LIMITED = """
import resource, sys
import tensorflow
from pipelines import cli
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
raise SystemExit(cli.main(sys.argv[2:]))
"""


@pytest.fixture
def command(capfd, monkeypatch):
    """Runs a verb in this process -> (exit code, lines of standard output, lines of standard error)."""
    # A machine that is slow today says more of what it is at.
    monkeypatch.setattr(progress, "PATIENCE", 600)

    def run(*words):
        capfd.readouterr()
        try:
            code = cli.main([str(word) for word in words])
        except SystemExit as exit:  # --help and --version
            code = exit.code or 0
        out, err = capfd.readouterr()
        return code, out.splitlines(), err.splitlines()

    return run


@pytest.fixture
def refused(command):
    """Runs a verb that must fail -> (exit code, its one line); nothing else is printed but with `--json`."""

    def run(*words):
        code, out, err = command(*words)
        assert code in (1, 2)
        assert len(err) == 1, err
        assert err[0].startswith("pipelines: ")
        if "--json" not in words:
            assert out == []
        return code, err[0].removeprefix("pipelines: ")

    return run


def two_classes(photos, **more):
    return photos(
        {f"{s}/{c}": n for s, n in (("train", 6), ("val", 2), ("test", 2)) for c in "ab"} | more
    )


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


# Bad input: one line, nothing overwritten.


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "the following arguments are required: VERB. `pipelines --help` tells more."),
        (["trian"], "unknown verb 'trian'. Did you mean 'train'? `pipelines --help` tells more."),
        (["tasks", "--json"], "unrecognized arguments: --json. `pipelines --help` tells more."),
        (
            ["export", "x", "--max-drop", "much"],
            "argument --max-drop: invalid float value: 'much'.",
        ),
        (
            ["train"],
            "train needs a TASK or METHOD, or --resume DIR. `pipelines methods` lists them.",
        ),
        (
            ["train", "clasification"],
            "unknown task 'clasification'. Did you mean 'classification'?",
        ),
        (["audit", "digits", "--task", "clasification"], "unknown task 'clasification'."),
        (
            ["train", "classification", "--data", "digit"],
            "there is no data set, file or folder 'digit'. Did you mean",
        ),
        (
            ["train", "classification", "--data", "/no/such"],
            "there is no file or folder /no/such. Check the path",
        ),
        (["train", "classification", "--data", "tfds:no_such"], "TFDS has no data set 'no_such'."),
        (
            ["train", "classification", "--set", "epoch=3"],
            "unknown setting 'epoch'. Did you mean 'epochs'?",
        ),
        (["train", "classification", "--set", "epochs"], "--set takes KEY=VALUE; got 'epochs'."),
        (
            ["train", "classification", "--set", "epochs=many"],
            "epochs must be a whole number; got 'many'.",
        ),
        (
            ["train", "classification", "--set", "image_size=9999"],
            "image_size must be at most 2048 px; got 9999.",
        ),
        (
            ["train", "classification", "--config", "/no.yaml"],
            "cannot read /no.yaml: No such file or directory.",
        ),
        (
            ["train", "classification", "--resume", "x"],
            "--resume goes on with a run as it was set up",
        ),
        (["train", "--resume", "/no/run"], "/no/run is not a run: it has no run.json."),
        (["train", "scratch", "--more-epochs", "3"], "--more-epochs trains a finished run on"),
        (
            ["train", "--resume", "x", "--finish", "--more-epochs", "3"],
            "--finish trains no more, and --more-epochs does. Choose one.",
        ),
        (["audit", "/no/such"], "there is no file or folder /no/such."),
        (["evaluate", "/no/run"], "/no/run is neither a run nor a bundle"),
        (["verify", "/no/bundle"], "/no/bundle is neither a run nor a bundle"),
        (["export", "/no/run"], "/no/run is neither a run nor a bundle"),
    ],
)
def test_a_wrong_command_is_one_line_and_exit_2(refused, words, message):
    code, line = refused(*words)
    assert code == 2
    assert message in line


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epochs: [1", "settings.yaml:1 is not plain YAML"),
        ("- epochs", "must hold `name: value` lines; got list"),
        ("epochs: !!python/object/apply:os.system [echo]", "settings.yaml:1 is not plain YAML"),
        ("task: other", "settings.yaml is for the task 'other', not 'classification'"),
        ("epochs: 1\nepoch: 2", "unknown setting 'epoch'. Did you mean 'epochs'?"),
    ],
)
def test_a_wrong_settings_file(refused, tmp_path, text, message):
    (tmp_path / "settings.yaml").write_text(text)
    code, line = refused("train", "classification", "--config", tmp_path / "settings.yaml")
    assert code == 2
    assert message in line


def test_an_empty_folder(refused, tmp_path):
    for words in (["audit", tmp_path], ["train", "classification", "--data", tmp_path]):
        code, line = refused(*words)
        assert (code, line) == (
            2,
            f"{tmp_path} is an empty folder. Pass the folder that holds the data.",
        )


def test_one_class_only(command, refused, photos, tmp_path):
    data = photos({"train/cat": 6, "val/cat": 2, "test/cat": 2})
    code, out, err = command("audit", data)
    assert (code, err) == (1, [])
    assert any("every example has the label 'cat'. At least two are needed" in line for line in out)
    for more in ([], ["--set", "on_bad_data=skip"]):
        code, line = refused(
            "train", "classification", "--data", data, "--run", tmp_path / "run", *more
        )
        assert code == 1
        assert "every example has the label 'cat'" in line
    assert not (tmp_path / "run").exists()


def text_file(folder):
    (folder / "train" / "a" / "notes.jpg").write_text("hello")
    return "train/a/notes.jpg", "is a text file, not a picture"


def truncated(folder):
    path = folder / "train" / "b" / "000.jpg"
    path.write_bytes(path.read_bytes()[:500])
    return "train/b/000.jpg", "is damaged or truncated"


def leak(folder):
    shutil.copy(folder / "test" / "a" / "000.jpg", folder / "train" / "a" / "copy.jpg")
    return "train/a/copy.jpg", "this picture is also in test"


@pytest.mark.parametrize("damage", [text_file, truncated, leak])
def test_a_bad_picture_is_named_refused_and_left_out_on_demand(
    command, refused, photos, tmp_path, damage
):
    data = two_classes(photos)
    name, message = damage(data)
    code, out, _ = command("audit", data, "--json")
    audit = json.loads(out[-1])
    assert (code, audit["errors"], audit["bad"]) == (1, 1, [name])
    assert any(name in line and message in line for line in out[:-1])
    code, line = refused(
        "train", "classification", "--data", data, "--run", tmp_path / "run", *TINY
    )
    assert code == 1
    assert name in line
    assert message in line
    assert "on_bad_data=skip" in line
    assert not (tmp_path / "run").exists()
    if damage is not truncated:
        return  # one training is enough
    words = ["--run", tmp_path / "run", *TINY, "--set", "on_bad_data=skip", "--json"]
    code, out, _ = command("train", "classification", "--data", data, *words)
    assert (code, json.loads(out[-1])["left_out"]) == (0, [name])
    assert any("left out" in line and "1 of" in line and name in line for line in out[:-1])


def test_a_class_missing_in_one_split(command, refused, photos, tmp_path):
    data = photos({"train/a": 6, "train/b": 6, "val/a": 2, "test/a": 2, "test/b": 2})
    code, out, _ = command("audit", data)
    assert code == 0  # it can be trained on, and the audit says what will not be known
    assert any("validation has no example of 'b'" in line for line in out)
    data = photos(
        {"train/a": 6, "train/b": 6, "val/a": 2, "val/b": 2, "test/a": 2, "test/b": 2, "test/c": 2}
    )
    code, line = refused("train", "classification", "--data", data, "--run", tmp_path / "run")
    assert code == 1
    assert "2 examples of 'c' are in other splits and none in train" in line


def test_a_label_in_the_table_that_is_not_in_training(command, refused, trained, photos, tmp_path):
    photos({"pictures/a": 5, "pictures/b": 5, "pictures/c": 2})
    folder = tmp_path / "photos0"
    rows = [f"pictures/{c}/{i:03d}.jpg,{c},train" for c in "ab" for i in range(5)]
    rows += ["pictures/c/000.jpg,c,test", "pictures/c/001.jpg,c,val"]
    (folder / "table.csv").write_text("\n".join(["path,label,split", *rows]))
    code, line = refused(
        "train", "classification", "--data", folder / "table.csv", "--run", tmp_path / "run"
    )
    assert code == 1
    assert "'c' are in other splits and none in train" in line
    code, _, (note, line) = command("evaluate", trained.path, "--data", folder / "table.csv")
    assert code == 2
    assert "0 of the 24 test examples" in note
    assert line == (
        "pipelines: table.csv:12: label 'c' is not among the labels of training: apple, grün, sky."
    )


def test_unknown_splits_and_formats(refused, trained, exported, tmp_path):
    assert (
        "has no split 'tset'. It has: " in refused("evaluate", trained.path, "--split", "tset")[1]
    )
    assert (
        "is a run: --file names one file of a bundle"
        in refused("evaluate", trained.path, "--file", "int8")[1]
    )
    assert (
        "has no file 'int4'. Did you mean 'int8'"
        in refused("evaluate", exported.path, "--file", "int4")[1]
    )
    out = tmp_path / "bundle"
    assert (
        "unknown file 'int4'" in refused("export", trained.path, "--files", "int4", "--out", out)[1]
    )
    assert "files must name" in refused("export", trained.path, "--files", "", "--out", out)[1]
    assert (
        "max_drop must be 0 or more"
        in refused("export", trained.path, "--max-drop", "nan", "--out", out)[1]
    )
    assert (
        "max_drop must be 0 or more"
        in refused("export", trained.path, "--max-drop", "-1", "--out", out)[1]
    )
    assert "is a bundle already" in refused("export", exported.path)[1]
    assert "is a run; verify takes a bundle" in refused("verify", trained.path)[1]
    data = trained.data_name
    assert (
        "unknown format 'tabel'. Did you mean 'table'"
        in refused("audit", data, "--format", "tabel")[1]
    )
    assert list(tmp_path.iterdir()) == []


def test_inputs_of_predict(refused, trained, tmp_path):
    (tmp_path / "notes.jpg").write_text("hello")
    assert refused("predict", trained.path, "/no.jpg") == (
        2,
        "/no.jpg: cannot be read: No such file or directory",
    )
    assert (
        "notes.jpg: is a text file, not a picture"
        in refused("predict", trained.path, tmp_path / "notes.jpg")[1]
    )


def test_an_existing_folder_is_not_overwritten(refused, trained, exported, photos):
    before = {
        p: p.stat().st_mtime_ns for folder in (trained, exported) for p in folder.path.rglob("*")
    }
    code, line = refused(
        "train", "classification", "--data", two_classes(photos), "--run", trained.path
    )
    assert (code, "exists already. Name another folder with --run, or go on with it" in line) == (
        2,
        True,
    )
    code, line = refused("export", trained.path, "--out", exported.path)
    assert (code, "exists already. Name another folder with --out." in line) == (2, True)
    code, line = refused("demo", "--out", trained.path)
    assert (code, "exists already" in line) == (2, True)
    assert before == {
        p: p.stat().st_mtime_ns for folder in (trained, exported) for p in folder.path.rglob("*")
    }


def test_a_bundle_with_one_altered_byte(command, exported, tmp_path):
    bundle = shutil.copytree(exported.path, tmp_path / "bundle")
    data = bytearray((bundle / "model_int8.tflite").read_bytes())
    data[1000] ^= 1
    (bundle / "model_int8.tflite").write_bytes(data)
    code, out, err = command("verify", bundle, "--json")
    assert (code, json.loads(out[-1])["passed"]) == (1, False)
    assert err == [
        "pipelines: model_int8.tflite is not the file that was proven: its SHA-256 differs"
    ]


def test_an_export_that_fails_its_proof(command, trained, tmp_path, monkeypatch):
    class Wrong:
        """A file whose answers are all the first class."""

        def __call__(self, inputs, program=SERVE):
            return {"probabilities": [[1.0, 0.0, 0.0]] * len(inputs["image"])}

    monkeypatch.setattr(proof, "predictor", lambda folder, kind, method: Wrong())
    words = ["--files", "saved_model", "--out", tmp_path / "bundle", "--json"]
    code, out, err = command("export", trained.path, *words)
    assert code == 1
    (line,) = err
    assert line.startswith("pipelines: export failed: saved_model: accuracy went from ")
    result = json.loads(out[-1])
    assert result["error"] == line.removeprefix("pipelines: ")
    assert result["files"]["saved_model"]["passed"] is False
    assert list(tmp_path.iterdir()) == []


def test_a_model_file_with_code_in_it_is_not_run(refused, trained, tmp_path):
    run = shutil.copytree(trained.path, tmp_path / "run")
    pictures = keras.Input((16, 16, 3), name="image")
    evil = keras.layers.Lambda(
        lambda x: __import__("os").environ.update(PIPELINES_TEST_EVIL="ran") or x
    )
    keras.Model(pictures, evil(pictures)).save(run / "model.keras")
    assert (
        os.environ.pop("PIPELINES_TEST_EVIL") == "ran"
    )  # as the model was made; it must not run again
    code, line = refused("evaluate", run)
    assert code == 2
    assert f"{run / 'model.keras'} cannot be loaded safely: " in line
    assert "it has other layers than this model" in line
    assert "PIPELINES_TEST_EVIL" not in os.environ


@pytest.mark.parametrize("damage", ["cut", "text", "empty zip"])
def test_a_damaged_model_file(refused, trained, tmp_path, damage):
    run = shutil.copytree(trained.path, tmp_path / "run")
    path = run / "model.keras"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-5000])
    elif damage == "text":
        path.write_text("hello")
    else:
        zipfile.ZipFile(path, "w").close()
    code, line = refused("evaluate", run)
    assert code == 2
    assert f"{path} cannot be loaded safely" in line


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("run.json", "{", "run.json is not valid JSON"),
        ("config.yaml", "a: [", "config.yaml:1 is not plain YAML"),
        ("config.yaml", "task: other\nmethod: x\ndata: x\n", "unknown task 'other'"),
        (
            "config.yaml",
            "task: classification\n",
            "config.yaml is not what it should be: it lacks 'method'",
        ),
    ],
)
def test_a_damaged_run(refused, trained, tmp_path, name, text, message):
    run = shutil.copytree(
        trained.path, tmp_path / "run", ignore=shutil.ignore_patterns("checkpoints", "tensorboard")
    )
    (run / name).write_text(text)
    code, line = refused("evaluate", run)
    assert code == 2
    assert message in line


# Disks.


@pytest.mark.parametrize(
    ("limit", "written"),
    [
        pytest.param(500, "config.yaml", marks=pytest.mark.exhaustive),  # as the run begins
        (30_000, "best.npz"),  # at its first checkpoint
    ],
)
def test_training_on_a_full_disk(photos, tmp_path, limit, written):
    words = [
        "train",
        "classification",
        "--data",
        two_classes(photos),
        "--run",
        tmp_path / "out" / "run",
        *TINY,
    ]
    done = zygote.run([sys.executable, "-c", LIMITED, limit, *words])
    assert done.returncode == 2, done.stderr
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith("pipelines: cannot write ")
    assert (
        f"{written}: File too large. Free some space or choose a folder that you may write to."
        in line
    )
    assert "Traceback" not in done.stderr
    left = [
        p.name
        for p in (tmp_path / "out").rglob("*")
        if p.suffix in (".npz", ".keras", ".json", ".yaml")
    ]
    assert (
        left == []
        if limit == 500
        else set(left)
        == {"config.yaml", "run.json", "audit.json", "environment.json", "held_out.json"}
    )


def test_exporting_on_a_full_disk(trained, tmp_path):
    words = ["export", trained.path, "--files", "saved_model", "--out", tmp_path / "bundle"]
    done = zygote.run([sys.executable, "-c", LIMITED, 60_000, *words])
    assert done.returncode == 2, done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("pipelines: cannot write ")
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(
    not Path("/sys/kernel").is_dir(), reason="needs a place where even root may not write"
)
def test_no_permission_to_write(refused, photos, trained):
    data = two_classes(photos)
    code, line = refused(
        "train", "classification", "--data", data, "--run", "/sys/kernel/run", *TINY
    )
    assert (code, line.startswith("cannot write /sys/kernel/run: ")) == (2, True)
    picture = data / "test" / "a" / "000.jpg"
    assert refused("predict", trained.path, picture, "--out", "/sys/kernel/out")[0] == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_the_right_to_write(refused, photos, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    words = ["--data", two_classes(photos), "--run", tmp_path / "locked" / "run", *TINY]
    code, line = refused("train", "classification", *words)
    assert (code, line.startswith(f"cannot write {tmp_path / 'locked' / 'run'}: ")) == (2, True)


def test_a_place_below_a_file(refused, photos, tmp_path):
    (tmp_path / "file").touch()
    words = ["--data", two_classes(photos), "--run", tmp_path / "file" / "run", *TINY]
    assert "cannot write" in refused("train", "classification", *words)[1]


def test_files_appear_whole_or_not_at_all(tmp_path):
    write_text(tmp_path / "a", "old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(PipelineError, match="cannot write .*/a: File too large"):
            write_text(tmp_path / "a", "new" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "old"
