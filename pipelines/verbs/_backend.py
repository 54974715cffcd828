"""The backend of Keras that a command line names."""

import importlib.util
import os

from pipelines.errors import PipelineError


def use(name: str | None) -> None:
    """Chooses it, before Keras is imported, which reads it once. Raises PipelineError without its
    package."""
    if name is None:
        return
    if not importlib.util.find_spec(name):
        raise PipelineError(f"the {name} backend needs the package {name}: pip install {name}.")
    os.environ["KERAS_BACKEND"] = name
