"""Training: Keras `fit` underneath, exact to the byte when it is killed and resumed."""

import csv
import io
import math
import sys
import time

import keras
import numpy as np

from pipelines import optimization
from pipelines.engine import averaging, checkpoint, evaluate
from pipelines.errors import PipelineError, Refused
from pipelines.files import write_text

BEST = "best.npz"


def fit(model, task, config, train, validation, folder):
    """Trains a compiled `model` on Split `train`, from the last checkpoint in `folder` where there is one.

    folder: the run's; gets checkpoints/, history.csv and tensorboard/. Returns the history, a list of dicts by epoch.
    Raises Refused where the loss stops being a number.
    """
    keras.utils.set_random_seed(config.seed)
    _build(model, train)
    loop = Loop(model, task, config, train, validation, folder)
    loop.restore()
    callbacks = [loop, keras.callbacks.TensorBoard(str(folder / "tensorboard"), write_graph=False)]
    while not loop.done():
        epoch, within = divmod(loop.step, config.steps_per_epoch)
        model.fit(
            train.train(loop.step),
            initial_epoch=epoch,
            # A resumed epoch has fewer steps than the others: it gets a `fit` of its own.
            epochs=epoch + 1 if within else config.epochs,
            steps_per_epoch=config.steps_per_epoch - within,
            callbacks=callbacks,
            shuffle=False,  # the pipeline has done it
            verbose=1 if sys.stdout.isatty() else 2,
        )
    loop.finish()
    return loop.history


class Loop(keras.callbacks.Callback):
    """What happens between steps: checks, validation, the choice of the best epoch, checkpoints."""

    def __init__(self, model, task, config, train, validation, folder):
        super().__init__()
        self.net, self.task, self.config, self.folder = model, task, config, folder
        self.train_split, self.validation = train, validation
        self.step, self.history, self.best, self.waited, self.stopped = 0, [], None, 0, False
        self._started = time.perf_counter()
        self._metrics = None  # of an epoch that a checkpoint cut in two
        self._watch = [config.monitor, evaluate.better(config.monitor)]

    def done(self):
        return self.stopped or self.step >= self.config.epochs * self.config.steps_per_epoch

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
        row = {"epoch": epoch + 1, **logs}
        if len(self.validation):
            with averaging.averaged(self.net, self._batches):
                row |= self._validate(epoch)
            headline = f"val_{evaluate.headline(self.task, self.config)}"
            logs |= {name: row[name] for name in ("val_loss", headline)}  # all of them is more than a line holds
        row["learning_rate"] = float(optimization.schedule(self.config)(self.step - 1))
        elapsed = time.perf_counter() - self._started
        row |= {"seconds": seconds, "examples_per_second": examples / seconds, "elapsed": elapsed}
        self.history.append(row)
        write_text(self.folder / "history.csv", _csv(self.history))
        self.save()
        if self.stopped:
            self.net.stop_training = True

    # And the engine these.

    def restore(self):
        """Goes back to the newest checkpoint that can be read; a damaged one is passed over, and said so."""
        for path in sorted(self._folder().glob("step_*.npz"), reverse=True):
            try:
                arrays, state = checkpoint.load(path)
            except PipelineError as error:
                print(error, file=sys.stderr)
                continue
            count = len(self._lasting())
            checkpoint.assign(self._lasting(), arrays[:count], path)
            self.step, self.history = state["step"], state["history"]
            self.best, self.waited, self.stopped = state["best"], state["waited"], state["stopped"]
            if self.step % self.config.steps_per_epoch:
                self._metrics = arrays[count:]
            return

    def save(self):
        if keras.backend.backend() == "jax":
            self.net.jax_state_sync()
        arrays = checkpoint.numpy([*self._lasting(), *self.net.metrics_variables])
        state = {"step": self.step, "history": self.history, "best": self.best, "waited": self.waited}
        try:
            checkpoint.save(self._path(self.step), arrays, {**state, "stopped": self.stopped})
        except Refused:
            self._diverged("the weights are no longer finite")
        for old in sorted(self._folder().glob("step_*.npz"))[: -self.config.keep_checkpoints]:
            old.unlink()

    def finish(self):
        """Leaves the model with the weights that are kept."""
        if self.config.keep == "best" and self.best:
            arrays, _ = checkpoint.load(self._folder() / BEST)
            checkpoint.assign(self.net.weights, arrays, BEST)
        else:
            averaging.settle(self.net, self._batches)

    def _validate(self, epoch):
        result = evaluate.validate(self.net, self.validation, self.task, self.config)
        found = {f"val_{name}": value for name, value in result.items() if isinstance(value, float)}
        name, sign = self._watch
        if name not in found:
            raise PipelineError(f"monitor must be one of {', '.join(found)}; got {name!r}.")
        # A value that is no number is never the best: nothing would be better than it.
        if math.isfinite(found[name]) and (self.best is None or sign * found[name] > sign * self.best["value"]):
            self.best, self.waited = {"epoch": epoch + 1, "value": found[name]}, 0
            try:
                checkpoint.save(self._folder() / BEST, checkpoint.numpy(self.net.weights), self.best)
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
        last = max((int(p.stem.split("_")[1]) for p in self._folder().glob("step_*.npz")), default=None)
        kept = f"the checkpoint of step {last} is kept" if last else "there was no checkpoint yet"
        epoch = (self.step - 1) // self.config.steps_per_epoch + 1
        raise Refused(
            f"training diverged: {what} at step {self.step} (epoch {epoch}); {kept} in {self._folder()}. "
            "Lower learning_rate, or set clip_norm=1."
        )

    def _batches(self):
        return self.train_split.train(max(0, self.step - self.config.steps_per_epoch))

    def _lasting(self):
        metrics = {id(v) for v in self.net.metrics_variables}
        return [v for v in checkpoint.variables(self.net) if id(v) not in metrics]

    def _folder(self):
        return self.folder / "checkpoints"

    def _path(self, step):
        return self._folder() / f"step_{step:09d}.npz"


def _build(model, split):
    """Makes the variables that Keras otherwise makes in the first step, so that a checkpoint has where to go."""
    model.optimizer.build(model.trainable_variables)
    for inputs, targets in split.batches(1).take(1).as_numpy_iterator():
        outputs = model(inputs, training=False)
        model.compute_loss(inputs, targets, outputs, training=False)
        model.compute_metrics(inputs, targets, outputs)
    model.reset_metrics()


def _csv(rows):
    out = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: f"{v:.9g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)
    return out.getvalue()


def weights_sha256(model):
    """SHA-256 of all weights, in the model's order."""
    import hashlib

    digest = hashlib.sha256()
    for array in checkpoint.numpy(model.weights):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
