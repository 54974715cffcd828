"""A tag for each word of a sentence: what tasks share whose answer is spans of text."""

import collections
import math
from dataclasses import dataclass
from typing import ClassVar

from etils import epy

from pipelines.config import Settings, setting
from pipelines.errors import PipelineError
from pipelines.families import vocabulary
from pipelines.task import Method

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    import tensorflow as tf

    from pipelines.edge import spans, words
    from pipelines.edge import tagging as edge
    from pipelines.families.tagged import data as tagged_data
    from pipelines.families.tagged import drawn, forced, places, rules, windows
    from pipelines.metrics import entities, rule_shares
    from pipelines.models import tagger
    from pipelines.ops import crf, schemes


@dataclass(frozen=True, kw_only=True)
class WordSettings(Settings):
    """Settings of every method of tagging."""

    output: ClassVar[str] = "crf"

    target: str = setting(
        "", "feature that is learned; empty takes the first of tags, ner, upos, pos"
    )
    tokens: str = setting("", "feature that holds the words; empty takes tokens")
    scheme: str = setting(
        "bio",
        "how the model's tags mark spans; plain leaves them as they are",
        choices=("bio", "bioes", "plain"),
    )
    rules: str = setting(
        "", "YAML file of patterns and phrases that are marked before the model marks the rest"
    )
    gazetteers: int = setting(
        0,
        "phrases that training has marked so often, and nearly always alike, are rules, too; 0"
        " learns none",
        "times",
        low=0,
    )
    mend_tags: bool = setting(
        False, "read tags that break their scheme as conlleval does, in place of an error"
    )
    max_length: int = setting(
        0,
        "words, or pieces of them for a backbone, that go in at once; 0 follows the data, up"
        " to 128",
        "words",
        low=0,
        high=100_000,
    )


@dataclass(frozen=True, kw_only=True)
class NetSettings(WordSettings):
    """Settings of nets that read words, their letters and their shape."""

    epochs: int = setting(
        0,
        "passes over the training split; 0 reads about 40,000 sentences, 17,000 on a backbone",
        "epochs",
        low=0,
    )
    learning_rate: float = setting(2e-3, "peak learning rate", low=0.0, high=10.0)
    ema: float = setting(
        0.99,
        "decay of the moving average of the weights, which then is what is kept; 0 is off",
        low=0.0,
        high=0.99999,
    )
    clip_norm: float = setting(5.0, "clip the global gradient norm; 0 is off", low=0.0)
    weight_decay: float = setting(
        1e-2, "decoupled weight decay of matrices and kernels", low=0.0, high=1.0
    )
    monitor: str = setting(
        "val_f1", "what decides which epoch is kept: val_loss or val_ and a metric's name"
    )
    jit_compile: str = setting(
        "auto",
        "XLA compilation of the step; TensorFlow cannot compile loops over words",
        choices=("auto", "off"),
    )
    letters: str = setting("cnn", "how a word's letters are read", choices=("cnn", "lstm", "none"))
    letter_size: int = setting(25, "size of the vectors of letters", "features", low=1, high=4096)
    letter_units: int = setting(
        50, "features made of a word's letters", "features", low=2, high=4096
    )
    word_length: int = setting(20, "letters of a word that are read", "letters", low=3, high=1000)
    shape_size: int = setting(
        20,
        "size of the vectors of word shapes, such as Xx or d; 0 is off",
        "features",
        low=0,
        high=4096,
    )
    lstm_units: int = setting(
        100, "units of the LSTM in each direction; 0 leaves it out", "units", low=0, high=4096
    )
    lstm_layers: int = setting(
        1, "bidirectional LSTMs on top of each other", "layers", low=1, high=64
    )
    dropout: float = setting(
        0.3, "share of features dropped before and after the LSTM", low=0.0, high=0.95
    )
    recall_margin: float = setting(
        0.0,
        "how far in training the score of a tag must be above that of O: more is found, more of it"
        " wrong",
        low=0.0,
    )
    output: str = setting(
        "crf", "crf scores whole sequences, softmax each tag by itself", choices=("crf", "softmax")
    )


class Tagged(Method):
    """What every method shares: words, tags and their scheme, windows, spans, drawing."""

    _room = 1.0  # places that a word takes, roughly
    _around = 0  # places of a window that hold no word
    _places = (2, math.inf)  # least and most of max_length

    def floor(self, part, config):
        """0: a constant answer finds no span."""
        return 0.0

    def resolve(self, config, data):
        """Settings that follow from the data: the longest sentence, and tags without a scheme."""
        length = config.max_length
        if not length:
            room = data.longest["tokens"] * self._room
            step = places.STEP
            length = min(tagged_data.LONGEST, max(step, math.ceil(room / step) * step))
        least, most = self._places
        if not least <= length <= most:
            ends = f"at least {least}" if most == math.inf else f"from {least} to {most}"
            raise PipelineError(f"max_length must be {ends} words or their pieces; got {length}.")
        plain = schemes.scheme([config.labels]) == "plain"
        return config.replace(max_length=length, scheme="plain" if plain else config.scheme)

    def learn(self, examples, config):
        """The letters and shapes that training has, and its spans as hashes, for the scores."""
        letters, shapes, known = (collections.Counter() for _ in range(3))
        rows = zip(examples.columns["tokens"], examples.columns["tags"], strict=True)
        for tokens, tags in rows:
            for token in tokens:
                shapes[words.shape(token)] += 1
                letters.update(token)
            names = [config.labels[i] for i in tags]
            for start, end, _ in spans.spans(names, config.scheme == "plain"):
                known[entities.key([word[: windows.TEXT] for word in tokens[start:end]])] += 1
        return {
            **rules.learned(examples, config),
            "letters": vocabulary.common(letters, 2),
            "shapes": vocabulary.common(shapes, 5),
            "known": sorted(known),
        }

    def expand(self, examples, config):
        """Sentences as the model takes them, one example a window."""
        encoder = edge.Encoder(self.device(config), config.learned)
        return windows.expand(examples, encoder, config)

    def parse(self, example, config):
        """One window, T words at most -> (inputs, targets), int32, zeros behind.

        Inputs: {"words", "shapes": (T,), "letters": (T, L)}; or what else `edge.tagging.Encoder`
        gives the method. Targets: {"tags": (T,), to be learned, "gold": (T,), to be judged by,
        "text": code points (T, 24), "sentence": (), its number, "keep": (2,), first and last word,
        exclusive, that count here}. The tags differ where a window cuts a span.
        """
        size = self._size(config)
        text = (size, windows.TEXT)
        targets = {"tags": (size,), "gold": (size,), "text": text, "sentence": (), "keep": (2,)}
        return _shaped(example, self._every_shape(config)), _shaped(example, targets)

    def augment(self, inputs, targets, seed, progress, config):
        """Cuts the batch to its longest sentence."""
        ids = places.word_ids(inputs)
        own = {name: values if name == "pieces" else ids for name, values in inputs.items()}
        cut = {name: places.cut(values, own[name]) for name, values in inputs.items()}
        return cut, {**targets, "tags": places.cut(targets["tags"], ids)}

    def decode(self, outputs, config):
        """Emissions (B, T, K) and scores of transitions -> {"tags": int32 (B, T)}, the best
        sequence by Viterbi that has the spans of rules as they are; and "ruled", if there are
        rules."""
        weights = tagger.chain(outputs["scores"], forbidden(config))
        emissions = outputs["emissions"]
        if "ruled" not in outputs:
            return {"tags": crf.viterbi(emissions, outputs["mask"], *weights)}
        emissions = forced.forced(emissions, outputs["ruled"], config.labels)
        found = crf.viterbi(emissions, outputs["mask"], *weights)
        return {"tags": found, "ruled": outputs["ruled"]}

    def metrics(self, config):
        """F1 over spans, the first one named, is what an exported file is judged by."""
        plain = config.scheme == "plain"
        found = [entities.Entities(config.labels, plain, config.learned.get("known", ()))]
        if "rules" in config.learned:
            found.append(rule_shares.RuleShares(config.labels, plain))
        return found

    def truth(self, targets, config):
        """{"gold": (T,)} -> {"tags": (T,)}."""
        return {"tags": targets["gold"]}

    def draw(self, inputs, decoded, config, targets=None):
        """The sentence with its spans marked; with the true ones in a row above, if they are
        given."""
        return drawn.sentence(inputs, decoded, config, targets)

    def device(self, config):
        """What the encoder of words needs, and whether tags have a scheme."""
        own = {"tags": list(config.labels)} if "rules" in config.learned else {}
        return {"max_length": config.max_length, "scheme": config.scheme, **own}

    def unsupported(self, config):
        """No model has an int8 file: TensorFlow's converter dies of calibrating a loop."""
        reason = "calibrating a loop (LSTM, Viterbi) ends TensorFlow's converter"
        return {"int8": f"{reason}; dynamic has weights in int8, too"}

    def _size(self, config):
        """How many words a window holds."""
        return config.max_length - self._around

    def _shapes(self, config):
        """{name: shape} of the model's inputs, of one window; see `edge.tagging.Encoder`."""
        raise NotImplementedError

    def _every_shape(self, config):
        """Those, and of what rules give, if there are some."""
        own = {"ruled": (self._size(config),)} if "rules" in config.learned else {}
        return {**self._shapes(config), **own}

    def _inputs(self, config):
        """The model's inputs, of any length."""
        shapes = self._every_shape(config)
        return {
            name: keras.Input((None, *shape[1:]), dtype="int32", name=name)
            for name, shape in shapes.items()
        }

    def _net(self, inputs, features, config):
        """Features of words (B, T, D) -> the uncompiled Tagger."""
        is_word = keras.ops.not_equal(places.word_ids(inputs), words.PADDING)
        outputs = tagger.head(features, is_word, config)
        net = tagger.Tagger(inputs, ruled(outputs, inputs), name="tagging")
        net.forbidden = forbidden(config)
        net.recall_margin = config.recall_margin if "O" in config.labels[:1] else 0.0
        return net


def ruled(outputs, inputs):
    """Outputs of a model, with what rules gave, if there are some."""
    return {**outputs, "ruled": inputs["ruled"]} if "ruled" in inputs else outputs


def sizes(learned):
    """{name: number of ids} of the lists that were learned."""
    return {name: words.FIRST + len(learned[name]) for name in ("words", "shapes", "letters")}


def forbidden(config):
    """(K + 2, K) float32: `crf.FORBIDDEN` if the scheme does not let a tag follow, begin or end."""
    # Softmax takes each tag by itself: nothing is forbidden.
    scheme = "plain" if config.output == "softmax" else config.scheme
    first, follow, last = schemes.allowed(config.labels, scheme)
    return np.where(np.vstack([follow, first, last]), 0, crf.FORBIDDEN).astype(np.float32)


def _shaped(example, shapes):
    """{name: int32 tensor of a static shape} of an example."""
    return {
        name: tf.ensure_shape(tf.cast(example[name], tf.int32), shape)
        for name, shape in shapes.items()
    }
