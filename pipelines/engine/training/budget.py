"""How many epochs fit in a time: some steps and a validation pass of each phase are timed."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Any

import keras

from pipelines.engine.parallel import devices, processes
from pipelines.engine.proof import evaluate
from pipelines.engine.training import fit, precision
from pipelines.errors import PipelineError
from pipelines.progress import Progress
from pipelines.task import Method, Phase, Source

STEPS, SECONDS = 20, 4.0  # that are timed at most, after the first step, which compiles the net
RESERVE = 0.05  # of the time, for checkpoints and whatever else is not timed
MOST = 10_000  # epochs


@dataclasses.dataclass(frozen=True)
class Cost:
    """Seconds of a phase: `once` at its beginning, and `epoch` for each of its epochs."""

    once: float
    epoch: float


def epochs(method: Method, config: Any, source: Source, limit: int | None = None) -> int:
    """How many epochs fit in `config.minutes`, at least as few as the method's phases allow.

    limit: the most, if the user named a number. The models that are timed are used up.
    """
    began = time.perf_counter()
    with precision.policy(config.precision), devices.shared(config):
        costs = measured(method, config, source)
    left = config.minutes * 60 * (1 - RESERVE) - (time.perf_counter() - began)

    def seconds(count: int) -> float:
        stages = fit.phases(method, config.lasting(count))
        return sum(costs[s.name].once + s.config.epochs * costs[s.name].epoch for s in stages)

    found = fitting(seconds, left, limit or MOST)
    return round(processes.decided({"epochs": float(found)})["epochs"])


def fitting(seconds: Callable[[int], float], left: float, most: int) -> int:
    """The largest number of epochs up to `most` that takes at most `left` seconds.

    seconds: of so many epochs, rising; raises PipelineError for fewer than the phases need. If not
    even these fit, they are the answer.
    """
    low, high = _least(seconds, most), most
    while low < high:
        middle = (low + high + 1) // 2
        if seconds(middle) <= left:
            low = middle
        else:
            high = middle - 1
    return low


def _least(seconds: Callable[[int], float], most: int) -> int:
    """The least number of epochs that the phases can be cut into."""
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        try:
            seconds(middle)
            high = middle
        except PipelineError:
            low = middle + 1
    return low


def measured(method: Method, config: Any, source: Source) -> Mapping[str, Cost]:
    """{phase: Cost} of the phases of a training."""
    stages = fit.phases(method, config)
    found = {}
    for index, stage in enumerate(stages):
        keras.utils.set_random_seed(config.seed)
        which = f" of phase {stage.name}" if len(stages) > 1 else ""
        with Progress(f"timing some steps{which}"):
            found[stage.name] = _cost(method, stages, index, source)
    return found


def _cost(method: Method, stages: list[Phase], index: int, source: Source) -> Cost:
    stage, began = stages[index], time.perf_counter()
    config = stage.config
    net, own = fit.begin(method.model(config), stages, index, source, told=False)
    if stage.solve:  # one step, whatever the epochs
        stage.solve(net, own)
        _judge(net, method, config, own)
        return Cost(time.perf_counter() - began, 0.0)
    prepared = time.perf_counter() - began
    times = _own_steps(stage, net, own) if stage.steps else _steps(net, own, config)
    first, rest = times[0], times[1:]
    step = sum(rest) / len(rest) if rest else first
    epoch, compiling = step * config.steps_per_epoch, first - step
    part = own.held_out("validation")
    if len(part):
        seconds, more = _pass(net, method, config, part)
        epoch, compiling = epoch + seconds, compiling + more
    return Cost(prepared + max(0.0, compiling), epoch)


def _judge(net: keras.Model, method: Method, config: Any, source: Source) -> None:
    """What a phase that is solved does after it: a pass over both splits."""
    answer = evaluate.Decoder(net, method, config)
    for part in map(source.held_out, ("train", "validation")):
        if len(part):
            evaluate.validate(answer, part, method, config)


def _steps(net: keras.Model, source: Source, config: Any) -> list[float]:
    """Seconds of some steps by gradients."""
    watch = _Watch()
    net.fit(
        processes.share(source.train(0, net)),
        steps_per_epoch=STEPS + 1,
        epochs=1,
        callbacks=[watch],
        shuffle=False,
        verbose=0,
    )
    return watch.times


class _Watch(keras.callbacks.Callback):
    """The seconds of each step; ends when there are enough of them."""

    def __init__(self):
        super().__init__()
        self.times, self._last = [], time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        self.times.append(now - self._last)
        self._last = now
        if sum(self.times[1:]) > SECONDS:
            self.model.stop_training = True


def _own_steps(stage: Phase, net: keras.Model, source: Source) -> list[float]:
    """Seconds of some steps that the phase does itself."""
    times, numbers = [], stage.steps(net, source, 0)
    while len(times) <= STEPS and sum(times[1:]) <= SECONDS:
        began = time.perf_counter()
        next(numbers)
        times.append(time.perf_counter() - began)
    return times


def _pass(net: keras.Model, method: Method, config: Any, part: Any) -> tuple[float, float]:
    """Seconds of a validation pass, and of what comes only before the first one."""
    predict, began = evaluate.Decoder(net, method, config), time.perf_counter()
    if method.evaluate(predict, part, config) is None:
        for inputs, targets in part.batches().take(1).as_numpy_iterator():
            predict.judge(inputs, targets)
    compiled = time.perf_counter()
    evaluate.validate(predict, part, method, config)
    return time.perf_counter() - compiled, compiled - began
