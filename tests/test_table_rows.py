"""What an audit says of rows that come again, and of numbers as other programs write them."""

import pytest

import pipelines

ROWS = [f"{i % 9},{'ab'[i % 2]},{'yes' if i % 3 else 'no'}" for i in range(36)]


def told(folder, *lines, header="x,kind,target", **settings):
    (folder / "t.csv").write_text("\n".join([header, *lines]))
    found = pipelines.audit(folder, task="tabular_classification/linear", **settings)
    return {(p.severity, p.kind): p.message for p in found.problems}


def test_rows_that_come_again(tmp_path):
    found = told(tmp_path, *[f"{i},{row}" for i, row in enumerate(ROWS)], header="n,x,kind,target")
    assert not {("note", "duplicate"), ("note", "conflict"), ("warning", "leak")} & found.keys()
    same = [f"{i % 2},a,{'yes' if i % 3 else 'no'}" for i in range(36)]
    assert ("warning", "leak") not in told(tmp_path, *same)  # splits that are cut
    found = told(tmp_path, "10,a,yes", "11,b,no", "10,a,yes", "11,b,yes", *ROWS[:18])
    assert (
        found["note", "duplicate"]
        == "1 rows are there more than once, such as t.csv:2 and t.csv:4."
    )
    assert found["note", "conflict"].startswith(
        "1 rows have other answers than equal ones, such as t.csv:3 and t.csv:5"
    )


def test_rows_in_two_splits(tmp_path):
    rows = [f"{row},train" for row in ROWS[:18]]
    rows += [f"{i + 20},a,{'yes' if i % 2 else 'no'},test" for i in range(6)]
    assert ("warning", "leak") not in told(tmp_path, *rows, header="x,kind,target,split")
    found = told(tmp_path, *rows, f"{ROWS[0]},test", header="x,kind,target,split")
    assert found["warning", "leak"] == (
        "1 rows are in two splits, such as t.csv:2 of train and t.csv:26 of test. Delete one of each."
    )


@pytest.mark.parametrize(
    ("cells", "is_told"),
    [
        (["0,5", "1,5", "12,25"], True),
        (["1.000,5", "2.500,0", "3.250,1"], True),
        (['"1,000"', '"2,500"', "300"], True),
        (["1.5", "2.5", "3"], False),
        (["a,b", "c,d", "e"], False),
        (["1.000", "2.500", "3.250"], False),  # plain numbers
    ],
)
def test_numbers_with_commas(tmp_path, cells, is_told):
    rows = [f"{i % 5};{cells[i % 3]};{'yes' if i % 3 else 'no'}" for i in range(30)]
    found = told(tmp_path, *rows, header="x;size;target")
    assert (("warning", "written") in found) == is_told


def test_a_number_that_is_too_large_for_a_model(tmp_path):
    found = told(tmp_path, *ROWS, "1e31,a,yes")
    assert found["error", "mixed"] == "column 'x' is 1e+31 here, too large for a model. Correct it."


def test_a_long_tail_is_not_far_out_and_a_slip_is(tmp_path):
    tail = [f"{2 ** (i / 20):.4f},{'ab'[i % 2]},{'yes' if i % 3 else 'no'}" for i in range(200)]
    assert ("warning", "far-out") not in told(tmp_path, *tail)  # from 1 to 985, 31 in the middle
    found = told(tmp_path, *tail, "99999,a,yes")
    assert found["warning", "far-out"].startswith("column 'x' is 99999 here, far from the median")
