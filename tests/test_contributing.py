"""The guide for contributors says what the code has: the contract, the layers, the groups of entry points."""

import configparser
import dataclasses
import inspect
import re
import tomllib

import pytest
from conftest import ROOT

from pipelines import catalog, config, task
from pipelines.models.fitted import Fitted

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def rows(head):
    """First cells, without backticks, of the table whose first heading is `head`."""
    table = re.search(rf"^\| {re.escape(head)} \|.*\n\|[-|]+\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    return re.findall(r"^\| `(.+?)` \|", table[1], re.MULTILINE)


def block(language, containing):
    """The code block that has this text."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return next(body for body in found if containing in body)


def own(owner):
    return {name for name in vars(owner) if not name.startswith("_")}


@pytest.mark.parametrize(
    ("head", "owner"), [("of a task", task.Task), ("of a method", task.Method)]
)
def test_the_tables_have_every_name_of_the_contract_and_no_other(head, owner):
    found = [row.partition("(")[0] for row in rows(head)]
    assert len(found) == len(set(found))
    assert set(found) == own(owner)
    assert own(task.Task) | own(task.Method) == task.contract().keys()


@pytest.mark.parametrize(
    ("head", "owner"), [("of a task", task.Task), ("of a method", task.Method)]
)
def test_arguments_are_those_of_the_contract(head, owner):
    for row in rows(head):
        name, _, arguments = row.rstrip(")").partition("(")
        value = vars(owner)[name]
        if inspect.isfunction(value):
            wanted = [n for n in inspect.signature(value).parameters if n != "self"]
            assert arguments.split(", ") == wanted, name
        else:
            assert not arguments, name


def test_the_classes_exist():
    listed = rows("class")
    assert {"Score", "Feature", "Source", "Part", "Program", "Phase", "Fitted"} == set(listed)
    for name in listed:
        assert name == Fitted.__name__ or inspect.isclass(getattr(task, name))


def test_a_phase_has_what_the_table_says():
    tables = re.findall(r"A `Phase` has\n\n\| name .*\n\|[-|]+\n((?:\|.*\n)+)", TEXT)
    listed = re.findall(r"^\| `(\w+)", tables[0], re.MULTILINE)
    assert listed == ["name", "config", "begin", "cut", "solve", "steps", "memory"]
    assert set(listed) == {field.name for field in dataclasses.fields(task.Phase)}


def test_the_bases_of_settings_exist():
    bases = rows("base")
    assert bases == ["Config", "SteppedConfig", "FittedConfig"]
    for name in bases:
        assert issubclass(getattr(config, name), config.Settings)


def test_the_groups_of_entry_points_are_those_of_the_catalog():
    named = set(re.findall(r"`(pipelines\.\w+)`", catalog.__doc__))
    assert set(rows("group")) == named
    stranger = tomllib.loads((ROOT / "tests/stranger/pyproject.toml").read_text(encoding="utf-8"))
    shown = tomllib.loads(block("toml", "entry-points"))
    assert shown["project"]["entry-points"] == stranger["project"]["entry-points"]
    assert shown["project"]["entry-points"].keys() == named


@pytest.mark.parametrize(("contract", "first"), [("layers", "cli ->"), ("engine", "preflight |")])
def test_the_layers_are_those_that_are_checked(contract, first):
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    layers = setup[f"importlinter:contract:{contract}"]["layers"].split("\n")
    wanted = [re.sub(r"\bpipelines\.(engine\.)?", "", line).strip() for line in layers if line]
    shown = [part.strip() for part in block("text", first).replace("\n", " ").split("->")]
    assert [" ".join(layer.split()) for layer in shown] == wanted


def test_the_folders_exist():
    for line in block("text", "pipelines/cli.py").splitlines():
        for name in re.findall(r"(?:^|  )([\w./]+/|pipelines/\w+\.py)(?=\s)", line):
            places = [ROOT / name, ROOT / "pipelines" / name]
            assert any(place.exists() for place in places), name
