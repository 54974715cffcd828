"""A training that dies as soon as a checkpoint is written, and goes on from there."""

import pytest

import pipelines
from pipelines.engine.training import checkpoint


class Killed(Exception):
    pass


def resumed(begun, step):
    """Trains a Run that has not begun until its checkpoint of `step` is there, and then resumes it -> finished Run."""
    save = checkpoint.save

    def last(path, arrays, state):
        save(path, arrays, state)
        if path.name == f"step_{step:09d}.npz":
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "save", last)
        with pytest.raises(Killed):
            begun.train()
    return pipelines.resume(begun.path)
