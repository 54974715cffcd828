"""What happens between the steps of a training: checks, validation, the best epoch, checkpoints."""

import csv
import functools
import io
import math
import time

import keras

from pipelines import optimization
from pipelines.config import Config
from pipelines.engine.parallel import processes
from pipelines.engine.proof import evaluate
from pipelines.engine.training import averaging, checkpoint, sketches
from pipelines.engine.training.commands import resuming
from pipelines.engine.training.display import Display
from pipelines.errors import PipelineError, Refused
from pipelines.files import in_cell, write_text
from pipelines.shapes import ANY, NUMBER

CHECKPOINTS = "checkpoints"
STATE = {  # the shape of what a checkpoint holds besides arrays; see `Loop.save`
    "phase": int,
    "step": int,
    "history": [{str: ANY}],
    "best": ({"epoch": int, "value": NUMBER}, type(None)),
    "waited": int,
    "stopped": bool,
    "sums": {str: NUMBER},
}


class Loop(keras.callbacks.Callback):
    """One phase of a training; Keras calls it, or `take_steps` does."""

    def __init__(self, whole, net, method, source, folder, stages, index, history):
        super().__init__()
        self.whole, self.net = whole, net  # the model, and what of it is trained, maybe all
        self.method, self.config, self.folder = method, stages[index].config, folder
        self.source, self.validation = source, source.held_out("validation")
        self._memory = stages[index].memory
        self.phase, self.named = index, {"phase": stages[index].name} if len(stages) > 1 else {}
        # A phase begins at its step however early the one before stopped: a step's examples follow
        # from its number.
        self.begin = (
            sum(stage.config.epochs for stage in stages[:index]) * self.config.steps_per_epoch
        )
        self.end = self.begin + self.config.epochs * self.config.steps_per_epoch
        self.step, self.history, self.sums = self.begin, history, {}
        self.best, self.waited, self.stopped = None, 0, False
        self._best = self._folder() / (f"best_{index + 1}.npz" if len(stages) > 1 else "best.npz")
        self._predict = evaluate.Decoder(net, method, self.config)
        self._averages = averaging.Averages(net, self._batches)
        self._headline = f"val_{method.scores[0].name}"
        by_gradient = isinstance(self.config, Config)
        self._schedule = optimization.schedule(self.config) if by_gradient else None
        self._started = time.perf_counter()
        self._metrics = None  # of an epoch that a checkpoint cut in two
        self._sign = monitor_sign(method, self.config.monitor)
        self.display = self._display()

    def done(self):
        return self.stopped or self.step >= self.end

    # Keras calls these.

    def on_epoch_begin(self, epoch, logs=None):
        self._began, self._began_step = time.perf_counter(), self.step
        self.display.begin(epoch, self.step % self.config.steps_per_epoch)
        if self._metrics:
            checkpoint.assign(self.net.metrics_variables, self._metrics, "the checkpoint's metrics")
            self._metrics = None

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        self.display.step(logs)
        self._check(logs.get("loss", 0.0))
        every = self.config.checkpoint_steps
        if every and self.step % every == 0 and self.step % self.config.steps_per_epoch:
            self.save()

    def on_epoch_end(self, epoch, logs=None):
        self._check(logs.get("loss", 0.0))
        seconds = time.perf_counter() - self._began
        examples = (self.step - self._began_step) * self.config.batch_size
        row = {"epoch": epoch + 1, **self.named, **logs}
        if len(self.validation):
            self.display.validating()
            with self._averages.applied():
                row |= self._validate(epoch)
                own = (self.method, self.config, self.validation, self.folder)
                sketches.draw(self._predict, *own, epoch + 1)
            # All of them is more than a line holds.
            shown = (name for name in ("val_loss", self._headline) if name in row)
            logs |= {name: row[name] for name in shown}
        if self._schedule:
            row["learning_rate"] = float(self._schedule(self.step - 1 - self.begin))
        elapsed = time.perf_counter() - self._started
        row |= {"seconds": seconds, "examples_per_second": examples / seconds, "elapsed": elapsed}
        self.history.append(row)
        write_text(self.folder / "history.csv", as_csv(self.history))
        self.save()
        self.display.end(logs)
        if self.stopped:
            self.net.stop_training = True

    # And the engine these.

    def stop(self):
        """The phase ends here, and stays ended if the run is resumed."""
        self.stopped = True
        self.save()

    def restore(self, path, arrays, state):
        """Goes back to a checkpoint of this phase."""
        count = len(self._lasting())
        checkpoint.assign(self._lasting(), arrays[:count], path)
        self.step, self.history = state["step"], state["history"]
        self.best, self.waited, self.stopped = state["best"], state["waited"], state["stopped"]
        self.sums = state["sums"]
        if self.step % self.config.steps_per_epoch:
            self._metrics = arrays[count:]

    def solve(self, solve):
        """The phase in one step: `solve` finds the weights."""
        last = self.end // self.config.steps_per_epoch - 1
        self.on_epoch_begin(last)
        said = solve(self.net, self.source)
        if said:
            self.display.aside(said)
        self.step = self.end
        train = self.source.held_out("train")
        found = evaluate.validate(self._predict, train, self.method, self.config)
        self.on_epoch_end(last, {"loss": found["loss"]})

    def take_steps(self, steps):
        """The phase by steps of its own; what they yield is averaged over an epoch."""
        numbers = steps(self.net, self.source, self.step)
        while not self.done():
            epoch, within = divmod(self.step, self.config.steps_per_epoch)
            self.on_epoch_begin(epoch)
            for count in range(within + 1, self.config.steps_per_epoch + 1):
                for name, value in next(numbers).items():
                    self.sums[name] = self.sums.get(name, 0.0) + float(value)
                means = {name: total / count for name, total in self.sums.items()}
                if count == self.config.steps_per_epoch:
                    self.sums = {}
                self.on_train_batch_end(count - 1, means)
            self.on_epoch_end(epoch, means)

    def _display(self):
        per_epoch, size = self.config.steps_per_epoch, self.config.batch_size
        name = self.named.get("phase", "")
        passes = math.ceil(len(self.validation) / size)
        epochs = self.begin // per_epoch, self.end // per_epoch - 1
        return Display(*epochs, per_epoch, passes, name)

    def save(self):
        if keras.backend.backend() == "jax":
            self.net.jax_state_sync()
        arrays = checkpoint.numpy([*self._lasting(), *self.net.metrics_variables])
        names = ("phase", "step", "history", "best", "waited", "stopped", "sums")
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
            self._averages.settle()
        self.__dict__.pop("_openings", None)  # what it has prepared, and its threads

    def _validate(self, epoch):
        result = evaluate.validate(self._predict, self.validation, self.method, self.config)
        found = processes.decided(
            {f"val_{name}": v for name, v in result.items() if isinstance(v, float)}
        )
        name = self.config.monitor
        if not name:
            return found
        if name not in found:
            raise PipelineError(f"monitor must be one of {', '.join(found)}; got {name!r}.")
        if self._is_best(found[name]):
            self.best, self.waited = {"epoch": epoch + 1, "value": found[name]}, 0
            try:
                checkpoint.save(self._best, checkpoint.numpy(self.whole.weights), self.best)
            except Refused:
                self._diverged("the weights are no longer finite")
        else:
            self.waited += 1
            self.stopped = bool(self.config.patience) and self.waited >= self.config.patience
        return found

    def _is_best(self, value):
        """A value that is no number is never the best: nothing would be better than it."""
        if not math.isfinite(value):
            return False
        return self.best is None or self._sign * value > self._sign * self.best["value"]

    def _check(self, loss):
        if not math.isfinite(loss):
            self._diverged(f"the loss became {loss}")

    def _diverged(self, what):
        last = max(
            (int(p.stem.split("_")[1]) for p in self._folder().glob("step_*.npz")), default=None
        )
        kept = f"the checkpoint of step {last} is kept" if last else "there was no checkpoint yet"
        epoch = (self.step - 1) // self.config.steps_per_epoch + 1
        clip = ", or set clip_norm=1" if hasattr(self.config, "clip_norm") else ""
        finish = f" `{resuming(self.folder)} --finish` takes what was best so far." if last else ""
        raise Refused(
            f"training diverged: {what} at step {self.step} (epoch {epoch}); {kept} in"
            f" {self._folder()}. Lower learning_rate{clip}.{finish}"
        )

    def _batches(self):
        """The first batches of the epoch that ends at this step."""
        return self._openings(max(self.begin, self.step - self.config.steps_per_epoch))

    @functools.cached_property
    def _openings(self):
        epochs = range(self.begin, self.end, self.config.steps_per_epoch)
        return self.source.held_out("train").openings(epochs, averaging.BATCHES)

    def _lasting(self):
        own = self._memory() if self._memory else []
        return [*checkpoint.lasting(self.whole, self.net), *own]

    def _folder(self):
        return self.folder / CHECKPOINTS

    def _path(self, step):
        return self._folder() / f"step_{step:09d}.npz"


def best_files(folder):
    """The checkpoints of best epochs, phase by phase."""
    return sorted(folder.glob("best*.npz"), key=lambda path: (len(path.name), path.name))


def monitor_sign(method, monitor):
    """+1 if more of what `monitor` names is better, -1 if less is; 0 for no monitor.

    Raises PipelineError if it is neither val_loss nor a score of the method.
    """
    scores = {f"val_{score.name}": score.sign for score in method.scores}
    known = {"val_loss": -1, **scores, "": 0}
    if monitor not in known:
        names = ", ".join(name for name in known if name)
        raise PipelineError(f"monitor must be one of {names}; got {monitor!r}.")
    return known[monitor]


def as_csv(rows):
    """Rows of a history as text, a column for each name that any of them has."""
    out = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writerow({name: in_cell(name) for name in names})
    for row in rows:
        writer.writerow({k: in_cell(v) for k, v in row.items()})
    return out.getvalue()
