import hashlib

from hypothesis import given
from hypothesis import strategies as st

from pipelines.formats._cutting import places
from pipelines.formats.examples import Examples, cut_splits

MISSING = ("test", "validation")
names_by_class = st.dictionaries(
    st.integers(-1, 3),
    st.sets(st.text(min_size=1, max_size=3), min_size=1, max_size=12),
    min_size=1,
)


def hashed(key):
    return int(hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:16], 16)


def by_hash(key):
    """Where a name falls by its hash alone, worked out anew."""
    return {0: "test", 1: "validation"}.get(hashed(key) % 10, "train")


def told(found):
    """(names, class ids) of {class id: names}, each name once."""
    keys = [f"{label}/{name}" for label, names in sorted(found.items()) for name in sorted(names)]
    return keys, [int(key.partition("/")[0]) for key in keys]


def test_a_class_of_three_has_one_in_every_split():
    """By their hashes alone, all three names would be trained on."""
    names = [name for name in map("cat/{}.jpg".format, range(100)) if by_hash(name) == "train"][:3]
    first, second, third = sorted(names, key=hashed)
    assert places(names, MISSING, [0, 0, 0]) == {
        first: "test",
        second: "validation",
        third: "train",
    }
    assert set(places(names, MISSING).values()) == {"train"}
    assert set(places(names[:2], MISSING, [0, 0]).values()) == {"train"}


def test_a_class_that_is_all_in_the_test_gives_one_back():
    names = [name for name in map("dog/{}.jpg".format, range(200)) if by_hash(name) == "test"][:4]
    first, second, third, fourth = sorted(names, key=hashed)
    assert places(names, ["test"], [7] * 4) == {
        first: "train",
        second: "test",
        third: "test",
        fourth: "test",
    }


@given(names_by_class)
def test_classes_of_three_are_in_every_split_and_the_rest_goes_by_the_hash(found):
    keys, ids = told(found)
    placed = places(keys, MISSING, ids)
    assert list(placed) == keys
    for label, names in found.items():
        own = {key: split for key, split in placed.items() if key.startswith(f"{label}/")}
        if label < 0 or len(names) < 3:
            assert own == {key: by_hash(key) for key in own}
        else:
            assert set(own.values()) == {"train", *MISSING}
            assert sum(split != by_hash(key) for key, split in own.items()) <= 2


@given(names_by_class, st.text(min_size=1, max_size=3))
def test_one_more_example_moves_two_at_most(found, new):
    keys, ids = told(found)
    label = ids[-1]
    before = places(keys, MISSING, ids)
    more, more_ids = told({**found, label: found[label] | {new}})
    after = places(more, MISSING, more_ids)
    moved = [key for key in keys if before[key] != after[key]]
    assert len(moved) <= (2 if label >= 0 else 0)
    assert all(key.startswith(f"{label}/") for key in moved)


def test_labels_that_are_no_class_ids_change_nothing():
    names = list("abcdefghij")
    columns = {"label": [[0, 1]] * 10}
    examples = Examples(names, columns, names)
    cut = cut_splits({"train": examples}, classes="label")
    assert cut == cut_splits({"train": examples})
