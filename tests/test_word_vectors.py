"""Files of word vectors, each form written by hand."""

import gzip
import struct

import numpy as np
import pytest

from pipelines import catalog
from pipelines.errors import PipelineError
from pipelines.formats import _word_vectors as vectors
from pipelines.formats.examples import Examples

TEXT = "the 1 2 3\nThe 7 7 7\n. . 4 5 6\nnaïve -1 0.5 2e-3\n"
ROWS = [("the", (1, 2, 3)), ("naïve", (-1, 0.5, 0.25))]


def binary(break_between):
    body = b"".join(
        w.encode() + b" " + struct.pack("<3f", *v) + (b"\n" if break_between else b"")
        for w, v in ROWS
    )
    return b"2 3\n" + body


def test_glove(tmp_path):
    (tmp_path / "glove.txt").write_text(TEXT)
    words, table = vectors.read(tmp_path / "glove.txt", set(), 10)
    assert words == ["the", ". .", "naïve"]
    np.testing.assert_allclose(table, [[1, 2, 3], [4, 5, 6], [-1, 0.5, 0.002]], rtol=1e-6)


def test_only_what_is_wanted_and_the_first_are_kept(tmp_path):
    (tmp_path / "some.vec").write_text("4 2\na 1 1\nb 2 2\nc 3 3\nD9 4 4\n")
    words, table = vectors.read(tmp_path / "some.vec", {"d0"}, 1)
    assert (words, table.tolist()) == (["a", "d0"], [[1, 1], [4, 4]])


@pytest.mark.parametrize("break_between", [True, False])
def test_word2vec_binary_also_compressed(tmp_path, break_between):
    (tmp_path / "w.bin").write_bytes(binary(break_between))
    (tmp_path / "w.bin.gz").write_bytes(gzip.compress(binary(break_between)))
    for name in ("w.bin", "w.bin.gz"):
        words, table = vectors.read(tmp_path / name, set(), 10)
        assert words == ["the", "naïve"]
        np.testing.assert_allclose(table, [v for _, v in ROWS])


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("gone.txt", None, "cannot read .*No such file"),
        ("v.txt", b"the 1 2\na 1\n", "v.txt:2 is no word with 2 numbers"),
        ("v.txt", b"the 1 2\na 1 x\n", "v.txt:2 is no word with 2 numbers"),
        ("v.txt", b"word\n", "v.txt:1 is no word with its numbers"),
        ("v.txt", b"", "has no vector of a word"),
        ("v.txt", b"a nan 1\n", "'a' has a number that is not finite"),
        ("v.bin", b"2 3\nthe " + b"\0" * 5, "breaks at word 1 of 2"),
        ("v.txt.gz", b"no gzip", "cannot read"),
    ],
)
def test_broken_files(tmp_path, name, content, reason):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(PipelineError, match=reason):
        vectors.read(tmp_path / name, set(), 10)


def test_the_vocabulary_has_both_and_begins_with_the_vectors(tmp_path):
    (tmp_path / "v.txt").write_text("rome 1 2\nparis 3 4\n")
    method = catalog.method("bilstm_crf")
    config = method.Config(labels=("O",), vectors=str(tmp_path / "v.txt"), min_count=1)
    learned = method.learn(
        Examples(["a"], {"tokens": [["Rome", "x", "x"]], "tags": [[0, 0, 0]]}, ["a"]), config
    )
    assert learned["words"] == ["x", "rome", "paris"]
    assert learned["counts"].tolist() == [0, 0, 2, 1, 0]
    assert learned["vectors"].shape == (5, 2)
    assert learned["vectors"][3:].tolist() == [[1, 2], [3, 4]]
