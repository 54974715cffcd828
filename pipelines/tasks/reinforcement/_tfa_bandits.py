"""TF-Agents' bandits with contexts: a ridge regression for each arm, which our net then has."""

import numpy as np
import tensorflow as tf
from tf_agents.bandits.agents import lin_ucb_agent, linear_thompson_sampling_agent
from tf_agents.drivers import dynamic_step_driver
from tf_agents.environments import tf_py_environment
from tf_agents.metrics import tf_metrics
from tf_agents.replay_buffers import tf_uniform_replay_buffer

from pipelines.tasks.reinforcement import _tfa_worlds

RIDGE = 1.0  # what is added to the diagonal, as in our own


class LinUCB:
    """Steps of a training: pulls, each followed by an update."""

    kind = lin_ucb_agent.LinearUCBAgent

    def __init__(self, net, make, config):
        self._net, self._config = net, config
        self._arms = _tfa_worlds.Arms(make(), _tfa_worlds.episodes(config.seed))
        env = tf_py_environment.TFPyEnvironment(self._arms, isolation=False)
        self._agent = self.kind(
            env.time_step_spec(), env.action_spec(), alpha=config.width, tikhonov_weight=RIDGE
        )
        self._memory = tf_uniform_replay_buffer.TFUniformReplayBuffer(
            self._agent.policy.trajectory_spec, 1, max_length=1
        )
        self._returns = tf_metrics.AverageReturnMetric(buffer_size=config.batch_size)
        self._driver = dynamic_step_driver.DynamicStepDriver(
            env, self._agent.collect_policy, [self._memory.add_batch, self._returns], num_steps=1
        )
        env.reset()

    @tf.function
    def _pulls(self):
        """Pulls and updates -> their mean loss."""
        total = 0.0
        for _ in tf.range(self._config.batch_size):
            self._driver.run()
            total += self._agent.train(self._memory.gather_all()).loss
            self._memory.clear()
        return total / self._config.batch_size

    def step(self, step):
        """Step number `step` -> its numbers, with what is known of the arms in the net."""
        loss = self._pulls()
        spreads, sums = (
            np.array([part.numpy() for part in own])
            for own in (self._agent.cov_matrix, self._agent.data_vector)
        )
        inverses = np.linalg.inv(spreads + RIDGE * np.eye(spreads.shape[-1]))
        thetas = np.einsum("aij,aj->ai", inverses, sums)
        self._net.get_layer("arms").set_weights([thetas.T.astype(np.float32)])
        found = {"loss": loss, "train_return": self._returns.result()}
        regrets, self._arms.regrets[:] = list(self._arms.regrets), []
        return found | ({"regret": float(np.mean(regrets))} if regrets else {})


class Thompson(LinUCB):
    """Arms are drawn by how likely they are the best."""

    kind = linear_thompson_sampling_agent.LinearThompsonSamplingAgent
