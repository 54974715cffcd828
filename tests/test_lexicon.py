"""The lexicon method: values of words, and the rules of the words around them."""

import numpy as np
import pytest
from conftest import once

import pipelines
from pipelines.edge import lexicon as edge
from pipelines.edge import text_classification, words
from pipelines.errors import PipelineError
from pipelines.formats import _lexicon

KNOWN = {"good": 2.0, "bad": -2.5, ":)": 2.0, "no": -1.2}
NAMES = [*KNOWN, *(word for word in edge.RULES if word not in KNOWN)]


def compound(*texts, sides=(-1, 1)):
    """(compound, probabilities) of texts by KNOWN."""
    values = np.array([KNOWN.get(name, 0.0) for name in NAMES])
    arrays = edge.arrays(NAMES, values, sides)
    encoder = text_classification.encoder({"max_length": 12}, {"lexicon": NAMES})
    rows = [encoder.inputs(encoder.items(text))[0] for text in texts]
    inputs = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    found = edge.run(arrays, inputs)
    return found["compound"], found["probabilities"]


def total(text):
    """The sum that a compound is of: s / sqrt(s^2 + 15), solved for s."""
    (value,), _ = compound(text)
    return value * np.sqrt(15 / (1 - value**2))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a good film", 2.0),
        ("(good).", 2.0),
        (":) at last", 2.0),
        ("a GOOD film", 2.733),
        ("A GOOD FILM", 2.0),  # all in capitals: none stands out
        ("very good", 2.293),
        ("very very bad", -2.5 - 0.293 - 0.293 * 0.95),
        ("slightly good", 2 - 0.293),
        ("not good", 2 * -0.74),
        ("not so good", (2 + 0.293) * -0.74),
        ("it isn't bad", 2.5 * 0.74),
        ("no good", 2 * -0.74),  # no has no value of its own here
        ("no", -1.2),
        ("not a b c good", 2.0),  # too far away
        ("good but bad", 2 * 0.5 - 2.5 * 1.5),
        ("good!!", 2 + 2 * 0.292),
        ("bad!!!!!!", -2.5 - 4 * 0.292),
        ("good???", 2 + 3 * 0.18),
        ("good?????", 2 + 0.96),
        ("nothing here", 0.0),
    ],
)
def test_rules_by_hand(text, wanted):
    assert total(text) == pytest.approx(wanted, abs=1e-4)


def test_probabilities_sum_to_one_and_what_is_near_zero_is_neutral():
    (low, none, high), shares = compound("bad", "table", "good", sides=(0, -1, 1))
    assert low < none < high
    np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-6)
    assert shares.argmax(1).tolist() == [1, 0, 2]
    (value,), ((minus, plus),) = compound("good")
    assert (minus, plus) == pytest.approx(((1 - value) / 2, (1 + value) / 2))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("good\t1\nbad\t-1\ngood\t2\n", r":3 has 'good' a second time, after line 1"),
        ("good\t1\nbad\n", r":2 must be a word, a tab and a number from -100 to 100; got 'bad'"),
        ("good\tnan\n", ":1 must be"),
        ("good\t1000\n", ":1 must be"),
        ("\t1\n", ":1 must be"),
        ("so\0so\t1\n", ":1 must be"),
        ("two words\t1\n", ":1 has 'two words', two words"),
        ("# nothing\n\n", "has no word"),
    ],
)
def test_broken_and_doubled_lines_are_named(content, said, tmp_path):
    file = tmp_path / "own.txt"
    file.write_text(content)
    with pytest.raises(PipelineError, match=said):
        _lexicon.read(str(file))
    with pytest.raises(PipelineError, match="cannot read"):
        _lexicon.read(str(tmp_path / "none.txt"))
    file.write_bytes(b"a\t1\n\xff\t1\n")
    with pytest.raises(PipelineError, match="own.txt:2 is not UTF-8"):
        _lexicon.read(str(file))


def test_the_vader_lexicon_is_read_from_its_package():
    pytest.importorskip("vaderSentiment")
    found = _lexicon.read("vader")
    assert len(found) > 7000
    assert found["good"] == 1.9
    assert found[":)"] == 2.0


def test_a_lexicon_of_your_own_all_the_way():
    def make(folder):
        (folder / "own.txt").write_text("fine\t2\nugly\t-3\n")
        rows = [("a fine day", "praise"), ("ugly stuff", "blame"), ("not fine", "blame")]
        rows = {"text": [f"{text} {i}" for i in range(10) for text, _ in rows],
                "label": [label for _ in range(10) for _, label in rows]}  # fmt: skip
        own = {"lexicon": str(folder / "own.txt"), "positive": "praise", "negative": "blame"}
        run = pipelines.train("lexicon", rows, run=folder / "run", **own)
        assert run.evaluate()["accuracy"] == 1
        run.export(folder / "bundle")

    bundle = pipelines.load(once("lexicon", make) / "bundle")
    good, bad, empty = bundle.predict(["What a FINE evening!", "so ugly", " "])
    assert (good["label"], bad["label"]) == ("praise", "blame")
    assert "no text" in empty["error"]
    assert list(bundle.files) == ["numpy"]


def test_labels_that_are_neither_praise_nor_blame_are_refused(tmp_path):
    rows = {"text": ["a b", "c d", "e f"] * 4, "label": ["x", "y", "x"] * 4}
    with pytest.raises(PipelineError, match="needs labels of praise and blame; got x, y"):
        pipelines.train("lexicon", rows, run=tmp_path / "run")
    assert words.FIRST == 2
