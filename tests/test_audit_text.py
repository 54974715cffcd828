"""What the audit says of text and tags."""

import pipelines
from pipelines.engine.audit import audit
from pipelines.formats.examples import Data, Examples
from pipelines.models import pretrained

TAGS = ["O", "B-x", "I-x"]


def data(**splits):
    """SPLIT=[(tokens, tag ids)] -> Data with lines, the first sentence of a split on line 1."""
    made = {}
    for split, rows in splits.items():
        lines, at = [], 1
        for tokens, _ in rows:
            lines.append(list(range(at, at + len(tokens))))
            at += len(tokens) + 1
        made[split] = Examples(
            [f"{split}/{i}" for i in range(len(rows))],
            {"tokens": [t for t, _ in rows], "ner": [g for _, g in rows], "lines": lines},
            [f"{split}.conll:{own[0] if own else 1}" for own in lines],
        )
    return Data("made", "conll", made, {"ner": TAGS})


def found(made, kind):
    return [
        (p.severity, p.where, p.example)
        for p in audit.audit(made, progress=False).problems
        if p.kind == kind
    ]


GOOD = [(["a", "b"], [1, 2]), (["c", "d"], [0, 1]), (["e", "f", "g"], [1, 2, 0])]


def test_nothing_is_wrong_with_good_text():
    made = data(train=GOOD, validation=[(["x"], [1])], test=[(["y"], [1])])
    result = audit.audit(made, progress=False)
    assert result.errors == 0
    assert {p.kind for p in result.problems} <= {"tokens", "few-examples", "missing-class"}
    assert result.longest["tokens"] == 3


def test_empty_sentences_and_tokens():
    made = data(train=[*GOOD, ([], []), (["a", " "], [0, 0])])
    assert found(made, "empty") == [("error", "train.conll:1", "train/3")]
    assert found(made, "empty-token") == [("error", "train.conll:13", "train/4")]


def test_what_breaks_the_scheme_is_found_by_its_line():
    made = data(train=[*GOOD, (["g", "h", "i"], [0, 2, 2])])
    assert found(made, "scheme") == [("error", "train.conll:12", "train/3")]


def test_a_sentence_in_two_splits_or_with_other_tags():
    made = data(train=GOOD, test=[(["a", "b"], [1, 2]), (["c", "d"], [0, 0])])
    assert found(made, "leak") == [
        ("warning", "train.conll:1", ""),
        ("warning", "train.conll:4", ""),
    ]
    assert found(made, "inconsistent") == [("warning", "train.conll:4", "")]


def test_an_endless_sentence_uneven_tags_and_tags_seen_once():
    made = data(train=[*GOOD, (["w"] * 1001, [0] * 1001), (["a"], [0, 0])])
    assert found(made, "endless") == [("warning", "train.conll:11", "")]
    assert found(made, "uneven") == [("error", "train.conll:1013", "train/4")]
    assert found(data(train=GOOD[:2]), "seen-once") == [("warning", "train", "")] * 2


def test_text_that_changes_changes_the_fingerprint():
    first = data(train=GOOD).fingerprint()
    assert data(train=GOOD).fingerprint() == first
    assert data(train=[(["a", "B"], [1, 2]), *GOOD[1:]]).fingerprint() != first
    assert data(train=[(["a", "b"], [1, 0]), *GOOD[1:]]).fingerprint() != first


def test_an_audit_needs_no_weights(monkeypatch):
    """What needs the vocabulary of a pretrained net is left out, and said so."""
    monkeypatch.setattr(pretrained.importlib.util, "find_spec", lambda name: None)
    rows = Examples(
        [f"{i}" for i in range(8)],
        {"text": [f"text {i}" for i in range(8)], "label": [0, 1] * 4},
        [f"texts.csv:{i}" for i in range(8)],
    )
    labelled = Data("texts.csv", "csv", {"train": rows}, {"label": ["bad", "good"]})
    result = pipelines.audit(labelled, task="text_classification/bert")
    assert result.errors == 0
    (note,) = (p for p in result.problems if p.kind == "not-judged")
    assert (note.severity, "backbone minilm needs the package" in note.message) == ("note", True)


def test_sentences_that_come_again_and_small_splits_are_said():
    row = (["a", "b", "c", "d", "e"], [0] * 5)
    made = data(train=[row, *GOOD, row], validation=[GOOD[0]] * 4, test=[GOOD[0]] * 5)
    assert found(made, "repeated") == [("note", "train", "")]
    (note,) = [p for p in audit.audit(made, progress=False).problems if p.kind == "repeated"]
    assert "such as train.conll:1 and train.conll:17." in note.message
    small = [where for _, where, _ in found(made, "few-examples") if where in made.splits]
    assert small == ["validation"]


NAMES = ["Ann", "Bob", "Cyd", "Dan"]


def shifted(tags):
    """Where tags of the last of some sentences are said to fit."""
    rows = [(["so", name, "is", name, "too"], [0, 1, 0, 1, 0]) for name in NAMES]
    rows += [(["Ann", "met", "Bob"], [1, 0, 1]), (["Ann", "saw", "Bob", "again"], tags)]
    problems = audit.audit(data(train=rows), progress=False).problems
    return [(p.where, p.message) for p in problems if p.kind == "shifted-tags"]


def test_tags_one_word_off():
    ((where, message),) = shifted([0, 1, 0, 1])
    assert where == "train.conll:29"
    assert "fit the words one place earlier" in message
    assert shifted([1, 0, 1, 0]) == []
    assert shifted([0, 0, 0, 0]) == []  # not marked at all
    assert shifted([0, 1, 1, 0]) == []  # Bob is right
    assert shifted([2, 1, 2, 1]) == []  # marked, if otherwise


def test_tags_one_word_early():
    rows = [(["so", name, "is", name, "too"], [0, 1, 0, 1, 0]) for name in NAMES]
    rows += [(["then", "Ann", "saw", "Bob"], [1, 0, 1, 0])]
    ((_, message),) = [
        (p.where, p.message)
        for p in audit.audit(data(train=rows), progress=False).problems
        if p.kind == "shifted-tags"
    ]
    assert "one place later" in message
