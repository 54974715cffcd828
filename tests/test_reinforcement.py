"""Agents: returns, losses and memories by hand, and each method on the smallest of trainings."""

import itertools
import math
import types

import keras
import numpy as np
import pytest
from scipy import stats

import pipelines
from pipelines import catalog
from pipelines import run as runs
from pipelines.environments.spaces import Spaces
from pipelines.losses import action_values, policies
from pipelines.models import in_numpy, policy_nets, update
from pipelines.ops import returns
from pipelines.tasks.reinforcement import (
    _arms,
    _experience,
    _explore,
    _off_policy,
    _policy,
    _replay,
    q_learning,
)

TINY = dict(epochs=1, steps_per_epoch=2, validation_episodes=2, test_episodes=2)


def column(*values, kind=float):
    return np.array(values, kind)[:, None]


# Returns.


def test_generalised_advantages_by_hand():
    # Two steps, then a cut (its last state is worth 4), then an end (nothing is behind it).
    rewards, values, after = column(1, 1, 1), column(2, 3, 5), column(3, 4, 9)
    ended, over = column(0, 0, 1, kind=bool), column(0, 1, 1, kind=bool)
    found = returns.advantages(rewards, values, after, ended, over, 0.5, 0.5)[:, 0]
    errors = [1 + 0.5 * 3 - 2, 1 + 0.5 * 4 - 3, 1 - 5]
    assert found.tolist() == [errors[0] + 0.25 * errors[1], errors[1], errors[2]]


def test_with_lambda_1_advantages_are_returns_of_n_steps_minus_values():
    rewards, values, after = column(1, 2, 3), column(5, 6, 7), column(6, 7, 8)
    nothing = column(0, 0, 0, kind=bool)
    found = returns.advantages(rewards, values, after, nothing, nothing, 0.5, 1.0)[:, 0]
    assert found[0] == 1 + 0.5 * 2 + 0.25 * 3 + 0.125 * 8 - 5
    assert returns.to_go(np.array([1, 2, 3]), 8, 0.5)[0] == found[0] + 5
    assert returns.to_go(np.array([1.0, 2, 3]), 0, 0.5).tolist() == [2.75, 3.5, 3]


def test_advantages_are_scaled_by_the_batch_unless_it_is_of_one():
    # Mean 2 and deviation 1; mean 6 and deviation 2.
    found = _experience.standard(np.array([[1.0, 3], [4, 8]]))
    np.testing.assert_allclose(found, [[-1, 1], [-1, 1]])
    assert _experience.standard(np.array([[2.0], [-3]])).tolist() == [[2], [-3]]


# Losses.


def test_probabilities_and_entropies_are_those_of_scipy():
    logits = np.log([[0.2, 0.8], [0.5, 0.5]]).astype("float32") + 3
    found = policies.log_probability({"logits": logits}, np.array([[1.0], [0.0]], "float32"))
    np.testing.assert_allclose(found, np.log([0.8, 0.5]), rtol=1e-5)
    wanted = [stats.entropy([0.2, 0.8]), math.log(2)]
    np.testing.assert_allclose(policies.entropy({"logits": logits}), wanted, rtol=1e-5)
    normal = {
        "mean": np.array([[1.0, 0]], "float32"),
        "log_std": np.log([[2, 3.0]], dtype="float32"),
    }
    law = [stats.norm(1, 2), stats.norm(0, 3)]
    found = policies.log_probability(normal, np.array([[2, -1]], "float32"))
    assert float(found[0]) == pytest.approx(law[0].logpdf(2) + law[1].logpdf(-1))
    assert float(policies.entropy(normal)[0]) == pytest.approx(law[0].entropy() + law[1].entropy())


def test_a_ratio_is_clipped_only_if_that_makes_the_gain_less():
    ratios, advantages = np.array([1.5, 0.5, 1.5, 0.5]), np.array([2.0, 2, -2, -2])
    found = policies.clipped(np.log(ratios), np.zeros(4), advantages, 0.2)
    # min(3, 2.4), min(1, 1.6), min(-3, -2.4), min(-1, -1.6)
    np.testing.assert_allclose(found, [-2.4, -1, 3, 1.6], rtol=1e-5)


def test_targets_of_dqn_and_double_dqn_by_hand():
    after, other = np.array([[1.0, 5], [2, 3]]), np.array([[9.0, 0], [0, 9]])
    rewards, ended = np.array([1.0, 1]), np.array([0.0, 1])
    plain = action_values.target(rewards, ended, 0.9, after, after)
    np.testing.assert_allclose(plain, [1 + 0.9 * 5, 1])  # nothing is behind an end
    double = action_values.target(rewards, ended, 0.9, after, other)
    np.testing.assert_allclose(double, [1 + 0.9 * 1, 1])
    np.testing.assert_allclose(action_values.huber(np.array([0.5, -3])), [0.125, 2.5])


# What is remembered.


def test_a_sum_tree_draws_as_brute_force_does():
    random, size = np.random.default_rng(0), 11
    tree, priorities = _replay.SumTree(size), np.zeros(size)
    for _ in range(20):
        rows = random.permutation(size)[:4]
        priorities[rows] = random.random(4)
        tree.put(rows, priorities[rows])
    assert tree.total == pytest.approx(priorities.sum())
    places = random.random(500) * tree.total
    brute = np.searchsorted(np.cumsum(priorities), places, side="right")
    np.testing.assert_array_equal(tree.find(places), brute)
    np.testing.assert_allclose(tree.probability(np.arange(size)), priorities / priorities.sum())
    assert tree.highest == priorities.max()


def test_the_oldest_makes_room():
    memory = _replay.Replay(3, Spaces(states=9, actions=("a", "b")))
    for i in range(4):
        moment = types.SimpleNamespace(
            states=np.array([i]), after=np.array([i + 1]), rewards=np.array([0.5]), ended=np.array([i == 3])
        )  # fmt: skip
        memory.add(moment, np.array([1]))
    found = memory.at(np.arange(3))
    assert (found["state"].tolist(), found["ended"].tolist()) == ([3, 1, 2], [1, 0, 0])
    assert len(memory) == 3


# Exploring.


def test_exploration_by_hand():
    config = types.SimpleNamespace(epsilon=1.0, epsilon_end=0.2, epsilon_share=0.5)
    shares = [_explore.epsilon(config, done) for done in (0, 0.25, 0.5, 0.9)]
    np.testing.assert_allclose(shares, [1, 0.6, 0.2, 0.2])
    values, visits = np.array([0.5, 0.4]), np.array([8.0, 2])
    assert _explore.upper_bound(values, visits, 1.0) == 1  # .5 + sqrt(2 ln 10 / 8) < .4 + ... / 2
    assert _explore.upper_bound(values, visits, 0.01) == 0
    assert _explore.upper_bound(values, np.array([8.0, 0]), 0.0) == 1
    random = np.random.default_rng(0)
    drawn = [_explore.softmax(np.array([0, math.log(3)]), 1.0, random) for _ in range(2000)]
    assert np.mean(drawn) == pytest.approx(0.75, abs=0.03)


def test_the_rate_of_a_table_by_hand():
    def rates(**given):
        config = q_learning._Config(**given)
        return [round(q_learning._rate(visits, config), 4) for visits in (1, 11, 991)]

    assert rates() == [1, round(2**-0.8, 4), round(100**-0.8, 4)]
    assert rates(rate_decay=1.0, rate_visits=10) == [1, 0.5, 0.01]
    assert rates(rate=0.2, rate_decay=0.0) == [0.2] * 3
    assert rates(rate_decay=0.5, rate_visits=1) == [1, round(11**-0.5, 4), round(991**-0.5, 4)]


@pytest.mark.parametrize("policy", ["ucb", "thompson", "epsilon_greedy"])
def test_a_line_for_each_arm_is_ridge_regression(policy):
    random = np.random.default_rng(0)
    config = types.SimpleNamespace(policy=policy, width=0.5, epsilon=0.5)
    arms = _arms.Linear(Spaces(low=(-1.0,) * 3, high=(1.0,) * 3, actions=("a", "b")), config)
    seen = {0: [], 1: []}
    for _ in range(50):
        x = random.normal(size=3)
        arm = arms.choose(x, random)
        reward = x[arm] + 0.1 * random.normal()
        arms.learn(x, arm, reward)
        seen[arm].append((x, reward))
    for arm, pairs in seen.items():
        x, y = (np.array(part) for part in zip(*pairs, strict=True))
        wanted = np.linalg.solve(np.eye(3) + x.T @ x, x.T @ y)
        np.testing.assert_allclose(arms.thetas[arm], wanted, atol=1e-9)


def test_ucb1_regrets_less_than_its_bound():
    pay, random, regret = np.array([0.2, 0.5, 0.8]), np.random.default_rng(0), 0.0
    config = types.SimpleNamespace(policy="ucb", width=1.0, epsilon=0.0)
    arms = _arms.Counted(Spaces(states=1, actions=tuple("abc")), config)
    for _ in range(1000):
        arm = arms.choose(0, random)
        arms.learn(0, arm, float(random.random() < pay[arm]))
        regret += pay.max() - pay[arm]
    gaps = np.array([0.6, 0.3])  # Auer et al. 2002, theorem 1
    bound = (8 * math.log(1000) / gaps).sum() + (1 + math.pi**2 / 3) * gaps.sum()
    assert regret < bound / 3


# Nets.


COUNTED = Spaces(states=5, actions=("a", "b"))
VECTORS = Spaces(low=(0.0,) * 3, high=(1.0,) * 3, action_low=(-1.0,), action_high=(1.0,))


@pytest.mark.parametrize("spaces", [COUNTED, VECTORS])
def test_numpy_computes_what_the_net_does(spaces):
    config = types.SimpleNamespace(width=6, depth=2, normalise="on", spread=-0.5)
    net = _policy.model(spaces, config, "net")
    random = np.random.default_rng(0)
    states = np.arange(5, dtype="int32") if spaces.states else random.random((5, 3), "float32")
    policy_nets.seen(net, states * 3)
    outputs = net({"state": states})
    main = outputs["logits" if spaces.states else "mean"]
    np.testing.assert_allclose(in_numpy.Branch(net, "policy")(states), main, atol=1e-5)
    actor = _policy.Actor(net, spaces)
    np.testing.assert_allclose(actor.values(states), outputs["value"], atol=1e-5)
    actions, logs = actor.act(states, random)
    np.testing.assert_allclose(logs, policies.log_probability(outputs, actions), atol=1e-5)


def test_observations_are_brought_to_one_scale_as_they_come():
    states = np.random.default_rng(0).normal((5, -2), (3, 0.1), (90, 2)).astype("float32")
    given, x = policy_nets.state(0, 2, True)
    net = keras.Model({"state": given}, x)
    for part in np.split(states, [1, 30]):
        policy_nets.seen(net, part)
    scaled = keras.ops.convert_to_numpy(net({"state": states}))
    np.testing.assert_allclose(scaled, (states - states.mean(0)) / states.std(0), atol=1e-3)


def test_updates_in_one_call_are_those_one_by_one():
    def made():
        keras.utils.set_random_seed(0)
        given = keras.Input((2,), name="state")
        net = keras.Model({"state": given}, keras.layers.Dense(1)(given))
        optimizer = keras.optimizers.SGD(0.1)

        def judge(update, batch, outputs):
            return keras.ops.mean((outputs - batch["wanted"]) ** 2)

        return net, update.ready(update.Update(net, judge), optimizer)

    random = np.random.default_rng(0)
    batches = {
        "state": random.random((3, 4, 2), "float32"),
        "wanted": random.random((3, 4, 1), "float32"),
    }
    net, own = made()
    loss = update.runner(own)(batches)
    kernel, bias = made()[0].get_weights()
    losses = []
    for x, y in zip(batches["state"], batches["wanted"], strict=True):
        errors = x @ kernel + bias - y
        losses.append((errors**2).mean())
        kernel, bias = kernel - 0.1 * x.T @ errors / 2, bias - 0.1 * 2 * errors.mean(0)
    np.testing.assert_allclose(net.get_weights()[0], kernel, rtol=1e-5)
    assert loss == pytest.approx(np.mean(losses), rel=1e-5)


def test_new_priorities_are_the_errors_of_the_net():
    config = types.SimpleNamespace(
        environments=1, batch_size=4, replay=4, priority=1.0, discount=0.5, correction=0.4,
        learning_rate=0.1, clip_norm=0.0,
    )  # fmt: skip

    def make(_):
        given, x = policy_nets.state(2, 0, False)
        values = policy_nets.branch(x, (), "relu", "values", 2, 1.0)
        return keras.Model({"state": given}, {"values": values})

    trainer = _off_policy.Trainer(Spaces(states=2, actions=("a", "b")), 5, config, False, make)
    net = make(None)
    net.set_weights([np.array([[1.0, 2], [3, 4]]), np.zeros(2)])
    trainer.begin(net)
    for ended in (0, 1):
        moment = types.SimpleNamespace(
            states=np.array([0]), after=np.array([1]), rewards=np.array([1.0]), ended=np.array([ended])
        )  # fmt: skip
        trainer._replay.add(moment, np.array([1]))
    trainer._judge_again(np.arange(2), _off_policy._Values(net))
    # |1 + .5 * 4 - 2| and |1 - 2|, each with what no priority may fall below
    np.testing.assert_allclose(trainer._tree.probability([0, 1]), [0.5, 0.5])
    assert trainer._tree.total == pytest.approx(2 + 2 * _off_policy.LEAST)


# Whole trainings.


def test_value_and_policy_iteration_find_the_same(tmp_path):
    tables = []
    for kind in ("value", "policy"):
        given = dict(iteration=kind, test_episodes=50, validation_episodes=5)
        run = pipelines.train("value_iteration", "grid", run=tmp_path / kind, **given)
        tables.append(run.model.get_layer("table").get_weights()[0])
    np.testing.assert_allclose(*tables, atol=1e-6)
    assert run.evaluate()["mean_return"] > 0.7


@pytest.mark.parametrize(
    ("method", "data", "given"),
    [
        ("q_learning", "grid", dict(update="sarsa", explore="softmax", batch_size=2)),
        ("bandit", "contextual_bandit", dict(policy="thompson")),
        ("reinforce", "bandit", dict(batch_size=1, max_steps=20, width=4)),
        ("actor_critic", "gym:Pendulum-v1", dict(max_steps=20, width=4)),
        # In the warmup nothing changes but the scale.
        ("dqn", "cart_pole", dict(normalise="on", epsilon=0, epsilon_end=0, width=4, replay=600)),
    ],
)
def test_a_method_learns_stops_and_goes_on_as_if_it_had_not(method, data, given, tmp_path):
    whole = pipelines.train(method, data, run=tmp_path / "whole", **TINY, **given)
    run = runs.start(method, data, tmp_path / "stopped", dict(TINY, checkpoint_steps=1, **given))
    steps = itertools.count(1)

    class Stopped(BaseException):
        pass

    def phases(config):
        (phase,) = type(run.method).phases(run.method, config)
        taken = phase.steps

        def steps_until(*arguments):
            for numbers in taken(*arguments):
                if next(steps) > 1:
                    raise Stopped
                yield numbers

        return [types.SimpleNamespace(**{**vars(phase), "steps": steps_until})]

    run.method.phases = phases
    with pytest.raises(Stopped):
        run.train()
    resumed = pipelines.resume(tmp_path / "stopped")
    assert resumed.info["weights_sha256"] == whole.info["weights_sha256"]


def test_a_task_takes_a_table_for_few_states_and_ppo_for_vectors(tmp_path):
    chosen = {}
    for data in ("grid", "cart_pole", "contextual_bandit"):
        chosen[data] = runs.start("reinforcement", data, tmp_path / data, {}).method.name
    assert chosen == {"grid": "q_learning", "cart_pole": "ppo", "contextual_bandit": "bandit"}


@pytest.mark.parametrize(
    ("name", "text"), [("limit", "9" * 30), ("limit", "-1"), ("spaces", "states 1e9")]
)
def test_what_a_run_knows_of_its_environment_is_checked(name, text):
    method = catalog.method("ppo")
    known = {"limit": ["500"], "spaces": ["states 4", "action a"], name: [text]}
    with pytest.raises(pipelines.PipelineError, match="damaged"):
        method.phases(method.Config().having(known))
