"""What word vectors are judged by, and files of them: similarities, analogies, maps."""

import numpy as np
import pytest

from pipelines.errors import PipelineError
from pipelines.formats import _word_pairs, _word_vectors
from pipelines.metrics import word_map, word_similarity


def test_similarity_and_analogies_by_hand():
    vectors = word_similarity.unit(np.array([[1.0, 0], [1, 1], [0, 1], [-1, 1]]))
    ids = {"a": 0, "b": 1, "c": 2, "d": 3}
    pairs = [("a", "b", 9.0), ("a", "c", 5.0), ("a", "d", 7.0), ("a", "x", 1.0)]
    result = word_similarity.similarity(vectors, ids, pairs)
    assert result == {"word_similarity": pytest.approx(0.5), "similarity_coverage": 0.75}
    questions = [("a", "b", "b", "c"), ("a", "b", "b", "d"), ("a", "b", "c", "x")]
    found = word_similarity.analogies(vectors, ids, questions)
    assert found == {"analogy_accuracy": 0.5, "analogy_coverage": pytest.approx(2 / 3)}


def test_files_of_pairs_and_analogies(tmp_path):
    file = tmp_path / "pairs.tsv"
    file.write_text("word1\tword2\tscore\n# said\nTiger\tcat\t7.35\tmore\nbook;paper;5\n")
    assert _word_pairs.similarities(file) == [("tiger", "cat", 7.35), ("book", "paper", 5.0)]
    file.write_text("a b 1\na b\n")
    with pytest.raises(
        PipelineError, match=r"pairs.tsv:2 must be two words and a number; got 'a b'"
    ):
        _word_pairs.similarities(file)
    file.write_text(": capital\nAthens Greece Oslo Norway\n")
    assert _word_pairs.analogies(file) == [("athens", "greece", "oslo", "norway")]
    file.write_text("a b c\n")
    with pytest.raises(PipelineError, match=r"pairs.tsv:1 must be four words"):
        _word_pairs.analogies(file)
    file.write_text("")
    with pytest.raises(PipelineError, match="is empty"):
        _word_pairs.analogies(file)


@pytest.mark.parametrize("name", ["vectors.txt", "vectors.bin"])
def test_files_of_vectors_are_read_as_they_were_written(name, tmp_path):
    vectors = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    write = {"vectors.txt": _word_vectors.write_text, "vectors.bin": _word_vectors.write_binary}
    write[name](tmp_path / name, ["a", "n't", "\u00fc"], vectors)
    words, read = _word_vectors.read(tmp_path / name, (), 10)
    assert words == ["a", "n't", "\u00fc"]
    np.testing.assert_allclose(read, vectors, rtol=1e-5)


@pytest.mark.parametrize("how", ["pca", "tsne"])
def test_a_map_has_a_place_for_each_word_and_names_its_neighbours(how):
    vectors = word_similarity.unit(
        np.array([[1.0, 0, 0], [1, 0.1, 0], [0, 1, 0], [0, 1, 0.1], [0, 0, 1]])
    )
    drawn = word_map.curve(vectors, list("abcde"), 4, how, 0)
    assert drawn["names"] == list("abcd")
    assert np.isfinite([drawn["x"], drawn["y"]]).all()
    assert [note[0] for note in drawn["notes"]] == list("badc")
