"""Predicted ratings: biases, neighbours and factors against brute force, errors by hand, the device half."""

import json

import numpy as np
import pytest
from conftest import page_says
from scipy import sparse

from pipelines.edge import rating_prediction as edge
from pipelines.engine.training import setup
from pipelines.errors import PipelineError
from pipelines.metrics import ratings as metric
from pipelines.models import rating_factors, rating_neighbours

TASK = "rating_prediction"


@pytest.fixture(scope="module")
def table():
    """Ratings of 12 users for 6 items, NaN where there is none."""
    chance = np.random.default_rng(0)
    ratings = chance.integers(1, 6, (12, 6)).astype(float)
    ratings[chance.random((12, 6)) < 0.3] = np.nan
    return ratings


@pytest.fixture(scope="module")
def known(table):
    users, items = np.nonzero(~np.isnan(table))
    return rating_factors.Ratings(users, items, table[users, items])


def dense(table):
    there = ~np.isnan(table)
    return there.astype(np.float32), np.where(there, table, 0).astype(np.float32)


def test_errors_count_each_held_out_rating_once():
    judge = metric.HeldErrors()
    wanted = np.array([[[3.0, 0, 5], [1, 0, 1]], [[0, 2, 0], [0, 1, 0]]])
    judge.update_state(wanted, {"ratings": np.array([[4.0, 9, 5], [9, 0, 9]])})
    found = judge.result()
    assert found["rmse"] == pytest.approx(((1 + 0 + 4) / 3) ** 0.5)
    assert found["mae"] == pytest.approx((1 + 0 + 2) / 3)


def test_biases_are_shrunk_means_that_agree_with_each_other(known, table):
    own = rating_factors.biases(known, 6, 2.0, 3.0)
    users = rating_factors.user_biases(known, own, 2.0)
    rest = table - own.mean - users[:, None]
    counts = (~np.isnan(table)).sum(0)
    np.testing.assert_allclose(own.items, np.nansum(rest, 0) / (counts + 3), atol=1e-4)


def test_a_history_gets_the_factors_of_ridge_regression(known, table):
    own, factors = (
        rating_factors.Biases(3.0, np.arange(6) / 10),
        np.random.default_rng(1).normal(size=(6, 2)),
    )
    layer = rating_factors.RatingFoldIn(2, 0.5, 4.0)
    history, ratings = dense(table)
    layer(history, ratings)
    layer.assign(own, factors)
    found = np.asarray(layer(history, ratings))
    for u, row in enumerate(table):
        there = ~np.isnan(row)
        rest = row[there] - 3.0 - own.items[there]
        user = rest.sum() / (there.sum() + 4.0)
        left = factors[there].T @ factors[there] + 0.5 * there.sum() * np.eye(2)
        p = np.linalg.solve(left, factors[there].T @ (rest - user))
        np.testing.assert_allclose(found[u], 3.0 + own.items + user + factors @ p, atol=1e-4)


def test_als_ends_where_neither_side_can_be_better(known):
    rest = known.values - known.values.mean()
    items = rating_factors.als(known, rest, 6, 2, 0.3, 200, 0)
    matrix = sparse.csr_matrix((rest, (known.users, known.items)), (12, 6))
    users = rating_factors._solved(matrix, items, 0.3)
    np.testing.assert_allclose(
        rating_factors._solved(matrix.T.tocsr(), users, 0.3), items, atol=1e-3
    )


def test_ratings_of_a_group_share_no_user_and_no_item(known):
    groups = rating_factors.apart(known, np.random.default_rng(0))
    assert sorted(np.concatenate(groups)) == list(range(len(known.values)))
    for rows in groups:
        assert len(set(known.users[rows])) == len(set(known.items[rows])) == len(rows)


def test_sgd_takes_the_steps_of_the_paper():
    one = rating_factors.Ratings(np.array([0]), np.array([0]), np.array([4.0]))
    own, items = rating_factors.sgd(one, 1, 1, 0.1, 0.02, 1, 0)
    chance = np.random.default_rng(0)
    p, q = chance.normal(0, 0.1, (1, 1)), chance.normal(0, 0.1, (1, 1))
    error = 4.0 - 4.0 - p[0, 0] * q[0, 0]
    assert own.items[0] == pytest.approx(0.1 * error)
    assert items[0, 0] == pytest.approx(q[0, 0] + 0.1 * (error * p[0, 0] - 0.02 * q[0, 0]))


def test_neighbours_of_items_are_correlations_over_who_rated_both(known, table):
    ids, near = rating_neighbours.pearson(
        sparse.csr_matrix((known.values, (known.users, known.items)), (12, 6)), 5, 7.0
    )
    for i in range(6):
        for j, found in zip(ids[i], near[i], strict=True):
            both = ~np.isnan(table[:, i]) & ~np.isnan(table[:, j])
            a, b = table[both, i], table[both, j]
            alike = (a @ b) / np.sqrt((a @ a) * (b @ b)) * (both.sum() - 1) / (both.sum() + 6)
            assert found == pytest.approx(max(0, alike), abs=1e-5)


def test_users_who_rate_alike_say_how_far_off_their_means_they_are(table):
    history, ratings = dense(table)
    means = np.nanmean(table, 1)
    rest = np.nan_to_num(table - means[:, None])
    layer = rating_neighbours.RatedAlike(12, 2.0)
    layer(history, ratings)
    layer.rest.assign(rest.T)
    layer.known.assign(history.T)
    found = np.asarray(layer(history[:1], ratings[:1]))[0]
    weights = np.zeros(12)
    for v in range(12):
        both = (history[0] > 0) & (history[v] > 0)
        a, b = rest[0][both], rest[v][both]
        scale = np.sqrt((a @ a) * (b @ b))
        weights[v] = max(0.0, a @ b / scale) * both.sum() / (both.sum() + 2.0) if scale else 0.0
    wanted = means[0] + (weights @ rest) / (weights @ history)
    np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_ratings_that_are_all_the_same_are_refused():
    columns = {"user": ["a"] * 4 + ["b"] * 4, "item": list("wxyz") * 2}
    with pytest.raises(PipelineError, match="all ratings are 1, so there is nothing to predict"):
        setup.set_up(f"{TASK}/baselines", columns, {})


MANIFEST = {"learned": {"items": ["1", "2", "3"], "titles": ["Heat", "Alien", "Ran"]}, "config": {}}


def test_the_device_names_what_would_be_rated_highest():
    def run(inputs, program=""):
        assert inputs["ratings"][0].tolist() == [0, 2, 0]
        return {"ratings": np.array([[3.5, 5.0, 4.5]])}

    answer, _ = edge.predict('{"rated": {"alien": 2, "Nothing": 1}, "top": 5}', run, MANIFEST)
    assert edge.line(answer) == "Ran 4.5, Heat 3.5. Unknown: Nothing"
    assert answer["rated"] == {"Alien": 2.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Heat", "no JSON"),
        ('{"Heat": "good"}', "no number for 'Heat'"),
        ('{"Heat": NaN}', "no number for 'Heat'"),
        ('{"rated": {"Heat": 5}, "top": 0}', "top of 1 or more"),
        ('{"Neverland": 5}', "no item of this model"),
        ("{}", "rates nothing. Give JSON such as"),
        ('{"Heat": 1' + "0" * 400 + "}", "no number for 'Heat'"),
    ],
)
def test_what_cannot_be_used_is_told(text, message):
    with pytest.raises(ValueError, match=message):
        edge.predict(text, None, MANIFEST)


def test_the_last_of_two_names_of_an_item_counts_and_the_page_says_the_same():
    def run(inputs, program=""):
        return {"ratings": np.array([[0.0, 1.0, 2.0]])}

    text = '{"heat": 2, "Heat": 4, "HEAT": 3, "alien": 1}'
    answer, _ = edge.predict(text, run, MANIFEST)
    assert answer["rated"] == {"Heat": 3.0, "Alien": 1.0}
    assert json.loads(page_says(TASK, text, MANIFEST)) == answer
    assert page_says(TASK, "{}", MANIFEST).startswith("rates nothing. Give JSON such as")
