import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.metrics.box_errors import KINDS, errors

A, B = [0, 0, 10, 10], [20, 20, 30, 30]


@pytest.mark.parametrize(
    ("found", "classes", "kinds", "missed"),
    [
        ([A, B], [0, 1], ["", ""], []),
        ([A], [0], [""], [1]),
        ([], [], [], [0, 1]),
        ([A, B, A], [0, 1, 0], ["", "", "twice"], []),
        ([A, B], [0, 0], ["", "wrong class"], []),
        ([A, [20, 20, 24, 30]], [0, 1], ["", "badly placed"], []),  # IoU 0.4
        ([A, [20, 20, 24, 30]], [0, 0], ["", "false"], [1]),  # the class is wrong too
        ([A, [29, 29, 39, 39]], [0, 1], ["", "false"], [1]),  # IoU 1 / 199
        ([[50, 50, 60, 60]], [0], ["false"], [0, 1]),
        (
            [[0, 0, 10, 9], A],
            [0, 0],
            ["", "twice"],
            [1],
        ),  # the better scored has it, though it lies worse
    ],
)
def test_by_hand(found, classes, kinds, missed):
    assert errors([A, B], [0, 1], found, classes) == (kinds, missed)


def test_two_objects_of_a_class_are_two():
    # The first lies over both, better over the second; the other then has the first.
    truth = [[0, 0, 10, 10], [0, 2, 10, 12]]
    assert errors(truth, [0, 0], [[0, 2, 10, 12], [0, 1, 10, 11]], [0, 0]) == (["", ""], [])


box = st.tuples(*[st.integers(0, 8)] * 4).map(
    lambda b: [b[0], b[1], b[0] + b[2] + 1, b[1] + b[3] + 1]
)
rows = st.lists(st.tuples(box, st.integers(0, 1)), max_size=6)


@given(rows, rows)
def test_every_box_is_accounted_for(truth, found):
    kinds, missed = errors(*([r[i] for r in rows] for rows in (truth, found) for i in (0, 1)))
    assert len(kinds) == len(found)
    assert set(kinds) <= {"", *KINDS}
    assert kinds.count("") + len(missed) <= len(truth)
    labels = [label for _, label in truth]
    assert errors([b for b, _ in truth], labels, [b for b, _ in truth], labels) == (
        [""] * len(truth),
        [],
    )
