"""Words that training has, and the word vectors that a net begins with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etils import epy

from pipelines.config import Settings, setting

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    import tensorflow as tf

    from pipelines.edge import words
    from pipelines.formats import _word_vectors


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """Settings of words that are learned from random or given vectors."""

    vocabulary: int = setting(
        20_000, "most words that are known by themselves", "words", low=0, high=10**6
    )
    min_count: int = setting(
        2, "times that training must have a word for it to be known", "times", low=1
    )
    vectors: str = setting(
        "", "file of word vectors to begin with: GloVe, word2vec text or binary, fastText .vec"
    )
    word_size: int = setting(100, "size of the vectors of words", "features", low=1, high=4096)
    word_dropout: float = setting(
        0.25,
        "a word seen n times in training is made unknown in a share a / (a + n) of the cases",
        low=0.0,
    )


def is_line(entry: str) -> bool:
    """Whether a line of a UTF-8 file can hold it."""
    try:
        entry.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\n" not in entry


def common(
    counts: Mapping[str, int], least: int, fits: Callable[[str], bool] = is_line
) -> list[str]:
    """Entries that are there `least` times and that fit, the most frequent first."""
    kept = [(-n, entry) for entry, n in counts.items() if n >= least and fits(entry)]
    return [entry for _, entry in sorted(kept)]


def known(counts: Mapping[str, int], config: Config) -> dict:
    """How often training has each word -> {"words": the known ones}, as `config` says.

    With `vectors`, the words of the file are among them, and "vectors" is a table to begin with,
    float32 (ids, D).
    """
    kept = common(counts, config.min_count)[: config.vocabulary]
    return _with_vectors(kept, config) if config.vectors else {"words": kept}


def _with_vectors(kept: Sequence[str], config: Config) -> dict:
    """Words without a vector get a random one of the same spread."""
    found, table = _word_vectors.read(config.vectors, set(kept), config.vocabulary)
    place = {word: i for i, word in enumerate(found)}
    names = list(dict.fromkeys([*kept, *filter(is_line, found)]))
    spread, width = table.std(), table.shape[1]
    vectors = np.random.default_rng(config.seed).normal(
        0, spread, (words.FIRST + len(names), width)
    )
    for i, word in enumerate(names, words.FIRST):
        if word in place:
            vectors[i] = table[place[word]]
    return {"words": names, "vectors": vectors.astype(np.float32)}


def dropped(ids: Any, seed: Any, config: Config) -> Any:
    """Ids of words, int (B, T), of which rare ones are made unknown more often than others.

    Kiperwasser & Goldberg 2016, arXiv:1603.04351, section 5. seed: int (2,).
    config.learned["counts"]: how often training has each id.
    """
    if not config.word_dropout:
        return ids
    counts = tf.gather(tf.constant(config.learned["counts"], tf.float32), ids)
    share = config.word_dropout / (config.word_dropout + counts)
    is_rare = tf.random.stateless_uniform(tf.shape(share), seed) < share
    return tf.where(is_rare & (ids >= words.FIRST), words.UNKNOWN, ids)
