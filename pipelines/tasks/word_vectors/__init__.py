"""Word vectors: numbers for each word that lie near each other if words are used alike."""

import collections
from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.families import running_text, vocabulary
from pipelines.task import Feature, Method, Program, Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    from keras import ops

    from pipelines.edge import terms, words
    from pipelines.edge import word_vectors as edge
    from pipelines.formats import _word_pairs, _word_vectors
    from pipelines.metrics import noise_contrast, word_map, word_similarity

SHOWN = 150  # words on the map
ROWS = 64  # rows of words that are looked up at a time


@dataclass(frozen=True, kw_only=True)
class Config(settings.Config):
    """Settings of every method."""

    epochs: int = setting(5, "passes over the training split", "epochs", low=1)
    optimizer: str = setting("adagrad", "update rule", choices=("adagrad", "adam", "sgd"))
    learning_rate: float = setting(0.15, "peak learning rate", low=0.0, high=10.0)
    warmup_epochs: float = setting(0.0, "linear rise from zero to the peak", "epochs", low=0.0)
    weight_decay: float = setting(
        0.0, "decoupled weight decay of matrices and kernels", low=0.0, high=1.0
    )
    jit_compile: str = setting(
        "off", "XLA compilation of the step, which is no faster here", choices=("auto", "on", "off")
    )
    monitor: str = setting(
        "val_log_loss", "what decides which epoch is kept: val_ and a metric's name"
    )
    word_size: int = setting(100, "numbers of a vector", "features", low=1, high=4096)
    vocabulary: int = setting(
        200_000, "most words that get a vector, the most frequent ones", "words", low=1, high=10**6
    )
    min_count: int = setting(
        5, "times that training must have a word for it to get a vector", "times", low=1
    )
    window: int = setting(
        5, "words to either side that count as neighbours", "words", low=1, high=100
    )
    negatives: int = setting(
        5, "drawn words that each true neighbour is told from", "words", low=1, high=1000
    )
    similarity: str = setting(
        "", "file of word pairs with a similarity, such as WordSim-353, to be judged by"
    )
    analogies: str = setting("", "file of analogies, four words a line, to be judged by")
    map: str = setting("pca", "how the report's map of words is made", choices=("pca", "tsne"))


class WordVectors(Method):
    """What every method shares: words, their counts, what vectors are judged by, files of them.

    A model maps {"words": int32 (B, T)} to {"vectors", "contexts": float32 (B, T, D)}: what a word
    is, and what it is to others. Ids are those of `edge.words`: the entries of the learned list
    `words` begin at FIRST.
    """

    data = "languages"
    features = {"text": Feature("text")}
    scores = (
        Score("log_loss", "lower", relative=True),
        Score("word_similarity"),
        Score("analogy_accuracy", counted=True),
    )
    page = "word_vectors.md"
    _drawn = 512  # noise words that held-out neighbours are told from

    def adapt(self, data, config):
        """Data with the feature `text` alone. Raises PipelineError if there is none."""
        return running_text.adapt(data)

    def learn(self, examples, config):
        """The words, most frequent first, their `counts`, and what `similarity`, `analogies` hold.

        Lists of text, so that a bundle has them, too. Raises PipelineError if no word is there
        often enough.
        """
        seen = collections.Counter()
        for text in examples.columns["text"]:
            seen.update(terms.items(text, terms.WORDS))
        known = vocabulary.common(seen, config.min_count)[: config.vocabulary]
        if len(known) < 2:
            most = max(seen.values(), default=0)
            raise PipelineError(
                f"min_count={config.min_count} leaves {len(known)} words; the most frequent one is"
                f" there {most} times. Give more text, or set min_count=1."
            )
        own = {"words": known, "counts": [str(seen[word]) for word in known]}
        for name, reader in (("similarity", "similarities"), ("analogies", "analogies")):
            file = getattr(config, name)
            if file:
                rows = getattr(_word_pairs, reader)(file)
                own[name] = ["\t".join(map(str, row)) for row in rows]
        return own

    def floor(self, part, config):
        """The loss of the best answer that knows how often words are, and not their neighbours."""
        counts = self._counts(config)
        noise = self._noise(config, lambda own, ids: None)
        odds = self._odds(noise, config)
        noise.score = lambda own, ids: np.broadcast_to(odds[ids], (len(own), len(ids)))
        return self._log_loss(part, np.ones((len(counts), 1)), noise, config)

    def evaluate(self, answer, part, config):
        """log_loss on the part, what the vectors know of words, and a map of the frequent ones."""
        vectors, contexts = self._tables(answer, config)
        noise = self._noise(config, self._score(contexts, config))
        result = {"log_loss": self._log_loss(part, self._own(vectors, config), noise, config)}
        names = config.learned["words"]
        directions = word_similarity.unit(self._kept(vectors, contexts)[words.FIRST :])
        ids = {word: i for i, word in enumerate(names)}
        for name, judge in (
            ("similarity", word_similarity.similarity),
            ("analogies", word_similarity.analogies),
        ):
            if name in config.learned:
                rows = [row.split("\t") for row in config.learned[name]]
                result |= judge(directions, ids, _typed(rows))
        title = f"{config.map} of {min(SHOWN, len(names))} words"
        drawn = word_map.curve(directions, names, SHOWN, config.map, config.seed)
        return {**result, "curves": {title: drawn}}

    def decode(self, outputs, config):
        """As they are."""
        return outputs

    def programs(self, model, config, inputs):
        """Vectors of a row of words, and, as `nearest`, the words that are nearest to one."""
        size = words.FIRST + len(config.learned["words"])
        every = np.arange(size, dtype=np.int32)[None]
        count = min(edge.NEAREST + 1, len(config.learned["words"]))

        def nearest(values):
            def kept(ids):
                found = model({"words": ids}, training=False)
                return self._kept(found["vectors"][0], found["contexts"][0])

            own = kept(values["words"])
            table = kept(ops.convert_to_tensor(every))[words.FIRST :]
            lengths = ops.sqrt(ops.sum(ops.square(table), -1))
            cosines = ops.matmul(own, ops.transpose(table))
            cosines = cosines / ops.maximum(lengths * ops.sqrt(ops.sum(ops.square(own))), 1e-12)
            similarity, places = ops.top_k(cosines, count)
            ids = ops.cast(places, "int32") + words.FIRST
            return {"vector": own, "nearest": ids, "similarity": similarity}

        one = {"words": np.asarray(inputs["words"], np.int32)[:, :1]}
        return {**super().programs(model, config, inputs), edge.PROGRAM: Program(nearest, one)}

    def attachments(self, model, config):
        """The vectors as word2vec has them, in text and binary: `vectors=` reads both."""

        def by(write):
            def write_rows(path):
                rows = self._kept(*self._tables(model, config))[words.FIRST :]
                write(path, config.learned["words"], rows)

            return write_rows

        return {
            "vectors.txt": by(_word_vectors.write_text),
            "vectors.bin": by(_word_vectors.write_binary),
        }

    def draw(self, inputs, decoded, config, targets=None):
        """The words of a row, and the two of them that are most alike."""
        names = config.learned["words"]
        ids = np.array([i for i in inputs["words"].tolist() if i >= words.FIRST])
        text = " ".join(names[i - words.FIRST] for i in ids)
        kept = np.asarray(decoded["vectors"])[: len(ids)]
        alike = word_similarity.unit(kept) @ word_similarity.unit(kept).T
        alike[ids[:, None] == ids] = -np.inf
        if not np.isfinite(alike).any():
            return text or "no known word"
        first, second = np.unravel_index(alike.argmax(), alike.shape)
        pair = " and ".join(names[ids[i] - words.FIRST] for i in (first, second))
        return f"{text}\nmost alike: {pair} {alike[first, second]:.2f}"

    def _ids(self, text, known):
        """Ids of a text's words that have one."""
        return [known[word] for word in terms.items(text, terms.WORDS) if word in known]

    def _counts(self, config):
        """How often training has each id, (V,)."""
        return np.array([0] * words.FIRST + [int(n) for n in config.learned["counts"]], float)

    def _noise(self, config, score):
        return noise_contrast.Noise(self._counts(config), config.negatives, score, self._drawn)

    def _odds(self, noise, config):
        """The log odds that a word is a neighbour, whatever of, (V,); see
        `noise_contrast.Noise`."""
        usual = self._usual(config)
        shares = np.maximum(usual, 1e-9) / usual.sum()
        return np.log(shares / np.maximum(noise.shares, 1e-12) / config.negatives)

    def _usual(self, config):
        """How often each id is a neighbour in training, up to a factor, (V,)."""
        return self._counts(config)

    def _tables(self, answer, config):
        """(vectors, contexts), (V, D) each, of all ids."""
        size = words.FIRST + len(config.learned["words"])
        length = self._length(config)
        ids = np.zeros(-(-size // length) * length, np.int32)
        ids[:size] = np.arange(size)
        rows, found = ids.reshape(-1, length), collections.defaultdict(list)
        for start in range(0, len(rows), ROWS):
            for name, values in answer({"words": rows[start : start + ROWS]}).items():
                values = np.asarray(values, np.float32)
                found[name].append(values.reshape(-1, values.shape[-1]))
        return tuple(np.concatenate(found[name])[:size] for name in ("vectors", "contexts"))

    def _length(self, config):
        """Words of a row."""
        raise NotImplementedError

    def _kept(self, vectors, contexts):
        """The vectors that are given to people, of both tables."""
        return vectors

    def _own(self, vectors, config):
        """The vectors as `_score` takes them."""
        return vectors

    def _score(self, contexts, config):
        """The score of `metrics.noise_contrast.Noise` by a table of contexts."""
        return lambda own, ids: own @ contexts[ids].T

    def _log_loss(self, part, vectors, noise, config):
        """The loss of a part by `noise`, nats a pair."""
        raise NotImplementedError


def _typed(rows):
    """Triples with a number as their third, or analogies as they are."""
    return [(a, b, float(rest[0])) if len(rest) == 1 else (a, b, *rest) for a, b, *rest in rows]
