"""Sequence tagging: a tag for each word of a sentence, such as named entities or parts of speech."""

import collections
import dataclasses
import math
from dataclasses import dataclass

from etils import epy

from pipelines import fine_tuning
from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.formats.examples import Examples, Problem

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    import tensorflow as tf

    from pipelines import canvas, optimization
    from pipelines.edge import clues, spans, words
    from pipelines.edge import tagging as edge
    from pipelines.formats import _tags, _word_vectors
    from pipelines.metrics import entities
    from pipelines.models import linear_chain, pretrained, tagger
    from pipelines.ops import crf, schemes

DATA = "pii"
LABELS = "tags"  # the feature whose names are the tags, after `adapt`
TARGETS = (
    "tags",
    "ner",
    "upos",
    "pos",
)  # what is learned by default: the first of these that the data has
TEXT = 24  # letters of a word that are kept beside it, for pictures and for telling spans apart
PIECES = 1.6  # word pieces to a word, roughly
STEP = 16  # words; batches are cut to multiples of it, as every other length would cost JAX a compilation
UNKNOWN = "…"  # shown for a word that the model does not know
POSITIONS = 512  # word pieces that BERT has places for
LONGEST = 128  # words that max_length=0 takes at most


@dataclass(frozen=True, kw_only=True)
class Config(fine_tuning.Config):
    """The shared settings, those of fine-tuning, and tagging's own."""

    epochs: int = setting(30, "passes over the training split", "epochs", low=1)
    learning_rate: float = setting(3e-3, "peak learning rate", low=0.0, high=10.0)
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
    target: str = setting(
        "", "feature that is learned; empty takes the first of tags, ner, upos, pos"
    )
    tokens: str = setting("", "feature that holds the words; empty takes tokens")
    scheme: str = setting(
        "bio",
        "how the model's tags mark spans; plain leaves them as they are",
        choices=("bio", "bioes", "plain"),
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
    )
    vocabulary: int = setting(20_000, "most words that are known by themselves", "words", low=0)
    min_count: int = setting(
        2, "times that training must have a word for it to be known", "times", low=1
    )
    architecture: str = setting(
        "bilstm",
        "bilstm, or features: a linear CRF on hand-made ones, fitted at once",
        choices=("bilstm", "features"),
    )
    backbone: str = setting(
        "",
        "a pretrained model in place of the table of words: minilm, or hub:PRESET of an uncased"
        " BERT",
    )
    backbone_rate: float = setting(
        0.05, "learning rate of the backbone as a share of the rest's", low=0.0, high=1.0
    )
    vectors: str = setting(
        "", "file of word vectors to begin with: GloVe, word2vec text or binary, fastText .vec"
    )
    word_size: int = setting(100, "size of the vectors of words", "features", low=1)
    word_dropout: float = setting(
        0.25,
        "a word seen n times in training is made unknown in a share a / (a + n) of the cases",
        low=0.0,
    )
    letters: str = setting("cnn", "how a word's letters are read", choices=("cnn", "lstm", "none"))
    letter_size: int = setting(25, "size of the vectors of letters", "features", low=1)
    letter_units: int = setting(50, "features made of a word's letters", "features", low=2)
    word_length: int = setting(20, "letters of a word that are read", "letters", low=3)
    shape_size: int = setting(
        20, "size of the vectors of word shapes, such as Xx or d; 0 is off", "features", low=0
    )
    lstm_units: int = setting(
        100, "units of the LSTM in each direction; 0 leaves it out", "units", low=0
    )
    lstm_layers: int = setting(1, "bidirectional LSTMs on top of each other", "layers", low=1)
    dropout: float = setting(
        0.5, "share of features dropped before and after the LSTM", low=0.0, high=0.95
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


def adapt(data, config):
    """Data whose column `tags` has ids of tags in the model's scheme, beside `tokens` and nothing
    else.

    Tags that break their scheme are Problems, unless `mend_tags`; they are read as conlleval does.
    Raises PipelineError where the data has not got the features.
    """
    target = config.target or next((name for name in TARGETS if _has(data, name)), "")
    source = config.tokens or "tokens"
    for name, what, name_of_setting in ((source, "words", "tokens"), (target, "tags", "target")):
        if not name or not _has(data, name):
            known = sorted({c for examples in data.splits.values() for c in examples.columns})
            raise PipelineError(
                f"{data.source} has no feature {name or ' or '.join(TARGETS)!r} of {what}; it has"
                f" {', '.join(known) or 'none'}. Name one with {name_of_setting}=NAME, or choose"
                " other data."
            )
    names = data.labels.get(target)
    rows = {
        split: [[_name(tag, names) for tag in tags] for tags in examples.columns[target]]
        for split, examples in data.splits.items()
    }
    problems = [*data.problems, *_unknown(data, rows, names, target)]
    scheme = schemes.scheme(tags for every in rows.values() for tags in every)
    if config.scheme == "plain" or scheme == "plain":
        labels = list(
            names or sorted({tag for every in rows.values() for tags in every for tag in tags})
        )
    else:
        for split, every in rows.items():
            examples = data.splits[split]
            for i, tags in enumerate(every):
                if not config.mend_tags:
                    problems += _tags.broken(examples, i, tags, scheme, target)
                every[i] = schemes.convert(tags, config.scheme)
        types = sorted(
            {kind for every in rows.values() for tags in every for _, _, kind in spans.spans(tags)}
        )
        known = [
            spans.split(name)[1]
            for name in names or ()
            if name != "O" and schemes.TAG.fullmatch(name)
        ]  # of types that no sentence has, too
        labels = schemes.labels(list(dict.fromkeys([*types, *sorted(known)])), config.scheme)
    ids = {label: i for i, label in enumerate(labels)}
    splits = {}
    for split, examples in data.splits.items():
        tokens = [
            [_name(word, data.labels.get(source)) for word in every]
            for every in examples.columns[source]
        ]
        columns = {"tokens": tokens, LABELS: [[ids[tag] for tag in tags] for tags in rows[split]]}
        if "lines" in examples.columns:
            columns["lines"] = examples.columns["lines"]
        splits[split] = Examples(examples.names, columns, examples.where)
        problems += _long(splits[split], rows[split], config)
    return dataclasses.replace(data, splits=splits, labels={LABELS: labels}, problems=problems)


def resolve(config, data):
    """Settings that follow from the data: the longest sentence, and tags that have no scheme."""
    changes = {}
    if not config.max_length:
        room = data.longest["tokens"] * (PIECES if config.backbone else 1)
        changes["max_length"] = min(LONGEST, max(STEP, math.ceil(room / STEP) * STEP))
    length = changes.get("max_length", config.max_length)
    least, most = (4, POSITIONS) if config.backbone else (2, math.inf)
    if not least <= length <= most:
        ends = f"from {least} to {most}" if config.backbone else f"at least {least}"
        raise PipelineError(f"max_length must be {ends} words or their pieces; got {length}.")
    if schemes.scheme([config.labels]) == "plain":
        changes["scheme"] = "plain"
    if config.architecture == "features":
        if config.backbone:
            raise PipelineError("architecture=features has no backbone. Leave one of the two out.")
        changes |= dict(epochs=1, learning_rate=0.0, ema=0.0, keep="last")  # `learn` has fitted it
    return config.replace(**changes)


def learn(examples, config):
    """The training split -> lists of the words, letters and shapes that are known, and of its spans
    as hashes.

    Besides, `counts`, int32, how often training has each id of a word, and the word vectors to
    begin with.
    """
    seen, letters, shapes, known = (collections.Counter() for _ in range(4))
    for tokens, tags in zip(examples.columns["tokens"], examples.columns[LABELS], strict=True):
        for token in tokens:
            seen[words.normal(token)] += 1
            shapes[words.shape(token)] += 1
            letters.update(token)
        found = spans.spans([config.labels[i] for i in tags], config.scheme == "plain")
        known.update(entities.key([word[:TEXT] for word in tokens[a:b]]) for a, b, _ in found)
    kept = _common(seen, config.min_count)[: config.vocabulary]
    found = {
        "words": kept,
        "letters": _common(letters, 2),
        "shapes": _common(shapes, 5),
        "known": sorted(known),
    }
    if config.backbone:
        found |= {"words": [], "pieces": pretrained.text_pieces(config.backbone)}
    elif config.architecture == "features":
        found |= _fitted(examples, config)
    elif config.vectors:
        found |= _vectors(kept, config)
    return {
        **found,
        "counts": np.array([0] * words.FIRST + [seen[word] for word in found["words"]], np.int32),
    }


def expand(examples, config):
    """Sentences as the model takes them, one example a window: see `edge.words.windows`."""
    encoder = edge.Encoder(config.as_dict(), config.learned)
    names, where, columns = [], [], collections.defaultdict(list)
    for i, tokens in enumerate(examples.columns["tokens"]):
        for k, (start, stop, first, last) in enumerate(encoder.windows(tokens)):
            names.append(f"{examples.names[i]}+{start}" if k else examples.names[i])
            where.append(examples.where[i])
            own = encoder.inputs(tokens[start:stop]) | _targets(
                tokens[start:stop], examples, i, start, config
            )
            for name, values in {
                **own,
                "sentence": i,
                "keep": [first - start, last - start],
            }.items():
                columns[name].append(values)
    return Examples(names, dict(columns), where)


def parse(example, config):
    """One window, T words at most -> ({"words", "shapes": (T,), "letters": (T, L)}, targets),
    int32, zeros behind.

    With a backbone `pieces` (T + 2,) and `first` (T,) stand in place of `words`; see
    `edge.tagging.Encoder`. Targets:
    {"tags": (T,), to be learned, "gold": (T,), to be judged by, "text": code points (T, 24),
        "sentence": (), its
    number, "keep": (2,), first and last word, exclusive, that count here}. The tags differ where a
        window cuts a span.
    """
    size = _size(config)
    targets = {"tags": (size,), "gold": (size,), "text": (size, TEXT), "sentence": (), "keep": (2,)}
    return tuple(
        {
            name: tf.ensure_shape(tf.cast(example[name], tf.int32), shape)
            for name, shape in shapes.items()
        }
        for shapes in (_shapes(config), targets)
    )


def augment(inputs, targets, seed, progress, config):
    """Makes words unknown at random, the rare ones more often, and cuts the batch to its longest
    sentence.

    Kiperwasser & Goldberg 2016, arXiv:1603.04351, section 5.
    """
    if config.word_dropout and "words" in inputs:
        counts = tf.gather(tf.constant(config.learned["counts"], tf.float32), inputs["words"])
        share = config.word_dropout / (config.word_dropout + counts)
        is_dropped = (tf.random.stateless_uniform(tf.shape(share), seed) < share) & (
            inputs["words"] >= words.FIRST
        )
        inputs = {**inputs, "words": tf.where(is_dropped, words.UNKNOWN, inputs["words"])}

    def cut(values, ids):
        longest = tf.reduce_max(tf.reduce_sum(tf.cast(ids != words.PADDING, tf.int32), 1))
        return values[:, : tf.minimum((longest + STEP - 1) // STEP * STEP, tf.shape(ids)[1])]

    by_word = _word_ids(inputs)
    inputs = {
        name: cut(values, values if name == "pieces" else by_word)
        for name, values in inputs.items()
    }
    return inputs, {**targets, "tags": cut(targets["tags"], by_word)}


def model(config):
    """{"words", "shapes": (B, T), "letters": (B, T, L)} -> {"emissions": (B, T, K), "mask", "scores"}, compiled."""
    inputs = {
        name: keras.Input((None, *shape[1:]), dtype="int32", name=name)
        for name, shape in _shapes(config).items()
    }
    learned = config.learned
    if config.architecture == "features":
        outputs = linear_chain.outputs(inputs["clues"], learned["weights"], learned["transitions"])
    else:
        known = ()
        if config.backbone:
            backbone = pretrained.text_backbone(config.backbone)
            known = (tagger.contextual(backbone, inputs["pieces"], inputs["first"]),)
        sizes = {name: words.FIRST + len(learned[name]) for name in ("words", "shapes", "letters")}
        x = tagger.word_features(inputs, sizes, config, known)
        outputs = tagger.head(x, keras.ops.not_equal(_word_ids(inputs), words.PADDING), config)
    net = tagger.Tagger(inputs, outputs, name="tagging")
    net.forbidden = _forbidden(config)
    net.recall_margin = config.recall_margin if "O" in config.labels[:1] else 0.0
    _compile(net, config)
    return net


def phases(config):
    """Those of `fine_tuning`: one, unless `unfreeze` names more."""
    return fine_tuning.phases(
        config, _compile, besides=("backbone_rate",) if config.backbone else ()
    )


def _compile(net, config, rates=(), pull=0.0):
    if config.backbone:
        rates = rates or [
            (v, config.backbone_rate) for v in fine_tuning.trunk(net).trainable_variables
        ]
    net.compile(
        optimizer=optimization.optimizer(config, rates, pull),
        jit_compile={"auto": "auto", "on": True, "off": False}[config.jit_compile],
    )


def decode(outputs, config):
    """Emissions (B, T, K) and scores of transitions -> {"tags": int32 (B, T)}, the best sequence, by Viterbi."""
    weights = tagger.chain(outputs["scores"], _forbidden(config))
    return {"tags": crf.viterbi(outputs["emissions"], outputs["mask"], *weights)}


def metrics(config):
    """F1 over spans, the first one named, is what an exported file is judged by."""
    return [
        entities.Entities(config.labels, config.scheme == "plain", config.learned.get("known", ()))
    ]


def draw(inputs, decoded, config, targets=None):
    """The sentence with its spans marked; with the true ones in a row above, where they are given."""
    length, plain = int((_word_ids(inputs) != words.PADDING).sum()), config.scheme == "plain"
    found = spans.spans([config.labels[i] for i in decoded["tags"][:length]], plain)
    if targets is None:
        return canvas.MarkedText([("found", _marked(_known(inputs, length, config), found, found))])
    text = [entities.word(letters) for letters in targets["text"][:length]]
    true = spans.spans([config.labels[i] for i in targets["gold"][:length]], plain)
    return canvas.MarkedText(
        [("true", _marked(text, true, found)), ("found", _marked(text, found, true))]
    )


def unsupported(config):
    """No model has an int8 file: TensorFlow's converter dies of calibrating a loop, as the LSTM and Viterbi have."""
    return {
        "int8": (
            "calibrating a loop (LSTM, Viterbi) ends TensorFlow's converter; dynamic has weights in"
            " int8, too"
        )
    }


def _forbidden(config):
    """(K + 2, K) float32: `crf.FORBIDDEN` where the scheme does not let a tag follow another, begin or end, else 0."""
    # Softmax takes each tag by itself: nothing is forbidden.
    scheme = "plain" if config.output == "softmax" else config.scheme
    first, follow, last = schemes.allowed(config.labels, scheme)
    return np.where(np.vstack([follow, first, last]), 0, crf.FORBIDDEN).astype(np.float32)


def _size(config):
    """How many words a window holds."""
    return (
        config.max_length - 2 if config.backbone else config.max_length
    )  # a start and an end stand around pieces


def _shapes(config):
    """Shapes of the model's inputs, of one window; see `edge.tagging.Encoder`."""
    size = _size(config)
    if config.architecture == "features":
        return {"clues": (size, clues.COUNT)}
    by_word = (
        {"pieces": (config.max_length,), "first": (size,)}
        if config.backbone
        else {"words": (size,)}
    )
    return {**by_word, "shapes": (size,), "letters": (size, config.word_length)}


def _word_ids(inputs):
    """The input that is not 0 where there is a word, (..., T)."""
    return (
        inputs["clues"][..., 0]
        if "clues" in inputs
        else inputs["first" if "first" in inputs else "words"]
    )


def _known(inputs, length, config):
    """What the model knows of the words: themselves, or their first pieces."""
    if "first" in inputs:
        return [config.learned["pieces"][inputs["pieces"][i]] for i in inputs["first"][:length]]
    if "clues" in inputs:
        return [UNKNOWN] * length
    names = config.learned["words"]
    return [
        UNKNOWN if i < words.FIRST else names[i - words.FIRST] for i in inputs["words"][:length]
    ]


def _fitted(examples, config):
    """A linear CRF on hand-made features: their names, and its weights for their ids."""
    rows = [clues.clues(tokens) for tokens in examples.columns["tokens"]]
    tags = [[config.labels[i] for i in ids] for ids in examples.columns[LABELS]]
    names, weights, transitions = linear_chain.fit(rows, tags, config.labels)
    return {
        "clues": names,
        "weights": np.pad(weights, [[words.FIRST, 0], [0, 0]]),
        "transitions": transitions,
    }


def _vectors(kept, config):
    """Words of training and of the file of word vectors, and a table to begin with, float32 (ids,
    D).

    Words without a vector get a random one of the same spread.
    """
    found, table = _word_vectors.read(config.vectors, set(kept), config.vocabulary)
    place = {word: i for i, word in enumerate(found)}
    names = list(dict.fromkeys([*kept, *filter(_is_line, found)]))
    random = np.random.default_rng(config.seed).normal(
        0, table.std(), (words.FIRST + len(names), table.shape[1])
    )
    for i, word in enumerate(names, words.FIRST):
        if word in place:
            random[i] = table[place[word]]
    return {"words": names, "vectors": random.astype(np.float32)}


def _has(data, name):
    return all(name in examples.columns for examples in data.splits.values())


def _unknown(data, rows, names, target):
    """Problems of ids that name no class; in `rows` they become the first one, so that all else can be looked at."""
    for split, every in rows.items() if names is not None else ():
        examples = data.splits[split]
        for i, tags in enumerate(every):
            if odd := [tag for tag in tags if tag not in names]:
                message = f"{target} {odd[0]} is none of the {len(names)} classes. Correct it."
                yield Problem(
                    "error", "unknown-label", examples.where[i], message, examples.names[i]
                )
                every[i] = [tag if tag in names else names[0] for tag in tags]


def _name(tag, names):
    """A tag's name; an id that has none stays a number, which no scheme has."""
    return tag if names is None else names[int(tag)] if int(tag) in range(len(names)) else str(tag)


def _long(examples, rows, config):
    """What of a split is longer than the model takes."""
    room = config.max_length or LONGEST
    long = [i for i, tokens in enumerate(examples.columns["tokens"]) if len(tokens) > room]
    if long:
        cut = 0
        for i in long:
            ends = {last for *_, last in words.windows([1] * len(rows[i]), room)}
            found = spans.spans(rows[i], config.scheme == "plain")
            cut += sum(any(a < end < b for end in ends) for a, b, _ in found)
        message = (
            f"{len(long):,} sentences have more than {room} words, as the one here; they go through"
            f" the model in overlapping windows, whose borders lie within {cut:,} spans. Raise"
            " max_length, or part them."
        )
        yield Problem("warning", "long", examples.where[long[0]], message)


def _common(counts, least):
    """Entries that are there `least` times, the most frequent first; none that a line of a file cannot hold."""
    kept = [(-n, entry) for entry, n in counts.items() if n >= least and _is_line(entry)]
    return [entry for _, entry in sorted(kept)]


def _is_line(entry):
    try:
        entry.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\n" not in entry


def _targets(tokens, examples, i, start, config):
    size = _size(config)
    tags, gold, text = (np.zeros(shape, np.int32) for shape in (size, size, (size, TEXT)))
    own = examples.columns[LABELS][i][start : start + len(tokens)]
    gold[: len(tokens)] = own
    if config.scheme != "plain" and len(own) < len(examples.columns[LABELS][i]):
        # A span that the window's border cuts begins or ends anew there: the model cannot give what
        # is forbidden.
        own = [
            config.labels.index(tag)
            for tag in schemes.convert([config.labels[j] for j in own], config.scheme)
        ]
    tags[: len(tokens)] = own
    for j, token in enumerate(tokens):
        letters = [ord(letter) for letter in token[:TEXT]]
        text[j, : len(letters)] = letters
    return {"tags": tags, "gold": gold, "text": text}


def _marked(text, own, other):
    """Parts of a row of MarkedText: spans that the other row has as well are good, others bad."""
    parts, at = [], 0
    for start, end, kind in own:
        parts.append(
            (" ".join(["", *text[at:start], ""]) if at else " ".join([*text[:start], ""]), "", "")
        )
        parts.append(
            (" ".join(text[start:end]), kind, "good" if (start, end, kind) in other else "bad")
        )
        at = end
    parts.append((" ".join(["", *text[at:]]) if at else " ".join(text), "", ""))
    return [part for part in parts if part[0]]
