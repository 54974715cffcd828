"""Language models: counts and their smoothing, units, running text as data."""

import collections
import functools
import math
from types import SimpleNamespace

import numpy as np
import pytest

import pipelines
from pipelines import catalog
from pipelines.edge import ngram, readers
from pipelines.errors import PipelineError
from pipelines.families import text_cut
from pipelines.formats.examples import Examples
from pipelines.metrics import perplexity
from pipelines.models import smoothing

TEXTS = ("the cat sat", "the mat", "a rat sat on the cat", "the cat", "a cat sat on a mat on the")


def counts(texts, order, units="characters", way="witten_bell"):
    """(arrays, vocabulary) of texts."""
    items = sorted({item for text in texts for item in ngram.split(text, units)})
    if units == "characters":
        items = [str(ord(item)) for item in [*items, ngram.END]]
    known = ngram.Vocabulary(units, items)
    rows = [known.ids(text, order) for text in texts]
    return smoothing.counted(rows, order, len(known), way), known


def following(arrays, before):
    """Probabilities of every id after the ids `before`; START has none."""
    order, size = (int(arrays[name][0]) for name in ("order", "size"))
    reader = readers.Counts(functools.partial(ngram.run, arrays), order, size)
    return np.exp(reader.read(before).astype(float))


def test_witten_bell_is_what_it_is_by_hand():
    # Of "ab" and "aa": after the start a comes twice; after a come b, a and the end, once each; the
    # end comes after b and after a. Four items are possible: a, b, the end and others.
    arrays, known = counts(["ab", "aa"], 2)
    base = 1 / 4
    unigram = {"a": (3 + 3 * base) / (6 + 3), "b": (1 + 3 * base) / (6 + 3)}
    after_a = {"a": (1 + 3 * unigram["a"]) / (3 + 3), "b": (1 + 3 * unigram["b"]) / (3 + 3)}
    found = following(arrays, known.ids("a", 2)[1:-1])
    for letter, wanted in after_a.items():
        assert found[known.ids(letter, 1)[0]] == pytest.approx(wanted)


def test_additive_is_what_it_is_by_hand():
    # After a: b, a and the end once each, of four possible; 0.1 is added to each.
    arrays, known = counts(["ab", "aa"], 2, way="additive")
    found = following(arrays, known.ids("a", 2)[1:-1])
    assert found[known.ids("b", 1)[0]] == pytest.approx(1.1 / 3.4)
    assert found[ngram.UNKNOWN] == pytest.approx(0.1 / 3.4)


@pytest.mark.parametrize("way", list(smoothing.SMOOTHING))
@pytest.mark.parametrize(("units", "order"), [("characters", 1), ("characters", 5), ("words", 3)])
def test_probabilities_after_any_history_sum_to_one(way, units, order):
    arrays, known = counts(TEXTS, order, units, way)
    for history in ("", "the", "a cat", "zzz", "sat on the", "€ cat"):
        ids = known.ids(history, 1)[:-1]
        assert following(arrays, ids).sum() == pytest.approx(1, abs=1e-6)


def test_unknown_words_are_possible_in_repetitive_data():
    # Each word comes twice, so the formulas for discounts give nothing for what is unknown.
    arrays, known = counts(["a b", "a b", "c d", "c d"], 2, "words", "kneser_ney")
    assert (following(arrays, known.ids("a", 2)[1:-1])[1:] > 0).all()


class Brute:
    """Modified Kneser-Ney by dictionaries of tuples, as its formulas are written."""

    def __init__(self, sentences, order, size):
        self.order, self.size = order, size
        raw = [collections.Counter() for _ in range(order + 1)]
        for words in sentences:
            row = ["<s>"] * (order - 1) + words
            for end in range(order - 1, len(row)):
                for n in range(1, order + 1):
                    raw[n][tuple(row[end - n + 1 : end + 1])] += 1
        self.counts = [collections.Counter() for _ in range(order + 1)]
        self.counts[order] = raw[order]
        for n in range(1, order):
            for gram in raw[n + 1]:
                self.counts[n][gram[1:]] += 1
            for gram, times in raw[n].items():
                if gram[0] == "<s>":
                    self.counts[n][gram] = times
        self.discounts = [self._discounts(counter) for counter in self.counts]

    def _discounts(self, counter):
        n1, n2, n3, n4 = (max(1, sum(v == i for v in counter.values())) for i in (1, 2, 3, 4))
        share = n1 / (n1 + 2 * n2)
        found = 1 - 2 * share * n2 / n1, 2 - 3 * share * n3 / n2, 3 - 4 * share * n4 / n3
        return [0, *(d if 0 < d < i else i / 2 for i, d in enumerate(found, 1))]

    def chance(self, history, word):
        history = tuple(history[-(self.order - 1) :] if self.order > 1 else ())
        found = 1 / self.size
        for n in range(1, self.order + 1):
            own = history[len(history) - n + 1 :] if n > 1 else ()
            after = {g: c for g, c in self.counts[n].items() if g[:-1] == own}
            if after:
                discount = self.discounts[n]
                total = sum(after.values())
                given = sum(discount[min(c, 3)] for c in after.values())
                count = after.get((*own, word), 0)
                found = (count - discount[min(count, 3)]) / total + given / total * found
        return found


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_kneser_ney_is_its_formulas_by_brute_force(order):
    arrays, known = counts(TEXTS, order, "words", "kneser_ney")
    brute = Brute([[*text.split(), ngram.END] for text in TEXTS], order, len(known) - 1)
    for text in ("the cat sat on a mat", "a dog", "on on the"):
        words = [*text.split(), ngram.END]
        ids = np.array([known.ids(text, order)])
        found = ngram.run(arrays, {"ids": ids})["log_likelihood"][0]
        row = ["<s>"] * (order - 1) + words
        for i, value in enumerate(found):
            wanted = brute.chance(row[i : i + order - 1], row[i + order - 1])
            assert value == pytest.approx(math.log(wanted), abs=1e-5), (text, i)


def test_what_stands_behind_the_end_is_not_judged():
    arrays, known = counts(TEXTS, 3)
    row = known.ids("the", 3)
    found = ngram.run(arrays, {"ids": np.array([[*row, -1, -1]])})["log_likelihood"][0]
    assert (found[-2:] == 0).all()
    assert (found[:-2] < 0).all()


def test_units():
    assert ngram.split("It's  fine.", "words") == ["It", "'s", "fine", "."]
    assert ngram.split(" It's  fine. ", "tokens") == ["It's", "fine."]
    assert ngram.split("a b\nc", "tokens") == ["a", "b", "\n", "c"]
    assert ngram.split("a \r\n\n b\n", "words") == ["a", "\n", "\n", "b", "\n"]
    assert ngram.sizes("a\nb", "words") == [1, 1, 1, 1]
    assert ngram.sizes("é a", "characters") == [2, 1, 1, 1]
    assert ngram.sizes("é a", "words") == [3, 1, 1]
    assert ngram.sizes(" It's  fine.\n b", "words") == [3, 4, 4, 1, 2, 1, 1]
    known = ngram.Vocabulary("tokens", ["x"])
    assert known.ids("x <unk>", 2) == [ngram.START, 2, ngram.UNKNOWN, 3]
    assert known.text([2, 1]) == "x \ufffd"


def test_bits_per_byte_by_hand():
    metric = perplexity.Perplexity()
    targets = {"ids": np.array([[2, 1, -1]]), "bytes": np.array([[3, 1, 0]])}
    metric.update_state(targets, {"log_likelihood": np.log([[0.5, 0.125, 1.0]])})
    result = metric.result()
    assert result["perplexity"] == pytest.approx(4.0)  # 2 ** ((1 + 3) / 2)
    assert result["bits_per_byte"] == pytest.approx(4 / 4)
    assert result["unknown"] == 0.5
    metric.update_state(targets, {"log_likelihood": np.log([[0.125, 0.125, 1.0]])})
    curve = metric.result()["curves"]["perplexity by position"]
    assert curve["x"] == [0, 1]
    np.testing.assert_allclose(curve["y"], [4.0, 8.0])  # 2 ** ((1 + 3) / 2) and 2 ** 3


@pytest.mark.parametrize("order", [1, 5])
def test_the_floor_counts_what_is_judged_whatever_the_order(order):
    method = catalog.method("ngram")
    config = method.Config(order=order).having({"items": [str(ord(letter)) for letter in "\nab"]})
    examples = method.expand(Examples(["x"], {"text": ["aab"]}, ["x"]), config)
    # a is half of the items, b and the end a quarter each: 1.5 bits.
    floor = method.floor(SimpleNamespace(examples=examples), config)
    assert floor == pytest.approx(2**1.5)


# Running text as data.

PROSE = "The first line of it,\nand the second one.\n\nAnother one is here.\n"


def test_paragraphs_lie_between_blank_lines(tmp_path):
    file = tmp_path / "book.txt"
    file.write_text("\n" + PROSE)
    data = catalog.load(file)
    assert data.format == "plain_text"
    parts = [
        part
        for split in data.splits.values()
        for part in zip(part_names(split), texts(split), strict=True)
    ]
    assert sorted(parts) == [
        ("book.txt:2", "The first line of it,\nand the second one."),
        ("book.txt:5", "Another one is here."),
    ]


def test_missing_splits_may_be_cut_by_position(tmp_path):
    file = tmp_path / "book.txt"
    file.write_text("\n\n".join(f"ten letters {i:03d} are here" for i in range(100)))
    method = catalog.method("ngram")
    data = method.adapt(catalog.load(file), method.Config(cut="position"))
    lines = {
        name: [int(n.rpartition(":")[2]) for n in part.names] for name, part in data.splits.items()
    }
    assert lines == {
        "train": list(range(1, 160, 2)),
        "validation": list(range(161, 180, 2)),
        "test": list(range(181, 200, 2)),
    }
    again = method.adapt(data, method.Config(cut="position"))
    assert again.fingerprint() == data.fingerprint()


@pytest.mark.parametrize(
    ("sizes", "wanted"),
    [
        ([1] * 20, [0] * 16 + [1] * 2 + [2] * 2),
        ([5, 5, 90], [0, 1, 2]),
        ([90, 1, 1], [0, 1, 2]),
        ([80, 5, 15, 1, 9], [0, 1, 2, 2, 2]),
    ],
)
def test_each_split_by_position_has_a_paragraph(sizes, wanted):
    assert text_cut._places(sizes, 2).tolist() == wanted


def test_too_few_paragraphs_for_splits_by_position(tmp_path):
    file = tmp_path / "book.txt"
    file.write_text("one line here\n\nand another one")
    method = catalog.method("ngram")
    with pytest.raises(PipelineError, match="needs 3 paragraphs at least.*got 2. Part the text by"):
        method.adapt(catalog.load(file), method.Config(cut="position"))


def test_equal_paragraphs_are_in_one_fold():
    method = catalog.method("ngram")
    examples = Examples(["a", "b", "c"], {"text": ["x y", "z", "x y"]}, ["a", "b", "c"])
    keys = method.together(examples, method.Config())
    assert [keys[0] == key for key in keys] == [True, False, True]
    with pytest.raises(PipelineError, match="cut=position and folds both"):
        method.together(examples, method.Config(cut="position"))


def part_names(examples):
    return examples.names


def texts(examples):
    return examples.columns["text"]


def test_files_of_splits_stay_theirs_and_a_missing_train_is_said(tmp_path):
    for name in ("valid", "test"):
        (tmp_path / f"{name}.txt").write_text(PROSE)
    data = catalog.load(tmp_path)
    assert {split: len(examples) for split, examples in data.splits.items()} == {
        "train": 2, "validation": 0, "test": 2,
    }  # fmt: skip
    assert [problem.kind for problem in data.problems] == ["no-train"]
    assert data.splits["test"].names == ["test.txt:1", "test.txt:4"]


@pytest.mark.parametrize(
    "content", ["a.jpg\nb.jpg\n", "0 0.5 0.5 0.1 0.1\n", "EU B-ORG\nrejects O\n", "\n \n"]
)
def test_lists_numbers_and_columns_are_no_running_text(content, tmp_path):
    file = tmp_path / "train.txt"
    file.write_text(content)
    from pipelines.formats import plain_text

    assert not plain_text.detect(file)
    assert not plain_text.detect(tmp_path)


def test_bytes_that_are_no_text_leave_their_paragraph_out(tmp_path):
    file = tmp_path / "book.txt"
    file.write_bytes(
        b"one fine line here\n\nthe \xff one\nand its next line\n\nthe last line here\n"
    )
    data = catalog.load(file)
    assert sorted(text for part in data.splits.values() for text in texts(part)) == [
        "one fine line here", "the last line here",
    ]  # fmt: skip
    (problem,) = [problem for problem in data.problems if problem.severity == "error"]
    assert problem.where == "book.txt:3"
    file.write_text(" \n")
    with pytest.raises(PipelineError, match="book.txt is empty"):
        catalog.load(file, "plain_text")


def test_a_file_without_blank_lines_is_one_example_and_that_is_said(tmp_path):
    file = tmp_path / "book.txt"
    file.write_text("one line of the book\n" * 60)
    (problem,) = catalog.load(file).problems
    assert (problem.kind, problem.severity) == ("one-paragraph", "warning")
    file.write_text("one line of the book\n" * 5)
    assert not catalog.load(file).problems


def test_columns_of_a_table_without_text_are_named(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("review,stars\nfine,5\nbad,1\n")
    for task in ("language_model", "text_classification"):
        with pytest.raises(PipelineError, match="it has review, stars. Call the columns text and"):
            pipelines.audit(file, task=task)


def test_a_model_of_tokens_is_trained_on_text_without_a_train_file(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/valid.txt").write_text("\n\n".join(TEXTS * 3))
    (tmp_path / "data/test.txt").write_text("the cat sat on the mat\n\na <unk> rat")
    run = pipelines.train("ngram", tmp_path / "data", run=tmp_path / "run", units="tokens")
    assert run.config.order == 4
    result = run.evaluate()
    assert result["perplexity"] < result["floor"]
    assert result["unknown"] == pytest.approx(1 / 11)
    bundle = run.export(tmp_path / "bundle", most={"perplexity": 20})
    (answer,) = bundle.predict(["the cat sat"])
    assert answer["next"][0]["text"] == "\n"  # the end, as in the first of TEXTS
    (other,) = bundle.predict(["the cat sat \r\n"])
    assert (other["perplexity"], other["next"]) == (answer["perplexity"], answer["next"])
    with pytest.raises(PipelineError, match="is empty"):
        bundle.predict([" "])


def test_a_word_in_a_title_is_no_split(tmp_path):
    from pipelines.formats import plain_text

    books = ("dracula", "emma", "the_night_train", "a_test_of_love")
    for name in (*books, "wiki.test"):
        (tmp_path / f"{name}.txt").write_text(f"It is {name} that says so.\n")
    data = plain_text.read(tmp_path)
    by_split = {split: part.names for split, part in data.splits.items()}
    assert by_split["test"] == ["wiki.test.txt:1"]
    assert len(by_split["train"] + by_split["validation"]) == len(books)
    (tmp_path / "train-1.txt").write_text(PROSE)
    (problem,) = plain_text.read(tmp_path).problems
    assert (problem.severity, problem.kind) == ("warning", "unused-file")
    assert problem.message.startswith("4 files are left out")
