"""TensorFlow loads without its noise, which is no news to a user, and while a person is told."""

import contextlib
import os
import sys
from collections.abc import Iterator

from pipelines import terminal
from pipelines.progress import Progress

# Levels of its loggers below which nothing is said; a setting of the user's own stays.
LEVELS = {"TF_CPP_MIN_LOG_LEVEL": "3", "GLOG_minloglevel": "2"}
SOON = 1.5  # seconds: often it is the first that is heard of a command


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Within it, modules that need TensorFlow are imported."""
    if "tensorflow" in sys.modules:
        yield
        return
    for name, level in LEVELS.items():
        os.environ.setdefault(name, level)
    with Progress("loading TensorFlow", patience=SOON), terminal.hushed():
        yield
