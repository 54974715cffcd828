"""Texts with a class each: how they are read, and what the audit says of them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import catalog
from pipelines.engine.audit import audit
from pipelines.errors import PipelineError
from pipelines.families import target_kinds
from pipelines.families.target_kinds import reading
from pipelines.formats import _text_documents as documents
from pipelines.formats import text_jsonl

ROWS = [("fine day", "good"), ("what a bore", "bad"), ("lovely", "good"), ("dull, and long", "bad")]


def write(folder, name, content):
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return file


def lines(rows):
    return "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows)


def said(data):
    """{split: [(text, label)]}"""
    names = data.labels["label"]
    return {
        split: list(
            zip(part.columns["text"], [names[i] for i in part.columns["label"]], strict=True)
        )
        for split, part in data.splits.items()
        if len(part)
    }


def found(data, kind):
    return [(p.severity, p.where, p.message) for p in audit.audit(data).problems if p.kind == kind]


def test_lines_of_json(tmp_path):
    for split in ("train", "dev", "test"):
        write(
            tmp_path, f"{split}.jsonl", lines([(f"{text} {split}", label) for text, label in ROWS])
        )
    data = catalog.load(tmp_path)
    assert data.format == "text_jsonl"
    assert said(data)["validation"] == [(f"{text} dev", label) for text, label in ROWS]
    assert data.splits["test"].where[1] == "test.jsonl:2"


@pytest.mark.parametrize(("suffix", "mark"), [(".csv", ","), (".tsv", "\t")])
def test_a_table(tmp_path, suffix, mark):
    rows = [
        ("split", "text", "label"),
        ("train", '"say ""ah"", now"', "x"),
        ("val", "no", "y"),
        ("test", "oh", "x"),
    ]
    data = catalog.load(
        write(tmp_path, f"table{suffix}", "".join(f"{mark.join(row)}\n" for row in rows))
    )
    assert data.format == "text_table"
    assert said(data) == {
        "train": [('say "ah", now', "x")],
        "validation": [("no", "y")],
        "test": [("oh", "x")],
    }


def test_class_folders(tmp_path):
    for i, (text, label) in enumerate(ROWS):
        for split in ("train", "val", "test"):
            write(tmp_path, f"{split}/{label}/{i}.txt", f"{text}\n")
    data = catalog.load(tmp_path)
    assert data.format == "text_folder"
    assert data.splits["train"].names == [
        "train/bad/1.txt",
        "train/bad/3.txt",
        "train/good/0.txt",
        "train/good/2.txt",
    ]
    assert sorted(said(data)["test"]) == sorted(ROWS)


PAGE = """<!DOCTYPE html>
<html><head><title>Shop</title><style>p {}</style>
<body><script>if (1 < 2) run()</script><p>{}</p><p>More &amp; <b>mo</b>re</body></html>"""


@pytest.mark.parametrize("suffix", [".md", ".0", "", ".text", ".log"])
def test_class_folders_of_texts_with_other_suffixes(tmp_path, suffix):
    for i, (text, label) in enumerate(ROWS):
        write(tmp_path, f"{label}/{i}{suffix}", f"{text}\n")
    data = catalog.load(tmp_path)
    assert data.format == "text_folder"
    assert sorted(sum(said(data).values(), [])) == sorted(ROWS)
    assert data.problems == []


@pytest.mark.parametrize("suffix", [".html", ".HTM", ""])
def test_class_folders_of_pages(tmp_path, suffix):
    for i, (text, label) in enumerate(ROWS):
        write(tmp_path, f"{label}/{i}{suffix}", PAGE.replace("<p>{}", f"<p>{text}"))
    data = catalog.load(tmp_path)
    wanted = [(f"{text}\nMore & more", label) for text, label in ROWS]
    assert sorted(sum(said(data).values(), [])) == sorted(wanted)
    (note,) = data.problems
    assert (note.severity, note.kind) == ("note", "html")
    assert note.message.startswith("4 files are HTML and read without markup")


def test_columns_that_a_table_of_another_split_lacks_are_left_out(tmp_path):
    write(tmp_path, "train.csv", "text,label,stars,shop\na,x,1,s\nb,y,2,t\n")
    write(tmp_path, "test.csv", "text,label,shop,day\nc,x,s,9\nd,y,t,8\n")
    data = catalog.load(tmp_path)
    for part in data.splits.values():
        assert set(part.columns) == {"text", "label", "column/shop"}
    said = [(p.where, p.message.split(".")[0]) for p in data.problems if p.severity == "warning"]
    assert sorted(said) == [
        ("test.csv:1", "not in all tables, so left out: day"),
        ("train.csv:1", "not in all tables, so left out: stars"),
    ]


@pytest.mark.parametrize(
    ("name", "columns", "advice"),
    [
        ("cnn", "review,sentiment", "Name both columns: text=review target=sentiment, or"),
        ("cnn", "my review,mood", "Name both columns: 'text=my review' target=mood, or"),
        ("bag_of_words", "review,mood", "first line, call 'review' text and 'mood' label, or"),
        ("cnn", "review,mood,place", "Call the columns text and label"),
    ],
)
def test_a_table_with_names_of_its_own_is_told_what_to_type(tmp_path, name, columns, advice):
    method, data = catalog.method(name), catalog.load(reviews(tmp_path, columns))
    with pytest.raises(PipelineError) as error:
        method.adapt(data, method.Config())
    assert advice in str(error.value)


def test_a_table_is_read_by_what_was_told(tmp_path):
    method, data = catalog.method("cnn"), catalog.load(reviews(tmp_path, "review,mood"))
    named = method.Config().replace(text="review", target=("mood",))
    assert method.adapt(data, named).labels == {"label": ["b", "g"]}


def reviews(folder, columns):
    """A table of 40 texts, each with one of two values and, if there is a third column, of three."""
    count = len(columns.split(","))
    cells = [(f"It was film number {i} I saw", "bg"[i % 2], "xyz"[i % 3]) for i in range(40)]
    rows = [",".join(row[:count]) for row in cells]
    return write(folder, "a.csv", "\n".join([columns, *rows]))


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<html><head><title>T</title><h1>Hello</h1><p>World", "Hello\nWorld"),
        ("<!doctype html><title>T</title><meta charset=utf-8><p>Hello", "Hello"),
        ("<html><head><link rel=icon><style>p {}</style>Hello</html>", "Hello"),
        ("<html><head><title>T</title></head><body><img src=a.png></body></html>", ""),
    ],
)
def test_a_page_may_leave_tags_out(page, text):
    assert documents.without_markup(page) == text


def test_a_page_without_a_text_is_an_error_of_the_audit(tmp_path):
    for name in ("good/0.txt", "good/1.txt", "bad/0.txt"):
        write(tmp_path, name, f"a text of {name}")
    write(tmp_path, "bad/1.html", "<html><head><title>T</title><body><img src=a.png>")
    ((severity, where, message),) = found(catalog.load(tmp_path), "empty")
    assert (severity, where) == ("error", "bad/1.html")
    assert "there is no text" in message


def test_what_is_no_text_is_counted(tmp_path):
    for i, (text, label) in enumerate(ROWS):
        write(tmp_path, f"{label}/{i}{['.txt', '.md'][i % 2]}", text)
    write(tmp_path, "good/README.md", "what lies here")
    write(tmp_path, "bad/9.pdf", b"%PDF-1.7\n")
    write(tmp_path, "bad/8.doc", b"\xd0\xcf\x11\xe0\0\0")
    data = catalog.load(tmp_path)
    assert sorted(sum(said(data).values(), [])) == sorted(ROWS)
    assert [(p.severity, p.where, p.message) for p in data.problems] == [
        (
            "warning",
            "bad",
            "passed over 2 files that are no texts: 8.doc, 9.pdf. If they are texts, save them as"
            " plain text in UTF-8.",
        ),
        ("note", "good", "passed over 1 file that is no text: README.md."),
    ]


@pytest.mark.parametrize(("name", "severity"), [("b.py", "error"), ("b.xml", "warning")])
def test_a_class_of_code_is_no_empty_class(tmp_path, name, severity):
    for place in ("java/a.java", "js/a.js", "python/a.py", f"python/in/{name}"):
        write(tmp_path, place, f"of {place}")
    write(tmp_path, "python/README.md", "what lies here")
    (problem,) = [p for p in catalog.load(tmp_path).problems if p.kind == "empty-class"]
    assert (problem.where, problem.severity) == ("python", severity)
    assert ("are .py, which are not read" in problem.message) == (severity == "error")


def test_notes_among_pictures_make_no_folder_of_texts(tmp_path):
    for i in range(4):
        write(tmp_path, f"{'xy'[i % 2]}/{i}.png", b"\x89PNG\r\n\x1a\n")
    write(tmp_path, "x/notes.md", "taken in May")
    assert catalog.load(tmp_path).format == "image_folder"


def test_a_label_may_be_a_number(tmp_path):
    data = catalog.load(
        write(tmp_path, "data.jsonl", lines([("one", 1), ("zero", 0), ("one more", 1)]))
    )
    assert data.labels == {"label": ["0", "1"]}


def test_a_text_may_have_none_of_several_labels(tmp_path):
    several = [
        {"text": t, "labels": own} for t, own in (("a", []), ("b", ["x", "y"]), ("c", ["x"]))
    ]
    made = [
        write(tmp_path, "a.jsonl", "".join(f"{json.dumps(row)}\n" for row in several)),
        write(tmp_path, "a.csv", "text,label\na,\nb,x|y\nc,x\n"),
    ]
    for file in made:
        config = target_kinds.Config().having({})
        data = reading.adapted(catalog.load(file), config, (target_kinds.LABELS,))
        assert data.labels == {"label": ["x", "y"]}
        rows = [row for part in data.splits.values() for row in part.columns["label"]]
        assert sorted(rows) == [[], [0], [0, 1]]
        with pytest.raises(PipelineError, match="of several labels and of none"):
            reading.adapted(catalog.load(file), target_kinds.Config(answer="class"), ("class",))
    alone = write(tmp_path, "b.jsonl", '{"text": "b", "label": "x"}\n{"text": "a", "labels": []}\n')
    data = catalog.load(alone)
    assert [(p.kind, p.where) for p in data.problems] == [("empty-label", "b.jsonl:2")]


def test_the_text_of_a_table_is_named_next_to_what_is_learned(tmp_path):
    rows = "".join(f"it is {i},{i % 3}\n" for i in range(30))
    data = catalog.load(write(tmp_path, "a.csv", f"review,stars\n{rows}"))
    method = catalog.method("cnn", "text_classification")
    config = method.Config(text="review", target=("stars",))
    made = method.adapt(data, config)
    assert made.labels == {"label": ["0", "1", "2"]}
    part = made.splits["train"]
    assert part.columns["text"][0].startswith("it is ")
    assert part.columns["items"][0][:2] == ["it", "is"]
    assert method.adapt(made, config) is made


def test_tags_of_words_stay_what_they_are(tmp_path):
    line = json.dumps({"text": "Ada rests", "label": [[0, 3, "PER"]]})
    assert catalog.load(write(tmp_path, "a.jsonl", line)).format == "jsonl"
    assert (
        catalog.load(
            write(tmp_path, "b.jsonl", json.dumps({"tokens": ["a"], "tags": ["O"]}))
        ).format
        == "jsonl"
    )
    write(tmp_path, "c/cat.png", b"")
    with pytest.raises(PipelineError, match="lists no usable picture"):
        catalog.load(write(tmp_path, "c/list.csv", "path,label\nnone.png,x\n"))


def test_what_cannot_be_used_is_said_by_line(tmp_path):
    content = (
        lines(ROWS).encode()
        + b'{"text": "caf\xe9", "label": "x"}\n{"text": "no label"}\n{"text": 3}\n{"a\n'
    )
    data = catalog.load(write(tmp_path, "data.jsonl", content))
    assert [(p.kind, p.where) for p in data.problems] == [
        ("encoding", "data.jsonl:5"), ("row", "data.jsonl:6"), ("row", "data.jsonl:7"), ("row", "data.jsonl:8"),
    ]  # fmt: skip
    table = write(tmp_path, "t/table.csv", "text,label\nfine,a\nonly one cell\nnothing,\nbad,b\n")
    assert [(p.kind, p.where) for p in catalog.load(table).problems] == [
        ("row", "table.csv:3"), ("empty-label", "table.csv:4"),
    ]  # fmt: skip
    write(tmp_path, "f/a/1.txt", "fine")
    write(tmp_path, "f/b/2.txt", b"first\ncaf\xe9")
    (problem,) = catalog.load(tmp_path / "f").problems
    assert (problem.severity, problem.where, problem.example) == ("error", "b/2.txt", "b/2.txt")
    assert problem.message.startswith("line 2 is not UTF-8")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "a.jsonl",
            '{"text": "x", "label": ""}\n{"text": "x", "label": "y", "spans": [',
            "has no usable text",
        ),
        ("a.csv", "text,label\n", "has no usable text"),
        (
            "a.csv",
            "text,label,class\nx,y,z\n",
            "a.csv:1 has 2 columns that could be the label: label, class",
        ),
    ],
)
def test_a_file_without_a_text_is_refused(tmp_path, name, content, message):
    format = "text_jsonl" if name.endswith("jsonl") else "text_table"
    with pytest.raises(PipelineError, match=message):
        catalog.load(write(tmp_path, name, content), format)


def test_splits_are_cut_by_what_texts_say(tmp_path):
    rows = [(f"text {i // 2}", "ab"[i // 2 % 2]) for i in range(400)]
    write(tmp_path, "one/all.jsonl", lines(rows))
    for i, (text, label) in enumerate(rows):
        write(tmp_path, f"two/{label}/{i:03d}.txt", text)
    one, two = (said(catalog.load(tmp_path / part)) for part in ("one", "two"))
    assert {split: sorted(rows) for split, rows in one.items()} == {
        split: sorted(rows) for split, rows in two.items()
    }
    assert not set(one["train"]) & set(one["test"])
    assert 20 <= len(one["test"]) <= 60


def test_the_audit_of_texts(tmp_path):
    train = [("a fine day", "x"), ("seen twice", "x"), ("seen twice", "x"), ("either way", "x"), ("either way", "y"),
             ("in test too", "y"), (" ", "y"), ("seldom", "z")]  # fmt: skip
    write(tmp_path, "train.jsonl", lines(train))
    write(tmp_path, "dev.jsonl", lines([("b", "x"), ("c", "y")]))
    write(tmp_path, "test.jsonl", lines([("in  test too", "y"), ("d", "x")]))
    data = catalog.load(tmp_path)
    assert [where for _, where, _ in found(data, "empty")] == ["train.jsonl:7"]
    assert found(data, "leak") == [
        (
            "error",
            "train.jsonl:6",
            "this text is also in test, at test.jsonl:1. Delete it from train.",
        )
    ]
    assert [(s, where) for s, where, _ in found(data, "conflict")] == [
        ("error", "train.jsonl:4"), ("error", "train.jsonl:5"),
    ]  # fmt: skip
    assert found(data, "duplicate") == [
        ("warning", "train.jsonl:3", "the same text as train.jsonl:2. Delete one of them.")
    ]
    assert any("train has only 1 of 'z'" in message for *_, message in found(data, "few-examples"))


def test_another_text_is_another_fingerprint(tmp_path):
    prints = []
    for i, text in enumerate(("one", "two")):
        write(tmp_path, f"{i}/a/1.txt", text)
        write(tmp_path, f"{i}/b/2.txt", "same")
        prints.append(catalog.load(tmp_path / str(i)).fingerprint())
    assert prints[0] != prints[1]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda v: st.lists(v) | st.dictionaries(st.sampled_from(["text", "label"]), v),
    )
)
def test_a_line_is_text_and_label_or_nothing(value):
    parsed = text_jsonl._parsed(value)
    assert parsed is None or (all(isinstance(part, str) for part in parsed) and parsed[1])
