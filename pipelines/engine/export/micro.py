"""Whether a model fits a microcontroller: its int8 file in flash, its tensors in RAM, its ops in
its runtime."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.engine.export import (
    convert,
    cutting,
    micro_interpreter,
    saved_model,
    tflite_file,
)
from pipelines.engine.proof import evaluate, proof
from pipelines.task import SERVE, Method, Part

# Of python_ops_resolver.cc of tflite-micro at 03e16b29, by their names in a file.
OPS = """ABS ADD ADD_N ARG_MAX ARG_MIN ASSIGN_VARIABLE AVERAGE_POOL_2D BATCH_TO_SPACE_ND
BROADCAST_ARGS BROADCAST_TO CALL_ONCE CAST CEIL CONCATENATION CONV_2D COS CUMSUM
DEPTH_TO_SPACE DEPTHWISE_CONV_2D DEQUANTIZE DIV ELU EQUAL EXP EXPAND_DIMS FILL FLOOR
FLOOR_DIV FLOOR_MOD FULLY_CONNECTED GATHER GATHER_ND GREATER GREATER_EQUAL HARD_SWISH IF
L2_NORMALIZATION L2_POOL_2D LEAKY_RELU LESS LESS_EQUAL LOG LOGICAL_AND LOGICAL_NOT
LOGICAL_OR LOGISTIC LOG_SOFTMAX MAX_POOL_2D MAXIMUM MEAN MINIMUM MIRROR_PAD MUL NEG
NOT_EQUAL PACK PAD PADV2 PRELU QUANTIZE READ_VARIABLE REDUCE_MAX RELU RELU6 RESHAPE
RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR ROUND RSQRT SELECT_V2 SHAPE SIN SLICE SOFTMAX
SPACE_TO_BATCH_ND SPACE_TO_DEPTH SPLIT SPLIT_V SQRT SQUARE SQUARED_DIFFERENCE SQUEEZE
STRIDED_SLICE SUB SUM SVDF TANH TRANSPOSE TRANSPOSE_CONV UNIDIRECTIONAL_SEQUENCE_LSTM
UNPACK VAR_HANDLE WHILE ZEROS_LIKE"""
RUNTIME = "TensorFlow Lite Micro"


@dataclass(frozen=True)
class Fit:
    """What a file takes of a microcontroller: bytes of flash for the file, bytes of RAM for its
    arena.

    measured: by the interpreter, on this machine; else `arena_bytes` is an estimate, the tensors
    that are held at once at the fullest step, and the interpreter needs more. foreign: [(op,
    tensor)] that it does not have. reason: why it does not fit and what to change, in one line;
    empty if it does.
    """

    flash_bytes: int = 0
    arena_bytes: int = 0
    measured: bool = False
    foreign: tuple = ()
    reason: str = ""

    @property
    def fits(self) -> bool:
        return not self.reason

    def __str__(self) -> str:
        how = (
            "as its interpreter says"
            if self.measured
            else "or more: an estimate, as tflite-micro is not installed"
        )
        return f"{RUNTIME}: {_kb(self.flash_bytes)} of flash, {_kb(self.arena_bytes)} of RAM {how}"


def check(
    model: Any,
    method: Method,
    config: Any,
    inputs: Mapping,
    ram: float | None = None,
    flash: float | None = None,
) -> Fit:
    """Fit of a Keras model, trained or not: it is converted to int8 with all its programs,
    calibrated on `inputs`, a batch by name.

    ram, flash: budgets in bytes; None is any.
    """
    needs = "a microcontroller needs an int8 file, and"
    if why := method.unsupported(config).get("int8"):
        return Fit(reason=f"{needs} this model has none: {why}")
    if method.fitted:
        return Fit(reason=f"{needs} this model has none: it is made of arrays, not of a net")
    programs = method.programs(model, config, inputs)
    examples = {name: p.inputs for name, p in programs.items() if not p.file}
    with tempfile.TemporaryDirectory() as scratch:
        saved = Path(scratch) / "saved_model"
        saved_model.write(model, programs, saved)
        made = convert.convert(saved, scratch, ["int8"], examples)["int8"]
        if isinstance(made, str):
            return Fit(reason=f"{needs} it cannot be made: {made}")
        return check_file(made, config, ram, flash)


def check_file(
    path: Path, config: Any, ram: float | None = None, flash: float | None = None
) -> Fit:
    """Fit of a TFLite file; see `check`. Of one with several programs, which the interpreter cannot
    tell apart, it is that of the files of `cutting.cut`, run one after another."""
    fits = check_files(cutting.cut(path), config, ram, flash)
    if len(fits) == 1:
        (fit,) = fits.values()
        return fit
    return Fit(
        flash_bytes=sum(fit.flash_bytes for fit in fits.values()),
        arena_bytes=max(fit.arena_bytes for fit in fits.values()),
        measured=all(fit.measured for fit in fits.values()),
        foreign=sum((fit.foreign for fit in fits.values()), ()),
        reason="; ".join(f"{name}: {fit.reason}" for name, fit in fits.items() if fit.reason),
    )


def check_files(
    files: Mapping[str, Path], config: Any, ram: float | None, flash: float | None
) -> dict[str, Fit]:
    """{program: Fit} of {program: file with that program alone}."""
    total = sum(path.stat().st_size for path in files.values())
    return {name: _fit(path, total, config, ram, flash) for name, path in files.items()}


def _fit(path, total, config, ram, flash):
    """Fit of a file; total: bytes of all files that have to be in flash."""
    size, foreign = path.stat().st_size, tflite_file.beyond(path, OPS.split())
    if foreign:
        return Fit(size, foreign=tuple(foreign), reason=tflite_file.foreign_ops(foreign, RUNTIME))
    arena, largest = tflite_file.live(path)
    measured = micro_interpreter.installed()
    if measured:
        try:
            arena = micro_interpreter.run(path)[0]["total"]
        except ValueError as error:
            return Fit(size, arena, reason=f"it does not run in {RUNTIME}: {error}")
    reasons = []
    if flash and total > flash:
        reasons.append(_too_long(total, size, flash))
    if ram and arena > ram:
        reasons.append(_too_much(arena, ram, largest, config))
    return Fit(size, arena, measured, reason="; ".join(reasons))


def _too_long(total, size, flash):
    owner = "the file has" if total == size else "the files of all programs have"
    return f"{owner} {_kb(total)} and flash {_kb(flash)}: take a smaller net"


def _too_much(arena, ram, largest, config):
    """Why the tensors do not fit, and what to change. largest: names of tensors."""
    side = getattr(config, "image_size", 0)
    smaller = "a shorter input"
    if side:
        smaller = f"an image_size of about {int(side * (ram / arena) ** 0.5)}"
    held = " and ".join(name.partition(";")[0] for name in largest[:2])
    return (
        f"its tensors need {_kb(arena)} and RAM is {_kb(ram)}: take {smaller}, or fewer"
        f" channels at {held}, where most is held at once"
    )


def prove(
    record: Mapping,
    fit: Fit,
    path: Path,
    part: Part,
    method: Method,
    config: Any,
    reference: Mapping,
    max_drop: float | None,
) -> dict:
    """A proven file's record with its Fit and, if the microcontroller's interpreter is here, the
    proof on that. The files of `cutting.cut` are listed, if there are several programs."""
    files = cutting.cut(path)
    micro = {"arena_bytes": fit.arena_bytes, "measured": fit.measured, "says": str(fit)}
    if len(files) > 1:
        micro["files"] = {name: {"path": file.name} for name, file in files.items()}
    record = {**record, "micro": micro}
    if not fit.measured:
        return record
    answer = proof.answering_in_numbers(_runner(files), method, config)
    try:
        metrics = evaluate.score(answer, part, method, config, title=f"proving on {RUNTIME}")
    except ValueError as error:
        reason = f"{path.name} does not run in {RUNTIME}: {error}"
        return record | {"passed": False, "reason": reason}
    score = method.scores[0]
    verdict = proof.gate(metrics, reference, score, max_drop, f"{path.name} on {RUNTIME}")
    micro[score.name] = metrics[score.name]
    if not verdict["passed"]:
        record |= {"passed": False, "reason": verdict["reason"]}
    return record


def _runner(files):
    def run(inputs, program=SERVE):
        if program not in files:
            raise ValueError(f"the programs are {', '.join(files)}; got {program}.")
        return micro_interpreter.run(files[program], inputs)[1]

    return run


def _kb(size):
    return f"{size / 1024:.0f} KB"
