"""What neural language models share: windows of a text, the loss, programs that go on from a state."""

import dataclasses
from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.families import text_cut, text_units
from pipelines.task import Program
from pipelines.tasks import language_model

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    import tensorflow as tf

    from pipelines import optimization
    from pipelines.edge import text_ids
    from pipelines.models import language
    from pipelines.tasks.language_model import _drawn

NOTHING = -1  # as an id: behind what a window reads
CHUNK = 16  # ids that `prefill` reads at a time, if so many fit into the net


@dataclass(frozen=True, kw_only=True)
class Windows(text_cut.Config, settings.Config):
    """The shared settings, and those of windows."""

    epochs: int = setting(15, "passes over the training split", "epochs", low=1)
    batch_size: int = setting(64, "windows per step", "windows", low=1)
    learning_rate: float = setting(4e-3, "peak learning rate", low=0.0, high=10.0)
    weight_decay: float = setting(
        1e-2, "decoupled weight decay of matrices and kernels", low=0.0, high=1.0
    )
    patience: int = setting(
        3,
        "stop after this many epochs without a better `monitor`; 0 never stops early",
        "epochs",
        low=0,
    )
    clip_norm: float = setting(1.0, "clip the global gradient norm; 0 is off", low=0.0)
    clip_value: float = setting(
        0.0, "clip each number of a gradient to this size, in place of its norm; 0 is off", low=0.0
    )
    length: int = setting(128, "items of a window that are predicted", "items", low=1, high=100_000)
    overlap: int = setting(
        64,
        "items before these that a window reads as well, so that few are judged without a past",
        "items",
        low=0,
        high=100_000,
    )
    generate: int = setting(
        0,
        "items that a program of its own in each file makes, the likeliest each time; 0 leaves the"
        " program out",
        "items",
        low=0,
        high=100_000,
    )


@dataclass(frozen=True, kw_only=True)
class Config(text_units.Config, Windows):
    """The settings of windows, and those of what is read and of the net."""

    width: int = setting(128, "size of the vectors of items", "features", low=1, high=8192)
    dropout: float = setting(0.1, "share of features dropped in training", low=0.0, high=0.95)
    tied: bool = setting(True, "whether the output has the weights of the items' vectors")


class Neural(language_model.LanguageModel):
    """A net that reads windows, which are cut out of all texts one after the other."""

    def learn(self, examples, config):
        """The items that training has."""
        return text_units.learned(examples.columns["text"], config)

    def expand(self, examples, config):
        """One example for each window; see `edge.text_ids.windows`."""
        known = text_ids.opened(config.units, config.learned)
        texts = examples.columns["text"]
        rows = text_units.ids(texts, config)
        starts = np.cumsum([1, *(len(row) + 1 for row in rows)])
        ids = _joined(([*row, text_ids.END] for row in rows), text_ids.END)
        sizes = _joined(map(known.sizes, texts), 0)
        window = config.overlap + config.length
        names, where, columns = [], [], {"ids": [], "bytes": [], "first": []}
        for start, first, stop in text_ids.windows(len(ids) - 1, config.length, config.overlap):
            text = int(np.searchsorted(starts, first, "right")) - 1
            at = first - int(starts[text])
            names.append(f"{examples.names[text]}+{at}" if at else examples.names[text])
            where.append(examples.where[text])
            before, behind = first - start - 1, window + 1 - (stop - start)
            columns["ids"].append(np.pad(ids[start:stop], (0, behind), constant_values=NOTHING))
            columns["bytes"].append(np.pad(sizes[first:stop], (before, behind)))
            columns["first"].append(before)
        return dataclasses.replace(examples, names=names, where=where, columns=columns)

    def parse(self, example, config):
        """{"ids": (W + 1,), "bytes": (W,), "first"} -> ({"ids"}, {"ids", "bytes": (W,)}), int32.

        W: overlap and length. first: the place, of W, from which on is judged. Of the targets, ids
        are -1 and bytes 0 if nothing is judged.
        """
        window = config.overlap + config.length
        ids = tf.ensure_shape(tf.cast(example["ids"], tf.int32), (window + 1,))
        sizes = tf.ensure_shape(tf.cast(example["bytes"], tf.int32), (window,))
        is_judged = tf.range(window) >= tf.cast(example["first"], tf.int32)
        return {"ids": ids}, {"ids": tf.where(is_judged, ids[1:], NOTHING), "bytes": sizes}

    def augment(self, inputs, targets, seed, progress, config):
        """Nothing is changed at random; all that a window reads is learned."""
        return inputs, {**targets, "ids": inputs["ids"][:, 1:]}

    def model(self, config):
        """{"ids": int32 (B, W + 1)} -> {"log_likelihood": (B, W)}, compiled."""
        net = self._net(config)
        if config.clip_value and config.clip_norm:
            raise PipelineError(
                "clip_norm and clip_value exclude each other. Set clip_norm=0 to clip by value."
            )
        by_value = {"global_clipnorm": None, "clipvalue": config.clip_value}
        rule = optimization.optimizer(config, **(by_value if config.clip_value else {}))
        optimization.compile(net, config, optimizer=rule)
        return net

    def programs(self, model, config, inputs):
        """score: {"ids": (1, W + 1)} -> {"log_likelihood": (1, W)}; prefill and step: ids and state.

        prefill: {"ids": (1, chunk), "state": (1, N)} -> {"logits": (1, V), "state"}; step: the same
        for one id. The state is zeros at first. With `generate` there is a program of this name
        as well: what `step` takes -> {"ids": (1, generate)}, the likeliest ids that follow.
        """

        def score(values):
            ids = tf.maximum(values["ids"], 0)
            found = tf.nn.log_softmax(language.scored(model, ids[:, :-1]))
            return {"log_likelihood": tf.gather(found, ids[:, 1:], batch_dims=2)}

        def follow(values):
            return language.followed(model, values)

        def generate(values):
            return {"ids": language.continued(model, values, config.generate, [text_ids.UNKNOWN])}

        ids = np.maximum(np.asarray(inputs["ids"])[:, 1:], 0)
        state = np.zeros((len(ids), model.get_layer("body").size), np.float32)
        chunk = np.resize(ids, (len(ids), self._chunk(config)))
        one = {"ids": chunk[:, :1], "state": state}
        made = {
            "score": Program(score, inputs),
            "prefill": Program(follow, {"ids": chunk, "state": state}),
            "step": Program(follow, one),
        }
        return {**made, "generate": Program(generate, one)} if config.generate else made

    def answer(self, run, inputs, config):
        """The log likelihoods of windows, by `score`."""
        return run(inputs, "score")

    def device(self, config):
        """What an item is, how windows lie, and what `prefill` and `step` take."""
        names = ("units", "length", "overlap")
        own = {"chunk": self._chunk(config), "context": self._context(config)}
        own["state"] = self._body(config).size
        return {**{name: getattr(config, name) for name in names}, **own}

    def unsupported(self, config):
        """No model has an int8 file: its state would be rounded at every step."""
        reason = "what the net remembers would be rounded to 256 steps at every item"
        return {"int8": f"{reason}; dynamic has weights in int8, too"}

    def draw(self, inputs, decoded, config, targets=None):
        """The text that is judged, with the places that surprised the model most.

        Without targets it is all that the window reads.
        """
        known = text_ids.opened(config.units, config.learned)
        judged = np.asarray(inputs["ids"][1:] if targets is None else targets["ids"])
        first = int(np.argmax(judged >= 0))
        ids = [int(i) for i in judged[first:] if i >= 0]
        found = np.asarray(decoded["log_likelihood"])[first : first + len(ids)]
        return _drawn.surprising(known.pieces(ids, is_first=True), found)

    def _judged(self, columns, config):
        rows = zip(columns["ids"], columns["first"], strict=True)
        return [row[first + 1 :] for row, first in rows]

    def _context(self, config):
        """How many items the net can look back on; 0 if any number."""
        return 0

    def _chunk(self, config):
        return min(CHUNK, self._context(config) or CHUNK)

    def _net(self, config):
        """The net of `models.language`, not compiled."""
        size = len(text_ids.opened(config.units, config.learned))
        body = self._body(config)
        return language.net(size, config.width, body, config.tied, config.dropout, config.seed)

    def _body(self, config):
        """The layer of `models.language` between the vectors and the output, called `body`."""
        raise NotImplementedError


def _joined(rows, first):
    """`first`, and then the numbers of all rows: int32 (N,)."""
    return np.concatenate([np.array(row, np.int32) for row in ([first], *rows)])
