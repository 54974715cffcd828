"""Commands that messages name work as they are written."""

import shlex
import types
from pathlib import Path

import pytest

from pipelines import catalog
from pipelines.engine.training import commands, setup, summary
from pipelines.errors import PipelineError


def test_a_folder_with_a_space_is_one_word():
    words = shlex.split(commands.resuming(Path("my runs/it's 1")))
    assert words == ["pipelines", "train", "--resume", "my runs/it's 1"]


def test_a_folder_that_is_there_is_resumed_by_the_command(tmp_path):
    (tmp_path / "a b").mkdir()
    with pytest.raises(PipelineError, match="`pipelines train --resume '.*/a b'`"):
        setup.start("scratch", None, tmp_path / "a b", {})


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("memory:arrays", "and 2 more"),
        ("my photos", "and 2 more: `pipelines audit 'my photos' --task classification` lists all"),
    ],
)
def test_only_data_that_has_a_name_is_audited_by_a_command(source, line):
    warning = types.SimpleNamespace(severity="warning", where="a.jpg", message="is dark")
    made = types.SimpleNamespace(
        audited=types.SimpleNamespace(problems=[warning] * 5),
        read=types.SimpleNamespace(source=source),
        method=catalog.method("scratch"),
    )
    assert list(summary._audit(made).values())[-1] == line
