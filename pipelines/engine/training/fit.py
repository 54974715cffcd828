"""Training: Keras `fit` underneath, exact to the byte when it is killed and resumed."""

import csv
import io
import math
import sys
import time

import keras
import numpy as np

from pipelines import optimization
from pipelines.engine.parallel import processes
from pipelines.engine.proof import evaluate
from pipelines.engine.training import averaging, checkpoint
from pipelines.errors import PipelineError, Refused
from pipelines.files import write_text
from pipelines.phase import Phase

CHECKPOINTS = "checkpoints"


def fit(model, task, config, train, validation, folder):
    """Trains a compiled `model` on Split `train`, phase by phase, from the last checkpoint in
    `folder` if there is one.

    folder: the run's; gets checkpoints/, history.csv and tensorboard/. Returns the history, a list
    of dicts by epoch. Raises Refused where the loss stops being a number.
    """
    stages, found = phases(task, config), _newest(folder / CHECKPOINTS)
    loop, callback = (
        None,
        keras.callbacks.TensorBoard(str(folder / "tensorboard"), write_graph=False),
    )
    for index in range(found[2]["phase"] if found else 0, len(stages)):
        keras.utils.set_random_seed(config.seed + index)
        net, parts = begin(model, stages, index, train, validation)
        loop = Loop(model, net, task, parts, folder, stages, index, loop.history if loop else [])
        if found:
            loop.restore(*found)
            found = None
        if stages[index].solve and not loop.done():
            loop.solve(stages[index].solve)
        while not loop.done():
            epoch, within = divmod(loop.step, config.steps_per_epoch)
            net.fit(
                processes.share(parts[0].train(loop.step)),
                initial_epoch=epoch,
                # A resumed epoch has fewer steps than the others: it gets a `fit` of its own.
                epochs=epoch + 1 if within else loop.end // config.steps_per_epoch,
                steps_per_epoch=config.steps_per_epoch - within,
                callbacks=[loop, callback],
                shuffle=False,  # the pipeline has done it
                verbose=1 if sys.stdout.isatty() else 2,
            )
        loop.finish()
    return loop.history


def begin(model, stages, index, train, validation):
    """What phase `index` trains, built, and what on: (model or a part of it, [train, validation])."""
    phase, net, parts = stages[index], model, [train, validation]
    said = phase.begin(model) if phase.begin else None
    if said:
        print(f"phase {index + 1} of {len(stages)}: {said}", flush=True)
    if phase.cut:
        fixed, net = phase.cut(model)
        parts = [split.through(fixed) for split in parts]
    for inputs, targets in parts[0].batches(1).take(1).as_numpy_iterator():
        build(net, inputs, targets)
    return net, parts


def phases(task, config):
    """The stages of a training: the task's, or else one. Raises PipelineError where their epochs do not add up."""
    if not hasattr(task, "phases"):
        return [Phase("train", config)]
    stages = list(task.phases(config))
    total = sum(stage.config.epochs for stage in stages)
    if total != config.epochs:
        listed = ", ".join(f"{stage.name} {stage.config.epochs}" for stage in stages) or "none"
        raise PipelineError(
            f"the epochs of all phases must add up to epochs={config.epochs}; got {total}"
            f" ({listed})."
        )
    return stages


class Loop(keras.callbacks.Callback):
    """What happens between the steps of one phase: checks, validation, the choice of the best epoch, checkpoints."""

    def __init__(self, whole, net, task, parts, folder, stages, index, history):
        super().__init__()
        self.whole, self.net = whole, net  # the model, and what of it is trained, maybe all
        self.task, self.config, self.folder = task, stages[index].config, folder
        self.train_split, self.validation = parts
        self.phase, self.named = index, {"phase": stages[index].name} if len(stages) > 1 else {}
        # A phase begins at its step however early the one before stopped: a step's examples follow
        # from its number.
        self.begin = (
            sum(stage.config.epochs for stage in stages[:index]) * self.config.steps_per_epoch
        )
        self.end = self.begin + self.config.epochs * self.config.steps_per_epoch
        self.step, self.history, self.best, self.waited, self.stopped = (
            self.begin,
            history,
            None,
            0,
            False,
        )
        self._best = self._folder() / (f"best_{index + 1}.npz" if len(stages) > 1 else "best.npz")
        self._predict = evaluate.Decoder(net, task, self.config)
        self._started = time.perf_counter()
        self._metrics = None  # of an epoch that a checkpoint cut in two
        self._watch = [self.config.monitor, evaluate.better(self.config.monitor)]

    def done(self):
        return self.stopped or self.step >= self.end

    # Keras calls these.

    def on_epoch_begin(self, epoch, logs=None):
        self._began, self._began_step = time.perf_counter(), self.step
        if self._metrics:
            checkpoint.assign(self.net.metrics_variables, self._metrics, "the checkpoint's metrics")
            self._metrics = None

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        self._check(logs["loss"])
        every = self.config.checkpoint_steps
        if every and self.step % every == 0 and self.step % self.config.steps_per_epoch:
            self.save()

    def on_epoch_end(self, epoch, logs=None):
        self._check(logs["loss"])
        seconds = time.perf_counter() - self._began
        examples = (self.step - self._began_step) * self.config.batch_size
        row = {"epoch": epoch + 1, **self.named, **logs}
        if len(self.validation):
            with averaging.averaged(self.net, self._batches):
                row |= self._validate(epoch)
            headline = f"val_{evaluate.headline(self.task, self.config)}"
            logs |= {
                name: row[name] for name in ("val_loss", headline)
            }  # all of them is more than a line holds
        row["learning_rate"] = float(optimization.schedule(self.config)(self.step - 1 - self.begin))
        elapsed = time.perf_counter() - self._started
        row |= {"seconds": seconds, "examples_per_second": examples / seconds, "elapsed": elapsed}
        self.history.append(row)
        write_text(self.folder / "history.csv", _csv(self.history))
        self.save()
        if self.stopped:
            self.net.stop_training = True

    # And the engine these.

    def restore(self, path, arrays, state):
        """Goes back to a checkpoint of this phase."""
        count = len(self._lasting())
        checkpoint.assign(self._lasting(), arrays[:count], path)
        self.step, self.history = state["step"], state["history"]
        self.best, self.waited, self.stopped = state["best"], state["waited"], state["stopped"]
        if self.step % self.config.steps_per_epoch:
            self._metrics = arrays[count:]

    def solve(self, solve):
        """The phase in one step: `solve` finds the weights."""
        last = self.end // self.config.steps_per_epoch - 1
        self.on_epoch_begin(last)
        said = solve(
            self.net,
            self.train_split.arrays(),
            self.validation.arrays() if len(self.validation) else None,
        )
        if said:
            print(said, flush=True)
        self.step = self.end
        found = evaluate.validate(self._predict, self.train_split, self.task, self.config)
        self.on_epoch_end(last, {"loss": found["loss"]})

    def save(self):
        if keras.backend.backend() == "jax":
            self.net.jax_state_sync()
        arrays = checkpoint.numpy([*self._lasting(), *self.net.metrics_variables])
        names = ("phase", "step", "history", "best", "waited", "stopped")
        try:
            checkpoint.save(
                self._path(self.step), arrays, {name: getattr(self, name) for name in names}
            )
        except Refused:
            self._diverged("the weights are no longer finite")
        for old in sorted(self._folder().glob("step_*.npz"))[: -self.config.keep_checkpoints]:
            old.unlink()

    def finish(self):
        """Leaves the model with the weights that are kept."""
        if self.config.keep == "best" and self.best:
            arrays, _ = checkpoint.load(self._best)
            checkpoint.assign(self.whole.weights, arrays, self._best)
        else:
            averaging.settle(self.net, self._batches)

    def _validate(self, epoch):
        result = evaluate.validate(self._predict, self.validation, self.task, self.config)
        found = processes.decided(
            {f"val_{name}": v for name, v in result.items() if isinstance(v, float)}
        )
        name, sign = self._watch
        if name not in found:
            raise PipelineError(f"monitor must be one of {', '.join(found)}; got {name!r}.")
        # A value that is no number is never the best: nothing would be better than it.
        if math.isfinite(found[name]) and (
            self.best is None or sign * found[name] > sign * self.best["value"]
        ):
            self.best, self.waited = {"epoch": epoch + 1, "value": found[name]}, 0
            try:
                checkpoint.save(self._best, checkpoint.numpy(self.whole.weights), self.best)
            except Refused:
                self._diverged("the weights are no longer finite")
        else:
            self.waited += 1
            self.stopped = bool(self.config.patience) and self.waited >= self.config.patience
        return found

    def _check(self, loss):
        if not math.isfinite(loss):
            self._diverged(f"the loss became {loss}")

    def _diverged(self, what):
        last = max(
            (int(p.stem.split("_")[1]) for p in self._folder().glob("step_*.npz")), default=None
        )
        kept = f"the checkpoint of step {last} is kept" if last else "there was no checkpoint yet"
        epoch = (self.step - 1) // self.config.steps_per_epoch + 1
        raise Refused(
            f"training diverged: {what} at step {self.step} (epoch {epoch}); {kept} in"
            f" {self._folder()}. Lower learning_rate, or set clip_norm=1."
        )

    def _batches(self):
        return self.train_split.train(max(self.begin, self.step - self.config.steps_per_epoch))

    def _lasting(self):
        metrics = {id(v) for v in [*self.net.metrics_variables, *self.whole.metrics_variables]}
        return [v for v in checkpoint.variables(self.whole, self.net) if id(v) not in metrics]

    def _folder(self):
        return self.folder / CHECKPOINTS

    def _path(self, step):
        return self._folder() / f"step_{step:09d}.npz"


def _newest(folder):
    """(path, arrays, state) of the newest checkpoint that can be read, or None; a damaged one is passed over aloud."""
    for path in sorted(folder.glob("step_*.npz"), reverse=True):
        try:
            return path, *checkpoint.load(path)
        except PipelineError as error:
            print(error, file=sys.stderr)
    return None


def build(model, inputs, targets):
    """Makes the variables that Keras otherwise makes in the first step, so that a checkpoint has where to go."""
    model.optimizer.build(model.trainable_variables)
    outputs = model(inputs, training=False)
    model.compute_loss(inputs, targets, outputs, training=False)
    model.compute_metrics(inputs, targets, outputs)
    model.reset_metrics()


def _csv(rows):
    out = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {k: f"{v:.9g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows
    )
    return out.getvalue()


def weights_sha256(model):
    """SHA-256 of all weights, in the model's order."""
    import hashlib

    digest = hashlib.sha256()
    for array in checkpoint.numpy(model.weights):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
