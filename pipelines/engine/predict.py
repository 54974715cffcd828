"""Prediction on files, with the same device half of the task that a bundle's predict.py runs."""

import json
import os
from pathlib import Path

import numpy as np

from pipelines import catalog
from pipelines.engine import evaluate, proof
from pipelines.errors import PipelineError
from pipelines.files import write_bytes, write_text


def predict(owner, inputs, out=None, format=None):
    """Answers of a Run or Bundle: [{"input": file, ...}], and each one drawn in the folder `out` where one is named.

    inputs: file names, or pictures as encoded bytes. Raises PipelineError naming the file that cannot be used.
    """
    half, config, task = catalog.edge(owner.task_name), owner.config, owner.task
    if hasattr(owner, "manifest"):
        manifest, run = owner.manifest, proof.predictor(owner.path, owner.kind(format))
    else:
        manifest = {"task": owner.task_name, "labels": list(config.labels), "config": config.as_dict(), "inputs": _inputs(owner.model)}
        run = evaluate.decoder(owner.model, task, config)
    answers = []
    for i, item in enumerate([inputs] if isinstance(inputs, (str, os.PathLike, bytes)) else inputs):
        name = f"input {i}" if isinstance(item, bytes) else str(item)
        try:
            prepared, context = half.prepare(item, manifest)
        except (ValueError, OSError) as error:
            raise PipelineError(f"{name}: {error}") from error
        outputs = run(prepared)
        answers.append({"input": name, **half.answer(outputs, context, manifest)})
        if out:
            first = lambda values: {k: np.asarray(v)[0] for k, v in values.items()}  # noqa: E731
            _write(Path(out), f"{i:04d}_{Path(name).stem}", answers[-1], task.draw(first(prepared), first(outputs), config))
    return answers


def _inputs(model):
    import keras

    return {t.name: {"shape": [1, *t.shape[1:]], "dtype": t.dtype} for t in keras.tree.flatten(model.input)}


def _write(folder, stem, answer, drawn):
    from pipelines import canvas

    write_text(folder / f"{stem}.json", json.dumps(answer, ensure_ascii=False, indent=2) + "\n")
    if isinstance(drawn, str):
        write_text(folder / f"{stem}.txt", drawn)
    else:
        write_bytes(folder / f"{stem}.png", canvas.png(drawn))
