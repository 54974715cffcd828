"""The learning rate range test: how the loss answers to a rising rate (Smith 2017,
arXiv:1506.01186)."""

import itertools
import math

import keras
import numpy as np

from pipelines import optimization, terminal
from pipelines.engine.training import fit as train
from pipelines.errors import PipelineError, Refused

FROM, TO, STEPS = 1e-6, 1.0, 100
SMOOTHING = 0.9  # of the moving average of the losses
BEYOND = 4.0  # times the least loss: the test ends there
SHARE = 0.1  # of the rate with the least loss, which is where it is about to rise


def find(model, method, config, source):
    """(rate, curve): the peak learning rate for the first phase of a training that goes by steps,
    from a model that is then used up. Weights that phases before it find at once are found.

    curve: {"x": log10 of the rates, "y": smoothed losses, ...} as `page.render` draws it. Raises
    Refused if the loss never falls, PipelineError if no phase has steps by gradients.
    """
    stages = train.phases(method, config)
    index = _first(stages)
    if index is None or config.as_dict().get("phase_rates"):
        raise PipelineError(
            "learning_rate=find needs a phase that is trained by steps, and no phase_rates."
        )
    keras.utils.set_random_seed(config.seed)
    for earlier, stage in enumerate(stages[:index]):
        stage.solve(*train.begin(model, stages, earlier, source, told=False))
    net, parts = train.begin(model, stages, index, source, told=False)
    rising = optimization.Schedule("exponential", FROM, 0, STEPS, TO / FROM, STEPS, 0.0)
    optimization.inner(net).learning_rate = rising
    watch = _Watch()
    net.fit(
        parts.train(0, net),
        epochs=1,
        steps_per_epoch=STEPS,
        callbacks=[watch],
        shuffle=False,
        verbose=0,
    )
    if not watch.losses:
        raise Refused(
            "the first loss is no number: there is nothing to find a learning rate by. Look at the"
            " data."
        )
    smooth = smoothed(watch.losses)
    rates = FROM * (TO / FROM) ** (np.arange(len(smooth)) / STEPS)
    rate = chosen(rates, smooth)
    curve = {"x": np.log10(rates).tolist(), "y": smooth.tolist()}
    curve |= {"x_label": "log10 of the learning rate", "y_label": "loss"}
    print(
        f"{drawn(rates, smooth)}\nlearning rate: {rate:.2g}, a tenth of where the loss is least",
        flush=True,
    )
    return rate, curve


def _first(stages):
    """The index of the first phase that follows gradients, if all before are solved; else None."""
    solved = list(itertools.takewhile(lambda stage: stage.solve, stages))
    index = len(solved)
    return None if index == len(stages) or stages[index].steps else index


def smoothed(losses):
    """Moving averages, corrected for their start: (N,) -> (N,)."""
    mean, found = 0.0, []
    for i, loss in enumerate(losses, 1):
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        found.append(mean / (1 - SMOOTHING**i))
    return np.array(found)


def chosen(rates, smooth):
    """SHARE of the rate with the least smoothed loss. Raises Refused if that is the first: the
    loss never fell."""
    best = int(np.argmin(smooth))
    if best == 0:
        raise Refused(
            "the loss falls at no learning rate from 1e-06 to 1. Look at the data and the model"
            " first."
        )
    return float(f"{rates[best] * SHARE:.2g}")


def drawn(rates, smooth, rows=16, width=40):
    """The curve as text, a bar for each of some rates."""
    kept = np.unique(np.linspace(0, len(smooth) - 1, rows).round().astype(int))
    least, most = smooth[kept].min(), smooth[kept].max()
    bars = [
        "#" * max(1, round(width * (v - least) / max(most - least, 1e-9))) for v in smooth[kept]
    ]
    cells = [
        [f"{rates[i]:.1e}", f"{smooth[i]:.4f}", bar] for i, bar in zip(kept, bars, strict=True)
    ]
    return terminal.table(cells, ["learning rate", "loss", ""])


class _Watch(keras.callbacks.Callback):
    """The loss of each batch, out of Keras's running means; ends the test if it has gone too
    far."""

    def __init__(self):
        super().__init__()
        self.losses, self._total = [], 0.0

    def on_train_batch_end(self, batch, logs=None):
        total = logs["loss"] * (batch + 1)
        loss, self._total = total - self._total, total
        if math.isfinite(loss):
            self.losses.append(loss)
            smooth = smoothed(self.losses)
        if not math.isfinite(loss) or smooth[-1] > BEYOND * smooth.min():
            self.model.stop_training = True
