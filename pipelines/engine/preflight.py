"""What would stop a training on a TPU, or its model on a microcontroller, found here before time is
spent."""

import itertools
import os
import re
import time
from dataclasses import dataclass

import keras
import numpy as np

from pipelines import progress
from pipelines.engine.export import micro
from pipelines.engine.parallel import devices
from pipelines.engine.training import fit as train
from pipelines.engine.training import precision, setup
from pipelines.errors import PipelineError
from pipelines.files import in_bytes

SECONDS = 3.0  # that the input pipeline is timed
BATCHES = 100  # that are looked at for their shapes
SHAPES = 8  # each of which costs a compilation, before they are too many
ROOM = 0.8  # of the memory of a TPU that a plan made on a CPU may take: layouts there pad channels


@dataclass(frozen=True)
class Chip:
    """What JAX calls one device: memory in bytes, operations a second in bfloat16 at best."""

    memory: float
    speed: float


# cloud.google.com/tpu/docs, system architecture, per chip; a v2 or v3 has two devices in a chip.
CHIPS = {
    "v2": Chip(8 * 1024**3, 22.5e12),
    "v3": Chip(16 * 1024**3, 61.5e12),
    "v4": Chip(32 * 1024**3, 275e12),
    "v5e": Chip(16 * 1024**3, 197e12),
    "v5p": Chip(95 * 1024**3, 459e12),
    "v6e": Chip(32 * 1024**3, 918e12),
}
FAR = 50  # times the rate of the input here, beyond which more processors are no answer
SHARE = 0.3  # of a chip's best speed, which well-tuned training of large nets comes to


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. passed: None if it is advice alone. text: what was found, or
    what to change."""

    name: str
    passed: bool | None
    text: str


def judged(task_name, data, target, chip, ram, flash, settings):
    """Findings; see `pipelines.preflight`. settings: a mapping, whose names may be any."""
    if target == "tpu" and (ram or flash):
        raise PipelineError("ram and flash are budgets of a microcontroller: say target micro.")
    if target == "tpu":
        return tpu(task_name, data, settings, chip)
    if target == "micro":
        return microcontroller(task_name, data, settings, ram, flash)
    raise PipelineError(f"target must be tpu or micro; got {target!r}.")


def tpu(task_name, data, settings, chip="v5e"):
    """Findings of a training on a TPU, of a task, data and settings as `pipelines train` takes
    them.

    Raises PipelineError if this is not the JAX backend, or a name or setting will not do,
    Refused for data with errors.
    """
    if chip not in CHIPS:
        raise PipelineError(f"chip must be one of {', '.join(CHIPS)}; got {chip!r}.")
    if keras.backend.backend() != "jax":
        raise PipelineError(
            "a TPU is trained on by JAX: set KERAS_BACKEND=jax before pipelines is imported."
        )
    made = setup.set_up(task_name, data, settings)
    method, config = made.method, made.config
    told = method.on_tpu(config)
    if told:
        return [Finding("steps", None, told), _packages()]
    train.require_gradients(method, config, "step for a TPU")
    split = made.source.held_out("train")
    found = [_data(made.source), _batch(config)]
    batches = iter(split.train().as_numpy_iterator())
    found.append(_shapes(batches))
    if config.jit_compile == "off":
        found.append(
            Finding("XLA", False, "a TPU runs what XLA compiled alone: set jit_compile=auto")
        )
    steps = []
    share = max(1, config.batch_size // config.devices)
    inputs, targets = keras.tree.map_structure(lambda v: v[:share], next(batches))
    phases = train.phases(method, config)
    stages = [stage for stage in phases if not stage.solve and not stage.steps]
    for stage in progress.each(stages, "compiling", len(stages), "phases"):
        name = f"step of {stage.name}" if len(stages) > 1 else "step"
        with precision.policy(config.precision):
            looked, step = _step(name, _model(method, config, stage), inputs, targets, stage)
        found.append(looked)
        steps += [step] if step else []
    if steps:
        found.append(_memory(max(step.memory for step in steps), CHIPS[chip]))
        found.append(_input(split, max(step.flops for step in steps), config, CHIPS[chip]))
    if config.precision == "float32":
        found.append(
            Finding("precision", None, "precision=mixed_bfloat16 is what a TPU is fastest in")
        )
    return [*found, _packages()]


def microcontroller(task_name, data, settings, ram=None, flash=None):
    """Findings of the int8 file of a model that has not been trained; ram and flash: sizes such as
    256KB, or None."""
    ram, flash = (size and in_bytes(size, name) for size, name in ((ram, "ram"), (flash, "flash")))
    made = setup.set_up(task_name, data, settings)
    method, config = made.method, made.config
    inputs, _ = made.source.held_out("train").sample(config.calibration_examples)
    fit = micro.check(method.model(config), method, config, inputs, ram, flash)
    text = str(fit) if fit.fits else fit.reason
    return [_data(made.source), Finding("microcontroller", fit.fits, text)]


def _data(source):
    count = source.parts()["train"]
    return Finding("data", True, f"{count:,} training examples, without errors")


def _batch(config):
    try:
        devices.divided(config)
    except PipelineError as error:
        return Finding("batch", False, str(error))
    share = config.batch_size // config.devices
    return Finding(
        "batch", True, f"{config.batch_size} examples, {share} on each of {config.devices} devices"
    )


def _shapes(batches):
    """How many different shapes batches have."""
    seen, count = set(), 0
    for inputs, targets in itertools.islice(batches, BATCHES):
        seen.add(str(keras.tree.map_structure(np.shape, (inputs, targets))))
        count += 1
    shown = ", ".join(f"{name} {value.dtype} {value.shape}" for name, value in inputs.items())
    if len(seen) == 1:
        return Finding("shapes", True, f"the same in every batch: {shown}")
    text = f"{len(seen)} different ones in {count} batches, each of which is compiled once"
    return Finding("shapes", len(seen) <= SHAPES, f"{text}; the last is {shown}")


def _model(method, config, stage):
    model = method.model(config)
    if stage.begin:
        stage.begin(model)
    return model


@dataclass(frozen=True)
class _Step:
    memory: float  # bytes on one device
    flops: float


def _step(name, model, inputs, targets, stage):
    """(Finding, _Step or None) of one training step, traced, lowered for a TPU, and compiled by XLA
    here."""
    import jax

    if stage.cut:
        fixed, model = stage.cut(model)
        inputs = {"features": fixed.predict_on_batch(inputs)}
    train.build(model, *keras.tree.map_structure(lambda v: v[:1], (inputs, targets)))
    names = ("trainable", "non_trainable", "optimizer", "metrics")
    state = model._get_jax_state(**{f"{name}_variables": True for name in names})
    try:
        traced = jax.jit(model.train_step, donate_argnums=0).trace(state, (inputs, targets))
    except (NotImplementedError, ValueError, TypeError) as error:
        return Finding(name, False, f"JAX cannot trace it: {' '.join(str(error).split())}"), None
    if called := sorted(set(re.findall(r"\b\w+_callback\b", str(traced.jaxpr)))):
        text = (
            f"it calls back into Python ({', '.join(called)}), which a TPU cannot: compute that"
            " before, in the data"
        )
        return Finding(name, False, text), None
    try:
        traced.lower(lowering_platforms=("tpu",))
    except (NotImplementedError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        return Finding(name, False, f"JAX has no rule to lower it for a TPU: {reason}"), None
    try:
        made = traced.lower().compile()
    except jax.errors.JaxRuntimeError as error:
        return (
            Finding(name, False, f"XLA cannot compile it: {str(error).strip().splitlines()[0]}"),
            None,
        )
    plan, cost = made.memory_analysis(), made.cost_analysis()
    size = (
        plan.argument_size_in_bytes
        + plan.output_size_in_bytes
        - plan.alias_size_in_bytes
        + plan.temp_size_in_bytes
    )
    return Finding(
        name, True, "XLA compiles it, JAX lowers it for a TPU, nothing calls back into Python"
    ), _Step(size, cost.get("flops", 0.0))


def _memory(size, chip):
    text, fits = (
        f"{_gb(size)} of {_gb(chip.memory)} on each device, by XLA's plan for a CPU",
        size <= ROOM * chip.memory,
    )
    advice = (
        f": more than {ROOM:.0%}; lower batch_size, take more devices or precision=mixed_bfloat16"
    )
    return Finding("memory", fits, text if fits else text + advice)


def _input(split, flops, config, chip):
    """Whether batches come as fast as steps would want them."""
    stream, count = iter(split.train()), 0
    for _ in range(3):
        next(stream)
    began = time.perf_counter()
    while (seconds := time.perf_counter() - began) < SECONDS:
        next(stream)
        count += 1
    here, there = (
        rate * config.batch_size for rate in (count / seconds, chip.speed * SHARE / max(flops, 1.0))
    )
    text = f"{here:,.0f} examples a second are prepared here, by {os.cpu_count()} processors"
    text += f"; the step would take some {there:,.0f}, at {SHARE:.0%} of the chip's best"
    if here >= there:
        return Finding("input", True, text)
    text += f": it would wait {1 - here / there:.0%} of its time"
    if there > FAR * here:
        return Finding(
            "input",
            None,
            f"{text}; so small a net keeps no TPU busy, and will train as fast elsewhere",
        )
    return Finding(
        "input",
        None,
        f"{text}; take cache=memory, more processors beside the TPU, or a data service",
    )


def _packages():
    import jax

    wanted = [
        f"{name}=={version}"
        for name, version in setup.environment().items()
        if name in ("tensorflow", "keras")
    ]
    text = (
        f'on the machine with the TPU: pip install "jax[tpu]=={jax.__version__}" {" ".join(wanted)}'
        " and this package;"
    )
    return Finding(
        "packages",
        None,
        f"{text} Colab's TPU machines come without TensorFlow, which reads the data",
    )


def _gb(size):
    return f"{size / 1024**3:.2f} GB"
