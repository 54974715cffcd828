"""`engine=tf_agents`: agents of TF-Agents train our nets, in a process of their own.

They need Keras 2, which TensorFlow takes only if TF_USE_LEGACY_KERAS is set before it is imported.
So the nets go to a child process, and their weights come back after each step: everything else, such
as validations, files and proofs, is the same as for our own engine.
"""

import contextlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from etils import epy

from pipelines import config as settings
from pipelines import installing
from pipelines.config import setting
from pipelines.errors import NotInstalled, PipelineError, brief
from pipelines.task import Phase

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

    from pipelines.environments import naming

NEEDED = ("tf_agents", "tf_keras", "tensorflow_probability", "gin", "gymnasium")
ALONE = "pip install --no-deps tf-agents==0.19.0"  # it asks for packages of 2023
CHILD = "pipelines.tasks.reinforcement._tfa_child"
JOB, NET, WEIGHTS = "job.json", "net.keras", "weights.npz"  # files that both processes know


@dataclass(frozen=True, kw_only=True)
class Engine(settings.Settings):
    """The setting that chooses what trains a net."""

    engine: str = setting(
        "own",
        "what trains the net: our own updates, or an agent of TF-Agents in a process of its own",
        choices=("own", "tf_agents"),
    )


def is_asked(config):
    """Whether TF-Agents is to train."""
    return config.engine == "tf_agents"


def phases(agent, config, without=()):
    """The only phase. agent: a name in `_tfa_child.AGENTS`. without: settings (name, value that is
    needed) that TF-Agents has nothing for. Raises PipelineError if one has another value."""
    for name, needed in without:
        if getattr(config, name) != needed:
            raise PipelineError(
                f"engine=tf_agents has no {name}={getattr(config, name)}. Take {name}={needed}, or"
                " engine=own."
            )

    def steps(net, source, first_step):
        _check(source, first_step)
        job = {"agent": agent, "environment": source.name, "settings": config.as_dict()}
        with _Child(job, net) as child:
            while True:
                yield child.step(net)

    return [Phase("train", config, steps=steps)]


def _check(source, first_step):
    """Raises PipelineError if a child process cannot train in this environment, or go on there."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise NotInstalled(
            f"engine=tf_agents needs {', '.join(missing)}: {installing.line('tf_agents')}, then"
            f" `{ALONE}`."
        )
    if first_step:
        raise PipelineError(
            "a run with engine=tf_agents cannot go on after a stop, because TF-Agents keeps its"
            " memory and its chance to itself. Train again, or take engine=own, which goes on"
            " exactly."
        )
    is_named = source.name in naming.BUNDLED or re.fullmatch(r"[\w.]+:[\w./-]+", source.name)
    if not is_named:
        raise PipelineError(
            f"engine=tf_agents runs in a process of its own, which cannot import {source.name}. Put it"
            " into a module, and name it as module:Class."
        )


class _Child:
    """A process that trains a net a step at a time."""

    def __init__(self, job, net):
        self._stack = contextlib.ExitStack()
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        (self._folder / JOB).write_text(json.dumps(job))
        net.save(self._folder / NET)
        self._errors = self._stack.enter_context((self._folder / "errors").open("w+"))
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", CHILD, str(self._folder)],
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.communicate()
        self._stack.close()

    def step(self, net):
        """One step -> its numbers, with the new weights in `net`. Raises PipelineError if the child
        says what is wrong, or dies."""
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise PipelineError(f"TF-Agents stopped: {brief(self._last_words())}")
        answer = json.loads(line)
        if "error" in answer:
            raise PipelineError(answer["error"])
        with np.load(self._folder / WEIGHTS, allow_pickle=False) as arrays:
            net.set_weights([arrays[name] for name in arrays.files])
        return answer

    def _last_words(self):
        """The last line that the child wrote to its standard error."""
        self._errors.seek(0)
        lines = self._errors.read().strip().splitlines()
        return lines[-1] if lines else f"exit code {self._process.wait()}"


def _environment():
    """The variables of a process that finds what this one finds, and computes on processors alone:
    an accelerator may be taken by this one."""
    path = os.pathsep.join(place or os.getcwd() for place in sys.path)
    return {
        **os.environ,
        "TF_USE_LEGACY_KERAS": "1",
        "KERAS_BACKEND": "tensorflow",
        "CUDA_VISIBLE_DEVICES": "-1",
        "PYTHONPATH": path,
    }
