"""A training on what the policy has just met: environments in step, then updates, over and over."""

import numpy as np
from keras import ops

from pipelines.environments.several import Place, Several
from pipelines.losses import policies
from pipelines.models import policy_nets
from pipelines.models import update as updates
from pipelines.tasks.reinforcement import _experience, _gradient, _policy


def weighed(loss, outputs, batch, config):
    """The loss of the policy with those of the values and, with a minus, its entropy."""
    values = ops.mean(ops.square(batch["return"] - outputs["value"]))
    entropy = ops.mean(policies.entropy(outputs))
    return loss + config.value_weight * values - config.entropy * entropy


class Trainer:
    """The parts of a `Phase`: `begin`, `steps` and `memory`.

    judge: see `models.update.Update`. The environments go on from step to step, so where they are
    is kept, too. longest: steps of an episode at most.
    """

    def __init__(self, spaces, longest, config, judge):
        self._spaces, self._config, self._judge = spaces, config, judge
        self._longest = longest
        self._update = self._place = None

    def begin(self, net):
        """Makes the update of the net, and lets the environments begin."""
        count = min(self._config.environments, self._config.batch_size)
        self._place = Place(count, self._longest, self._spaces.width)
        optimizer = _gradient.optimizer(self._config, epsilon=1e-5)
        self._update = updates.ready(updates.Update(net, self._judge), optimizer)

    def memory(self):
        """The optimizer's variables, and where the environments are."""
        return [*self._update.optimizer.variables, *self._place.kept]

    def steps(self, net, source, first_step):
        """One `Phase.steps`: experience, then updates."""
        config = self._config
        run, actor = updates.runner(self._update), _policy.Actor(net, self._spaces)
        world = Several(source.make, self._place, config.seed)
        length = max(1, config.batch_size // world.count)
        world.settle()
        step = first_step
        while True:
            random = np.random.default_rng((config.seed, step))
            left = 1 - step / _gradient.total_steps(config) if config.schedule == "linear" else 1.0
            found = _experience.collected(world, actor, length, random, config.discount, config.gae)
            batches = _experience.shuffled(found, config.passes, config.minibatch, random)
            batches["advantage"] = _experience.standard(batches["advantage"])
            batches["clip"] = np.full(batches["log"].shape, config.clip * left, np.float32)
            self._update.optimizer.learning_rate.assign(config.learning_rate * left)
            loss = run(batches)
            policy_nets.seen(net, found["state"])
            actor.pull()
            step += 1
            yield {"loss": loss, "train_return": self._place.mean_return}
