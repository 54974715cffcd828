"""The notebook of the first hour, cell by cell, on small data; and the README's ten lines with arrays."""

import ast

import nbformat
import pytest
from conftest import ROOT, write_photos

SMALL = '(x, y), epochs=1, backbone="compact_8", image_size=16, run="runs/photos"'


@pytest.fixture
def place(tmp_path, monkeypatch):
    write_photos(tmp_path / "photos", {"dress": 20, "hat": 20, "pants": 20, "shoes": 20})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def value(source, names):
    """What a notebook shows of a cell: the value of its last line."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return last and eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def test_the_ten_lines_set_up_a_run_on_arrays(place):
    text = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    block = text.partition("```python\n")[2].partition("```")[0]
    assert sum(bool(line.strip()) for line in block.splitlines()) <= 10
    names = {}
    exec(block.partition("print(")[0].replace("train(", "prepare("), names)
    assert sum(names["run"].source.parts().values()) == 80
    assert names["run"].labels == ["dress", "hat", "pants", "shoes"]


def test_the_notebook_runs_from_top_to_bottom(place):
    notebook = nbformat.read(ROOT / "docs" / "first_hour.ipynb", as_version=4)
    nbformat.validate(notebook)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert cells[0].startswith("%pip install")
    text = "\n---\n".join(cells[1:])
    assert 'prepare("classification", (x, y))' in text
    text = text.replace('"classification", (x, y))', f'"classification", {SMALL})')
    text = text.replace(', files=["float32", "int8"]', ', files=["float32"], max_drop=1')
    names, shown = {}, []
    for cell in text.replace('file="int8"', 'file="float32"').split("\n---\n"):
        shown.append(value(cell, names))
    pictures, audit, sheet, run, charts, result, answers, bundle, files = shown
    assert pictures == (80, ["dress", "hat", "pants", "shoes"])
    assert "80 examples" in audit._repr_html_()
    assert sheet._repr_png_().startswith(b"\x89PNG")
    assert "finished" in run._repr_html_()
    assert "iframe" in charts._repr_html_()
    assert 0 <= result[0] <= 1
    assert len(answers) == 3
    assert "model.tflite" in bundle._repr_html_()
    assert len(files) == 80
    assert files._repr_html_().endswith("... and 60 more")
