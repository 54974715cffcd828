"""What users did to items, as files and in memory, on the way to a method."""

import json

import numpy as np
import pytest
from liked import HEADER, lines, made, parts, problems, ratings

from pipelines.errors import PipelineError
from pipelines.families import interactions, recommending
from pipelines.formats.examples import Data, Examples


@pytest.fixture
def file(tmp_path):
    return ratings(tmp_path / "ratings.csv")


def test_a_user_becomes_an_example_and_no_interaction_is_in_two_splits(file):
    found = parts(file)
    for user, (history, truth) in found["test"].items():
        shown, asked = found["validation"][user]
        trained = found["train"][user][0]
        assert set(history) == set(shown) | set(asked)
        assert set(shown) == set(trained)
        assert len({*trained, *asked, *truth}) == len(trained) + len(asked) + len(truth)
        assert len(asked) == len(truth) == 1
    assert len(found["test"]) == 8


@pytest.mark.parametrize("text", ["u.data", "ratings.dat", "jsonl", "frame", "semicolon"])
def test_every_layout_gives_the_same_interactions(file, tmp_path, text):
    rows = [line.split(",") for line in lines()]
    if text == "u.data":
        path = tmp_path / "u.data"
        path.write_text("\n".join(map("\t".join, rows)))
    elif text == "ratings.dat":
        path = tmp_path / "ratings.dat"
        path.write_text("\n".join(map("::".join, rows)))
    elif text == "jsonl":
        path = tmp_path / "a.jsonl"
        names = HEADER.strip().split(",")
        path.write_text("\n".join(json.dumps(dict(zip(names, r, strict=True))) for r in rows))
    elif text == "semicolon":
        path = tmp_path / "b.csv"
        path.write_text("Customer_ID;ISBN;Stars;Date\n" + "\n".join(map(";".join, rows)))
    else:
        columns = list(zip(*rows, strict=True))
        path = dict(zip(HEADER.strip().split(","), map(list, columns), strict=True))
    assert parts(path) == parts(file)


def test_items_are_joined_by_key_and_movielens_folders_are_read(file, tmp_path):
    folder = tmp_path / "ml"
    folder.mkdir()
    (folder / "ratings.csv").write_text(file.read_text())
    table = "item,title,genres\ni0,Heat (1995),Crime|Drama\ni9,Unknown,None\n"
    (folder / "movies.csv").write_text(table)
    learned = made(folder).config.learned
    place = learned["items"].index("i0")
    assert learned["titles"][place] == "Heat (1995)"
    assert learned["texts"][place] == "Crime|Drama"
    path = tmp_path / "items.csv"
    path.write_text(table)
    assert made(file, items=str(path)).config.learned["titles"][place] == "Heat (1995)"
    assert ("unknown-item", "note") in problems(file, items=str(path))


@pytest.mark.parametrize("split", ["last", "time", "users", "items"])
def test_splits_keep_what_they_promise(file, split):
    found = parts(file, split=split)
    train = {user: set(own[0]) for user, own in found["train"].items()}
    assert found["test"]
    for user, (history, truth) in found["test"].items():
        assert not set(history) & set(truth)
        if split == "users":
            assert user not in train
        if split == "items":
            assert not set().union(*train.values()) & set(truth)
        if split == "last":  # times grow with the item's number
            assert truth == [max([*history, *truth])]
        if split == "time":
            assert int(user[1:]) >= 7


def test_a_column_of_splits_is_taken_at_its_word(tmp_path):
    path = tmp_path / "a.csv"
    rows = "a,x,train\na,y,validation\na,z,test\nb,x,train\nb,y,train\nb,z,test\n"
    path.write_text("user,item,split\n" + rows)
    assert parts(path) == {
        "train": {"a": (["x"], ["x"]), "b": (["x", "y"], ["x", "y"])},
        "validation": {"a": (["x"], ["y"])},
        "test": {"a": (["x", "y"], ["z"]), "b": (["x", "y"], ["z"])},
    }


@pytest.mark.parametrize(("given", "missing"), [("test", "validation"), ("validation", "test")])
@pytest.mark.parametrize("layout", ["csv", "folder"])
def test_a_split_that_is_missing_is_cut_out_of_train(tmp_path, given, missing, layout):
    path = tmp_path / "a.csv"
    rows = [f"{u},{i},{given if i == 'v' else 'train'}" for u in "abcd" for i in "vwxyz"]
    path.write_text("user,item,split\n" + "\n".join(rows) + "\n")
    if layout == "folder":
        path = tmp_path / "ml"
        path.mkdir()
        for split in ("train", given):
            own = [row.rpartition(",")[0] for row in rows if row.endswith(f",{split}")]
            (path / f"{split}.csv").write_text("user,item\n" + "\n".join(own) + "\n")
    found = parts(path)
    for user in "abcd":
        assert found[given][user][1] == ["v"]
        (cut,) = found[missing][user][1]
        assert {*found["train"][user][0], cut} == set("wxyz")


def held_in(columns, labels=()):
    """Interactions of named columns, as a reader of TFDS gives them."""
    names = [str(i) for i in range(len(next(iter(columns.values()))))]
    splits = {"train": Examples(names, columns, names)}
    return interactions.found(Data("", "tfds", splits, dict(labels)), interactions.Config())


def test_genres_of_tfds_are_ids_of_classes_and_become_words():
    columns = {
        "user_id": [u for u in "abc" for _ in range(4)],
        "movie_id": list("wxyz") * 3,
        "movie_genres": [np.array([i % 2, 2]) for i in range(12)],
    }
    known = held_in(columns, {"movie_genres": ["Action", "Comedy", "Drama"]})
    assert known.items == columns["movie_id"]
    assert known.texts == dict(zip("wxyz", ["Action Drama", "Comedy Drama"] * 2, strict=True))


def test_items_that_are_lists_are_what_one_user_did():
    columns = {"user": ["a", "b"], "item": [["x", "y"], ["z"]], "rating": [[1, 2], [3]]}
    known = held_in({**columns, "genre": ["g", "h"]})
    assert (known.users, known.items) == (["a", "a", "b"], ["x", "y", "z"])
    assert (known.values.tolist(), known.texts) == ([1, 2, 3], {"x": "g", "y": "g", "z": "h"})
    assert held_in({"item": columns["item"]}).users == ["0", "0", "1"]


def test_a_user_who_is_held_out_whole_is_told_four_fifths(tmp_path):
    path = tmp_path / "a.csv"
    rows = [f"{user},{item},{split}" for user, split in (("a", "train"), ("b", "validation"), ("c", "test"))
            for item in "vwxyz"]  # fmt: skip
    path.write_text("user,item,split\n" + "\n".join(rows) + "\n")
    for split, user in (("validation", "b"), ("test", "c")):
        ((name, (history, truth)),) = parts(path)[split].items()
        assert (name, len(history), len(truth)) == (user, 4, 1)
        assert {*history, *truth} == set("vwxyz")


def test_the_order_of_items_says_nothing_of_what_is_held_out(tmp_path):
    path = tmp_path / "a.csv"
    items = [f"i{i}" for i in range(9)]
    train = [f"{user},{item},train" for user in "ab" for item in items] + [
        "c,i8,train",
        "c,i4,validation",
    ]
    orders = []
    for asked in (["i0", "i1"], ["i6", "i7"]):
        held_out = [f"u{u},{item},test" for u in range(9) for item in ("i8", *asked)]
        path.write_text("user,item,split\n" + "\n".join(train + held_out) + "\n")
        orders.append(made(path).config.learned["items"])
    assert orders[0] == orders[1]
    assert orders[0][0] == "i8"  # three of training's users have it
    assert sorted(orders[0]) == items
    assert orders[0][1:] != items[:-1]  # names order nothing either


def test_low_ratings_do_not_count_if_it_is_said(file):
    every, high = made(file), made(file, min_rating=3)
    count = [sum(map(int, m.config.learned["counts"])) for m in (every, high)]
    assert count[1] < count[0]


def test_the_audit_names_what_looks_wrong(tmp_path):
    path = tmp_path / "a.csv"
    rows = [*lines(), "U1,i1,3,1600000000", "u1,i1,5,1600000900", "u1,i3,5,1600000900000"]
    path.write_text(HEADER + "\n".join(rows) + "\n")
    assert problems(path) >= {
        ("twice", "warning"), ("alike-user", "warning"), ("time-unit", "warning"),
        ("few-of-user", "note"), ("popularity", "note"),
    }  # fmt: skip
    constant = "".join(f"c,k{i},4,{1_600_000_000 + i}\n" for i in range(5))
    path.write_text(HEADER + "\n".join(lines()) + "\n" + constant)
    assert ("constant-rater", "note") in problems(path)


@pytest.mark.parametrize("cell", ["good", "nan", "inf", ""])
def test_a_rating_that_is_no_number_is_an_error_of_its_row(file, cell):
    with file.open("a") as out:
        out.write(f"u0,i0,{cell},1600000000\n")
    assert ("interaction", "error") in problems(file)
    found = made(file, on_bad_data="skip").source.data
    assert ("interaction", "warning") in {(p.kind, p.severity) for p in found.problems}
    assert "i0" not in parts(file, on_bad_data="skip")["test"]["u0"][0]


@pytest.mark.parametrize(
    ("header", "given", "message"),
    [
        ("user,user_id,item", {}, "2 columns that could be the user: user, user_id"),
        ("a,item,rating", {}, "no column for the user; it has a, item, rating. Name it: --set"),
        ("user,item,rating", {"user": "usr"}, "no column 'usr' for the user"),
    ],
)
def test_columns_that_are_not_clear_are_asked_for(tmp_path, header, given, message):
    path = tmp_path / "a.csv"
    path.write_text(header + "\n" + "1,2,3\n" * 4)
    with pytest.raises(PipelineError, match=message):
        made(path, **given)


def test_one_user_alone_and_nothing_held_out_are_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("user,item\na,x\na,y\na,z\n")
    with pytest.raises(PipelineError, match="1 users with 3 items, and two of each"):
        made(path)
    path.write_text("user,item\na,x\nb,y\n")
    with pytest.raises(PipelineError, match="no interaction could be held out"):
        made(path)


@pytest.mark.parametrize(
    ("rows", "split", "message"),
    [
        (
            "ax ay az bx by bz",
            "users",
            "split=users needs 3 users, one for each split; there are 2",
        ),
        (
            "ax ay bx by cx cy",
            "items",
            "split=items needs 3 items, one for each split; there are 2",
        ),
        ("ax by", "time", "split=time needs 3 interactions, one for each split; there are 2"),
    ],
)
def test_data_of_which_nothing_is_left_to_train_is_refused(tmp_path, rows, split, message):
    path = tmp_path / "a.csv"
    path.write_text("user,item\n" + "".join(",".join(row) + "\n" for row in rows.split()))
    with pytest.raises(PipelineError, match=f"nothing is left to train on. {message}"):
        made(path, split=split)


def test_splits_by_time_without_times_are_told(file, tmp_path):
    path = tmp_path / "a.csv"
    rows = [line.rpartition(",")[0] for line in lines()]
    path.write_text("user,item,rating\n" + "\n".join(rows) + "\n")
    for split in ("time", "last"):
        assert ("no-times", "warning") in problems(path, split=split)
        assert ("no-times", "warning") not in problems(file, split=split)
    assert ("no-times", "warning") not in problems(path)


def test_more_neighbours_and_a_longer_answer_than_there_are_items(file):
    begun = made(file, "item_knn", neighbours=1000, top=1000)
    net = begun.method.model(begun.config)
    (phase,) = begun.method.phases(begun.config)
    phase.solve(net, begun.source)
    train = recommending.matrix(begun.source).toarray()
    found = begun.method.decode(net({"history": train}, training=False), begun.config)
    assert np.sort(found["items"], 1).tolist() == [list(range(6))] * len(train)


def test_a_time_that_is_far_in_the_future_is_told(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(HEADER + "\n".join([*lines(), "u9,i1,3,4102444800"]) + "\n")
    assert ("time-unit", "warning") in problems(path)


def test_ids_may_hold_commas_quotes_and_any_letters(tmp_path):
    path = tmp_path / "a.csv"
    items = ['"a,b"', '"say ""hi"""', "é", "e\u0301", "x"]
    path.write_text("user,item\n" + "".join(f"u{u},{i}\n" for u in range(3) for i in items))
    known = made(path).config.learned["items"]
    assert set(known) == {"a,b", 'say "hi"', "é", "e\u0301", "x"}
