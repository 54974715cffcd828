"""SavedModel -> TFLite files, in a process of its own: the converter can die of a model, and the
export should not."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.engine.export import quantizer, rewriting, tflite_file
from pipelines.engine.proof import kinds
from pipelines.files import appearing, write_bytes
from pipelines.task import IN_FLOAT, SERVE

FILES, PATHS = kinds.TFLITE, kinds.CONVERTED
EXAMPLES = "calibration.npz"  # beside the job
LONGEST_REASON = 300  # characters; the converter's own errors print the whole graph


def convert(
    saved_model: Path,
    out: Path | str,
    kinds: Sequence[str],
    calibration: Mapping[str, Mapping[str, Any]],
    progress: Callable[[str, int, int], Any] | None = None,
) -> dict[str, Path | str]:
    """Converts `saved_model` to `kinds` out of PATHS, in the folder `out` -> {kind: Path, or one
    line on why not}.

    Those of `quantizer` are made of the float32 file, which comes before them in `kinds`. The
    signatures of the SavedModel have a batch of 1. Inputs keep their type; outputs are float32 or
    int32, whatever the kind.
    calibration: {program: {input name: (N, ...)}}, N examples that set the ranges of int8. Its
    names are those of the signatures that each file gets; an empty one stands for
    `serving_default`. progress: called with each kind as it begins, and with how many of how many
    examples have calibrated it. A converter that dies costs the kind it died of, and is started
    again for the rest.
    """
    results, waiting, out = {}, list(kinds), Path(out)
    for kind in waiting:
        # An old file must not stand for a failed new one.
        (out / PATHS[kind]).unlink(missing_ok=True)
    job = {
        "saved_model": str(Path(saved_model).resolve()),
        "out": str(out.resolve()),
        "programs": list(calibration) or [SERVE],
    }
    with tempfile.TemporaryDirectory() as scratch:
        _save_examples(Path(scratch) / EXAMPLES, calibration)
        while waiting:
            if progress:
                progress(waiting[0], 0, 0)
            for event in _attempt(Path(scratch), {**job, "kinds": list(waiting)}):
                kind = event["kind"]
                if "reason" in event:
                    waiting.remove(kind)
                    results[kind] = event["reason"] or out / PATHS[kind]
                elif progress:
                    progress(kind, event["done"], event["total"])
    return results


def _save_examples(path, calibration):
    arrays = {}
    for program, inputs in calibration.items():
        for name, values in inputs.items():
            arrays[f"{program}/{name}"] = values
    np.savez(path, **arrays)


def _examples(path, programs):
    """What `_save_examples` has written -> {program: {input name: (N, ...)}}."""
    found = {program: {} for program in programs}
    with np.load(path, allow_pickle=False) as file:
        for key, values in file.items():
            program, _, name = key.partition("/")
            found[program][name] = values
    return found


def _attempt(scratch, job):
    """One run of the converter: yields {"kind", "reason": a line or ""} of those it got through and
    of the one it died of, and {"kind", "done", "total"} on the way."""
    done, path = set(), scratch / "job.json"
    path.write_text(json.dumps(job))
    with open(scratch / "log", "w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "pipelines.engine.export.convert", str(path)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=_environment(),
        )
        with process:
            try:
                for line in process.stdout:
                    event = json.loads(line)
                    if "reason" in event:
                        done.add(event["kind"])
                    yield event
                process.wait()
            finally:
                process.kill()  # if the caller was interrupted; else it has ended
        log.seek(0)
        last = (log.read().strip().splitlines() or ["no message"])[-1]
    for kind in [kind for kind in job["kinds"] if kind not in done][:1]:
        (Path(job["out"]) / PATHS[kind]).unlink(missing_ok=True)
        yield {"kind": kind, "reason": _death(kind, process.returncode, last)}


def _environment():
    """The child's: it finds this package, and no GPU, as the parent may hold all of its memory."""
    root = str(Path(__file__).resolve().parents[3])
    paths = [root, os.environ.get("PYTHONPATH")]
    path = os.pathsep.join(filter(None, paths))
    return {**os.environ, "PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": "-1"}


def _death(kind, code, last):
    if code >= 0:
        return f"the converter stopped with exit code {code}: {last[:LONGEST_REASON]}"
    advice = ""
    if -code == signal.SIGKILL:
        advice = ": the machine may be out of memory"
    elif kind == "int8":
        advice = (
            ": int8 calibration does this to recurrent layers that are not unrolled. Leave int8 out"
        )
    return f"the converter was killed by signal {-code} ({signal.Signals(-code).name}){advice}"


def main(job: str) -> None:
    """The child: JSON lines on standard output, as `_attempt` yields them.

    Chatter goes to standard error.
    """
    reports = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # TensorFlow's C++ prints to standard output too
    path = Path(job)
    job = json.loads(path.read_text())
    calibration = _examples(path.parent / EXAMPLES, job["programs"])

    def tell(**event):
        print(json.dumps(event), file=reports, flush=True)

    for kind in job["kinds"]:
        tell(kind=kind, done=0, total=0)

        def calibrated(done, total, kind=kind):
            tell(kind=kind, done=done, total=total)

        to = Path(job["out"]) / PATHS[kind]
        try:
            _convert_one(kind, job["saved_model"], to, calibration, calibrated)
            reason = ""
        except Exception as error:  # whatever it is, the next kind may go well
            reason = _reason(error)
        tell(kind=kind, reason=reason)


def _convert_one(kind, saved_model, path, calibration, calibrated):
    if kind in quantizer.FILES:
        content = quantizer.quantised(path.parent / FILES["float32"], kind)
        write_bytes(path, rewriting.shared(content))
        return
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(
        saved_model, signature_keys=list(calibration)
    )
    if kind != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if kind == "int8":
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.representative_dataset = lambda: _representative(calibration, calibrated)
    # What may crash comes first, or a half-made file would stay behind.
    in_part = (
        kind == "int8" and IN_FLOAT.encode() in (Path(saved_model) / "saved_model.pb").read_bytes()
    )
    converted = _int8_in_part(converter) if in_part else converter.convert()
    with appearing(path) as part:
        part.write_bytes(converted)
        rewriting.quantise_uint8_inputs(part)


def _representative(calibration: Mapping[str, Mapping], calibrated: Callable) -> Iterator:
    """Yields what int8 is calibrated on, as the converter wants it: one example's {name: (1, ...)},
    or (program, such) if there are several programs. calibrated: called with (done, total)."""
    counts = {
        program: min(len(values) for values in inputs.values())
        for program, inputs in calibration.items()
    }
    done, total = 0, sum(counts.values())
    for program, inputs in calibration.items():
        for i in range(counts[program]):
            example = {name: values[i : i + 1] for name, values in inputs.items()}
            yield example if len(calibration) == 1 else (program, example)
            done += 1
            calibrated(done, total)


def _int8_in_part(converter):
    """The int8 file, in which the ops of the name scope IN_FLOAT stay float32, and so do the
    outputs.

    What decodes adds and compares numbers of different kinds, such as a box and its class, which
    256 steps cannot hold at once. The converter's two steps are taken apart here, as only the
    second one takes names. Raises RuntimeError
    where this TensorFlow has them no longer: neither step is public.
    """
    try:
        from tensorflow.lite.python.convert import mlir_quantize
    except ImportError as error:
        raise RuntimeError(
            "this TensorFlow cannot keep what decodes in float. Leave int8 out, or install"
            " tensorflow 2.21"
        ) from error
    converter._experimental_calibrate_only = True
    calibrated = converter.convert()
    return mlir_quantize(calibrated, denylisted_nodes=tflite_file.tensors_of(IN_FLOAT, calibrated))


def _reason(error):
    """One line of an error; a ConverterError knows the ops that it could not translate, and where
    they come from."""
    foreign = [
        (e.operator.name, e.location.call[0].name.partition("@")[0])
        for e in getattr(error, "errors", ())
        if e.error_code in (e.ERROR_NEEDS_FLEX_OPS, e.ERROR_NEEDS_CUSTOM_OPS) and e.location.call
    ]
    if foreign:
        return tflite_file.foreign_ops(foreign)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [
        type(error).__name__
    ]
    return next((line for line in lines if "error:" in line), lines[0])[:LONGEST_REASON]


if __name__ == "__main__":
    main(sys.argv[1])
