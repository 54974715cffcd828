"""Tables of rows and other text that is not what it seems: what is said of each."""

import pytest

from pipelines import catalog
from pipelines.errors import PipelineError
from pipelines.formats import jsonl, plain_text, rows, text_jsonl

ROWS = [f"{i % 7},{'ab'[i % 2]},{i % 3}" for i in range(30)]


def write(folder, *lines, name="t.csv", encoding="utf-8"):
    (folder / name).write_bytes("\n".join(lines).encode(encoding))
    return folder


def told(data):
    return [(p.severity, p.kind, p.where) for p in data.problems if p.severity != "note"]


def test_a_first_line_that_looks_like_a_row(tmp_path):
    assert told(rows.read(write(tmp_path, "5,a,1", *ROWS))) == [("warning", "header", "t.csv:1")]
    assert told(rows.read(write(tmp_path, "x,y,z", *ROWS))) == []


def test_rows_that_are_all_bad_say_why(tmp_path):
    lines = ["x,y,split", *[f"{i},a,trian" for i in range(5)]]
    with pytest.raises(PipelineError, match=r"no usable row. t.csv:2: unknown split 'trian'"):
        rows.read(write(tmp_path, *lines))


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["x", "x", "y"], r"names 1 columns twice: x"),
        (["x", "Split", "split"], r"2 columns that could be the split: Split, split"),
    ],
)
def test_columns_of_parquet_that_are_there_twice(tmp_path, names, reason):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    columns = [pyarrow.array(["train", "test"])] * 3
    parquet.write_table(pyarrow.Table.from_arrays(columns, names=names), tmp_path / "t.parquet")
    with pytest.raises(PipelineError, match=reason):
        rows.read(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
@pytest.mark.parametrize("name", ["t.csv", "a.txt"])
def test_an_encoding_is_told_if_no_format_fits(tmp_path, encoding, name):
    write(tmp_path, "x,y", *["caf\u00e9,1"] * 4, name=name, encoding=encoding)
    with pytest.raises(PipelineError, match=rf"{name}(:2)? is (UTF-16, )?not UTF-8"):
        catalog.load(tmp_path)


def test_an_empty_file_is_told_as_such(tmp_path):
    with pytest.raises(PipelineError, match=r"fits no known format.*t.csv is empty"):
        catalog.load(write(tmp_path, "", ""))


def test_a_key_that_is_there_twice(tmp_path):
    line = '{"text": "one", "label": "a", "label": "b"}'
    write(tmp_path, line, '{"text": "two", "label": "a"}', name="train.jsonl")
    data = text_jsonl.read(tmp_path)
    assert told(data) == [("error", "row", "train.jsonl:1")]
    assert "'label' is there twice" in data.problems[0].message
    line = '{"tokens": ["a"], "tags": ["O"], "tags": ["B-x"]}'
    write(tmp_path, line, '{"tokens": ["a"], "tags": ["B-x"]}', name="train.jsonl")
    assert told(jsonl.read(tmp_path)) == [("error", "row", "train.jsonl:1")]


def test_a_line_without_an_end_is_one_paragraph(tmp_path):
    data = plain_text.read(write(tmp_path, "so it is " * 3000, name="a.txt"))
    assert told(data) == [("warning", "one-paragraph", "a.txt:1")]
    assert sum(map(len, data.splits.values())) == 1


def lengths(data):
    return {split: len(part) for split, part in data.splits.items()}


def test_a_table_for_each_split(tmp_path):
    write(tmp_path, "x,y,z", *ROWS, name="train.csv")
    write(tmp_path, "x,z,y", "1,b,2", "3,a,4", name="my_test.csv")
    data = catalog.load(tmp_path)
    assert data.format == "rows"
    assert data.splits["test"].columns["column/y"] == ["2", "4"]
    assert data.splits["test"].where == ["my_test.csv:2", "my_test.csv:3"]
    assert lengths(data)["train"] + lengths(data)["validation"] == 30


def test_a_table_of_texts_for_each_split(tmp_path):
    for name in ("train", "valid", "test"):
        write(tmp_path, "text,label", f"one {name},a", f"two {name},b", name=f"{name}.tsv.csv")
    data = catalog.load(tmp_path)
    assert data.format == "text_table"
    assert lengths(data) == {"train": 2, "validation": 2, "test": 2}


def test_shards_of_parquet(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    for i, name in enumerate(
        ("train-00000-of-00002", "train-00001-of-00002", "test-00000-of-00001")
    ):
        made = pyarrow.table({"x": [float(i), i + 0.5], "target": ["a", "b"]})
        parquet.write_table(made, tmp_path / f"{name}.parquet")
    data = catalog.load(tmp_path)
    assert lengths(data)["test"] == 2
    assert lengths(data)["train"] + lengths(data)["validation"] == 4


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ("train.csv", "other.csv", "fits no known format"),
        ("valid.csv", "test.csv", "fits no known format"),
        ("train.csv", "test.csv", r"the column 'z' is in train.csv and not in test.csv"),
    ],
)
def test_tables_that_are_no_parts_of_one(tmp_path, first, second, reason):
    write(tmp_path, "x,y,z", *ROWS, name=first)
    write(tmp_path, "x,y", "1,b", name=second)
    with pytest.raises(PipelineError, match=reason):
        catalog.load(tmp_path)
