"""What a task learned beside its weights, as files of a run and of a bundle."""

import dataclasses
import hashlib

import numpy as np
import pytest

from pipelines.config import Config, settings
from pipelines.edge import learned as edge
from pipelines.engine.data import learned
from pipelines.errors import PipelineError

WORDS = ["", "der", "naïve", "日本", " two words ", "#5", "\r", "\u2028", "\x85"]


def test_lists_and_arrays_come_back_as_they_were(tmp_path):
    table = np.arange(6, dtype=np.float32).reshape(2, 3)
    learned.write(tmp_path / "learned", {"words": WORDS, "vectors": table})
    found = learned.read(tmp_path / "learned")
    assert found["words"] == WORDS
    np.testing.assert_array_equal(found["vectors"], table)
    assert learned.lists(found) == {"words": WORDS} == edge.read(tmp_path / "learned")


def test_nothing_learned_makes_no_folder(tmp_path):
    learned.write(tmp_path / "learned", {})
    assert not (tmp_path / "learned").exists()
    assert learned.read(tmp_path / "learned") == {}


def test_an_entry_with_a_line_break_is_refused(tmp_path):
    with pytest.raises(PipelineError, match=r"words: 'a\\nb' has a line break"):
        learned.write(tmp_path, {"words": ["c", "a\nb"]})


def test_a_list_that_is_not_the_models_is_refused(tmp_path):
    (tmp_path / "words.txt").write_text("one\ntwo\n")
    digest = hashlib.sha256(b"one\ntwo\n").hexdigest()
    assert edge.read(tmp_path, {"words.txt": digest}) == {"words": ["one", "two"]}
    (tmp_path / "words.txt").write_text("two\none\n")
    with pytest.raises(ValueError, match="words.txt does not belong to this model"):
        edge.read(tmp_path, {"words.txt": digest})
    with pytest.raises(ValueError, match="gone.txt: No such file"):
        edge.read(tmp_path, {"gone.txt": digest})
    (tmp_path / "words.txt").write_bytes(b"caf\xe9\n")
    with pytest.raises(PipelineError, match="words.txt is not UTF-8"):
        learned.read(tmp_path)


def test_what_was_learned_stays_with_a_config_and_is_no_setting():
    config = Config().having({"words": ["a"]}).having({"tags": ["b"]}).replace(epochs=3)
    assert dict(config.learned) == {"words": ["a"], "tags": ["b"]}
    assert config == Config(epochs=3)
    assert "learned" not in {field.name for field in settings(Config)} | config.as_dict().keys()
    with pytest.raises(PipelineError, match="unknown setting 'learned'"):
        config.replace(learned={})
    with pytest.raises(TypeError):
        config.learned["words"] = []
    assert dataclasses.is_dataclass(config)
