"""TF-Agents' DQN and double DQN on our nets of action values."""

import keras
import tensorflow as tf
from tf_agents.agents.dqn import dqn_agent
from tf_agents.drivers import dynamic_step_driver
from tf_agents.metrics import tf_metrics
from tf_agents.replay_buffers import tf_uniform_replay_buffer
from tf_agents.utils import common

from pipelines.environments.several import RECENT
from pipelines.models import policy_nets
from pipelines.tasks.reinforcement import _explore, _gradient, _tfa_nets, _tfa_worlds


def agent(kind, env, net, config, epsilon=0.0):
    """An agent of TF-Agents. kind: a class of `dqn_agent`."""
    seen = env.observation_spec()
    target = keras.models.clone_model(net)
    return kind(
        env.time_step_spec(),
        env.action_spec(),
        q_network=_tfa_nets.action_values(net, seen, "values"),
        target_q_network=_tfa_nets.action_values(target, seen, "target"),
        optimizer=adam(config),
        epsilon_greedy=epsilon,
        target_update_period=config.updates * config.target_steps,
        td_errors_loss_fn=common.element_wise_huber_loss,
        gamma=config.discount,
        train_step_counter=tf.Variable(0, dtype=tf.int64),
    )


def adam(config, epsilon=1e-7):
    """Keras 2's Adam with the settings' rate and clipping: TF-Agents takes no optimizer of Keras 3."""
    import tf_keras

    return tf_keras.optimizers.Adam(
        config.learning_rate, epsilon=epsilon, global_clipnorm=config.clip_norm or None
    )


class DQN:
    """Steps of a training: experience, then updates on what is remembered."""

    kind = dqn_agent.DqnAgent

    def __init__(self, net, make, config):
        self._net, self._config = net, config
        count = min(config.environments, config.batch_size)
        self._worlds = _tfa_worlds.Several(make, count, config.seed)
        env, self._epsilon = self._worlds.env, tf.Variable(config.epsilon)
        self._agent = agent(self.kind, env, net, config, lambda: self._epsilon)
        self._agent.initialize()
        self._memory = tf_uniform_replay_buffer.TFUniformReplayBuffer(
            self._agent.collect_data_spec, count, max_length=max(2, config.replay // count)
        )
        self._returns = tf_metrics.AverageReturnMetric(batch_size=count, buffer_size=RECENT)
        driver = dynamic_step_driver.DynamicStepDriver(
            env,
            self._agent.collect_policy,
            [self._memory.add_batch, self._returns],
            num_steps=config.batch_size,
        )
        self._gather = common.function(driver.run)
        self._now = env.reset()
        self._train = self._updates()

    def _updates(self):
        """A function that does the updates of a step -> their mean loss."""
        drawn = iter(self._memory.as_dataset(sample_batch_size=self._config.minibatch, num_steps=2))
        count = self._config.updates

        @tf.function
        def train():
            total = 0.0
            for _ in tf.range(count):
                experience, _ = next(drawn)
                total += self._agent.train(experience).loss
            return total / count

        return train

    def step(self, step):
        """Step number `step` -> its numbers."""
        config = self._config
        self._epsilon.assign(_explore.epsilon(config, step / _gradient.total_steps(config)))
        self._now, _ = self._gather(self._now)
        policy_nets.seen(self._net, self._worlds.met())
        is_warm = (step + 1) * config.batch_size >= config.warmup
        loss = self._train() if is_warm else 0.0
        return {"loss": loss, "train_return": self._returns.result()}


class DoubleDQN(DQN):
    """The learning net chooses the next action."""

    kind = dqn_agent.DdqnAgent
