"""What skip-gram and CBOW share: rows of text, windows, subsampling, noise or a tree of words."""

import dataclasses
from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.tasks import word_vectors

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    import tensorflow as tf

    from pipelines import optimization
    from pipelines.edge import words
    from pipelines.metrics import noise_contrast
    from pipelines.models import huffman, word_windows

STEP = 16  # words; batches are cut to multiples of it, as JAX compiles each length anew
DRAWN = 64  # noise words that the words of a row share


@dataclass(frozen=True, kw_only=True)
class Config(word_vectors.Config):
    """The shared settings, and those of windows."""

    max_length: int = setting(
        64,
        "words of a row; texts follow each other in rows, and no window reaches beyond its text",
        "words",
        low=2,
        high=100_000,
    )
    output: str = setting(
        "negative_sampling",
        "what predicts words: few drawn ones against the true one, or turns in a tree of all words",
        choices=("negative_sampling", "hierarchical_softmax"),
    )
    subsample: float = setting(
        1e-3,
        "share of all words above which a word is left out at times; 0 leaves none out",
        low=0.0,
        high=1.0,
    )


class Windows(word_vectors.WordVectors):
    """Vectors that predict words from the words around them."""

    _is_bag = False

    def expand(self, examples, config):
        """Rows of `max_length` known words; `texts` says which text each is of, 1 and on."""
        ids, texts, starts = _joined(self, examples, config)
        size, names, where = config.max_length, [], []
        rows = {"words": [], "texts": []}
        for at in range(0, len(ids), size):
            text = texts[at] - 1
            offset = at - starts[text]
            names.append(f"{examples.names[text]}+{offset}" if offset else examples.names[text])
            where.append(examples.where[text])
            for name, values in (("words", ids), ("texts", texts)):
                row = np.zeros(size, np.int32)
                row[: len(values[at : at + size])] = values[at : at + size]
                rows[name].append(row)
        return dataclasses.replace(examples, names=names, where=where, columns=rows)

    def parse(self, example, config):
        """One row -> ({"words": (T,)}, {"texts", "reach": (T,), "noise": (N,)}), int32."""
        size = (config.max_length,)
        ids = tf.ensure_shape(tf.cast(example["words"], tf.int32), size)
        texts = tf.ensure_shape(tf.cast(example["texts"], tf.int32), size)
        reach = tf.fill(size, config.window)
        return {"words": ids}, {"texts": texts, "reach": reach, "noise": tf.zeros(DRAWN, tf.int32)}

    def augment(self, inputs, targets, seed, progress, config):
        """Leaves frequent words out, makes windows shorter, and draws noise, all at random.

        Section 2.3 of arXiv:1310.4546, with word2vec's own share of what is kept, sqrt(t / f) +
        t / f; windows are of 1 to `window` words, equally often.
        """
        draws = [tf.random.experimental.stateless_fold_in(seed, i) for i in range(3)]
        ids, texts = _subsampled(inputs["words"], targets["texts"], draws[0], self._keep(config))
        reach = tf.random.stateless_uniform(
            tf.shape(ids), draws[1], 1, config.window + 1, dtype=tf.int32
        )
        bounds = tf.constant(np.cumsum(self._shares(config)), tf.float32)
        drawn = tf.random.stateless_uniform(tf.shape(targets["noise"]), draws[2])
        noise = tf.searchsorted(bounds, tf.reshape(drawn, [-1]), side="right")
        noise = tf.minimum(tf.reshape(noise, tf.shape(drawn)), len(bounds) - 1)
        return {"words": ids}, {"texts": texts, "reach": reach, "noise": noise}

    def model(self, config):
        """{"words": int32 (B, T)} -> {"vectors", "contexts": (B, T, D)}, compiled."""
        size = words.FIRST + len(config.learned["words"])
        more = {"is_bag": self._is_bag, "negatives": config.negatives}
        if config.output == "hierarchical_softmax":
            more["paths"], more["turns"] = self._tree(config)
        net = word_windows.net(
            word_windows.WordWindows, size, config.word_size, config.seed, **more
        )
        optimization.compile(net, config)
        return net

    def _length(self, config):
        return config.max_length

    def _usual(self, config):
        return self._counts(config) * self._keep(config)

    def _shares(self, config):
        """How often each id is drawn as noise; sums to one."""
        weights = self._counts(config) ** 0.75
        return weights / weights.sum()

    def _keep(self, config):
        """How often each id is kept, float32 (V,)."""
        counts = self._counts(config)
        if not config.subsample:
            return np.ones(len(counts), np.float32)
        ratio = config.subsample / np.maximum(counts / counts.sum(), 1e-12)
        return np.minimum(np.sqrt(ratio) + ratio, 1.0).astype(np.float32)

    def _tree(self, config):
        return huffman.paths(self._counts(config).astype(int).tolist())

    def _score(self, contexts, config):
        """Of a tree, the logarithm of p(word) / (K share of noise)."""
        if config.output != "hierarchical_softmax":
            return super()._score(contexts, config)
        nodes, turns = self._tree(config)
        share = np.log(np.maximum(self._shares(config), 1e-12) * config.negatives)

        def score(own, ids):
            found = np.zeros((len(own), len(ids)), np.float32)
            for level in range(nodes.shape[1]):  # all at once would take much memory
                turn = turns[ids, level]
                scores = turn * (own @ contexts[nodes[ids, level]].T)
                found -= np.abs(turn) * np.logaddexp(0, -scores)
            return found - share[ids]

        return score

    def _log_loss(self, part, vectors, noise, config):
        columns = part.examples.columns
        rows = zip(columns["words"], columns["texts"], strict=True)
        return noise_contrast.of_windows(
            rows, vectors, noise, config.window, self._keep(config), self._is_bag
        )


def _joined(method, examples, config):
    """(ids of all known words, which text each is of, where each text begins), int32."""
    known, own = words.ids(config.learned["words"]), []
    for text in examples.columns["text"]:
        ids = method._ids(text, known)
        own.append(ids if len(ids) > 1 else [])  # a word alone has no neighbour
    lengths = np.array([len(ids) for ids in own], np.int64)
    starts = np.cumsum(lengths) - lengths
    flat = np.concatenate([np.array(ids, np.int32) for ids in own] or [np.zeros(0, np.int32)])
    return flat, np.repeat(np.arange(1, len(own) + 1, dtype=np.int32), lengths), starts


def _subsampled(ids, texts, seed, keep):
    """Words that are kept, moved together, and the texts they are of; (B, T), zeros behind.

    The batch is cut to its longest row.
    """
    chance = tf.gather(tf.constant(keep), ids)
    is_kept = (tf.random.stateless_uniform(tf.shape(ids), seed) < chance) & (texts > 0)
    order = tf.argsort(tf.cast(~is_kept, tf.int32), axis=1, stable=True)
    counts = tf.reduce_sum(tf.cast(is_kept, tf.int32), 1)
    longest = tf.reduce_max(counts)
    length = tf.minimum((longest + STEP - 1) // STEP * STEP, tf.shape(ids)[1])
    length = tf.maximum(length, tf.minimum(STEP, tf.shape(ids)[1]))
    there = tf.sequence_mask(counts, length, tf.int32)
    order = order[:, :length]
    return tuple(tf.gather(values, order, batch_dims=1) * there for values in (ids, texts))
