"""Task pipelines on Keras 3 and TensorFlow: from a folder of data to a proven model on the device.

Light to import: TensorFlow loads with the first verb.
"""

__version__ = "0.1.0"
__all__ = ["PipelineError", "Refused", "audit", "load", "preflight", "resume", "train"]

from pipelines.errors import PipelineError, Refused


def train(task, data=None, run=None, **settings):
    """Trains `task` on `data` -> Run.

    task: a name of `pipelines tasks`. data: a name of `pipelines datasets`, `tfds:NAME`, a path, or
        None for the task's
    own default. run: the folder to make, by default a new one below runs/. settings: fields of the
    task's Config. Raises PipelineError for a name, setting or folder that will not do, Refused for
    data with errors.
    """
    from pipelines.engine import run as runs

    return runs.start(task, data, run, settings).train()


def preflight(task, data=None, target="tpu", chip="v5e", ram=None, flash=None, **settings):
    """Whether this training would run on a TPU, or its model on a microcontroller -> list of
    Finding; trains nothing.

    task, data, settings: as `train` takes them. target: tpu, which needs the JAX backend, with chip
    one of v2, v3, v4, v5e, v5p, v6e; or micro, with ram and flash such as 256KB, or None for any.
    Raises what `train` raises.
    """
    from pipelines.engine import preflight as engine

    if target == "tpu" and (ram or flash):
        raise PipelineError("ram and flash are budgets of a microcontroller: say target micro.")
    if target == "tpu":
        return engine.tpu(task, data, settings, chip)
    if target == "micro":
        return engine.microcontroller(task, data, settings, ram, flash)
    raise PipelineError(f"target must be tpu or micro; got {target!r}.")


def resume(run, devices=None, data_service=None):
    """Goes on with a run that was stopped -> Run; ends with the weights of a run that was not.

    devices, data_service: these settings, where they are others from here on.
    """
    from pipelines.engine import run as runs
    from pipelines.engine.parallel import processes

    opened = runs.Run(processes.folder(run))
    given = {"devices": devices, "data_service": data_service}
    opened.config = opened.config.replace(
        **{name: value for name, value in given.items() if value is not None}
    )
    return opened if opened.finished() else opened.train()


def load(path):
    """The Run or Bundle in a folder. Raises PipelineError where it is neither."""
    from pathlib import Path

    if not any((Path(path) / name).is_file() for name in ("manifest.json", "run.json")):
        raise PipelineError(
            f"{path} is neither a run nor a bundle: it has no run.json and no manifest.json."
        )
    if (Path(path) / "manifest.json").is_file():
        from pipelines.engine.bundle import Bundle

        return Bundle(path)
    from pipelines.engine.run import Run

    return Run(path)


def audit(data, format="auto", task=None):
    """What is wrong with this data, file by file -> Audit. With a task: PipelineError where it cannot use such data."""
    from pipelines import catalog
    from pipelines.engine import run
    from pipelines.engine.audit import audit as auditing
    from pipelines.engine.data import source

    module = catalog.task(task) if task else None
    read = source.read(data, format, module, module and module.Config())
    feature, unlabelled = (
        (source.feature(read, module), source.unlabelled(module)) if task else (None, True)
    )
    result = auditing.audit(read, feature=feature, unlabelled=unlabelled)
    if task:
        run.try_out(task, read, result)
    return result
