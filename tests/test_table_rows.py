"""What an audit says of rows that come again, of gaps, and of numbers and dates as written."""

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


@pytest.mark.parametrize(
    ("dates", "severity", "message"),
    [
        (
            ("25/04/2021", "04/26/2021"),
            "warning",
            "dates in two orders: 25/04/2021 has the day first, 04/26/2021 has the month first",
        ),
        (("2021-04-25", "25.04.2021"), "warning", "2021-04-25 has the year first, 25.04.2021 has"),
        (
            ("03/04/2021", "25/04/2021"),
            "note",
            "holds 03/04/2021, whose day and month may be either number, though 25/04/2021 has",
        ),
        (("03/04/2021", "05/06/2021"), "note", "holds 03/04/2021, whose day"),
        (("03.04.2021", "25.04.2021"), None, ""),  # points: the day first
        (("2021-04-25", "2021-04-03"), None, ""),
        (("13/13/2021", "a"), None, ""),
    ],
)
def test_dates_in_two_orders(dates, severity, message, tmp_path):
    rows = [f"{i % 9},{dates[i % 2]},{'yes' if i % 3 else 'no'}" for i in range(30)]
    found = told(tmp_path, *rows, header="x,day,target")
    own = {level: text for (level, kind), text in found.items() if kind == "date-order"}
    assert list(own) == [severity] * bool(severity)
    assert message in own.get(severity, "")


@pytest.mark.parametrize(("every", "is_told"), [(2, True), (50, False)])
def test_gaps_that_tell_the_class(every, is_told, tmp_path):
    """Of 100 rows of each class, one has none missing, the other every second, or two."""
    rows = [f"{i % 7},{'' if i % every == 0 else i % 5},yes" for i in range(100)]
    rows += [f"{i % 7},{i % 5},no" for i in range(100)]
    found = told(tmp_path, *rows, header="x,paid,target")
    assert ("note", "missing") in found
    assert (("warning", "missing-by-class") in found) == is_told
    if is_told:
        assert "of the rows of 'yes' and 0% of 'no'" in found["warning", "missing-by-class"]
