"""A training on what is remembered: environments in step, then updates towards a target net."""

import numpy as np
from keras import ops

from pipelines.environments.several import Place, Several
from pipelines.losses import action_values
from pipelines.models import policy_nets
from pipelines.models import update as updates
from pipelines.models.in_numpy import Branch
from pipelines.tasks.reinforcement import _explore, _gradient, _replay

LEAST = 1e-3  # priority of a transition that the net already knows


class Trainer:
    """The parts of a `Phase`: `begin`, `steps` and `memory`.

    is_double: whether the learning net chooses the next action. make: settings -> a net, for the
    target. Priorities and the copy of the target change between steps, not between updates.
    """

    def __init__(self, spaces, longest, config, is_double, make):
        self._spaces, self._longest, self._config = spaces, longest, config
        self._is_double, self._make = is_double, make

    def begin(self, net):
        """Makes the update, the target net, and an empty memory."""
        config = self._config
        target = self._make(config)
        target.set_weights(net.get_weights())
        made = updates.Update(net, self._judge, target)
        self._update = updates.ready(made, _gradient.optimizer(config))
        count = min(config.environments, config.batch_size)
        self._place = Place(count, self._longest, 1)
        self._replay = _replay.Replay(config.replay, self._spaces)
        self._tree = _replay.SumTree(config.replay) if config.priority else None

    def memory(self):
        """The optimizer's variables, the target's, where the environments are, and what is remembered."""
        update, tree = self._update, [self._tree.tree] if self._tree else []
        nets = [*update.optimizer.variables, *update.target.variables]
        return [*nets, *self._place.kept, *self._replay.kept, *tree]

    def _judge(self, update, batch, outputs):
        """The mean Huber loss of the values of the actions that were taken."""
        after = update.target({"state": batch["after"]})["values"]
        choosing = update.net({"state": batch["after"]})["values"] if self._is_double else after
        wanted = action_values.target(
            batch["reward"], batch["ended"], self._config.discount, after, choosing
        )
        errors = ops.stop_gradient(wanted) - action_values.chosen(
            outputs["values"], batch["action"]
        )
        return ops.mean(action_values.huber(errors) * batch["weight"])

    def steps(self, net, source, first_step):
        """One `Phase.steps`: experience, then updates."""
        config, step = self._config, first_step
        run, actor = updates.runner(self._update), _Values(net)
        world = Several(source.make, self._place, config.seed)
        world.settle()
        while True:
            done = step / _gradient.total_steps(config)
            random = np.random.default_rng((config.seed, step))
            self._gather(world, actor, done, random)
            step += 1
            loss = 0.0
            if step * config.batch_size >= config.warmup:
                loss = self._learn(run, actor, done, random)
            if step % config.target_steps == 0:
                self._update.target.set_weights(net.get_weights())
            yield {"loss": loss, "train_return": self._place.mean_return}

    def _gather(self, world, actor, done, random):
        config, met = self._config, []
        highest = (self._tree.highest or 1.0) if self._tree else 1.0
        share = _explore.epsilon(config, done)
        for _ in range(max(1, config.batch_size // world.count)):
            actions = actor(world.states).argmax(-1)
            tried = random.integers(len(self._spaces.actions), size=world.count)
            actions = np.where(random.random(world.count) < share, tried, actions)
            moment = world.step(actions)
            met.append(moment.states)
            rows = self._replay.add(moment, actions)
            if self._tree:  # what is new is drawn as soon as the most wrong so far
                self._tree.put(rows, np.full(len(rows), highest))
        policy_nets.seen(self._update.net, np.concatenate(met))
        actor.pull()  # the scale has changed, and a run that is resumed begins with it

    def _learn(self, run, actor, done, random):
        """The mean loss of some updates, all drawn from the memory as it is now."""
        config = self._config
        shape = (config.updates, config.minibatch)
        if self._tree:
            rows = self._tree.find(random.random(shape).ravel() * self._tree.total).reshape(shape)
        else:
            rows = random.integers(len(self._replay), size=shape)
        batches = self._replay.at(rows)
        batches["weight"] = self._weights(rows, done)
        loss = run(batches)
        actor.pull()
        if self._tree:
            self._judge_again(np.unique(rows), actor)
        return loss

    def _weights(self, rows, done):
        """(K, B): what corrects for drawing by priority; Schaul et al. 2016, section 3.4."""
        if not self._tree:
            return np.ones(rows.shape, np.float32)
        power = self._config.correction + (1 - self._config.correction) * done
        weights = (len(self._replay) * self._tree.probability(rows)) ** -power
        return (weights / weights.max()).astype(np.float32)

    def _judge_again(self, rows, actor):
        """Gives what was drawn the priorities of the net as it is now."""
        batch = self._replay.at(rows)
        after = _Values(self._update.target)(batch["after"])
        choosing = actor(batch["after"]) if self._is_double else after
        every = np.arange(len(rows))
        behind = after[every, choosing.argmax(-1)] * (1 - batch["ended"])
        wanted = batch["reward"] + self._config.discount * behind
        errors = np.abs(wanted - actor(batch["state"])[every, batch["action"]])
        self._tree.put(rows, (errors + LEAST) ** self._config.priority)


class _Values:
    """What a net says of each action, by NumPy; `pull` takes its weights anew."""

    def __init__(self, net):
        self._branch, self._count = Branch(net, "values"), net.output["values"].shape[-1]
        self.pull = self._branch.pull

    def __call__(self, states):
        found = self._branch(states)
        if found.shape[-1] == self._count:
            return found
        gain = found[:, 1:]  # of a dueling net, whose first number is the state's own worth
        return found[:, :1] + gain - gain.mean(-1, keepdims=True)
