"""Texts as people have them that once were read wrong in silence: small sets of each kind."""

import pytest

from pipelines import catalog
from pipelines.edge import spans, words
from pipelines.engine.audit import audit
from pipelines.formats.examples import Data, Examples

CHARS = [
    ("张", "B-PER"),
    ("伟", "I-PER"),
    ("在", "O"),
    ("清", "B-ORG"),
    ("华", "I-ORG"),
    ("A", "O"),
]
PTB = [("U.S.", "B-LOC"), ("did", "O"), ("n't", "O"), ("see", "O"), ("AT&T", "B-ORG"), (".", "O")]


def written(folder, rows):
    """A data set of one sentence in each split -> its folder."""
    folder.mkdir(exist_ok=True)
    for split in ("train", "dev", "test"):
        text = "".join(f"{word} {tag}\n" for word, tag in rows)
        (folder / f"{split}.conll").write_text(text, encoding="utf-8")
    return folder


def adapted(folder, **settings):
    method = catalog.method("linear_crf")
    config = method.Config(**settings)
    return method.adapt(catalog.load(folder), config), method, config


def sentence(data):
    part = data.splits["test"]
    names = data.labels["tags"]
    return part.columns["tokens"][0], [names[i] for i in part.columns["tags"][0]]


def said(data):
    return [(p.severity, p.message) for p in data.problems if p.kind == "device-words"]


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (CHARS * 4, "张伟在清华A" * 4),
        (PTB, "U.S. didn't see AT&T ."),
    ],
)
@pytest.mark.parametrize("scheme", ["bio", "bioes"])
def test_words_and_spans_are_those_of_the_same_sentence_as_text(tmp_path, rows, text, scheme):
    data, method, config = adapted(written(tmp_path, rows), scheme=scheme)
    tokens, tags = sentence(data)
    found = words.tokens(text)
    assert tokens == [word for word, _, _ in found]
    places = {text[found[a][1] : found[b - 1][2]]: kind for a, b, kind in spans.spans(tags)}
    wanted = (
        {"张伟": "PER", "清华": "ORG"} if rows[0][0] == "张" else {"U.S.": "LOC", "AT&T": "ORG"}
    )
    assert places == wanted
    again = method.adapt(data, config)
    assert sentence(again) == (tokens, tags)
    assert again.labels == data.labels


def test_audit_says_what_the_device_cuts_otherwise(tmp_path):
    data, *_ = adapted(written(tmp_path, PTB))
    ((severity, message),) = said(data)
    assert severity == "note"
    # did and n't are didn and 't; of three equal splits
    assert message.startswith("12 of 18 words are cut otherwise on the device, such as 'U.S.' as")
    assert "'U . S .'" in message
    data, *_ = adapted(written(tmp_path, [("Paris", "B-LOC"), ("n't", "O"), ("so", "O")]))
    ((severity, message),) = said(data)
    assert severity == "warning"
    assert "3 spans begin or end within one of them" in message


def test_words_that_the_device_makes_too_stay(tmp_path):
    rows = [("Ann", "B-PER"), ("is", "O"), ("here", "O"), (".", "O")]
    data, *_ = adapted(written(tmp_path, rows))
    assert said(data) == []
    assert sentence(data) == (["Ann", "is", "here", "."], ["B-PER", "O", "O", "O"])


def test_tags_without_a_scheme_go_to_each_part_of_a_word(tmp_path):
    data, *_ = adapted(written(tmp_path, [("U.S.", "NNP"), ("men", "NNS")]), scheme="plain")
    assert sentence(data) == (["U", ".", "S", ".", "men"], ["NNP"] * 4 + ["NNS"])
    assert data.splits["test"].columns["lines"] == [[1, 1, 1, 1, 2]]


def texts(**splits):
    """Data of texts of two classes: split -> [text]."""
    made = {}
    for split, own in splits.items():
        names = [f"{split}-{i}" for i in range(len(own))]
        columns = {"text": list(own), "label": [i % 2 for i in range(len(own))]}
        made[split] = Examples(names, columns, names)
    return Data("here", "made", made, {"label": ["a", "b"]})


def sentences(*rows, tags=("O", "B-x")):
    columns = {"tokens": [list(row) for row in rows], "ner": [[0] * len(row) for row in rows]}
    names = [str(i) for i in range(len(rows))]
    return Data("here", "made", {"train": Examples(names, columns, names)}, {"ner": list(tags)})


def kinds(data, *wanted):
    problems = audit.audit(data, progress=False).problems
    return [(p.severity, p.where) for p in problems if p.kind in wanted]


@pytest.mark.parametrize(
    "other",
    ["the film was good, really.", "The Film  Was Good; really", "THE FILM WAS GOOD REALLY!"],
)
def test_texts_that_differ_by_case_or_punctuation_alone(other):
    own = "The film was good. Really!"
    data = texts(train=[own, "Quite another text."], test=[other, "A third one, new."])
    assert kinds(data, "near-leak") == [("warning", "train-0")]
    assert kinds(data, "leak") == []
    data = texts(train=[own, "ok!"], test=[own, "OK."])
    assert kinds(data, "near-leak") == []
    assert kinds(data, "leak") == [("error", "train-0")]
    words = sentences(own.split(), ["a", "b"])
    test = Examples(["t"], {"tokens": [other.split()], "ner": [[0] * 9]}, ["t"])
    assert kinds(Data("", "", {**words.splits, "test": test}, words.labels), "near-leak") == [
        ("warning", "0")
    ]


@pytest.mark.parametrize(
    ("letter", "severity"),
    [
        *[(letter, "warning") for letter in "\0\x1b\x08\u200b\u2060\ufeff\u00ad\ufffd"],
        ("\ud83d", "error"),
        *[(letter, "") for letter in ("\t", "\u00e9", "\u200d", "\u200c", "\U0001f600", "\u4e2d")],
    ],
)
def test_letters_that_should_not_be_there(letter, severity):
    wanted = [(severity, "train-1")] if severity else []
    assert kinds(texts(train=["good", f"ba{letter}d"]), "strange-letter") == wanted
    wanted = [(severity, "1")] if severity else []
    assert kinds(sentences(["good"], ["an", f"ba{letter}d"]), "strange-letter") == wanted


@pytest.mark.parametrize("token", ["\u200b", "\u2060\u200d", "\0", "\ufeff"])
def test_words_that_cannot_be_seen(token):
    assert ("warning", "0") in kinds(sentences(["a", token]), "empty-token")


def test_columns_of_words_and_tags_that_are_exchanged():
    swapped = sentences(["O", "B-x"], ["O", "O"], tags=["Ann", "is", "here"])
    assert kinds(swapped, "swapped-columns") == [("warning", "ner")]
    assert kinds(sentences(["Ann", "is"], ["so"]), "swapped-columns") == []


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (("train", "dev", "test"), []),
        (("train", "dev"), [("warning", "test")]),
        (("train", "test"), [("note", "validation")]),
        (("train",), []),
    ],
)
def test_a_split_that_is_lost_is_said(tmp_path, given, wanted):
    for split in given:
        rows = "".join(f"word{i} O\nAnn B-x\n\n" for i in range(30))
        (tmp_path / f"{split}.conll").write_text(rows)
    assert kinds(catalog.load(tmp_path), "cut-split") == wanted
