"""Moving averages of the weights, with batch statistics that fit them."""

import contextlib
import itertools

import keras

from pipelines import optimization
from pipelines.engine.proof.compiled import compiled

BATCHES = 10  # training batches that re-estimate the batch statistics


class Averages:
    """The averaged weights of a compiled and built `model`, if its optimizer keeps such.

    batches: () -> iterable of at least one (inputs, targets). The first BATCHES of them re-estimate
    the statistics of batch normalisation, which belong to the weights they were measured with
    (Izmailov et al. 2018, arXiv:1803.05407, section 3.2).
    """

    def __init__(self, model, batches):
        self._model, self._batches = model, batches
        self._averages = optimization.averages(model)
        layers = model._flatten_layers()
        norms = [x for x in layers if isinstance(x, keras.layers.BatchNormalization)]
        # A frozen one keeps its statistics, also in training.
        self._norms = [norm for norm in norms if norm.trainable]

        def forward(inputs):
            model(inputs, training=True)

        self._forward = compiled(forward, model, writes=model.non_trainable_variables)

    @contextlib.contextmanager
    def applied(self):
        """Within it, the model has its averaged weights; afterwards its own again."""
        if not self._averages:
            yield
            return
        # JAX gives buffers away: what is kept must not share one with the model.
        kept = [(v, keras.ops.copy(v)) for v in self._model.variables]
        self.settle()
        try:
            yield
        finally:
            for variable, value in kept:
                variable.assign(value)

    def settle(self):
        """Gives the model its averaged weights for good."""
        weights = self._model.trainable_variables
        for weight, average in zip(weights, self._averages, strict=bool(self._averages)):
            weight.assign(keras.ops.copy(average))
        if self._averages and self._norms:
            self._recalibrate()

    def _recalibrate(self):
        for statistic, _ in self._statistics():
            statistic.assign(keras.ops.zeros(statistic.shape))
        count = 0
        for inputs, _ in itertools.islice(self._batches(), BATCHES):
            self._forward(inputs)
            count += 1
        for statistic, momentum in self._statistics():
            # Started from zero, it falls short by the weight that zero still has.
            statistic.assign(statistic / (1 - momentum**count))

    def _statistics(self):
        """(variable, momentum) of each statistic that is re-estimated."""
        for norm in self._norms:
            yield norm.moving_mean, norm.momentum
            yield norm.moving_variance, norm.momentum
