"""Recommenders: interactions as data, splits, ranking scores, each method by hand or brute force."""

import numpy as np
import pytest
from liked import HEADER, lines, made, ratings
from scipy import sparse

from pipelines.errors import PipelineError
from pipelines.families import recommending
from pipelines.metrics import ranking as metric
from pipelines.models import als, ease, fusion, neighbours
from pipelines.ops import ranking
from pipelines.tasks.recommendation import user_knn


@pytest.fixture
def file(tmp_path):
    return ratings(tmp_path / "ratings.csv")


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
