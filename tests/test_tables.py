"""Tables: rows as data, columns and their kinds, perceptron, linear models and MLPs, numbers."""

import json
import math

import browser
import numpy as np
import pytest
from columned import CLASSES, HEADER, NUMBERS, lines
from conftest import once

import pipelines
from pipelines import catalog
from pipelines.edge import tables as edge
from pipelines.engine.training import setup
from pipelines.errors import PipelineError
from pipelines.families import tables
from pipelines.formats import rows
from pipelines.formats.memory import reading


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(HEADER + "\n".join(lines()) + "\n")
    return path


def problems(path, task=CLASSES, **settings):
    return {(p.kind, p.severity) for p in pipelines.audit(path, task=task, **settings).problems}


# Rows.


def test_a_table_becomes_columns_of_text_and_equal_rows_stay_together(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("a\tb\n" + "1\tx\n" * 30 + "2\ty\n")
    data = catalog.load(path)
    assert data.format == "rows"
    assert sum(map(len, data.splits.values())) == 31
    ones = [split for split, part in data.splits.items() if "1" in part.columns["column/a"]]
    assert len(ones) == 1
    (path.parent / "b.csv").write_text("a;b;split\n1;x;train\n2;y;dev\n3;z;test\n")
    data = catalog.load(path.parent / "b.csv")
    assert {split: part.columns["column/a"] for split, part in data.splits.items()} == {
        "train": ["1"], "validation": ["2"], "test": ["3"],
    }  # fmt: skip


def test_parquet_keeps_its_types(tmp_path):
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table(
        {"a": [1.5, None, 2.5], "b": ["x", "y", "z"], "split": ["train", "test", "val"]}
    )
    parquet.write_table(table, tmp_path / "a.parquet")
    data = catalog.load(tmp_path / "a.parquet")
    assert data.splits["train"].columns == {"column/a": [1.5], "column/b": ["x"]}
    assert data.splits["test"].columns["column/a"] == [""]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,a\n1,2\n", "names 1 columns twice: a"),
        ("1,2\n3,4\n", "The first line must name the columns"),
        ("a,b\n", "has no usable row"),
        ("a,b\n1\n2,3,4\n", "has no usable row"),
    ],
)
def test_a_table_that_cannot_be_read_is_one_line(content, message, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(content)
    with pytest.raises(PipelineError, match=message):
        rows.read(path)


def test_a_ragged_row_is_named_by_its_line(file):
    file.write_text(HEADER + "1,baker\n" + "\n".join(lines()))
    assert [p.where for p in catalog.load(file).problems if p.kind == "row"] == ["people.csv:2"]


def test_a_column_without_a_name_is_left_out(file):
    table = ["," + HEADER.strip(), *(f"{i},{line}" for i, line in enumerate(lines()))]
    file.write_text("\n".join(table) + "\n")
    data = catalog.load(file)
    assert "column/" not in data.splits["train"].columns
    assert [(p.kind, p.where) for p in data.problems] == [("unnamed", "people.csv:1")]


class Frame(dict):
    """What is used of a pandas DataFrame; pandas need not be installed."""

    iloc = None

    @property
    def columns(self):
        return list(self)

    def __getitem__(self, name):
        return np.array(super().__getitem__(name), object)


def test_a_table_in_memory_is_read_as_its_file_is():
    columns = {"age": [3, 4, None], "b": ["x", "y", "z"], "split": ["train", "test", "val"]}
    records = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    for given in (Frame(columns), columns, records):
        data = reading.read(given, {"label": "label"}, CLASSES)
        assert data.format == "rows"
        assert data.splits["test"].columns == {"column/age": [4], "column/b": ["y"]}
        assert data.splits["validation"].columns["column/age"] == [""]
        assert data.splits["validation"].where == ["data[2]"]
    with pytest.raises(PipelineError, match="the columns of data must be equally long"):
        reading.read({"a": [1], "b": [1, 2]}, {"label": "label"}, CLASSES)
    with pytest.raises(PipelineError, match="learns from named columns"):
        reading.read((np.zeros((3, 2)), [0, 1, 0]), {"label": "label"}, CLASSES)
    frame = Frame({"x": range(60), "y": np.arange(60) % 7, "label": ["a", "b"] * 30})
    made = setup.set_up(f"{CLASSES}/linear", frame, {})
    assert made.config.learned["target"] == ["label"]
    assert sum(made.source.parts().values()) == 60


# Columns.


def test_cells():
    assert edge.number("1e3") == 1000
    assert all(math.isnan(edge.number(cell)) for cell in ("1e400", "nan", "inf", "1,5", None, "x"))
    assert all(map(edge.is_absent, ("", " NA ", "?", None, math.nan)))
    assert [edge.text(cell) for cell in (1.0, "1", " x ", True, "n/a")] == [
        "1",
        "1",
        "x",
        "True",
        "",
    ]
    assert {edge.text(cell) for cell in (False, np.False_, "false", " FALSE ")} == {"False"}
    assert math.isnan(edge.number(10**400))


def test_kinds_of_columns():
    assert tables.kind(["1", "2.5", "", "3"]) == "number"
    assert tables.kind(["a", "b", "a"]) == "category"
    assert tables.kind([True, False]) == "category"
    assert (
        tables.kind(["true", "false"]) == tables.kind(list(np.array([True, False]))) == "category"
    )
    assert tables.kind(["5", "5", ""]) == ""
    assert tables.kind([str(i) for i in range(30)]) == ""
    for dates in (["2024-05-03", "2024-5-4"], ["3/5/2024", "4/5/2024"], ["3.5.2024", "4.5.24"]):
        assert tables.kind(dates * 30) == ""
    assert tables.kind([f"text number {i}" for i in range(30)]) == ""


def test_features_of_a_row_by_hand():
    learned = [
        {"name": "age", "kind": "number", "mean": 30.0, "deviation": 10.0, "missing": 20.0, "marks": 1},
        {"name": "job", "kind": "category", "values": ["baker", "smith"]},
    ]  # fmt: skip
    columns = edge.Columns(map(json.dumps, learned))
    assert len(columns) == 5
    assert columns.names() == ["age", "age", "job", "job", "job"]
    assert columns.features({"age": "45", "job": "smith"}).tolist() == [1.5, 0, 0, 1, 0]
    assert columns.features({"job": "clown", "age": "?"}).tolist() == [-1, 1, 0, 0, 1]
    with pytest.raises(ValueError, match="has no column 'job'; it has age"):
        columns.features({"age": 3})
    with pytest.raises(ValueError, match="column 'age' must be a number; got '1,5'"):
        columns.features({"age": "1,5", "job": "smith"})


@pytest.mark.parametrize(
    "content",
    [
        '{"a": 1, "b": "x"}',
        '{"a":1,"b":"x","c":"d/e.txt"}',
        '[{"a": 1, "b": "x"}]',
        "a,b\n1,x\n",
        "\ufeffa;b\n1;x\n",
        b"a\tb\n1\tx",
    ],
)
def test_rows_of_a_file_or_of_json(content):
    (row,) = edge.rows(content)
    row.pop("c", None)
    assert {name: str(cell) for name, cell in row.items()} == {"a": "1", "b": "x"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "is no JSON"),
        ("[1]", "must be a row"),
        ("a,b\n1\n", "row 1 has 1 cells"),
        ("a,b\n", "holds no row"),
        ("a,b,a\n1,2,3\n", "names the column 'a' twice"),
        ("nothere.csv", "is no file"),
    ],
)
def test_what_is_no_row_is_said(content, reason):
    with pytest.raises(ValueError, match=reason):
        edge.rows(content)


# What looks wrong.


def test_the_audit_of_columns(tmp_path):
    path = tmp_path / "a.csv"
    chance = np.random.default_rng(1)
    table = ["number,same,copy,mixed,value,label"]
    for i in range(200):
        label = ("yes", "no")[int(chance.integers(2))]
        mixed = "1,5" if i == 3 else f"{chance.normal():.3f}"
        value = 1000 if i == 5 else chance.normal()
        table.append(f"{i},x,{label}!,{json.dumps(mixed)},{value:.4f},{label}")
    path.write_text("\n".join(table) + "\n")
    found = pipelines.audit(path, task=CLASSES)
    told = {(p.kind, p.severity): p.message for p in found.problems}
    notes = [p.message for p in found.problems if p.kind == "left-out"]
    assert "'copy'" in told["copy", "warning"]
    assert "column 'same' is not used: it is the same in each row." in notes
    assert "'mixed' holds numbers, and '1,5' here" in told["mixed", "error"]
    assert [p.where for p in found.problems if p.kind == "mixed"] == ["a.csv:5"]
    assert "'value'" in told["far-out", "warning"]
    assert "column 'number' is not used: it counts the rows, as an id does." in notes


def test_missing_values_and_new_categories_are_said(tmp_path):
    path = tmp_path / "a.csv"
    table = [f"{i % 3},{'' if i % 5 == 0 else i},{'ab'[i % 2]},train" for i in range(30)]
    path.write_text("job,paid,label,split\n" + "\n".join(table) + "\n9x,1,a,test\n")
    kinds = problems(path)
    assert {("missing", "note")} <= kinds
    table = [f"j{i % 3},{'ab'[i % 2]},train" for i in range(30)]
    path.write_text("job,label,split\n" + "\n".join(table) + "\nj9,a,test\n")
    assert ("new-category", "warning") in problems(path)


def test_a_row_without_its_target_is_an_error(file):
    file.write_text(HEADER + "50,baker,x,1,\n" + "\n".join(lines()))
    assert ("no-target", "error") in problems(file)
    assert ("no-target", "error") in problems(file, NUMBERS, target="paid")


def test_a_class_may_be_called_none(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x,label\n" + "".join(f"{i % 7},{('None', '?')[i % 2]}\n" for i in range(40)))
    found = pipelines.audit(path, task=CLASSES)
    assert not [problem for problem in found.problems if problem.kind == "no-target"]
    made = setup.set_up(f"{CLASSES}/linear", path, {})
    assert made.config.labels == ("?", "None")


def test_numbers_are_no_classes(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x,y\n" + "".join(f"{i % 7},{i * 1.5}\n" for i in range(200)))
    with pytest.raises(PipelineError, match="train tabular_regression/mlp --set target=y"):
        pipelines.audit(path, task=CLASSES)
    with pytest.raises(PipelineError, match="no column 'z' to be learned"):
        pipelines.audit(path, task=NUMBERS, target="z")
    with pytest.raises(PipelineError, match="no column 'xx' to ignore. Did you mean 'x'"):
        pipelines.audit(path, task=NUMBERS, ignore="xx")


# The whole way.


@pytest.fixture(scope="module")
def people():
    def write(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "people.csv").write_text(HEADER + "\n".join(lines(120)) + "\n")

    return once("people", write) / "people.csv"


def test_a_raw_row_goes_through_run_and_bundle_alike(people, tmp_path):
    given = dict(epochs=3, steps_per_epoch=30, width=8)  # a pass takes 3
    run = pipelines.train(f"{CLASSES}/mlp", people, run=tmp_path / "run", **given)
    assert run.evaluate("train")["accuracy"] > 0.9
    bundle = run.export(tmp_path / "bundle", files=["float32", "int8"], max_drop=0.2)
    row = '{"age": 60, "job": "smith", "note": "", "paid": ""}'
    table = tmp_path / "two.csv"
    table.write_text("paid,job,age,note\n,baker,20,a\n100,smith,21,b\n")
    for source, labels in ((row, ["yes"]), (str(table), ["yes", "no"])):
        (here,), (there,) = run.predict([source]), bundle.predict([source])
        assert [found["label"] for found in here["rows"]] == labels
        assert [found["label"] for found in there["rows"]] == labels
    other = tmp_path / "other.csv"
    other.write_text("age,label,job,split,paid\n50,yes,baker,test,\n21,no,smith,test,6\n")
    assert set(run.evaluate(data=other)["per_class"]) == {"yes", "no"}  # the target has moved
    for header, reason in (
        ("old,job,paid,split,label", "other.csv:2 has no column 'age'; it has old"),
        ("age,job,paid,split,answer", "has no column 'label' to be learned"),
        ("job,age,paid,split,label", "other.csv:2 column 'age' must be a number; got 'baker'"),
    ):
        other.write_text(f"{header}\n50,baker,,test,yes\n21,smith,,test,no\n")
        with pytest.raises(PipelineError, match=reason):
            run.evaluate(data=other)
    with pytest.raises(PipelineError, match="row 1 has no column 'age'"):
        run.predict(['{"job": "smith"}'])


def test_numbers_come_back_in_the_unit_of_their_column(people, tmp_path):
    run = pipelines.train(
        f"{NUMBERS}/linear", people, run=tmp_path / "run", target="paid", on_bad_data="skip"
    )
    result = run.evaluate("train")
    assert result["rmse"] < result["floor"] / 3
    (answer,) = run.predict(['{"age": 50, "job": "baker", "note": "", "label": "yes"}'])
    assert 400 < answer["rows"][0]["value"] < 700


@pytest.mark.slow
def test_the_page_reads_rows_as_python_does(people, tmp_path):
    run = pipelines.train(f"{CLASSES}/linear", people, run=tmp_path / "run")
    bundle = run.export(tmp_path / "bundle", files=["float32"], max_drop=0.5)
    table = 'paid,job,age,note\n"",baker,20,"a, b"\n1e2,clown,21,b\n'
    browser.agrees(bundle, ['{"age": 60, "job": "smith", "note": "", "paid": "?"}', table])


def test_batch_size_of_none_takes_all_examples(people):
    made = setup.set_up(f"{CLASSES}/mlp", people, {"batch_size": 0})
    count = made.source.parts()["train"]
    assert (made.config.batch_size, made.config.steps_per_epoch) == (count, 1)
    inputs, _ = next(iter(made.source.train(0, None)))
    rows = {row.tobytes() for row in np.asarray(inputs["features"])}
    wanted = made.source.held_out("train").arrays()[0]["features"]
    assert rows == {row.tobytes() for row in wanted}


def test_several_columns_are_learned_at_once(people, tmp_path):
    table = [HEADER.replace("label", "old,baker").strip()]
    for line in lines(60):
        age, job, *others, _ = line.split(",")
        table.append(
            ",".join([age, job, *others, str(int(int(age) > 45)), str(int(job == "baker"))])
        )
    file = tmp_path / "flags.csv"
    file.write_text("\n".join(table) + "\n")
    run = pipelines.train(f"{CLASSES}/linear", file, tmp_path / "run", target="old,baker")
    assert run.labels == ["old", "baker"]
    assert run.evaluate("train")["macro_f1"] > 0.9
    (answer,) = run.predict(['{"age": 60, "job": "smith", "note": "", "paid": ""}'])
    assert answer["rows"][0]["labels"] == ["old"]
    run = pipelines.train(
        f"{NUMBERS}/linear", people, tmp_path / "two", target="paid,age", on_bad_data="skip"
    )
    assert set(run.evaluate("train")["per_class"]) == {"paid", "age"}
    (answer,) = run.predict(['{"job": "smith", "note": "", "label": "no"}'])
    assert set(answer["rows"][0]) == {"paid", "age"}
    with pytest.raises(PipelineError, match="hold several labels.*perceptron learns one class"):
        pipelines.train(f"{CLASSES}/perceptron", file, tmp_path / "three", target="old,baker")
