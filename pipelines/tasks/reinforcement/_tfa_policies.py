"""TF-Agents' PPO and REINFORCE on our policies."""

import numpy as np
import tensorflow as tf
from tf_agents.agents.ppo import ppo_clip_agent, ppo_utils
from tf_agents.agents.reinforce import reinforce_agent
from tf_agents.drivers import dynamic_episode_driver, dynamic_step_driver
from tf_agents.metrics import tf_metrics
from tf_agents.replay_buffers import tf_uniform_replay_buffer
from tf_agents.utils import common

from pipelines.environments.several import RECENT
from pipelines.models import policy_nets
from pipelines.tasks.reinforcement import _experience, _gradient, _tfa_nets, _tfa_worlds
from pipelines.tasks.reinforcement._tfa_values import adam


def ppo(env, net, config, optimizer=None):
    """TF-Agents' PPO with a clipped ratio; it is given minibatches, so it makes one pass over each."""
    seen, acted = env.observation_spec(), env.action_spec()
    return ppo_clip_agent.PPOClipAgent(
        env.time_step_spec(),
        acted,
        optimizer=optimizer,
        actor_net=_tfa_nets.policy(net, seen, acted.dtype),
        value_net=_tfa_nets.values(net, seen),
        importance_ratio_clipping=config.clip,
        lambda_value=config.gae,
        discount_factor=config.discount,
        entropy_regularization=config.entropy,
        value_pred_loss_coef=config.value_weight,
        num_epochs=1,
        use_gae=True,
        use_td_lambda_return=True,
        normalize_rewards=False,
        normalize_observations=False,
        compute_value_and_advantage_in_train=False,
        update_normalizers_in_train=False,
        aggregate_losses_across_replicas=False,
        train_step_counter=tf.Variable(0, dtype=tf.int64),
    )


def reinforce(env, net, config, optimizer=None):
    """TF-Agents' REINFORCE; its losses are sums over steps and means over episodes."""
    seen, acted = env.observation_spec(), env.action_spec()
    has_values = config.baseline == "value"
    return reinforce_agent.ReinforceAgent(
        env.time_step_spec(),
        acted,
        actor_network=_tfa_nets.policy(net, seen, acted.dtype),
        value_network=_tfa_nets.values(net, seen) if has_values else None,
        value_estimation_loss_coef=config.value_weight,
        optimizer=optimizer,
        gamma=config.discount,
        normalize_returns=config.baseline != "none",
        entropy_regularization=config.entropy or None,
        train_step_counter=tf.Variable(0, dtype=tf.int64),
    )


class _OnPolicy:
    """A training on what the policy has just met."""

    def __init__(self, net, config, worlds, agent, most, driver, count):
        self._net, self._config, self._worlds, self._agent = net, config, worlds, agent
        agent.initialize()
        number = worlds.env.batch_size
        self._memory = tf_uniform_replay_buffer.TFUniformReplayBuffer(
            agent.collect_data_spec, number, max_length=most
        )
        self._returns = tf_metrics.AverageReturnMetric(batch_size=number, buffer_size=RECENT)
        observers = [self._memory.add_batch, self._returns]
        made = driver(worlds.env, agent.collect_policy, observers, None, count)
        self._gather = common.function(made.run)
        self._now = worlds.env.reset()

    def _traced(self, function):
        """A function of what was met, traced once for any number of steps."""
        number = self._worlds.env.batch_size

        def long(spec):
            return tf.TensorSpec([number, None, *spec.shape], spec.dtype)

        whole = tf.nest.map_structure(long, self._agent.collect_data_spec)
        return tf.function(lambda experience: function(experience), input_signature=[whole])

    def _met(self):
        """What was met in one step of the training, a Trajectory (N, T, ...)."""
        self._now, _ = self._gather(self._now)
        found = self._memory.gather_all()
        self._memory.clear()
        return found

    def _told(self, loss):
        policy_nets.seen(self._net, self._worlds.met())
        return {"loss": loss, "train_return": self._returns.result()}


class PPO(_OnPolicy):
    """Steps of a training: experience, then passes over it in minibatches."""

    def __init__(self, net, make, config):
        count = min(config.environments, config.batch_size)
        worlds = _tfa_worlds.Several(make, count, config.seed)
        self._optimizer = adam(config, epsilon=1e-5)
        agent = ppo(worlds.env, net, config, self._optimizer)
        most = 2 * config.batch_size // count + 2  # each step may be followed by a new episode
        driver = dynamic_step_driver.DynamicStepDriver
        super().__init__(net, config, worlds, agent, most, driver, config.batch_size)
        self._prepare = self._traced(agent.preprocess_sequence)

    @tf.function(reduce_retracing=True)
    def _train(self, flat, rows):
        """Updates on rows (K, B) of a flat Trajectory -> their mean loss."""
        total, count = 0.0, tf.shape(rows)[0]
        for k in tf.range(count):
            batch = tf.nest.map_structure(lambda v: tf.gather(v, rows[k])[:, None], flat)  # noqa: B023
            total += self._agent.train(batch).loss
        return total / tf.cast(count, tf.float32)

    def step(self, step):
        """Step number `step` -> its numbers."""
        config = self._config
        random = np.random.default_rng((config.seed, step))
        share = 1 - step / _gradient.total_steps(config) if config.schedule == "linear" else 1.0
        self._optimizer.learning_rate.assign(config.learning_rate * share)
        found = self._prepare(self._met())
        # Steps between episodes, and the last one, whose next state is not known, are left out.
        usable = np.flatnonzero(ppo_utils.make_trajectory_mask(found).numpy())
        orders = _experience.orders(len(usable), config.passes, config.minibatch, random)
        flat = tf.nest.map_structure(lambda v: tf.reshape(v, [-1, *v.shape[2:]]), found)
        return self._told(self._train(flat, usable[orders]))


class Reinforce(_OnPolicy):
    """Steps of a training: whole episodes, then one update."""

    def __init__(self, net, make, config):
        worlds = _tfa_worlds.Several(make, 1, config.seed)
        agent = reinforce(worlds.env, net, config, adam(config))
        most = config.batch_size * (make().longest + 1) + 1
        driver = dynamic_episode_driver.DynamicEpisodeDriver
        super().__init__(net, config, worlds, agent, most, driver, config.batch_size)
        self._train = self._traced(agent.train)

    def step(self, step):
        """Step number `step` -> its numbers."""
        return self._told(self._train(self._met()).loss)
