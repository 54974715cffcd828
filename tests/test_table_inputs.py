"""Tables as they should not be: each is read rightly, or refused in one line with its remedy."""

import codecs
import math

import numpy as np
import pytest

from pipelines import catalog
from pipelines.edge import tables as edge
from pipelines.engine.data import source
from pipelines.engine.training import setup
from pipelines.errors import PipelineError
from pipelines.families import tables
from pipelines.formats import _lines, rows
from pipelines.formats.examples import Data, Examples

CLASSES = "tabular_classification/linear"
BODY = "".join(f"{i},{i % 3},{'ab'[i % 2]}\n" for i in range(40))


def write(folder, content):
    path = folder / "a.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def audited(path, **given):
    method = catalog.method(CLASSES)
    config = method.Config(**given)
    data = source.read(path, "auto", method, config)
    return source.audited(data, method)


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    data = rows.read(write(tmp_path, codecs.BOM_UTF8 + f"x,y,label\n{BODY}".encode()))
    assert list(data.splits["train"].columns) == ["column/x", "column/y", "column/label"]


def test_utf_16_is_said(tmp_path):
    path = write(tmp_path, f"x,y,label\n{BODY}".encode("utf-16"))
    with pytest.raises(PipelineError, match=r"a.csv is UTF-16, not UTF-8. Save the file as UTF-8"):
        rows.read(path)
    with pytest.raises(PipelineError, match=r"a.csv is UTF-16, not UTF-8. Save the file as UTF-8"):
        catalog.load(path)


def test_a_quote_that_swallows_rows_is_named_by_its_line(tmp_path):
    data = rows.read(write(tmp_path, f'x,y,label\n9,"1,a\n9,2,b\n9,1",a\n{BODY}'))
    found = [(problem.kind, problem.where) for problem in data.problems]
    assert found == [("quotes", "a.csv:2")]
    with pytest.raises(PipelineError, match="Look for a stray double quote"):
        rows.read(write(tmp_path, f'x,y,label\n"9,1,a\n{BODY}'))


@pytest.mark.parametrize("cell", ["inf", "1e400", "-Infinity"])
def test_a_number_without_end_is_an_error_of_its_line(cell, tmp_path):
    found = audited(write(tmp_path, f"x,y,label\n{BODY}9,{cell},a\n"), ignore="x")
    assert [(p.where, p.severity) for p in found.problems if p.kind == "mixed"] == [
        ("a.csv:42", "error")
    ]


def test_nan_is_a_missing_number(tmp_path):
    found = audited(write(tmp_path, f"x,y,label\n{BODY}NaN,1,a\n"))
    assert not [problem for problem in found.problems if problem.kind == "mixed"]
    assert math.isnan(edge.number("NaN"))
    assert edge.is_absent("NaN")


def test_a_category_of_ten_thousand_values_keeps_the_most_frequent():
    cells = [f"v{i % 10_000}" for i in range(20_001)]
    examples = Examples([""] * len(cells), {"column/c": cells}, [""] * len(cells))
    (learned,) = tables.learned(examples, ["label"], catalog.method(CLASSES).Config())
    columns = edge.Columns([learned])
    assert len(columns) == 51
    assert columns.features({"c": "v9999"})[-1] == 1.0
    assert columns.features({"c": "v0"})[-1] == 0.0


def test_a_target_with_one_value_is_refused(tmp_path):
    path = write(tmp_path, "x,label\n" + "".join(f"{i % 7},a\n" for i in range(30)))
    with pytest.raises(PipelineError, match="column 'label' has 1 different values, and two are"):
        setup.set_up(CLASSES, path, {})
    with pytest.raises(PipelineError, match="column 'x' holds no two different numbers"):
        setup.set_up(
            "tabular_regression/linear", write(tmp_path, "a,x\n1,5\n2,5\n"), {"target": "x"}
        )


def test_a_new_category_is_one_of_the_others_at_prediction():
    column = '{"name": "job", "kind": "category", "values": ["baker", "smith"]}'
    assert edge.Columns([column]).features({"job": "clown"}).tolist() == [0, 0, 1]


def test_an_unknown_label_in_a_list_is_named():
    part = Examples(["a"], {"label": [[0, 1]]}, ["b.csv:7"])
    data = Data("b.csv", "rows", {"test": part}, {"label": ["long", "wide"]})
    with pytest.raises(PipelineError, match="b.csv:7: label 'wide' is not among the labels"):
        source.relabelled(data, part, ("long", "short"), "label")


def test_of_a_large_file_no_more_than_the_header_is_looked_at(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    with path.open("wb") as file:  # a hole, which takes no room on the disk
        file.write(b"x,y,label\n1,2,a\n")
        file.truncate(_lines.MOST + 10)
    assert rows.delimited.names(path) == {"x", "y", "label"}
    with pytest.raises(PipelineError, match="has 2.0 GB; more than 2 GB of text is not read"):
        rows.read(path)


def test_learned_numbers_are_finite():
    found = tables._number(["1", "", "3"])
    assert np.isfinite([found["mean"], found["deviation"], found["missing"]]).all()
