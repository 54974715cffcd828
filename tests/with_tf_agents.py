"""What a process in which TF-Agents works finds: losses of one batch, worlds and policies of both.

`main` writes `found.json`. TF_USE_LEGACY_KERAS has to be set, and `_tfa_child.stand_in` called, before
this is imported.
"""

import json
import re
from pathlib import Path

import numpy as np
import tensorflow as tf
from tf_agents.agents.dqn import dqn_agent
from tf_agents.drivers import py_driver
from tf_agents.environments import py_environment
from tf_agents.specs import array_spec
from tf_agents.trajectories import time_step as steps
from tf_agents.trajectories import trajectory

import pipelines
from pipelines import catalog
from pipelines.tasks.reinforcement import (
    _experience,
    _off_policy,
    _tfa_policies,
    _tfa_values,
    _tfa_worlds,
    reinforce,
)

MANY = 6  # transitions of a batch
RANDOM = np.random.default_rng(0)


class Corridor(py_environment.PyEnvironment):
    """Five places in a row; 1 for reaching the right end, from the left one."""

    def __init__(self):
        super().__init__()
        self._at = 0

    def observation_spec(self):
        return array_spec.BoundedArraySpec((), np.int32, 0, 4, "place")

    def action_spec(self):
        return array_spec.BoundedArraySpec((), np.int32, 0, 1, "left or right")

    def _reset(self):
        self._at = 0
        return steps.restart(np.int32(0))

    def _step(self, action):
        self._at = max(0, self._at + (1 if action == 1 else -1))
        if self._at == 4:
            return steps.termination(np.int32(4), 1.0)
        return steps.transition(np.int32(self._at), 0.0)


def made(name, world, **given):
    """(net, configuration, method, an environment of TF-Agents) for a world."""
    method = catalog.method(name)
    config = method.Config(width=8, discount=0.9, **given)
    source = method.source(world, config)
    config = config.having(method.learn(source, config))
    return method.model(config), config, method, _tfa_worlds.Several(source.make, 1, 0).env


def drawn(env, count):
    """`count` random observations, and actions."""
    states = RANDOM.normal(size=(count, *env.observation_spec().shape)).astype("float32")
    if env.action_spec().dtype.is_integer:
        return states, RANDOM.integers(2, size=count).astype("int32")
    return states, RANDOM.normal(size=(count, *env.action_spec().shape)).astype("float32")


def dqn(kind, is_double):
    """Losses of transitions, one of which ended, towards a target net of other weights."""
    net, config, method, env = made("dqn", "cart_pole")
    agent = _tfa_values.agent(kind, env, net, config)
    agent.initialize()
    trainer = _off_policy.Trainer(method._spaces(config), 500, config, is_double, method.model)
    trainer.begin(net)
    net.set_weights([w + RANDOM.normal(0, 0.3, w.shape) for w in net.get_weights()])
    states, actions = drawn(env, MANY)
    after, rewards = states[::-1].copy(), 3 * RANDOM.normal(size=MANY).astype("float32")
    ended = np.eye(1, MANY, 2, dtype="float32")[0]

    def pairs(first, second):
        return tf.stack([tf.convert_to_tensor(first), tf.convert_to_tensor(second)], 1)

    kinds = np.where(ended, 2, 1).astype("int32")
    middle, nothing = np.ones(MANY, "int32"), np.zeros(MANY, "float32")
    met = trajectory.Trajectory(
        pairs(middle, kinds), pairs(states, after), pairs(actions, actions), (), pairs(kinds, middle),
        pairs(rewards, nothing), pairs(1 - ended, nothing + 1),
    )  # fmt: skip
    batch = {"state": states, "after": after, "action": actions, "reward": rewards, "ended": ended}
    batch["weight"] = nothing + 1
    ours = trainer._judge(trainer._update, batch, net({"state": states}))
    return float(ours), float(agent._loss(met, gamma=config.discount).loss)


def ppo(world):
    """Losses of steps whose policy has changed since."""
    net, config, method, env = made("ppo", world, entropy=0.05)
    agent = _tfa_policies.ppo(env, net, config)
    agent.initialize()
    (phase,) = method.phases(config)
    judge = phase.begin.__self__._judge
    states, actions = drawn(env, MANY)
    columns = ("log", "advantage", "return")
    batch = {name: RANDOM.normal(size=MANY).astype("float32") for name in columns}
    now = steps.restart(tf.constant(states), batch_size=MANY)
    theirs = agent.get_loss(
        now, tf.constant(actions), batch["log"], batch["return"], batch["advantage"], (),
        tf.ones(MANY), agent.train_step_counter, False,
    )  # fmt: skip
    batch["action"] = actions.reshape(MANY, -1).astype("float32")
    batch["clip"] = np.full(MANY, config.clip, "float32")
    return float(judge(None, batch, net({"state": states}))), float(theirs.loss)


def whole_episodes(world):
    """REINFORCE's losses of two episodes; theirs is a sum over steps, and a mean over episodes."""
    net, config, _, env = made("reinforce", world)
    agent = _tfa_policies.reinforce(env, net, config)
    agent.initialize()
    states, actions = drawn(env, MANY)
    found, nothing = RANDOM.normal(size=MANY).astype("float32"), np.zeros(MANY, "float32")
    begins, ends = np.array([0, 1, 0, 1, 1, 1], "int32"), np.array([1, 2, 1, 1, 1, 2], "int32")
    met = trajectory.Trajectory(begins, states, actions, (), ends, nothing, nothing + 1)
    met = tf.nest.map_structure(lambda column: tf.constant(column)[None], met)
    theirs = agent.total_loss(met, tf.constant(found)[None], weights=None)
    outputs = net({"state": states})
    advantage = _experience.standard(found - outputs["value"].numpy())
    batch = {"return": found, "advantage": advantage, "weight": nothing + 1}
    batch["action"] = actions.reshape(MANY, -1).astype("float32")
    return float(reinforce._loss(outputs, batch, config)) * MANY / 2, float(theirs.loss)


def corridor(folder):
    """Mean returns of our q_learning in their environment, and of its exported file in their driver."""
    run = pipelines.train(
        "q_learning", Corridor, run=folder / "run", epochs=1, steps_per_epoch=5, max_steps=20,
        test_episodes=2, validation_episodes=2,
    )  # fmt: skip
    bundle = run.export(folder / "bundle", files=["float32"])
    page = Path(__file__).parents[1] / "docs" / "reinforcement.md"
    (code,) = re.findall(r"```python\n(.*?class Exported.*?)```", page.read_text(), re.DOTALL)
    known: dict = {}
    exec(code, known)
    world, rewards = Corridor(), []
    policy = known["Exported"](bundle.path / "model.tflite", world)
    driver = py_driver.PyDriver(
        world, policy, [lambda met: rewards.append(float(met.reward))], max_episodes=3
    )
    driver.run(world.reset())
    return run.evaluate()["mean_return"], sum(rewards) / 3


def main(folder):
    """Finds all of it, with trainings in `folder`."""
    found = {
        "dqn": dqn(dqn_agent.DqnAgent, False),
        "double_dqn": dqn(dqn_agent.DdqnAgent, True),
        "ppo": ppo("cart_pole"),
        "ppo, Gaussian": ppo("gym:Pendulum-v1"),
        "reinforce": whole_episodes("cart_pole"),
        "reinforce, Gaussian": whole_episodes("gym:Pendulum-v1"),
        "corridor": corridor(folder),
    }
    (folder / "found.json").write_text(json.dumps(found))
