"""An error from inside tf.data names no file: here it gets the name of the example."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import tensorflow as tf

from pipelines.engine.data.split import Split
from pipelines.errors import PipelineError


@contextlib.contextmanager
def named(parts: Callable[[], Iterable[Any]]) -> Iterator[None]:
    """Within it, batches of `parts` are read.

    If that fails because of an example, such as a file that has changed since it was audited,
    raises PipelineError with its name; other errors stay what they are.
    """
    try:
        yield
    except tf.errors.OpError:
        for part in parts():
            if isinstance(part, Split):
                _refuse_unreadable(part)
        raise


def _refuse_unreadable(split: Split) -> None:
    """Raises PipelineError with the first example that cannot be read."""
    for i, where in enumerate(split.examples.where):
        try:
            split.load(tf.constant(i))
        except tf.errors.OpError as error:
            reason = " ".join(error.message.split("\n", 1)[0].split())
            raise PipelineError(
                f"{where} cannot be read: {reason}. It has changed since it was audited; restore"
                " it, or run `pipelines audit` again."
            ) from error
