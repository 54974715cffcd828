"""Vectors whose products are the logarithms of how often words are near each other."""

import dataclasses
from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.tasks import word_vectors

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    import tensorflow as tf

    from pipelines import optimization
    from pipelines.edge import words
    from pipelines.metrics import noise_contrast
    from pipelines.models import cooccurrence, glove

PAIRS = 512  # of a row
PIECE = 100_000  # words that are counted at a time
BYTES = 16  # of a pair while it is counted
KEPT = 10_000  # pairs of training that scores are scaled by


@dataclass(frozen=True, kw_only=True)
class _Config(word_vectors.Config):
    """The shared settings, and those of counted pairs."""

    epochs: int = setting(25, "passes over the pairs", "epochs", low=1)
    window: int = setting(
        10, "words to either side that count as neighbours", "words", low=1, high=100
    )
    most: float = setting(
        100.0, "how often a pair is near before it counts fully in the loss", "times", low=1.0
    )
    power: float = setting(
        0.75, "how a rarer pair counts less: (times / most) ** power", low=0.0, high=10.0
    )
    count_mb: int = setting(
        512,
        "memory that counting pairs may take, apart from the result; more goes to disk",
        "MB",
        low=1,
        high=1_000_000,
    )


class GloVe(word_vectors.WordVectors):
    """Pairs of words, counted once, and least squares on the logarithms of their counts."""

    Config = _Config
    paper = "Pennington et al. 2014"
    _drawn = 64

    def learn(self, examples, config):
        """Besides, `near`, what the pairs of each word sum to, and some `pairs`, "first second".

        These are drawn as often as they are near; what is judged is scaled by them. Raises
        PipelineError if no text has two words that get vectors.
        """
        found = super().learn(examples, config)
        first, second, weights = _counted(self, examples.columns["text"], config.having(found))
        if not len(first):
            raise PipelineError(
                "no text of the training split has two words that get vectors, so none are near"
                " each other. Give longer texts, or set min_count=1."
            )
        sums = np.bincount(first, weights, words.FIRST + len(found["words"]))[words.FIRST :]
        chance = np.random.default_rng(config.seed)
        drawn = chance.choice(len(first), KEPT, p=weights / weights.sum())
        pairs = [f"{first[i]} {second[i]}" for i in drawn]
        return {**found, "near": [f"{value:.6g}" for value in sums], "pairs": pairs}

    def expand(self, examples, config):
        """Rows of pairs that are near each other, in an order that is drawn by the seed.

        `first` and `second` are ids, `count` is how often, nearer ones more; 0 behind the last.
        """
        found = _counted(self, examples.columns["text"], config)
        order = np.random.default_rng(config.seed).permutation(len(found[0]))
        count = -(-len(order) // PAIRS)
        columns = {}
        for name, values in zip(("first", "second", "count"), found, strict=True):
            filled = np.zeros(count * PAIRS, values.dtype)
            filled[: len(order)] = values[order]
            columns[name] = list(filled.reshape(count, PAIRS))
        names = [f"pairs{i}" for i in range(count)]
        return dataclasses.replace(examples, names=names, where=list(names), columns=columns)

    def parse(self, example, config):
        """One row -> ({"words": int32 (P,)}, {"near": int32 (P,), "count": float32 (P,)})."""
        first, near = (tf.cast(example[name], tf.int32) for name in ("first", "second"))
        count = tf.ensure_shape(tf.cast(example["count"], tf.float32), (PAIRS,))
        targets = {"near": tf.ensure_shape(near, (PAIRS,)), "count": count}
        return {"words": tf.ensure_shape(first, (PAIRS,))}, targets

    def model(self, config):
        """{"words": int32 (B, P)} -> {"vectors", "contexts": (B, P, D + 1)}, compiled."""
        size = words.FIRST + len(config.learned["words"])
        net = glove.net(size, config.word_size, config.seed, config.most, config.power)
        optimization.compile(net, config)
        return net

    def _length(self, config):
        return PAIRS

    def _kept(self, vectors, contexts):
        """The sum of both, without the bias (section 4.2)."""
        return vectors[..., :-1] + contexts[..., :-1]

    def _own(self, vectors, config):
        """With the bias less log X(w), and a one: X(w) is what all pairs of a word sum to."""
        near = self._usual(config)
        bias = vectors[:, -1:] - np.log(np.maximum(near, 1e-9))[:, None]
        return np.hstack([vectors[:, :-1], bias, np.ones_like(bias)])

    def _score(self, contexts, config):
        """log X(w, c) / X(w) / P(c)."""
        near = self._usual(config)
        table = np.insert(contexts, -1, 1.0, axis=1)
        share = np.log(np.maximum(near, 1e-9) / near.sum())
        return lambda own, ids: own @ table[ids].T - share[ids]

    def _usual(self, config):
        return np.array([0.0] * words.FIRST + [float(n) for n in config.learned["near"]])

    def _log_loss(self, part, vectors, noise, config):
        columns = part.examples.columns
        names = ("first", "second", "count")
        first, second, count = (np.concatenate([*columns[name], []]) for name in names)
        there = count > 0
        pairs = *(ids[there].astype(int) for ids in (first, second)), count[there]
        usual = self._odds(noise, config)
        known = [row.split(" ") for row in config.learned["pairs"]]
        train = np.array(known, int).reshape(-1, 2).T
        scale = noise_contrast.scale_of_pairs(*train, np.ones(len(known)), vectors, noise, usual)
        return noise_contrast.of_scaled_pairs(*pairs, vectors, noise, usual, scale)


def _counted(method, texts, config):
    """(first words, second words, weights) of the pairs of some texts."""
    size = words.FIRST + len(config.learned["words"])
    most = max(1000, config.count_mb * 1_000_000 // BYTES)
    known = words.ids(config.learned["words"])
    return cooccurrence.counted(_pieces(method, texts, known), size, config.window, most)


def _pieces(method, texts, known):
    """(ids, texts) of pieces of about PIECE words; a text lies in one piece."""
    ids, numbers = [], []
    for i, text in enumerate(texts, 1):
        own = method._ids(text, known)
        ids += own
        numbers += [i] * len(own)
        if len(ids) >= PIECE:
            yield np.array(ids), np.array(numbers)
            ids, numbers = [], []
    if ids:
        yield np.array(ids), np.array(numbers)
