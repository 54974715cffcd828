"""Our environments with the interface of TF-Agents' PyEnvironment."""

import itertools

import numpy as np
from tf_agents.environments import batched_py_environment, py_environment, tf_py_environment
from tf_agents.specs import array_spec
from tf_agents.trajectories import time_step

from pipelines.environments import several


def specs(spaces):
    """(of observations, of actions): counted ones are int32 scalars, vectors float32."""
    seen = array_spec.ArraySpec((spaces.size,), np.float32, "state")
    if spaces.states:
        seen = array_spec.BoundedArraySpec((), np.int32, 0, spaces.states - 1, "state")
    if spaces.actions:
        last = len(spaces.actions) - 1
        return seen, array_spec.BoundedArraySpec((), np.int32, 0, last, "action")
    # The environment cuts actions at its bounds itself: cut here, their probability would be
    # another's.
    return seen, array_spec.ArraySpec((spaces.width,), np.float32, "action")


class World(py_environment.PyEnvironment):
    """One environment. episodes: an iterator of the seeds of its episodes. `met` are the observations
    since it was emptied."""

    def __init__(self, acting, episodes):
        super().__init__(handle_auto_reset=True)
        self._acting, self._episodes, self.met = acting, episodes, []
        self._specs = specs(acting.spaces)

    def observation_spec(self):
        return self._specs[0]

    def action_spec(self):
        return self._specs[1]

    def _reset(self):
        return time_step.restart(self._seen(self._acting.reset(next(self._episodes))))

    def _step(self, action):
        state, reward, ended, cut = self._acting.step(action)
        seen, reward = self._seen(state), np.float32(reward)
        if ended:
            return time_step.termination(seen, reward)
        # Being cut off is no end of the return: its discount stays 1.
        return time_step.truncation(seen, reward) if cut else time_step.transition(seen, reward)

    def _seen(self, state):
        found = np.asarray(state, self._specs[0].dtype)
        self.met.append(found)
        return found


def episodes(seed):
    """The seeds of the episodes of a training, one after the other."""
    return (several.seed_of(seed, number) for number in itertools.count())


class Several:
    """Environments in step, as TF-Agents' drivers take them: `env`."""

    def __init__(self, make, count, seed):
        seeds = episodes(seed)
        self._worlds = [World(make(), seeds) for _ in range(count)]
        batched = batched_py_environment.BatchedPyEnvironment(self._worlds, multithreading=False)
        self.env = tf_py_environment.TFPyEnvironment(batched, isolation=False)

    def met(self):
        """The observations since it was asked the last time, (N, ...)."""
        found = np.array([state for world in self._worlds for state in world.met])
        for world in self._worlds:
            world.met.clear()
        return found
