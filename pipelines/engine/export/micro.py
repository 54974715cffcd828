"""Whether a model fits a microcontroller: its int8 file in flash, its tensors in RAM, its ops in its runtime."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from pipelines.engine.export import convert, micro_interpreter, saved_model, tflite_file
from pipelines.engine.proof import evaluate, proof
from pipelines.task import SERVE

# Of python_ops_resolver.cc of tflite-micro at 03e16b29, by their names in a file.
OPS = """ABS ADD ADD_N ARG_MAX ARG_MIN ASSIGN_VARIABLE AVERAGE_POOL_2D BATCH_TO_SPACE_ND BROADCAST_ARGS BROADCAST_TO
CALL_ONCE CAST CEIL CONCATENATION CONV_2D COS CUMSUM DEPTH_TO_SPACE DEPTHWISE_CONV_2D DEQUANTIZE DIV ELU EQUAL EXP
EXPAND_DIMS FILL FLOOR FLOOR_DIV FLOOR_MOD FULLY_CONNECTED GATHER GATHER_ND GREATER GREATER_EQUAL HARD_SWISH IF
L2_NORMALIZATION L2_POOL_2D LEAKY_RELU LESS LESS_EQUAL LOG LOGICAL_AND LOGICAL_NOT LOGICAL_OR LOGISTIC LOG_SOFTMAX
MAX_POOL_2D MAXIMUM MEAN MINIMUM MIRROR_PAD MUL NEG NOT_EQUAL PACK PAD PADV2 PRELU QUANTIZE READ_VARIABLE REDUCE_MAX
RELU RELU6 RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR ROUND RSQRT SELECT_V2 SHAPE SIN SLICE SOFTMAX
SPACE_TO_BATCH_ND SPACE_TO_DEPTH SPLIT SPLIT_V SQRT SQUARE SQUARED_DIFFERENCE SQUEEZE STRIDED_SLICE SUB SUM SVDF TANH
TRANSPOSE TRANSPOSE_CONV UNIDIRECTIONAL_SEQUENCE_LSTM UNPACK VAR_HANDLE WHILE ZEROS_LIKE"""
RUNTIME = "TensorFlow Lite Micro"


@dataclass(frozen=True)
class Fit:
    """What a file takes of a microcontroller: bytes of flash for the file, bytes of RAM for its
    arena.

    measured: by the interpreter, on this machine; else `arena_bytes` is an estimate, the tensors
    that are held at once at the fullest step, and the interpreter needs more. foreign: [(op,
    tensor)] that it does not have. reason: why it does not fit and what to change, in one line;
        empty where it does.
    """

    flash_bytes: int = 0
    arena_bytes: int = 0
    measured: bool = False
    foreign: tuple = ()
    reason: str = ""

    @property
    def fits(self):
        return not self.reason

    def __str__(self):
        how = (
            "as its interpreter says"
            if self.measured
            else "or more: an estimate, as tflite-micro is not installed"
        )
        return f"{RUNTIME}: {_kb(self.flash_bytes)} of flash, {_kb(self.arena_bytes)} of RAM {how}"


def check(model, method, config, inputs, ram=None, flash=None):
    """Fit of a Keras model, trained or not: it is converted to int8 with all its programs,
    calibrated on `inputs`, a batch by name.

    ram, flash: budgets in bytes; None is any.
    """
    why = method.unsupported(config).get("int8")
    if why:
        return Fit(reason=f"a microcontroller needs an int8 file, and this model has none: {why}")
    programs = method.programs(model, config, inputs)
    shared = {name: p.inputs for name, p in programs.items() if not p.file}
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        saved_model.write(model, programs, scratch / "saved_model")
        made = convert.convert(scratch / "saved_model", scratch, ["int8"], shared)["int8"]
        if isinstance(made, str):
            return Fit(
                reason=f"a microcontroller needs an int8 file, and it cannot be made: {made}"
            )
        return check_file(made, config, ram, flash)


def check_file(path, config, ram=None, flash=None):
    """Fit of a TFLite file; see `check`."""
    size, foreign = Path(path).stat().st_size, tflite_file.beyond(path, OPS.split())
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
    if flash and size > flash:
        reasons.append(f"the file has {_kb(size)} and flash {_kb(flash)}: take a smaller net")
    if ram and arena > ram:
        side = getattr(config, "image_size", 0)
        smaller = (
            f"an image_size of about {int(side * (ram / arena) ** 0.5)}"
            if side
            else "a shorter input"
        )
        held = " and ".join(name.partition(";")[0] for name in largest[:2])
        reasons.append(
            f"its tensors need {_kb(arena)} and RAM is {_kb(ram)}: take {smaller}, or fewer"
            f" channels at {held}, where most is held at once"
        )
    return Fit(size, arena, measured, reason="; ".join(reasons))


def prove(record, fit, path, part, method, config, reference, max_drop):
    """A proven file's record with its Fit, and the proof on the microcontroller's interpreter if
    that is installed and the file has one program: it runs the first one alone."""
    micro = {"arena_bytes": fit.arena_bytes, "measured": fit.measured, "says": str(fit)}
    record = {**record, "micro": micro}
    if not fit.measured or len(tflite_file.programs(path)) > 1:
        return record

    def run(inputs, program=SERVE):
        return micro_interpreter.run(path, inputs)[1]

    answer = proof.answering(run, method, config)
    try:
        metrics = evaluate.score(answer, part, method, config, title=f"prove on {RUNTIME}")
    except ValueError as error:
        reason = f"{path.name} does not run in {RUNTIME}: {error}"
        return record | {"passed": False, "reason": reason}
    score = method.scores[0]
    judged = proof.gate(metrics, reference, score, max_drop, f"{path.name} on {RUNTIME}")
    micro[score.name] = metrics[score.name]
    if not judged["passed"]:
        record |= {"passed": False, "reason": judged["reason"]}
    return record


def _kb(size):
    return f"{size / 1024:.0f} KB"
