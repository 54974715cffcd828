"""Settings of --config and --set next to the flags: each reaches Python once."""

import types

import pytest

import pipelines
from pipelines import cli
from pipelines.engine import preflight

OWN = "task: classification\ndata: old\nminutes: 0.0\ndevices: 1\nepochs: 3\n"


@pytest.fixture
def called(monkeypatch):
    """{verb: (arguments, settings) of its last call}; nothing is trained."""
    seen = {}

    def note(name, answer):
        def call(*given, **settings):
            seen[name] = (given, settings)
            return answer

        return call

    run = types.SimpleNamespace(path="run", info={"left_out": []})
    table = (["trial"], [["1"]])
    tuned = types.SimpleNamespace(
        best=run, trials=[], rows=lambda: table, settings={}, score="val_accuracy"
    )
    audited = types.SimpleNamespace(as_text=str, as_dict=dict, errors=[])
    for name, answer in (("train", run), ("tune", tuned), ("audit", audited)):
        monkeypatch.setattr(pipelines, name, note(name, answer))
    found = [preflight.Finding("net", True, "fits")]
    monkeypatch.setattr(preflight, "judged", note("preflight", found))
    return seen


def test_data_may_be_a_setting(called):
    assert cli.main(["train", "classification", "--set", "data=photos", "epochs=2"]) == 0
    assert called["train"] == (("classification", "photos", None), {"epochs": "2"})


def test_a_flag_stands_above_a_file(called, tmp_path):
    (tmp_path / "config.yaml").write_text(OWN)
    words = ["classification", "--config", str(tmp_path / "config.yaml")]
    assert cli.main(["train", *words, "--devices", "2"]) == 0
    assert called["train"][1] == {"minutes": 0.0, "devices": 2, "epochs": 3}
    assert cli.main(["tune", *words]) == 0
    given = ("classification", "old", 20.0, None, None)
    assert called["tune"] == (given, {"devices": 1, "epochs": 3})


def test_the_format_of_an_audit_may_be_a_setting(called):
    words = ["audit", "digits", "--task", "classification"]
    assert cli.main([*words, "--set", "format=image_folder"]) == 0
    assert called["audit"] == (("digits", "image_folder", "classification"), {})
    assert cli.main([*words, "--format", "coco"]) == 0
    assert called["audit"] == (("digits", "coco", "classification"), {})


def test_a_setting_may_be_called_as_a_flag_of_preflight(called):
    assert cli.main(["preflight", "tagging", "--for", "micro", "--set", "target=ner"]) == 0
    given, _ = called["preflight"]
    assert given == ("tagging", None, "micro", "v5e", None, None, {"target": "ner"})


@pytest.mark.parametrize("name", ["run", "task", "loss", "model", "callbacks", "space", "trials"])
def test_what_is_no_setting_is_one_line(called, capsys, name):
    assert cli.main(["train", "classification", "--set", f"{name}=x"]) == 2
    assert f"{name} is no setting" in capsys.readouterr().err
    assert not called
