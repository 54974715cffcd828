"""Export: SavedModel and TFLite files, made, checked, proven, and described in one bundle."""

import copy
import shutil
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

from pipelines import catalog, edge, terminal
from pipelines.edge import latency
from pipelines.engine.bundle import Bundle
from pipelines.engine.data import learned
from pipelines.engine.export import card, convert, mediapipe, micro, saved_model, tflite_file
from pipelines.engine.export import quantizer as recipes
from pipelines.engine.proof import evaluate, proof
from pipelines.engine.report import report
from pipelines.engine.serving import web
from pipelines.errors import PipelineError, Refused, nearest
from pipelines.files import appearing, in_bytes, sha256, write_json, write_text, write_yaml

TARGETS = ("micro",)
GOLDEN = 8  # held-out examples that go with the bundle, so that it can be verified without the data


def export(
    run,
    out=None,
    formats=None,
    max_drop=0.01,
    target_size=None,
    target=None,
    ram=None,
    flash=None,
    quantizer=(),
):
    """Run -> Bundle in the folder `out`, which appears only when every file has passed its proof.

    formats: names out of saved_model, float32, float16, dynamic, int8; None is all that the task
    makes. quantizer: names out of weight_only_int8, weight_only_int4, mixed, files that
    ai-edge-quantizer makes besides. max_drop: largest fall of the headline metric, whole and per
    class. target_size: bytes, or text such as "500KB"; the bundle then has one file, the smallest
    that has passed its proof, and none may be larger. target: "micro" makes the int8 file alone,
    which must fit in `ram` and `flash` of a microcontroller, sizes like target_size, and is proven
    on its interpreter too where tflite-micro is installed. A task whose model has several parts to
    be used on their own gets a Bundle for each, in folders of `out`, as a list. Raises Refused
    naming file and class, op or layer; `details` has all.
    """
    out = Path(out or Path("saved_models") / run.path.name)
    if out.exists():
        raise PipelineError(f"{out} exists already. Name another folder with --out.")
    if target not in (None, *TARGETS):
        raise PipelineError(f"unknown target {target!r}. {nearest(target, TARGETS)}")
    if target and (formats is not None or target_size is not None or quantizer):
        raise PipelineError(
            f"for {target} there is one kind of file, int8: leave formats, quantizer and"
            " target_size out."
        )
    if not target and (ram is not None or flash is not None):
        raise PipelineError("ram and flash are budgets of a microcontroller: add --for micro.")
    sizes = {"target_size": target_size, "ram": ram, "flash": flash}
    sizes = {name: in_bytes(size, name) for name, size in sizes.items() if size is not None}
    limits = {"target_size": sizes.pop("target_size", None), "budget": sizes if target else None}
    formats = ["int8"] if target else formats
    if not hasattr(run.task, "bundles"):
        return _export(run, out, formats, quantizer, max_drop, **limits)
    with appearing(out) as folder:
        folder.mkdir()
        for name, (model, config) in run.task.bundles(run.model, run.config).items():
            _export(
                _part(run, model, config), folder / name, formats, quantizer, max_drop, **limits
            )
    made = [Bundle(path) for path in sorted(out.iterdir())]
    run.exported(made[0].path)
    return made


def _part(run, model, config):
    """`run` as if it had trained nothing but `model`."""
    part = copy.copy(run)
    part.config, part.model = config, model
    return part


def _export(run, out, formats, quantizer, max_drop, target_size, budget):
    unsupported = run.task.unsupported(run.config) if hasattr(run.task, "unsupported") else {}
    kinds = _kinds(getattr(run.task, "FORMATS", None) if formats is None else formats, unsupported)
    kinds += _recipes(quantizer, kinds)
    if not max_drop >= 0:  # NaN too
        raise PipelineError(
            f"max_drop must be 0 or more, a fall of the headline metric; got {max_drop}."
        )
    task, config, model = run.task, run.config, run.model
    split_name, split = held_out(run)
    predict = evaluate.Decoder(model, task, config)
    reference = evaluate.score(predict, split, task, config, title="prove the Keras model")
    reference = {k: v for k, v in reference.items() if k not in ("matrices", "curves")}

    with appearing(out) as folder:
        folder.mkdir()
        answer = saved_model.answer(model, task, config)
        saved_model.write(model, answer, folder / "saved_model", split.sample(1)[0])
        files, failures = {}, []
        converted = _converted(
            folder, [kind for kind in kinds if kind != "saved_model"], _calibration(run, config)
        )
        for kind in kinds:
            made = converted.get(kind, folder / proof.KINDS[kind])
            record = (
                {"passed": False, "reason": f"{proof.KINDS[kind]}: {made}"}
                if isinstance(made, str)
                else None
            )
            if record is None and kind != "saved_model":
                record = _check(made, run, config)
            fit = (
                micro.check_file(made, config, **budget)
                if record is None and budget is not None
                else None
            )
            if fit and not fit.fits:
                record = {"passed": False, "reason": f"{made.name}: {fit.reason}"}
            record = record or proof.prove(
                folder, kind, split, task, config, reference, max_drop, predict
            )
            if fit and record["passed"]:
                record = micro.prove(record, fit, made, split, task, config, reference, max_drop)
            if isinstance(made, Path):
                record |= {"path": proof.KINDS[kind], "size_bytes": size(made)}
                if kind != "saved_model" and record["passed"]:
                    record["latency_ms"] = latency.measure(made, threads=(1,), seconds=1.0)[
                        "latency_ms"
                    ]["1"]
            files[kind] = record
            if not record["passed"]:
                failures.append(record["reason"])
        if target_size:
            files, failures = _smallest(folder, files, target_size, failures)
        if failures:
            advice = (
                "Allow more with --target-size or --max-drop."
                if target_size
                else _advice(files, budget)
            )
            failed = Refused(f"export failed: {'; '.join(failures).rstrip('.')}. {advice}")
            failed.details = {"files": files, "reference": reference}
            raise failed
        if "saved_model" not in files:
            shutil.rmtree(folder / "saved_model")
        extra = None
        if not target_size and "float32" in files:
            extra = mediapipe.write(model, run, folder, split.sample(1)[0], _summary(run))
        _describe(
            folder,
            run,
            config,
            split_name,
            split,
            predict,
            files,
            extra,
            reference,
            max_drop,
            unsupported,
        )
    run.exported(out)
    bundle = Bundle(out)
    report.write_bundle(bundle, run)
    return bundle


def held_out(run):
    """(name, Split) of the first split with examples among test and validation."""
    for name in ("test", "validation"):
        if len(run.data.splits.get(name, ())):
            return name, run.split(name)
    raise PipelineError(
        f"{run.source} has neither test nor validation examples: no file can be proven. Add a test"
        " split."
    )


def size(path):
    """Bytes of a file, or of all files of a folder."""
    return (
        sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
        if path.is_dir()
        else path.stat().st_size
    )


def _kinds(formats, unsupported):
    """Names of the files to make. unsupported: {name: why this model has no such file}."""
    known = ("saved_model", *convert.FILES)
    wanted = (
        [kind for kind in known if kind not in unsupported] if formats is None else list(formats)
    )
    for kind in wanted:
        if kind not in known:
            raise PipelineError(f"unknown format {kind!r}. {nearest(kind, known)}")
        if kind in unsupported:
            raise PipelineError(
                f"this model has no {kind} file: {unsupported[kind]}. Leave {kind} out of"
                " --formats."
            )
    if not wanted:
        raise PipelineError(f"formats must name at least one of {', '.join(known)}.")
    return [kind for kind in known if kind in wanted]


def _recipes(names, kinds):
    """Names of the files that ai-edge-quantizer is to make beside `kinds`."""
    for name in names:
        if name not in recipes.FILES:
            raise PipelineError(
                f"unknown recipe {name!r} of the quantizer. {nearest(name, recipes.FILES)}"
            )
    if names and "float32" not in kinds:
        raise PipelineError(
            "the quantizer works on the float32 file: put float32 among the formats."
        )
    if names and not recipes.installed():
        raise PipelineError(
            "the quantizer needs ai-edge-quantizer: pip install 'keras-task-pipelines[quantizer]'."
        )
    return [name for name in recipes.FILES if name in names]


def _smallest(folder, files, limit, failures):
    """({kind: record} of the smallest TFLite file that passed and has at most `limit` bytes, []),
    the others deleted.

    Where there is none, (files, reasons).
    """
    good = {kind: r for kind, r in files.items() if r["passed"] and kind != "saved_model"}
    best = min(good, key=lambda kind: good[kind]["size_bytes"], default=None)
    if best is None or good[best]["size_bytes"] > limit:
        sizes = ", ".join(f"{r['path']} has {r['size_bytes'] / 1024:.0f} KB" for r in good.values())
        return files, [
            *failures,
            f"no file of at most {limit / 1024:.0f} KB passed: {sizes or 'none did'}",
        ]
    for kind in files:
        if kind not in (best, "saved_model"):
            (folder / proof.KINDS[kind]).unlink(missing_ok=True)
    return {best: good[best]}, []


def _converted(folder, kinds, calibration):
    with tqdm(
        total=len(kinds), desc="convert", unit="file", disable=terminal.quiet(), leave=False
    ) as bar:
        return convert.convert(
            folder / "saved_model", folder, kinds, calibration, lambda kind, result: bar.update()
        )


def _calibration(run, config):
    inputs, _ = run.split("train").sample(config.calibration_examples)
    return inputs


def _check(path, run, config):
    """None where the file holds built-in ops alone, which then gets its labels; else its failed record."""
    try:
        tflite_file.refuse_foreign(path)
    except Refused as error:
        return {"passed": False, "reason": str(error)}
    tflite_file.attach_metadata(
        path, name=run.path.name, description=_summary(run), labels=config.labels
    )
    return None


def _summary(run):
    """What the run's task does, in one line."""
    return f"{run.task_name}: {(run.task.__doc__ or '').strip().splitlines()[0]}"


def _advice(files, budget):
    if budget is not None:
        return "Nothing was written."
    if all(not record["passed"] for record in files.values()):
        return "No file passed: look at the model first."
    bad = [kind for kind, record in files.items() if not record["passed"]]
    good = ",".join(kind for kind in files if kind not in bad and kind not in recipes.FILES)
    made = [kind for kind in files if kind not in bad and kind in recipes.FILES]
    flags = f"--formats {good}" + (f" --quantizer {','.join(made)}" if made else "")
    more = " or calibrate on more examples (calibration_examples)" if "int8" in bad else ""
    return f"Leave {', '.join(bad)} out ({flags}){more}, or allow more with --max-drop."


def _describe(
    folder, run, config, split_name, split, predict, files, extra, reference, max_drop, unsupported
):
    """Everything in the bundle beside the models."""
    inputs, _ = split.sample(GOLDEN)
    outputs = predict(inputs)
    golden = {f"in/{k}": v for k, v in inputs.items()} | {f"out/{k}": v for k, v in outputs.items()}
    np.savez_compressed(folder / "golden.npz", **golden)
    write_text(folder / "labels.txt", "".join(f"{label}\n" for label in config.labels))
    write_yaml(
        folder / "config.yaml", {"task": run.task_name, "data": run.source, **config.as_dict()}
    )
    learned.write(folder / learned.FOLDER, learned.lists(config.learned))
    write_text(folder / "predict.py", PREDICT)
    (folder / "edge").mkdir()
    own = getattr(catalog.edge(run.task_name), "FILES", ())
    for name in ("__init__", "pictures", "learned", "litert", "predict", *own, run.task_name):
        shutil.copy(Path(edge.__file__).parent / f"{name}.py", folder / "edge")
    web.write(folder / "web", run.task_name)
    manifest = {
        "name": run.path.name,
        "task": run.task_name,
        "created": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "inputs": _specs(inputs),
        "outputs": _specs(outputs),
        "labels": list(config.labels),
        "config": config.as_dict(),
        "proof": {
            "data": run.source,
            "split": split_name,
            "examples": len(split),
            "max_drop": max_drop,
        },
        "weights_sha256": run.info["weights_sha256"],
        "reference": reference,
        "files": files,
        "unsupported": unsupported,
        "mediapipe": extra,
    }
    write_text(folder / "card.md", card.text(manifest))
    for record in files.values():
        record["sha256"] = sha256(folder / record["path"])
    others = (
        "labels.txt",
        "config.yaml",
        "golden.npz",
        "card.md",
        "predict.py",
        *([extra["path"]] if extra else []),
        *(f"edge/{p.name}" for p in sorted((folder / "edge").glob("*.py"))),
        *(f"web/{p.name}" for p in sorted((folder / "web").glob("*"))),
        *(f"{learned.FOLDER}/{p.name}" for p in sorted((folder / learned.FOLDER).glob("*.txt"))),
    )
    manifest["sha256"] = {name: sha256(folder / name) for name in others}
    write_json(folder / "manifest.json", manifest)


def _specs(arrays):
    return {name: {"shape": [1, *a.shape[1:]], "dtype": str(a.dtype)} for name, a in arrays.items()}


PREDICT = '''"""Runs this model on the files named on the command line; needs NumPy, Pillow and ai-edge-litert only."""

from edge.predict import main

if __name__ == "__main__":
    raise SystemExit(main())
'''
