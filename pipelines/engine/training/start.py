"""Weights that a training starts from: those of a run, a bundle or a Keras file that fit its
model."""

from __future__ import annotations

import collections
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pipelines import catalog
from pipelines.engine.data import learned
from pipelines.engine.training import own, start_bundle, unfinished, weights
from pipelines.errors import PipelineError
from pipelines.files import appearing
from pipelines.models import CARRIED
from pipelines.models.fitted import Fitted
from pipelines.records import read_arrays, read_yaml
from pipelines.task import Method

FILE = "start.npz"  # of a run: what it started from, so that resuming needs no other file
NAMED = 6  # weights that are named of those that are new


@dataclass(frozen=True)
class Start:
    """What a model takes over. taken: {index among its weights: array}; new: paths of the
    others."""

    source: str
    sha256: str
    taken: Mapping[int, np.ndarray]
    new: Sequence[str]

    def facts(self) -> dict:
        """Plain values for run.json."""
        return {
            "path": self.source,
            "sha256": self.sha256,
            "taken": len(self.taken),
            "new": list(self.new),
        }

    def line(self) -> str:
        """What was taken and what was not, for a person."""
        total = len(self.taken) + len(self.new)
        text = f"{self.source}: {len(self.taken)} of {total} weights fit"
        if not self.new:
            return text
        more = ", ..." if len(self.new) > NAMED else ""
        return f"{text}; new are {', '.join(self.new[:NAMED])}{more}"


def find(path: str, model: keras.Model) -> Start:
    """What `model` can take over from `path`, by the layer's path and the shape.

    path: the folder of a run or of a bundle, or a .keras file, of which no code is run. Raises
    PipelineError if it is none of these, or if nothing fits.
    """
    found = list(_named(Path(path).expanduser()))
    taken, new = matched([(v.path, tuple(v.shape)) for v in model.weights], found)
    if not taken:
        raise PipelineError(
            f"no weight of {path} fits this model by its layer and shape. Choose the method and"
            " the net that it was made with."
        )
    digest = hashlib.sha256()
    for _, array in found:
        digest.update(np.ascontiguousarray(array).tobytes())
    paths = [model.weights[index].path for index in new]
    return Start(str(path), digest.hexdigest(), taken, paths)


def matched(
    wanted: Sequence[tuple[str, tuple]], found: Iterable[tuple[str, np.ndarray]]
) -> tuple[dict[int, np.ndarray], list[int]]:
    """({index of `wanted`: array}, indices without one).

    wanted: (path, shape). found: (path, array). The first of a path belongs to the first of that
    path. What no path fits is looked for without the numbers that Keras gives by itself. What a
    batch has left for the next one is neither.
    """
    found, taken = list(found), {}
    left = {i for i, (path, _) in enumerate(wanted) if path.rpartition("/")[2] == CARRIED}
    for key in (str, _without_numbers):
        places = dict(zip(_numbered(key(path) for path, _ in found), found, strict=True))
        for index, place in enumerate(_numbered(key(path) for path, _ in wanted)):
            _, array = places.get(place, ("", None))
            if index not in taken and array is not None and array.shape == wanted[index][1]:
                taken[index] = array
    own = {index: array for index, array in sorted(taken.items()) if index not in left}
    return own, [i for i in range(len(wanted)) if i not in own.keys() | left]


def _numbered(paths: Iterable[str]) -> list[tuple[str, int]]:
    """(path, how often it came before)."""
    seen: collections.Counter = collections.Counter()
    places = []
    for path in paths:
        places.append((path, seen[path]))
        seen[path] += 1
    return places


def _without_numbers(path: str) -> str:
    """A layer's path without the numbers at the ends of its names, as in dense_3/kernel."""
    return re.sub(r"_\d+(?=/|$)", "", path)


def write(folder: Path, start: Start) -> None:
    """Keeps in a run's folder what it starts from."""
    with appearing(folder / FILE) as part, open(part, "wb") as file:
        np.savez(file, **{str(index): array for index, array in start.taken.items()})


def carry(folder: Path, other: Path, method: Method, configs: tuple[Any, Any]) -> None:
    """Keeps what the run in `folder` starts from, if it does, for the run in `other` too.

    configs: of the one and of the other, whose models may differ in some layers.
    """
    if not (folder / FILE).is_file():
        return
    one, two = map(method.model, configs)
    arrays = read_arrays(folder / FILE).items()
    found = [(one.weights[int(index)].path, array) for index, array in arrays]
    taken, new = matched([(v.path, tuple(v.shape)) for v in two.weights], found)
    write(other, Start(str(folder), "", taken, [two.weights[index].path for index in new]))


def apply(folder: Path, model: keras.Model) -> None:
    """Gives a new model of a run the weights that it starts from, if there are any."""
    if (folder / FILE).is_file():
        give(model, {int(index): array for index, array in read_arrays(folder / FILE).items()})


def give(model: keras.Model, taken: Mapping[int, np.ndarray]) -> None:
    """Puts arrays into weights of a model. taken: {index: array}."""
    for index, array in taken.items():
        model.weights[index].assign(array)


def _named(path: Path) -> Iterable[tuple[str, np.ndarray]]:
    """(path of its layer, array) of each weight that lies in a file or folder."""
    if (path / "manifest.json").is_file():
        return start_bundle.read(path)
    if (path / "run.json").is_file():
        return _of_model(_of_run(path))
    if path.suffix == ".keras" and path.is_file():
        return _of_model(_of_file(path))
    what = "is neither a run, a bundle nor a .keras file" if path.exists() else "does not exist"
    raise PipelineError(
        f"start_from={path} {what}. Name the folder of a run or bundle, or a file that Keras has"
        " saved as NAME.keras."
    )


def _of_model(model: keras.Model) -> list[tuple[str, np.ndarray]]:
    return [(v.path, keras.ops.convert_to_numpy(v)) for v in model.weights]


def _of_run(folder: Path) -> keras.Model:
    values = read_yaml(folder / "config.yaml")
    try:
        task, name, _ = (values.pop(key) for key in ("task", "method", "data"))
    except KeyError as error:
        raise PipelineError(f"{folder / 'config.yaml'} lacks {error}.") from error
    method = own.of_run(folder, catalog.method(name, task))
    config = method.Config().replace(**values).having(learned.read(folder / learned.FOLDER))
    model = method.model(config)
    if isinstance(model, Fitted):
        raise PipelineError(f"{folder} is {task}/{name}, which is no net: it has no weights.")
    if weights.file(folder).is_file():
        return weights.read(folder, model)
    return unfinished.read(folder, model, config)


def _of_file(path: Path) -> keras.Model:
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (*weights.DAMAGED, ImportError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise PipelineError(f"{path} cannot be loaded safely: {reason}") from error
