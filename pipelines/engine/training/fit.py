"""Training: Keras `fit` underneath, exact to the byte when it is killed and resumed."""

import contextlib
import sys
import time

import keras

from pipelines.config import Config
from pipelines.engine.data import reading
from pipelines.engine.parallel import processes
from pipelines.engine.proof import evaluate
from pipelines.engine.training import checkpoint
from pipelines.engine.training.commands import resuming
from pipelines.engine.training.loop import CHECKPOINTS, STATE, Loop, as_csv, best_files
from pipelines.errors import PipelineError
from pipelines.files import write_text
from pipelines.models.fitted import Fitted
from pipelines.progress import Progress


def fit(model, method, config, source, folder, callbacks=()):
    """Trains `model` on a Source, phase by phase, from the last checkpoint in `folder` if there is
    one.

    folder: the run's; gets checkpoints/, history.csv and tensorboard/. Returns the history, a list
    of dicts by epoch. callbacks: of the user, for phases that are trained by gradients.
    Raises Refused if the loss stops being a number.
    """

    def parts():
        names = ("train", "validation")
        return [source.held_out(name) for name in names if name in source.parts()]

    with reading.named(parts):
        if isinstance(model, Fitted):
            return _at_once(model, method, config, source, folder)
        return _by_phases(model, method, config, source, folder, callbacks)


def _by_phases(model, method, config, source, folder, callbacks):
    """All phases that are left; returns the history."""
    stages, found = phases(method, config), newest(folder / CHECKPOINTS)
    history = []
    for index in range(found[2]["phase"] if found else 0, len(stages)):
        keras.utils.set_random_seed(config.seed + index)
        net, own = begin(model, stages, index, source)
        loop = Loop(model, net, method, own, folder, stages, index, history)
        if found:
            loop.restore(*found)
            found = None
        with contextlib.closing(loop.display):
            if not loop.done():
                _run(loop, stages[index], folder, callbacks)
        loop.finish()
        history = loop.history
    return history


def finish(model, method, config, source, folder):
    """Leaves `model` with what is kept of a training that was stopped -> its history.

    Raises PipelineError if there is no checkpoint in `folder`.
    """
    found = newest(folder / CHECKPOINTS)
    if not found:
        raise PipelineError(
            f"{folder} has no checkpoint yet, so there is nothing to finish."
            f" `{resuming(folder)}` trains it."
        )
    stages, index = phases(method, config), found[2]["phase"]
    net, own = begin(model, stages, index, source, told=False)
    loop = Loop(model, net, method, own, folder, stages, index, [])
    loop.restore(*found)
    earlier = best_files(folder / CHECKPOINTS)
    if config.keep == "best" and earlier and not loop.best:
        arrays, _ = checkpoint.load(earlier[-1])  # of the phase before: this one has not judged
        checkpoint.assign(model.weights, arrays, earlier[-1])
    else:
        loop.finish()
    return loop.history


def _run(loop, phase, folder, callbacks):
    """One phase, from where the loop stands to its end."""
    if phase.solve:
        loop.solve(phase.solve)
        return
    if phase.steps:
        loop.take_steps(phase.steps)
        return
    board = keras.callbacks.TensorBoard(str(folder / "tensorboard"), write_graph=False)
    per_epoch = loop.config.steps_per_epoch
    while not loop.done():
        epoch, within = divmod(loop.step, per_epoch)
        loop.net.fit(
            processes.share(loop.source.train(loop.step, loop.net)),
            initial_epoch=epoch,
            # A resumed epoch has fewer steps than the others: it gets a `fit` of its own.
            epochs=epoch + 1 if within else loop.end // per_epoch,
            steps_per_epoch=per_epoch - within,
            callbacks=[loop, board, *callbacks],
            shuffle=False,  # the pipeline has done it
            verbose=0,  # the loop shows it
        )
        if loop.net.stop_training and not loop.done():
            loop.stop()  # a callback of the user has asked for it


def _at_once(model, method, config, source, folder):
    """A model of arrays: what it is made of is counted or solved for, and judged once."""
    began, row = time.perf_counter(), {"epoch": 1}
    for phase in phases(method, config):
        with Progress("finding the model"):
            said = phase.solve(model, source)
        if said:
            print(said, flush=True)
    if source.parts().get("validation"):
        part = source.held_out("validation")
        answer = evaluate.decoder(model, method, config)
        result = evaluate.score(answer, part, method, config, title="validating")
        row |= {f"val_{name}": v for name, v in result.items() if isinstance(v, float)}
    row["seconds"] = time.perf_counter() - began
    write_text(folder / "history.csv", as_csv([row]))
    return [row]


def begin(model, stages, index, source, told=True):
    """What phase `index` trains, built, and what on: (model or a part of it, a Source).

    told: whether a person reads what the phase says of itself.
    """
    phase, net = stages[index], model
    with Progress("preparing the training"):
        said = phase.begin(model) if phase.begin else None
    if said and told:
        print(f"phase {index + 1} of {len(stages)}: {said}", flush=True)
    if phase.cut:
        fixed, net = phase.cut(model)
        source = source.through(fixed)
    if not phase.steps:
        first = source.held_out("train").batches(1).take(1)
        for inputs, targets in first.as_numpy_iterator():
            build(net, inputs, targets)
    return net, source


def phases(method, config):
    """The stages of a training. Raises PipelineError if their epochs do not add up."""
    stages = list(method.phases(config))
    total = sum(stage.config.epochs for stage in stages)
    if total != config.epochs:
        listed = ", ".join(f"{stage.name} {stage.config.epochs}" for stage in stages) or "none"
        raise PipelineError(
            f"the epochs of all phases must add up to epochs={config.epochs}; got {total}"
            f" ({listed})."
        )
    return stages


def require_gradients(method, config, what):
    """Raises PipelineError if a method is not trained by gradients, so that there is no `what`."""
    if not isinstance(config, Config):
        raise PipelineError(
            f"{method.task}/{method.name} is not trained by gradients: it has no {what}."
        )


def newest(folder):
    """(path, arrays, state) of the newest checkpoint that can be read, or None.

    A damaged one is passed over, and said so.
    """
    for path in sorted(folder.glob("step_*.npz"), reverse=True):
        try:
            return path, *checkpoint.load(path, STATE)
        except PipelineError as error:
            print(error, file=sys.stderr)
    return None


def build(model, inputs, targets):
    """Makes the variables that Keras otherwise makes in the first step, so that a checkpoint has
    where to go."""
    model.optimizer.build(model.trainable_variables)
    outputs = model(inputs, training=False)
    model.compute_loss(inputs, targets, outputs, training=False)
    model.compute_metrics(inputs, targets, outputs)
    model.reset_metrics()
