"""What the command line refuses: one line, and nothing is overwritten."""

import json
import os
import shutil
import zipfile

import keras
import pytest
from conftest import TINY, two_classes

from pipelines.engine.proof import proof
from pipelines.task import SERVE


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
