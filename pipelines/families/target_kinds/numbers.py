"""One or more numbers an example, of which some may be angles."""

from etils import epy

from pipelines.families.target_kinds.target import Caption, Target
from pipelines.task import Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    import tensorflow as tf
    from keras import layers

    from pipelines.edge import numbers as edge
    from pipelines.losses import squared_error
    from pipelines.metrics import regression
    from pipelines.models import solved


class Numbers(Target):
    """Targets and outputs (B, K) are numbers in their units, an angle as its cosine and sine.

    `learned` has their names as "numbers", those that are angles as "angles", and as "scale" the
    mean and the deviation of each of the K in training, one after the other.
    """

    scores = (
        Score("rmse", "lower", tolerance=0.02, relative=True),
        Score("mae", "lower", tolerance=0.02, relative=True),
        Score("r2"),
    )

    def width(self, config):
        return len(_scale(config)[0])

    def after(self, config):
        mean, deviation = (values.tolist() for values in _scale(config))
        return [layers.Rescaling(deviation, mean, dtype="float32", name="value")]

    def loss(self, config):
        return squared_error.ScaledSquaredError(_scale(config)[1].tolist())

    def parse(self, example, config):
        values = tf.cast(example["value"], tf.float32)
        return tf.ensure_shape(values, (self.width(config),))

    def decode(self, outputs, config):
        """-> {"value": (B, K)}."""
        return {"value": outputs}

    def metrics(self, config):
        return [regression.Errors(config.learned["numbers"], config.learned.get("angles", ()))]

    def floor(self, part, config):
        """The error of the best constant answer, the mean of the part: its deviation."""
        rolled = np.array(part.examples.columns["value"], np.float64)
        if not len(rolled):
            return None
        values, angles = _unrolled(rolled, config)
        away = [edge.away(v, is_angle) for v, is_angle in zip(values.T, angles, strict=True)]
        return float(np.mean([(column**2).mean() ** 0.5 for column in away]))

    def truth(self, targets, config):
        return {"value": targets}

    def caption(self, decoded, config, targets=None):
        found = _listed(decoded["value"], config)
        return Caption(found) if targets is None else Caption(found, _listed(targets, config))

    def solve(self, layer, head, splits, config, strength, grid=()):
        return solved.numbers(layer, *splits, _scale(config), strength)


def learned(rows, names, angles):
    """What is learned of the numbers of the training split. rows: (N, K)."""
    values = np.array(rows, np.float64)
    is_part = edge.parts(names, angles)
    mean = np.where(is_part, 0.0, values.mean(0))  # of a cosine or sine nothing is taken away
    deviation = np.where(is_part, 1.0, values.std(0))
    pairs = np.stack([mean, np.where(deviation > 0, deviation, 1.0)], 1)
    own = {"angles": list(angles)} if angles else {}
    return {"numbers": list(names), "scale": [repr(float(v)) for v in pairs.ravel()], **own}


def _scale(config):
    """(means, deviations), (K,) each."""
    pairs = np.array(list(map(float, config.learned["scale"]))).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _unrolled(rolled, config):
    """(N, K) -> the numbers (N, names), and which of them are angles."""
    names, angles = config.learned["numbers"], config.learned.get("angles", ())
    return edge.unrolled(rolled, names, angles), [name in angles for name in names]


def _listed(rolled, config):
    values, _ = _unrolled(np.asarray(rolled, np.float64)[None], config)
    return edge.line(dict(zip(config.learned["numbers"], values[0], strict=True)))
