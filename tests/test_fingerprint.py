"""Every column of a data set counts in its fingerprint."""

import copy
import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import catalog
from pipelines.formats.examples import Data, Examples

FEW = 2  # examples of each split


def made(columns, pictures=(), masks=None, labels=None):
    """Data with a training split of these columns."""
    count = len(next(iter(columns.values())))
    names = [f"example {i}" for i in range(count)]
    train = Examples(names, columns, names, pictures, masks or {})
    return Data("made", "made", {"train": train}, labels or {})


def other(value):
    """A value of the same type that differs in its last item."""
    if isinstance(value, np.ndarray):
        changed = value.copy()
        changed.reshape(-1)[-1:] += 1
        return changed
    if isinstance(value, list):
        return [*value[:-1], other(value[-1])]
    if isinstance(value, bytes):
        return value[:-1] + bytes([value[-1] ^ 1])
    return value + type(value)(1)


def with_train(data, **changes):
    """The same data with some attributes of its training split replaced."""
    train = dataclasses.replace(data.splits["train"], **changes)
    return dataclasses.replace(data, splits={**data.splits, "train": train})


def with_column(data, name, values):
    return with_train(data, columns={**data.splits["train"].columns, name: values})


@pytest.fixture(scope="module", params=catalog.datasets())
def bundled(request):
    data = catalog.load(request.param)
    splits = {split: examples.take(range(FEW)) for split, examples in data.splits.items()}
    return dataclasses.replace(data, splits=splits)


def test_a_change_of_any_bundled_column_is_noticed(bundled):
    columns = bundled.splits["train"].columns
    changed = []
    for name, values in columns.items():
        changed.append(with_column(bundled, name, [*values[:-1], other(values[-1])]))
        renamed = {f"{c}_" if c == name else c: v for c, v in columns.items()}
        changed.append(with_train(bundled, columns=renamed))
        changed.append(with_train(bundled, columns={c: columns[c] for c in columns if c != name}))
    prints = {data.fingerprint() for data in (bundled, *changed)}
    assert len(prints) == 1 + 3 * len(columns)


def test_equal_bundled_data_has_an_equal_fingerprint(bundled):
    same = copy.deepcopy(bundled)
    turned = dict(reversed(same.splits["train"].columns.items()))
    assert with_train(same, columns=turned).fingerprint() == bundled.fingerprint()


def test_examples_that_change_places_names_or_splits_are_noticed(bundled):
    train, test = bundled.splits["train"], bundled.splits["test"]
    swapped = {**bundled.splits, "train": test, "test": train}
    changed = [
        with_train(bundled, names=[*train.names[:-1], "another"]),
        dataclasses.replace(bundled, splits={**bundled.splits, "train": train.take([1, 0])}),
        dataclasses.replace(bundled, splits={**bundled.splits, "train": train.take([0])}),
        dataclasses.replace(bundled, splits=swapped),
        dataclasses.replace(bundled, labels={**bundled.labels, "label": ["another"]}),
    ]
    assert len({data.fingerprint() for data in (bundled, *changed)}) == 1 + len(changed)


def test_exchanging_two_domains_is_noticed():
    domains = [0, 1, 1]
    first = made({"domain": domains, "label": [0, 0, 0]})
    second = made({"domain": [1 - domain for domain in domains], "label": [0, 0, 0]})
    assert first.fingerprint() != second.fingerprint()


VALUES = (
    ["ab"], ["a", "b"], ["a', 'b"], ["a, b"], [["a"], ["b"]], [["a", "b"]], [],
    "1", 1, 1.0, True, None, "None", b"1", "", b"", "é", "e\N{COMBINING ACUTE ACCENT}", "\udce9",
    np.int64(1), np.int32(1), np.float32(1), np.array([1]), np.array([1.0]), np.array(["1"]),
    np.zeros((2, 3)), np.zeros((3, 2)), np.zeros(6), np.zeros(6, np.float16), [0.0] * 6,
    np.array([[1], [2, 3]], object), np.array([[1, 2], [3]], object), [np.zeros(2), np.zeros(1)],
)  # fmt: skip


def test_no_two_of_these_values_look_alike():
    prints = {made({"question": [value]}).fingerprint() for value in VALUES}
    assert len(prints) == len(VALUES)


def test_what_stands_in_one_column_is_not_taken_for_another():
    one = made({"a": ["x", "y"], "b": ["z", "w"]})
    two = made({"a": ["z", "w"], "b": ["x", "y"]})
    three = made({"a": [["x", "y"], ["z"]]})
    four = made({"a": [["x"], ["y", "z"]]})
    assert len({data.fingerprint() for data in (one, two, three, four)}) == 4


def test_a_difference_beyond_the_first_thousand_examples():
    numbers = list(range(2500))
    first = made({"rating": numbers}).fingerprint()
    assert made({"rating": [*numbers[:-1], -1]}).fingerprint() != first
    assert made({"rating": [*numbers[:1000], *numbers[1001:], 0]}).fingerprint() != first


def test_pictures_and_masks_in_files_count_by_their_size(tmp_path):
    def written(picture, mask, folder):
        folder.mkdir()
        (folder / "picture").write_bytes(picture)
        (folder / "mask").write_bytes(mask)
        columns = {"image": [str(folder / "picture")], "mask": [str(folder / "mask")]}
        return made(columns, pictures=("image",), masks={"mask": {}}).fingerprint()

    first = written(b"12", b"34", tmp_path / "first")
    assert written(b"12", b"34", tmp_path / "elsewhere") == first
    assert written(b"123", b"34", tmp_path / "picture") != first
    assert written(b"12", b"345", tmp_path / "mask") != first


def test_what_the_values_of_masks_mean_counts():
    columns = {"mask": [b"encoded"]}
    tables = ({}, {0: 0, 255: 1}, {0: 1, 255: 0}, {(0, 0, 0): 0, (0, 0, 255): 1})
    prints = [made(columns, masks={"mask": table}).fingerprint() for table in tables]
    assert len(set(prints)) == len(tables)
    turned = {255: 1, 0: 0}
    assert made(columns, masks={"mask": turned}).fingerprint() == prints[1]


@pytest.mark.parametrize("value", [{"a"}, object(), [object()], np.array([object()])])
def test_what_cannot_be_told_apart_is_refused(value):
    with pytest.raises(TypeError, match="a column holds numbers, text, bytes or arrays"):
        made({"x": [value]}).fingerprint()


few = st.sampled_from
arrays = st.builds(
    lambda values, dtype, shape: np.array(values, dtype).reshape(shape),
    st.lists(few([0, 1]), min_size=2, max_size=2),
    few(["int64", "int8", "float32", "bool"]),
    few([(2,), (1, 2), (2, 1)]),
)
plain = few([0, 1, 0.0, 1.0, True, None, "", "0", "1", "01", "', '", "[]", b"", b"0"])
values = st.recursive(plain | arrays, lambda inner: st.lists(inner, max_size=2), max_leaves=4)
columns = st.dictionaries(few(["a", "b", "ab"]), st.lists(values, min_size=2, max_size=2), min_size=1)  # fmt: skip


def spelled(value):
    """A value with its type, as text: an independent way to tell two values apart."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.tolist()}"
    if isinstance(value, list):
        return f"list({', '.join(map(spelled, value))})"
    return repr(value)


@given(columns, columns)
def test_two_fingerprints_are_equal_if_and_only_if_the_data_is(first, second):
    def same(one, two):
        return {c: spelled(v) for c, v in one.items()} == {c: spelled(v) for c, v in two.items()}

    expected = same(first, second)
    assert (made(first).fingerprint() == made(second).fingerprint()) == expected
    turned = dict(reversed(copy.deepcopy(first).items()))
    assert made(turned).fingerprint() == made(first).fingerprint()
