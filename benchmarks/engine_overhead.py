"""CPU seconds of a whole training and of the end of an epoch, compared with Keras alone.

Ours: a run with everything on (validation, averaged weights, checkpoints, history, TensorBoard,
the input pipeline). Bare: `keras.Model.fit` of the same compiled model on arrays in memory, and
after each epoch the same work by hand, in one `tf.function`: batch statistics of the averaged
weights, forward pass, decoding, loss, the same metrics; it writes nothing. Augmentation is off.
Both train in turn, in one process; CPU time, as other programs may run on the same machine.
Goals: at most 1.1 times the whole, and 1.2 times the end of an epoch.
`python benchmarks/engine_overhead.py [digits | bccd FOLDER] [--turns N]`
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from pipelines import optimization, run, terminal
from pipelines.engine.training import averaging
from pipelines.engine.training.loop import Loop

SETTINGS = {
    "digits": dict(
        epochs=8, batch_size=64, learning_rate=3e-3, ema=0.98, keep="last", steps_per_epoch=23,
        shift=0.0, zoom=0.0, rotate=0.0, colour=0.0,
    ),
    "bccd": dict(
        epochs=3, image_size=320, steps_per_epoch=13, on_bad_data="skip",
        mosaic=0.0, scale=0.0, flip=False, colour=0.0, mixup=0.0,
    ),
}  # fmt: skip
TASKS = {"digits": "classification", "bccd": "detection"}


class Clock:
    """CPU seconds of the steps of each epoch, and of its end."""

    def __init__(self):
        self.steps, self.ends = [], []

    def begin(self):
        self._at = time.process_time()

    def lap(self, laps):
        now = time.process_time()
        laps.append(now - self._at)
        self._at = now

    def medians(self):
        """Of all epochs but the first, in which everything is traced."""
        return np.median(self.steps[1:]), np.median(self.ends[1:])


def ours(started):
    """(whole, steps, end): CPU seconds of a run that has been started."""
    clock, begin, end = Clock(), Loop.on_epoch_begin, Loop.on_epoch_end

    def begun(self, epoch, logs=None):
        clock.begin()
        begin(self, epoch, logs)

    def ended(self, epoch, logs=None):
        clock.lap(clock.steps)
        end(self, epoch, logs)
        clock.lap(clock.ends)

    Loop.on_epoch_begin, Loop.on_epoch_end = begun, ended
    try:
        before = time.process_time()
        started.train()
        return time.process_time() - before, *clock.medians()
    finally:
        Loop.on_epoch_begin, Loop.on_epoch_end = begin, end


class Bare(keras.callbacks.Callback):
    """The end of an epoch by hand: what a validation is made of, and nothing else."""

    def __init__(self, model, method, config, train, held):
        super().__init__()
        self.clock, self.train, self.held = Clock(), train, held
        self.size, self.metrics = config.batch_size, method.metrics(config)
        layers = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
        self.statistics = [v for x in layers for v in (x.moving_mean, x.moving_variance)]
        self.momentum = layers[0].momentum

        @tf.function(reduce_retracing=True)
        def judge(inputs, targets):
            outputs = model(inputs, training=False)
            loss = model.compute_loss(inputs, targets, outputs, training=False)
            return method.decode(outputs, config), loss

        @tf.function
        def estimate(inputs):
            model(inputs, training=True)

        self.judge, self.estimate = judge, estimate

    def on_epoch_begin(self, epoch, logs=None):
        self.clock.begin()

    def on_epoch_end(self, epoch, logs=None):
        self.clock.lap(self.clock.steps)
        kept = [tf.identity(v.value) for v in self.model.variables]
        averages = optimization.averages(self.model)
        if averages:
            self.settle(averages)
        for metric in self.metrics:
            metric.reset_state()
        for inputs, targets in batches(self.held, self.size):
            decoded, _ = self.judge(inputs, targets)
            for metric in self.metrics:
                metric.update_state(targets, decoded)
        for metric in self.metrics:
            metric.result()
        for variable, value in zip(self.model.variables, kept, strict=True):
            variable.assign(value)
        self.clock.lap(self.clock.ends)

    def settle(self, averages):
        for weight, average in zip(self.model.trainable_variables, averages, strict=True):
            weight.assign(average.value)
        for statistic in self.statistics:
            statistic.assign(tf.zeros(statistic.shape))
        parts = list(batches(self.train, self.size))[: averaging.BATCHES]
        for inputs, _ in parts:
            self.estimate(inputs)
        for statistic in self.statistics:
            statistic.assign(statistic.value / (1 - self.momentum ** len(parts)))


def batches(arrays, size):
    """(inputs, targets) -> views of `size` examples each, the last one smaller."""
    count = len(keras.tree.flatten(arrays)[0])
    for at in range(0, count, size):
        yield keras.tree.map_structure(lambda values, at=at: values[at : at + size], arrays)


def bare(opened):
    """(whole, steps, end): CPU seconds of Keras alone, on the arrays that the run trained on."""
    method, config = opened.method, opened.config
    train, held = (opened.split(name).sample(10**9) for name in ("train", "validation"))
    count = config.steps_per_epoch * config.batch_size
    rows = np.arange(count) % len(opened.split("train"))
    train = keras.tree.map_structure(lambda values: values[rows], train)
    before = time.process_time()
    model = method.model(config)
    callback = Bare(model, method, config, train, held)
    model.fit(
        *train,
        batch_size=config.batch_size,
        epochs=config.epochs,
        callbacks=[callback],
        verbose=2,
    )
    return time.process_time() - before, *callback.clock.medians()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name", nargs="?", choices=tuple(SETTINGS), default="digits")
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--turns", type=int, default=3)
    a = parser.parse_args()
    rows, ratios = [], []
    for turn in range(a.turns):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "run"
            begun = run.start(TASKS[a.name], a.folder or a.name, path, SETTINGS[a.name])
            found = np.array([ours(begun), bare(run.Run(path))])
        ratios.append(found[0] / found[1])
        cells = [f"{seconds:.2f}" for seconds in found.T.ravel()]
        rows.append([turn, *cells, *(f"{ratio:.3f}" for ratio in ratios[-1])])
        print(rows[-1], flush=True)
    names = ("whole", "steps", "end")
    columns = [f"{name}, {who}" for name in names for who in ("ours", "bare")]
    print("CPU seconds: of a whole training, of the steps of an epoch, of its end")
    print(terminal.table(rows, ["turn", *columns, *(f"ratio, {name}" for name in names)]))
    print("median ratios:", dict(zip(names, np.median(ratios, 0).round(3).tolist(), strict=True)))


if __name__ == "__main__":
    main()
