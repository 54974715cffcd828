"""Spans judged as seqeval judges them; unseen spans and kinds of errors by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2, IOBES
from seqeval.scheme import Entities as Strict

from pipelines.engine.proof import evaluate
from pipelines.metrics.entities import Entities, key

BIO = ["O", "B-x", "I-x", "B-y", "I-y"]
BIOES = ["O", *(f"{p}-{k}" for k in ("x", "y") for p in "BIES")]


def judged(labels, true, found, words=None, seen=(), plain=False, cuts=None):
    """Metrics of sentences; cuts: {sentence: where it is parted into two windows}."""
    metric, width, names = (
        Entities(labels, plain, seen),
        max(map(len, true)),
        {n: i for i, n in enumerate(labels)},
    )
    for i, (a, b) in enumerate(zip(true, found, strict=True)):
        own = words[i] if words else [f"w{j}" for j in range(len(a))]
        text = np.zeros((width, 4), np.int32)
        for j, word in enumerate(own):
            text[j, : len(word)] = [ord(c) for c in word]
        rows = [np.pad([names[t] for t in tags], (0, width - len(tags))) for tags in (a, b)]
        for keep in [(0, cuts[i]), (cuts[i], len(a))] if cuts else [(0, len(a))]:
            targets = {
                "gold": rows[0][None],
                "text": text[None],
                "sentence": np.array([i]),
                "keep": np.array([keep]),
            }
            metric.update_state(targets, {"tags": rows[1][None]})
    return evaluate.collect([metric], labels)


def pairs(labels):
    tag = st.sampled_from(labels)
    return st.lists(st.lists(st.tuples(tag, tag), min_size=1, max_size=6), min_size=1, max_size=4)


def check(labels, scheme, sentences):
    true, found = ([[pair[k] for pair in sentence] for sentence in sentences] for k in (0, 1))
    result = judged(labels, true, found)
    report = classification_report(true, found, output_dict=True, zero_division=0)
    for name, peer in (("f1", "f1-score"), ("precision", "precision"), ("recall", "recall")):
        assert result[name] == pytest.approx(report["micro avg"][peer], abs=1e-6)
        for kind in ("x", "y"):
            if kind in report:
                own = result["per_class"][kind][name]
                if report[kind]["support"]:
                    assert own == pytest.approx(report[kind][peer], abs=1e-6)
                else:
                    assert own is None  # without a true span a class is not judged
                assert result["per_class"][kind]["support"] == report[kind]["support"]
    if not any(
        any(Strict(tags, scheme).entities) for tags in (true, found)
    ):  # seqeval warns of nothing to average
        assert result["f1_strict"] == 0
        return
    strict = classification_report(
        true, found, mode="strict", scheme=scheme, output_dict=True, zero_division=0
    )
    assert result["f1_strict"] == pytest.approx(strict["micro avg"]["f1-score"], abs=1e-6)


def any_span(sentences):
    return any(pair[k] != "O" for k in (0, 1) for sentence in sentences for pair in sentence)


@settings(max_examples=150, deadline=None)
@given(pairs(BIO).filter(any_span))
def test_bio_as_seqeval(sentences):
    check(BIO, IOB2, sentences)


@settings(max_examples=150, deadline=None)
@given(pairs(BIOES).filter(any_span))
def test_bioes_as_seqeval(sentences):
    check(BIOES, IOBES, sentences)


def test_kinds_of_errors_by_hand():
    true = [["B-x", "I-x", "O", "B-y", "O", "B-x", "O", "O"]]
    found = [["B-x", "O", "O", "B-x", "O", "O", "O", "B-y"]]
    result = judged(BIO, true, found)
    assert [result[n] for n in ("boundary_errors", "type_errors", "missed", "invented")] == [
        1,
        1,
        1,
        1,
    ]
    assert result["token_accuracy"] == 0.5
    assert result["labels"] == ["x", "y"]
    assert result["matrices"]["spans"] == [
        [0, 0, 2],
        [1, 0, 0],
        [1, 1, 0],
    ]  # truth by row, none of these last


def test_unseen_spans_by_hand():
    true, found = [["B-x", "O", "B-x", "O"]], [["B-x", "O", "O", "B-x"]]
    words = [["Rome", "in", "Oslo", "hi"]]
    result = judged(BIO, true, found, words, seen=[key(["ROME"])])
    assert result["f1"] == 0.5
    assert result["f1_unseen"] == 0  # Oslo is missed, hi invented; Rome does not count
    assert judged(BIO, true, found, words, seen=[key(["oslo"]), key(["hi"])])["f1_unseen"] == 1
    assert "rome" not in key(["Rome"])


def test_windows_of_a_sentence_are_joined():
    true, found = [["B-x", "I-x", "I-x", "O"]], [["B-x", "I-x", "I-x", "B-y"]]
    for cut in (1, 2, 3):
        result = judged(BIO, true, found, cuts=[cut])
        assert (result["precision"], result["recall"]) == (0.5, 1)


def test_plain_tags_count_by_token():
    result = judged(["NN", "VB"], [["NN", "VB", "NN"]], [["NN", "NN", "NN"]], plain=True)
    assert result["f1"] == pytest.approx(2 / 3) == result["token_accuracy"]
    assert result["per_class"]["NN"]["recall"] == 1
