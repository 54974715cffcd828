"""Rankings as votes, and hybrids of one model, by hand and by brute force."""

import numpy as np
import pytest
from liked import made
from scipy import linalg

from pipelines.errors import PipelineError
from pipelines.families import recommending
from pipelines.models import fusion, item_texts, voting


def test_what_most_prefer_comes_before_what_has_more_points():
    """Three ballots say A B C, two B C A: B has the most points, and A beats each in a pair."""
    scores = np.array([[[3, 2, 1], [1, 3, 2]]], np.float32)
    history = np.zeros((1, 3), np.float32)
    best = {}
    for rule in ("borda", *voting.RULES):
        layer = fusion.Fusion(rule, 0)
        layer.build((1, 2, 3), (1, 3))
        layer.weights_of_parts.assign([3, 2])
        best[rule] = (-np.asarray(layer(scores, history))[0]).argsort().tolist()
    assert best == {"borda": [1, 0, 2], "copeland": [0, 1, 2], "markov": [0, 1, 2]}


def test_the_chain_is_where_its_stationary_distribution_says():
    chance = np.random.default_rng(1)
    places = np.argsort(chance.normal(size=(1, 3, 6))).astype(np.float32)
    prefers = np.asarray(voting.preferred(places, np.ones(3, np.float32)))[0]
    chain = np.where(prefers < 0, 1 / 6, 0.0)
    chain += np.diag(1 - chain.sum(1))
    chain = voting.JUMP / 6 + (1 - voting.JUMP) * chain
    values, vectors = linalg.eig(chain.T)
    stationary = np.real(vectors[:, np.argmax(np.real(values))])
    found = np.asarray(voting.markov(prefers[None].astype(np.float32)))[0]
    np.testing.assert_allclose(found / 6, stationary / stationary.sum(), atol=2e-3)


def test_items_that_are_no_candidates_follow_by_their_points(monkeypatch):
    monkeypatch.setattr(voting, "CANDIDATES", 2)
    places = np.array([[[0, 1, 2, 3], [1, 0, 3, 2], [1, 0, 2, 3]]], np.float32)
    found = np.asarray(voting.voted(places, np.ones(3, np.float32), voting.COPELAND))[0]
    assert (-found).argsort().tolist() == [1, 0, 2, 3]


TEXTS = ("war drama", "war", "comedy", "comedy love", "love drama")
ROWS = [
    (0, 0),
    (0, 1),
    (0, 2),
    (1, 1),
    (1, 2),
    (1, 3),
    (2, 3),
    (2, 4),
    (2, 0),
    (3, 4),
    (3, 1),
    (3, 3),
]


def solved(tmp_path, **given):
    (tmp_path / "a.csv").write_text(
        "user,item,text,split\n"
        + "".join(f"u{u},i{i},{TEXTS[i]},{'test' if n % 3 == 2 else 'train'}\n"
                  for n, (u, i) in enumerate(ROWS))
    )  # fmt: skip
    begun = made(tmp_path / "a.csv", "hybrid", **given)
    net = begun.method.model(begun.config)
    (phase,) = begun.method.phases(begun.config)
    said = phase.solve(net, begun.source)
    train = recommending.matrix(begun.source).toarray()
    vectors = item_texts.vectors(begun.config.learned, 1000)
    return said, np.asarray(net({"history": train}, training=False)), train, vectors


def test_words_are_users_of_ease(tmp_path):
    said, found, train, vectors = solved(tmp_path, rule="feature_combination")
    penalty, weight = (float(said.split(name)[1].split(",")[0]) for name in ("lambda", "words"))
    both = np.concatenate([train, weight * vectors.T])
    inverse = np.linalg.inv(both.T @ both + penalty * np.eye(train.shape[1]))
    wanted = -inverse / np.diag(inverse)
    np.fill_diagonal(wanted, 0)
    np.testing.assert_allclose(found[train == 0], (train @ wanted)[train == 0], atol=1e-5)


def test_users_with_alike_words_vote(tmp_path):
    _, found, train, vectors = solved(tmp_path, rule="meta_level")
    profiles = train @ vectors
    near = profiles @ (profiles / np.linalg.norm(profiles, axis=1, keepdims=True)).T
    np.testing.assert_allclose(found[train == 0], (near @ train)[train == 0], atol=1e-4)


def test_texts_are_needed(tmp_path):
    path = tmp_path / "b.csv"
    path.write_text("user,item\n" + "".join(f"u{u},i{i}\n" for u in range(4) for i in range(5)))
    begun = made(path, "hybrid", rule="meta_level")
    with pytest.raises(PipelineError, match="rule=meta_level needs texts of items"):
        begun.method.check(None, begun.config)
