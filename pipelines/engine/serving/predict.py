"""Prediction on files, by the device half of the task: the same code that a bundle's predict.py runs."""

import os
from pathlib import Path

import keras

from pipelines import catalog
from pipelines.edge.predict import save, stem
from pipelines.engine.data import learned
from pipelines.engine.proof import evaluate, proof
from pipelines.errors import PipelineError


def run(owner, inputs, out=None):
    """Answers of a Run: [{"input": file, ...}]; see `predict`."""
    manifest = {
        "task": owner.task_name,
        "labels": list(owner.config.labels),
        "config": owner.config.as_dict(),
        "learned": learned.lists(owner.config.learned),
        "inputs": {
            t.name: {"shape": [1, *t.shape[1:]], "dtype": t.dtype}
            for t in keras.tree.flatten(owner.model.input)
        },
    }
    return predict(inputs, evaluate.Decoder(owner.model, owner.task, owner.config), manifest, out)


def bundle(owner, inputs, out=None, format=None):
    """Answers of one file of a Bundle: [{"input": file, ...}]; see `predict`."""
    manifest = {**owner.manifest, "learned": learned.lists(owner.config.learned)}
    try:
        return predict(inputs, proof.predictor(owner.path, owner.kind(format)), manifest, out)
    except ValueError as error:
        raise PipelineError(str(error)) from error


def predict(inputs, run, manifest, out=None):
    """One answer an input: a file's name, encoded bytes, or text where the task takes it.

    JSON, and answers that are pictures, go to the folder `out`.
    Raises PipelineError naming the input that cannot be used.
    """
    half, answers = catalog.edge(manifest["task"]), []
    for i, item in enumerate([inputs] if isinstance(inputs, (str, os.PathLike, bytes)) else inputs):
        name = f"input {i}" if isinstance(item, bytes) else str(item)
        try:
            answer, pictures = half.predict(item, run, manifest)
        except (ValueError, OSError) as error:
            raise PipelineError(f"{name}: {error}") from error
        answers.append({"input": name, **answer})
        if out:
            save(Path(out), stem(i, name), answers[-1], pictures)
    return answers
