"""The process in which TF-Agents trains a net: a line on standard input asks for a step."""

import importlib
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import gymnasium
import keras
import numpy as np

from pipelines import layers  # noqa: F401, which registers those that a net may have
from pipelines.environments import naming
from pipelines.errors import PipelineError
from pipelines.tasks.reinforcement import _tf_agents

AGENTS = {  # name -> (module, class): (net, environments' maker, settings) -> what has `step`
    "dqn": ("_tfa_values", "DQN"),
    "double_dqn": ("_tfa_values", "DoubleDQN"),
    "ppo": ("_tfa_policies", "PPO"),
    "reinforce": ("_tfa_policies", "Reinforce"),
}


def main(folder):
    """Trains the net in `folder` until standard input ends. Each answer is a line of JSON: numbers,
    with the weights in a file, or {"error": reason}."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever prints does not reach who waits for answers
    try:
        for numbers in _numbers(Path(folder)):
            print(json.dumps(numbers), file=answers, flush=True)
    except PipelineError as error:
        print(json.dumps({"error": str(error)}), file=answers, flush=True)


def _numbers(folder):
    """The numbers of each step, when it is asked for; the weights are written before."""
    job = json.loads((folder / _tf_agents.JOB).read_text())
    config = SimpleNamespace(**job["settings"])
    keras.utils.set_random_seed(config.seed)
    net = keras.models.load_model(folder / _tf_agents.NET, compile=False)
    make = naming.acting(job["environment"], config.max_steps)
    agent = _agent(job["agent"])(net, make, config)
    for step, _ in enumerate(sys.stdin):
        numbers = agent.step(step)
        np.savez(folder / _tf_agents.WEIGHTS, *net.get_weights())
        yield {name: float(value) for name, value in numbers.items()}


def stand_in():
    """Lets Gymnasium stand for `gym`, which is dead, and which TF-Agents imports."""
    sys.modules.update({"gym": gymnasium, "gym.spaces": gymnasium.spaces})


def _agent(name):
    """A class of AGENTS."""
    stand_in()
    module, kind = AGENTS[name]
    return getattr(importlib.import_module(f"{__package__}.{module}"), kind)


if __name__ == "__main__":
    main(sys.argv[1])
