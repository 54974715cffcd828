"""A search for better settings within a time, by Optuna: each trial is a run of its own."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from pipelines import installing, markup, terminal
from pipelines.config import Config, settings
from pipelines.engine.data import source
from pipelines.engine.parallel import processes
from pipelines.engine.training import setup
from pipelines.errors import PipelineError, Refused, nearest
from pipelines.files import write_text
from pipelines.run import Run, start

AROUND = 10.0  # times above and below the method's own learning rate
WIDE = 30.0  # ends of a range so far apart, as a ratio, are searched by orders of magnitude
STARTUP, WARMUP = 4, 2  # trials, and epochs of each, before one may be given up (as a median rule)
SPACE: Mapping[str, Any] = {  # what is searched by default, as far as the method has it
    "weight_decay": (1e-6, 1e-1),
    "dropout": (0.0, 0.5),
    "label_smoothing": (0.0, 0.2),
    "mixup": (0.0, 0.4),
    "colour": (0.0, 0.4),
    "rotate": (0.0, 30.0),
    "flip": [False, True],
}


@dataclass(frozen=True)
class Trial:
    """One trial. value: the score, or None if it failed; state: complete, stopped early or
    failed."""

    number: int
    given: Mapping[str, Any]
    value: float | None
    state: str
    minutes: float


class Tuned:
    """A finished search: `trials`, and `best`, the Run of the best. It prints as a table."""

    def __init__(self, folder: Path, score: str, trials: Sequence[Trial], best: Run):
        self.folder, self.score, self.trials, self.best = folder, score, list(trials), best

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the best trial, those that were searched."""
        return dict(next(t.given for t in self.trials if self.best.path == _path(self.folder, t)))

    def rows(self) -> tuple[list[str], list[list[str]]]:
        """(heading, a row a trial)."""
        names = list(dict.fromkeys(name for trial in self.trials for name in trial.given))
        heading = ["trial", self.score, "minutes", "state", *names]
        return heading, [_row(trial, names) for trial in self.trials]

    def __repr__(self) -> str:
        heading, rows = self.rows()
        return f"{terminal.table(rows, heading)}\nbest: {self.best.path}"

    def _repr_html_(self) -> str:
        heading, rows = self.rows()
        return markup.page(f"best: {self.best.path}", markup.table(rows, heading))


def tune(
    task: str,
    data: Any,
    minutes: float,
    trials: int | None,
    folder: Path | str | None,
    space: Mapping[str, Any] | None,
    given: Mapping[str, Any],
) -> Tuned:
    """See `pipelines.tune`."""
    _optuna()
    method, config, data, _ = setup.configured(task, data, given)
    if not isinstance(config, Config):
        raise PipelineError(
            f"{method.task}/{method.name} is not trained by gradients: choose another."
        )
    made = setup.set_up(f"{method.task}/{method.name}", data, given)
    if isinstance(made.source, source.DataSet):
        data = made.read
    # What follows from the data is the method's own as well: a learning rate, or a mirror.
    ranges = searched(method.Config, made.config, space, given)
    folder = _folder(folder, f"{method.task}-{method.name}")
    score = method.scores[0]
    name = f"val_{score.name}"

    def attempt(number: int, chosen: Mapping[str, Any], heard: Callable) -> list[float]:
        changes = {**given, "method": method.name, **chosen}
        run = start(method.task, data, folder / f"trial-{number:03d}", changes)
        if not run.source.parts().get("validation"):
            raise PipelineError(f"{run.data_name} has no validation split to judge trials by.")
        run.train([Watch(name, heard)])
        return [value for value in run.history[name] if value is not None]

    found = search(attempt, ranges, minutes, trials, score.sign, config.seed)
    whole = [trial for trial in found if trial.value is not None]
    if not whole:
        raise Refused(f"every trial failed. See {folder}, or lower learning_rate.")
    best = max(whole, key=lambda trial: score.sign * trial.value)
    tuned = Tuned(folder, name, found, Run(_path(folder, best), data))
    write_text(folder / "trials.csv", _csv(*tuned.rows()))
    return tuned


def searched(
    kind: type, config: Config, space: Mapping[str, Any] | None, given: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    """{setting: (range or choices, the method's own value)} of what is searched.

    config: resolved. Settings that the user gave stay. Raises PipelineError for an unknown setting
    or a bad range.
    """
    known = {field.name for field in settings(kind)}
    if space is None:
        free = known - set(given)
        space = {name: value for name, value in _by_default(config).items() if name in free}
    for name, value in space.items():
        _refuse_range(name, value, known)
    if not space:
        raise PipelineError(
            "there is no setting to search. Name some: space={'learning_rate': ...}."
        )
    return {name: (value, getattr(config, name)) for name, value in space.items()}


def _refuse_range(name: str, value: Any, known: Collection[str]) -> None:
    """Raises PipelineError if a setting is unknown, or its range is none."""
    if name not in known:
        raise PipelineError(f"unknown setting {name!r}. {nearest(name, known)}")
    is_choices = isinstance(value, list) and value
    if not is_choices and not _is_range(value):
        raise PipelineError(
            f"space[{name!r}] must be (low, high) or a list of choices; got {value!r}."
        )


def _by_default(config: Config) -> dict[str, Any]:
    """The ranges that have the method's own value, so that it can be the first that is tried."""
    rate = config.learning_rate
    ranges = {"learning_rate": (rate / AROUND, rate * AROUND), **SPACE} if rate else SPACE
    return {
        name: value for name, value in ranges.items() if _holds(value, getattr(config, name, None))
    }


def search(
    attempt: Callable[[int, Mapping, Callable], list[float]],
    ranges: Mapping[str, tuple[Any, Any]],
    minutes: float,
    trials: int | None,
    sign: int,
    seed: int,
) -> list[Trial]:
    """Trials until the time or their number is used up; the first has the method's own settings.

    attempt: (number, settings, heard) -> the score of each epoch; heard(epoch, value) says whether
    to go on. A trial that is worse than the median of the earlier ones at that epoch is stopped.
    """
    optuna = _optuna()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize" if sign > 0 else "minimize",
        sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=optuna.pruners.MedianPruner(STARTUP, WARMUP),
    )
    study.enqueue_trial({name: own for name, (value, own) in ranges.items() if _holds(value, own)})
    ends, found = time.monotonic() + 60 * minutes, []
    while not found or (time.monotonic() < ends and len(found) < (trials or len(found) + 1)):
        asked = study.ask()
        chosen = {name: _suggested(asked, name, value) for name, (value, _) in ranges.items()}
        print(f"trial {len(found) + 1}: {_listed(chosen)}", flush=True)
        began, given_up = time.monotonic(), []

        def heard(epoch: int, value: float, asked: Any = asked, given_up: list = given_up) -> bool:
            asked.report(value, epoch)
            if asked.should_prune() or (found and time.monotonic() > ends):
                given_up.append(epoch)
            return not given_up

        try:
            values = attempt(len(found) + 1, chosen, heard)
            value = (max if sign > 0 else min)(values)
            state = "stopped early" if given_up else "complete"
            study.tell(asked, value)
        except Refused as error:  # it diverged
            print(error, flush=True)
            value, state = None, "failed"
            study.tell(asked, state=optuna.trial.TrialState.FAIL)
        spent = (time.monotonic() - began) / 60
        found.append(Trial(len(found) + 1, chosen, value, state, spent))
    return found


class Watch(keras.callbacks.Callback):
    """Tells the search of each epoch's score, and stops the training if that says so."""

    def __init__(self, name: str, heard: Callable[[int, float], bool]):
        super().__init__()
        self._score, self._heard = name, heard

    def on_epoch_end(self, epoch: int, logs: Mapping | None = None) -> None:
        value = (logs or {}).get(self._score)
        if value is not None and not self._heard(epoch, float(value)):
            self.model.stop_training = True


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise PipelineError(
            f"tune searches by Optuna. Install it: {installing.line('tune')}."
        ) from error
    return optuna


def _folder(folder: Path | str | None, stem: str) -> Path:
    if folder is None:
        numbered = (Path("runs") / f"tune-{stem}-{i:03d}" for i in range(1, 10_000))
        folder = next(path for path in numbered if not path.exists())
    folder = processes.folder(folder)
    if folder.exists():
        raise PipelineError(f"{folder} exists already. Name another folder with --run.")
    return folder


def _path(folder: Path, trial: Trial) -> Path:
    return folder / f"trial-{trial.number:03d}"


def _is_range(value: Any) -> bool:
    is_pair = isinstance(value, tuple) and len(value) == 2
    return is_pair and all(isinstance(end, (int, float)) for end in value) and value[0] < value[1]


def _holds(value: Any, own: Any) -> bool:
    """Whether a range or a list of choices has the method's own value."""
    if isinstance(value, list):
        return own in value
    return isinstance(own, (int, float)) and value[0] <= own <= value[1]


def _suggested(asked: Any, name: str, value: Any) -> Any:
    if isinstance(value, list):
        return asked.suggest_categorical(name, value)
    low, high = value
    if isinstance(low, int) and isinstance(high, int):
        return asked.suggest_int(name, low, high)
    return asked.suggest_float(name, low, high, log=low > 0 and high / low >= WIDE)


def _row(trial: Trial, names: Sequence[str]) -> list[str]:
    value = "–" if trial.value is None else f"{trial.value:.4f}"
    given = [_shown(trial.given[name]) for name in names]
    return [str(trial.number), value, f"{trial.minutes:.1f}", trial.state, *given]


def _shown(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _listed(chosen: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_shown(value)}" for name, value in chosen.items())


def _csv(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([heading, *rows])
    return out.getvalue()
