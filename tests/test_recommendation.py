"""Recommenders: interactions as data, splits, ranking scores, each method by hand or brute force."""

import json

import numpy as np
import pytest
from conftest import once, page_says
from scipy import sparse

import pipelines
from pipelines import catalog
from pipelines.edge import predict
from pipelines.edge import recommendation as edge
from pipelines.engine.training import setup
from pipelines.errors import PipelineError
from pipelines.families import held_interactions as held
from pipelines.families import interactions, recommending
from pipelines.formats.examples import Data, Examples
from pipelines.metrics import ranking as metric
from pipelines.models import als, ease, fusion, neighbours
from pipelines.ops import ranking
from pipelines.tasks.recommendation import user_knn

TASK = "recommendation"
HEADER = "user,item,rating,time\n"


def lines(users=8, items=6):
    """User u has all items but those of which u + i is a multiple of 3."""
    found = []
    for u in range(users):
        for i in range(items):
            if (u + i) % 3:
                found.append(f"u{u},i{i},{1 + (u + i) % 5},{1_600_000_000 + 100 * u + i}")
    return found


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text(HEADER + "\n".join(lines()) + "\n")
    return path


def made(source, method="popularity", **given):
    return setup.set_up(f"{TASK}/{method}", source, given)


def parts(source, **given):
    """{split: {user: (history, truth)}}."""
    data = made(source, **given).source.data
    found = {}
    for split, part in data.splits.items():
        pairs = zip(part.columns["history"], part.columns["truth"], strict=True)
        found[split] = dict(zip(part.columns["user"], pairs, strict=True))
    return found


def problems(path, **given):
    return {(p.kind, p.severity) for p in pipelines.audit(path, task=TASK, **given).problems}


# Data.


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


# Scores.


def test_scores_are_those_worked_out_by_hand():
    # Two relevant items at places 1 and 3 of three; three are relevant in all.
    found = ranking.scores(np.array([[True, False, True]]), np.array([3]))
    best = 1 + 1 / np.log2(3) + 1 / 2
    assert found["ndcg"][0] == pytest.approx((1 + 1 / 2) / best)
    assert found["map"][0] == pytest.approx((1 + 2 / 3) / 3)
    assert found["recall"][0] == found["precision"][0] == found["f1"][0] == pytest.approx(2 / 3)
    assert found["hit_rate"][0] == 1
    nothing = ranking.scores(np.array([[False, False]]), np.array([0]))
    assert all(values[0] == 0 for values in nothing.values())


def test_scores_are_those_of_scikit_learn():
    from sklearn.metrics import average_precision_score, ndcg_score

    chance = np.random.default_rng(0)
    truth, scores = chance.random((20, 10)) < 0.3, chance.random((20, 10))
    truth[:, 0] = True
    top = ranking.best(scores, np.zeros_like(scores), 10)
    found = ranking.scores(np.take_along_axis(truth, top, 1), truth.sum(1))
    assert found["ndcg"].mean() == pytest.approx(ndcg_score(truth, scores))
    average = [average_precision_score(t, s) for t, s in zip(truth, scores, strict=True)]
    assert found["map"] == pytest.approx(average)


def test_the_metric_counts_what_is_recommended_and_what_nobody_knows():
    judge = metric.Ranking([8, 4, 2, 2], ["a b", "a c", "", "d"])
    judge.update_state(np.array([[0, 0, 1, 0, 1]]), {"items": np.array([[2, 1]])})
    found = judge.result()
    assert found["recall_at_10"] == 1 / 2  # one of two, of which the model knows one
    assert found["hit_rate_at_10"] == 1
    assert found["coverage_at_10"] == 2 / 4
    assert found["novelty_at_10"] == pytest.approx((3 + 2) / 2)  # -log2 of 2/16 and of 4/16
    assert found["diversity_at_10"] == 1
    assert found["recall_at_10_tail"] == 1


def test_an_interval_holds_the_mean_and_narrows_with_users():
    chance = np.random.default_rng(0)
    few, many = chance.random(20), chance.random(2000)
    (low, high), (lower, upper) = ranking.interval(few), ranking.interval(many)
    assert low < few.mean() < high
    assert upper - lower < (high - low) / 5


# Methods.


@pytest.fixture(scope="module")
def histories():
    return (np.random.default_rng(1).random((9, 7)) < 0.4).astype(np.float32)


def test_ease_is_ridge_regression_of_each_item_on_the_others(histories):
    matrix, penalty = sparse.csr_matrix(histories), 2.0
    (found,) = ease.solve(matrix, penalty)
    for item in range(7):
        others = [i for i in range(7) if i != item]
        left, right = histories[:, others], histories[:, item]
        wanted = np.linalg.solve(left.T @ left + penalty * np.eye(6), left.T @ right)
        np.testing.assert_allclose(found[others, item], wanted, atol=1e-6)
    assert not np.diag(found).any()


def test_ease_with_fewer_users_ranks_the_same():
    histories = (np.random.default_rng(2).random((4, 12)) < 0.4).astype(np.float32)
    left, right = ease.solve(sparse.csr_matrix(histories), 3.0)
    inverse = np.linalg.inv(histories.T @ histories + 3.0 * np.eye(12))
    whole = inverse / -np.diag(inverse)
    np.fill_diagonal(whole, 0)
    unseen = histories == 0
    found, wanted = histories @ left @ right, histories @ whole
    np.testing.assert_allclose(found[unseen], wanted[unseen], atol=1e-5)


def test_neighbours_of_items_are_the_largest_cosines(histories):
    ids, near = neighbours.of_items(sparse.csr_matrix(histories), 3, 1.0)
    norms = np.sqrt((histories**2).sum(0))
    alike = (histories.T @ histories) / (np.outer(norms, norms) + 1.0)
    np.fill_diagonal(alike, -1)
    for item in range(7):
        np.testing.assert_allclose(np.sort(near[item]), np.sort(alike[item])[-3:], atol=1e-6)
        np.testing.assert_allclose(alike[item][ids[item]], near[item], atol=1e-6)
    layer = neighbours.NearItems(3)
    layer.build((None, 7))
    layer.ids.assign(ids)
    layer.near.assign(near)
    wanted = [[sum(h[j] * w for j, w in zip(ids[i], near[i], strict=True)) for i in range(7)]
              for h in histories]  # fmt: skip
    np.testing.assert_allclose(layer(histories), wanted, atol=1e-6)


def test_near_users_vote_by_their_cosine(histories):
    layer, lengths = neighbours.NearUsers(9, 2), np.linalg.norm(histories, axis=1)
    layer.build((None, 7))
    layer.known.assign((histories / np.maximum(lengths, 1e-9)[:, None]).T)
    layer.lengths.assign(lengths)
    one = np.array([[1, 0, 1, 0, 0, 0, 1]], np.float32)
    near = histories @ one[0] / np.maximum(lengths, 1e-9)
    last = np.sort(near)[-2]
    wanted = sum(near[u] * histories[u] for u in range(9) if near[u] >= last)
    np.testing.assert_allclose(layer(one)[0], wanted, atol=1e-5)


@pytest.mark.parametrize("confidence", [0.5, 1.0, 5.0])
def test_als_solves_each_user_and_a_file_finds_the_same_factors(histories, confidence):
    matrix = sparse.csr_matrix(histories)
    users, items = als.factors(matrix, 3, confidence, 0.5, 3)
    assert matrix.getnnz(1).min() < 3 <= matrix.getnnz(1).max()  # systems of either size
    for u, row in enumerate(histories):
        weights = np.where(row > 0, confidence, 1.0)
        left = items.T @ (weights[:, None] * items) + 0.5 * np.eye(3)
        np.testing.assert_allclose(
            users[u], np.linalg.solve(left, items.T @ (weights * row)), atol=1e-4
        )
    layer = als.FoldIn(3)
    layer.build((None, 7))
    layer.assign(items, confidence, 0.5)
    np.testing.assert_allclose(layer(histories), users @ items.T, atol=1e-4)


def test_als_lowers_its_loss_with_each_sweep(histories):
    def loss(sweeps):
        users, items = als.factors(sparse.csr_matrix(histories), 3, 4.0, 0.5, sweeps)
        weights = np.where(histories > 0, 4.0, 1.0)
        errors = weights * (histories - users @ items.T) ** 2
        return errors.sum() + 0.5 * ((users**2).sum() + (items**2).sum())

    assert loss(1) > loss(2) > loss(8)


@pytest.mark.parametrize(("users", "items"), [(5, 12), (12, 5)])
def test_svd_projects_on_the_first_vectors_of_items(tmp_path, users, items):
    path = tmp_path / "a.csv"
    path.write_text(HEADER + "\n".join(lines(users, items)) + "\n")
    begun = made(path, "svd", factors=2)
    net = begun.method.model(begun.config)
    (phase,) = begun.method.phases(begun.config)
    phase.solve(net, begun.source)
    train = recommending.matrix(begun.source).toarray()
    vectors = np.linalg.svd(train)[2][:2]
    wanted = train @ vectors.T @ vectors
    found = np.asarray(net({"history": train}, training=False))
    np.testing.assert_allclose(found[train == 0], wanted[train == 0], atol=1e-4)


def test_ranks_and_deviations_are_those_of_numpy():
    chance = np.random.default_rng(3)
    scores = chance.normal(size=(2, 3, 6)).astype(np.float32)
    history = np.zeros((2, 6), np.float32)
    history[0, 2] = 1
    wanted = (-scores[:, 0]).argsort(1).argsort(1)
    np.testing.assert_array_equal(fusion.ranks(scores[:, 0]), wanted)
    found = np.asarray(fusion.standard(scores, history))
    rest = np.delete(scores[0, 1], 2)
    np.testing.assert_allclose(
        np.delete(found[0, 1], 2), (rest - rest.mean()) / rest.std(), atol=1e-4
    )
    assert found[0, 1, 2] == 0


def test_fusion_adds_switches_and_cascades_as_it_says():
    scores = np.array([[[3, 2, 1, 0], [0, 1, 2, 9]]], np.float32)
    nothing, one = np.zeros((1, 4), np.float32), np.array([[0, 1, 0, 0]], np.float32)

    def fused(rule, border, history=nothing):
        return np.asarray(fusion.Fusion(rule, border)(scores, history))[0]

    np.testing.assert_allclose(fused("borda", 0), [1.25] * 4)
    np.testing.assert_allclose(fused("reciprocal_rank", 0)[0], 1 / 60 + 1 / 63, rtol=1e-5)
    assert fused("switching", 1).argmax() == 3
    assert fused("switching", 1, one).argmax() == 0
    assert (-fused("cascade", 2)).argsort().tolist() == [1, 0, 2, 3]


def test_weights_leave_out_a_part_that_misleads():
    truth = np.eye(20, dtype=np.float32)
    chance = np.random.default_rng(0)
    parts = np.stack([truth + chance.normal(0, 0.5, truth.shape), -5 * truth], 1)
    weights, top = fusion.best_weights(parts, np.zeros_like(truth), truth)
    assert weights[1] == 0
    assert top == pytest.approx(ranking.ndcg(parts[:, 0], np.zeros_like(truth), truth).mean())


@pytest.mark.parametrize(
    ("method", "parts", "message"),
    [
        ("fusion", ["eas", "als"], "'eas' is no part"),
        ("fusion", ["als"], "two methods or more"),
        ("hybrid", ["als", "ease", "svd"], "takes two parts; got 3"),
    ],
)
def test_parts_that_cannot_be_joined_are_refused(file, method, parts, message):
    with pytest.raises(PipelineError, match=message):
        made(file, method, parts=parts)


@pytest.mark.parametrize("method", ["fusion", "hybrid"])
def test_parts_check_the_data_as_they_would_alone(file, tmp_path, method, monkeypatch):
    with pytest.raises(PipelineError, match="content needs texts of items"):
        made(file, method, parts=["ease", "content"]).source.held_out("train")
    path = tmp_path / "items.csv"
    path.write_text("item,title,text\n" + "".join(f"i{i},x,y z\n" for i in range(6)))
    begun = made(file, method, parts=["ease", "content"], items=str(path))
    with pytest.raises(PipelineError, match="no word of two letters"):
        begun.source.held_out("train")
    monkeypatch.setattr(user_knn, "LARGEST", 20)
    with pytest.raises(PipelineError, match="user_knn keeps each user's history"):
        made(file, method, parts=["ease", "user_knn"]).source.held_out("train")


# On the device.

LEARNED = {
    "items": ["1", "2", "3"],
    "titles": ["Heat (1995)", "Postman, The (1994)", "Alien"],
    "texts": ["", "", ""],
}
MANIFEST = {"learned": LEARNED, "config": {"lowest": -1e9}}


def scored(inputs, program=""):
    """Each item gets what items before it in the list add; those of the history are last."""
    history = inputs["history"][0]
    scores = np.array([history[1] * 2 + history[2], history[0], history[0] + history[1]])
    scores[history > 0] = -1e9
    order = np.argsort(-scores)
    return {"items": order[None], "scores": scores[order][None]}


def test_titles_are_found_with_their_commas_and_reasons_are_given():
    answer, _ = edge.predict("postman, the (1994), ALIEN", scored, MANIFEST)
    assert answer["liked"] == ["Postman, The (1994)", "Alien"]
    assert [item["title"] for item in answer["recommended"]] == ["Heat (1995)"]
    assert answer["recommended"][0]["because"] == ["Postman, The (1994)", "Alien"]
    assert edge.line(answer).startswith("Heat (1995) 3.00 because of Postman, The (1994) and Alien")
    answer, _ = edge.predict('{"liked": ["1", "nothing"], "top": 1}', scored, MANIFEST)
    assert len(answer["recommended"]) == 1
    assert answer["unknown"] == ["nothing"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Aliem", "no item of this model: 'Aliem'. It knows Alien"),
        ("", "names nothing that is liked"),
        ('{"liked": 3}', "must have a list"),
        ('{"liked": ["1"], "top": 0}', "top of 1 or more"),
        ("[1", "no JSON"),
        ('{"liked": ["1"], "top": 60}', "wants 60 items, and this model gives 2 at most"),
    ],
)
def test_what_cannot_be_used_is_told(text, message):
    def shorter(inputs, program=""):
        return {name: values[:, :2] for name, values in scored(inputs).items()}

    with pytest.raises(ValueError, match=message):
        edge.predict(text, shorter, MANIFEST)
    assert message in page_says("recommendation", text, MANIFEST)


@pytest.mark.parametrize(
    ("text", "liked"),
    [
        ("[REC] (2007)", ["[REC] (2007)"]),
        ("[REC] (2007); alien", ["[REC] (2007)", "Alien"]),
        ('["[REC] (2007)", "Alien"]', ["[REC] (2007)", "Alien"]),
        ('{"liked": "Alien"}', ["Alien"]),
    ],
)
def test_titles_that_begin_like_json_are_titles(text, liked):
    titles = ["[REC] (2007)", "Postman, The (1994)", "Alien"]
    manifest = {**MANIFEST, "learned": {**LEARNED, "titles": titles}}
    assert edge.predict(text, scored, manifest)[0]["liked"] == liked
    assert json.loads(page_says("recommendation", text, manifest))["liked"] == liked


def test_what_is_asked_for_may_be_more_than_there_is():
    answer, _ = edge.predict('{"liked": ["1"], "top": 1000}', scored, MANIFEST)
    assert len(answer["recommended"]) == 2


# The whole way.


@pytest.fixture(scope="module")
def bundle():
    def make(folder):
        run = pipelines.train(f"{TASK}/als", data="tastes", factors=8, sweeps=3, run=folder / "run")
        run.export(folder / "bundle", files=["float32", "dynamic"])

    return pipelines.load(once("recommendation_als", make) / "bundle")


def test_files_rank_as_the_model_does_and_name_titles(bundle):
    files = bundle.manifest["files"]
    best = files["float32"]["metrics"]["ndcg_at_10"]
    assert best > 2 * 0.12  # the most popular items reach 0.12
    assert abs(files["dynamic"]["metrics"]["ndcg_at_10"] - best) < 0.005
    title = bundle.config.learned["titles"][0]
    answer = bundle.predict([title])[0]
    assert answer["liked"] == [title]
    assert len(answer["recommended"]) == 10
    assert title not in [item["title"] for item in answer["recommended"]]


def test_predict_py_takes_what_is_liked_by_flags(bundle, capsys):
    titles = bundle.config.learned["titles"]
    liked = f"{titles[3]}, {titles[5]}"
    assert predict.main(["--liked", liked, "--top", "2", "--json"], bundle.path) == 0
    (answer,) = json.loads(capsys.readouterr().out.splitlines()[-1])["predictions"]
    assert answer["liked"] == [titles[3], titles[5]]
    assert len(answer["recommended"]) == 2
    with pytest.raises(SystemExit):
        predict.main([], bundle.path)


def test_roles_cover_every_split():
    known = interactions.Interactions(
        "", ["a"] * 10, list("abcdefghij"), np.ones(10), None, [""] * 10, [""] * 10, {}, {}, False, []
    )  # fmt: skip
    roles = held.roles(known, interactions.Config())
    assert [roles["test"].count(held.ASKED), roles["validation"].count(held.ASKED)] == [1, 1]
    assert roles["train"].count(held.TOLD) == 8
    assert catalog.task(TASK).data == "tastes"
