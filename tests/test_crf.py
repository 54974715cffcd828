"""The conditional random field, against sums over all paths and against python-crfsuite."""

import itertools

import child
import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from pipelines.ops import crf

B, T, K = 4, 5, 3


def random(seed, scale=1.0):
    """(emissions, mask, transitions, start, end); sentences of 5, 3, 1 and 4 tokens."""
    r = np.random.default_rng(seed)
    mask = np.array(
        [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 0, 0, 0, 0], [1, 1, 1, 1, 0]], np.float32
    )
    shapes = ((B, T, K), (K, K), (K,), (K,))
    emissions, transitions, start, end = (
        (scale * r.normal(size=s)).astype(np.float32) for s in shapes
    )
    return emissions, mask, transitions, start, end


def paths(emissions, mask, transitions, start, end):
    """By sentence: [(score, tags)] of every path, in float64."""
    for e, m in zip(emissions.astype(np.float64), mask, strict=True):
        n = int(m.sum())
        yield [
            (
                start[p[0]] + sum(e[t, p[t]] for t in range(n))
                + sum(transitions[a, b] for a, b in zip(p, p[1:], strict=False)) + end[p[-1]],
                p,
            )
            for p in itertools.product(range(K), repeat=n)
        ]  # fmt: skip


@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_partition_is_the_sum_over_all_paths(scale):
    given = random(1, scale)
    wanted = [np.logaddexp.reduce([s for s, _ in every]) for every in paths(*given)]
    np.testing.assert_allclose(crf.log_partition(*given), wanted, rtol=1e-5)


def test_likelihoods_of_all_paths_sum_to_one():
    emissions, mask, *weights = random(2)
    for b in range(B):
        n = int(mask[b].sum())
        every = np.zeros((K**n, T), np.int32)
        every[:, :n] = list(itertools.product(range(K), repeat=n))
        tiled = [np.repeat(v[b : b + 1], K**n, 0) for v in (emissions, mask)]
        loss = ops.convert_to_numpy(
            crf.negative_log_likelihood(tiled[0], every, tiled[1], *weights)
        )
        assert np.exp(-loss).sum() == pytest.approx(1, abs=1e-5)


def test_gradient_of_the_partition_is_the_marginal_of_each_tag():
    emissions, mask, *weights = random(3)
    x = tf.constant(emissions)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(crf.log_partition(x, mask, *weights))
    found = tape.gradient(total, x).numpy()
    wanted = np.zeros_like(emissions)
    for b, every in enumerate(paths(emissions, mask, *weights)):
        partition = np.logaddexp.reduce([s for s, _ in every])
        for s, tags in every:
            for t, tag in enumerate(tags):
                wanted[b, t, tag] += np.exp(s - partition)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_viterbi_is_the_best_of_all_paths(seed):
    given = random(seed)
    wanted = np.zeros((B, T), np.int32)
    for b, every in enumerate(paths(*given)):
        best = max(every)[1]
        wanted[b, : len(best)] = best
    np.testing.assert_array_equal(crf.viterbi(*given), wanted)
    traced = tf.function(lambda *v: crf.viterbi(*v))(*map(tf.constant, given))
    np.testing.assert_array_equal(traced, wanted)


def test_equal_paths_give_the_first_and_forbidden_ones_never_come():
    zeros = (
        np.zeros((1, 3, K), np.float32),
        np.ones((1, 3)),
        np.zeros((K, K), np.float32),
        *np.zeros((2, K), "f"),
    )
    assert ops.convert_to_numpy(crf.viterbi(*zeros)).tolist() == [[0, 0, 0]]
    emissions = np.array([[[0, 0, 50], [0, 0, 50], [0, 9, 50]]], np.float32)
    start = np.array([0, 0, crf.FORBIDDEN], np.float32)
    transitions = np.zeros((K, K), np.float32)
    transitions[0, 2] = transitions[1, 2] = crf.FORBIDDEN
    found = crf.viterbi(emissions, np.ones((1, 3)), transitions, start, np.zeros(K, np.float32))
    assert ops.convert_to_numpy(found).tolist() == [[0, 0, 1]]
    log_z = crf.log_partition(
        emissions, np.ones((1, 3)), transitions, start, np.zeros(K, np.float32)
    )
    assert float(log_z[0]) == pytest.approx(np.log(2 * 2 * (1 + np.exp(9))), rel=1e-6)


def test_crfsuite_says_the_same(tmp_path):
    pycrfsuite = pytest.importorskip("pycrfsuite")
    r = np.random.default_rng(0)
    rows = [[[f"w{w}"] for w in r.integers(0, 6, n)] for n in (4, 3, 5, 1, 2) * 6]
    tags = [
        [f"t{int(w[0][1:]) * 7 % 3}" if r.random() < 0.8 else "t0" for w in row] for row in rows
    ]
    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.set_params({"c2": 0.1, "max_iterations": 20, "feature.possible_transitions": True})
    for row, own in zip(rows, tags, strict=True):
        trainer.append(row, own)
    trainer.train(str(tmp_path / "model"))
    tagger = pycrfsuite.Tagger()
    tagger.open(str(tmp_path / "model"))
    info, names = tagger.info(), tagger.labels()
    transitions = np.array(
        [[info.transitions.get((a, b), 0) for b in names] for a in names], np.float32
    )
    nothing = np.zeros(len(names), np.float32)
    for row, own in zip(rows[:5], tags[:5], strict=True):
        emissions = np.array(
            [[[info.state_features.get((w[0], n), 0) for n in names] for w in row]], np.float32
        )
        mask, ids = np.ones((1, len(row))), np.array([[names.index(t) for t in own]])
        loss = crf.negative_log_likelihood(emissions, ids, mask, transitions, nothing, nothing)
        best = ops.convert_to_numpy(crf.viterbi(emissions, mask, transitions, nothing, nothing))[0]
        tagger.set(row)
        assert np.exp(-float(loss[0])) == pytest.approx(tagger.probability(own), rel=1e-4)
        assert [names[i] for i in best] == tagger.tag()


JAX = """
import os, sys
os.chdir(sys.argv[1])
import jax, numpy as np
from pipelines.ops import crf
given = np.load("given.npz")
weights = [given[k] for k in ("transitions", "start", "end")]
loss = lambda e: crf.negative_log_likelihood(e, given["tags"], given["mask"], *weights).sum()
value, gradient = jax.jit(jax.value_and_grad(loss))(given["emissions"])
best = jax.jit(lambda e: crf.viterbi(e, given["mask"], *weights))(given["emissions"])
np.savez("found.npz", value=value, gradient=gradient, best=best)
"""


def test_jax_says_the_same(tmp_path):
    emissions, mask, transitions, start, end = random(6)
    tags = np.random.default_rng(1).integers(0, K, (B, T)).astype(np.int32)
    values = dict(
        emissions=emissions, mask=mask, transitions=transitions, start=start, end=end, tags=tags
    )
    np.savez(tmp_path / "given.npz", **values)
    done = child.run(JAX, tmp_path)
    assert done.returncode == 0, done.stderr
    found = np.load(tmp_path / "found.npz")
    x = tf.Variable(emissions)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(crf.negative_log_likelihood(x, tags, mask, transitions, start, end))
    assert found["value"] == pytest.approx(float(loss), rel=1e-5)
    np.testing.assert_allclose(
        found["gradient"], keras.ops.convert_to_numpy(tape.gradient(loss, x)), atol=1e-5
    )
    np.testing.assert_array_equal(
        found["best"], crf.viterbi(emissions, mask, transitions, start, end)
    )
