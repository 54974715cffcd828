"""What models of text read: characters, words, tokens or byte pairs, and how they are learned."""

import collections
from collections.abc import Sequence
from dataclasses import dataclass

from etils import epy

from pipelines.config import Settings, setting
from pipelines.families import vocabulary

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.edge import ngram, text_ids
    from pipelines.families import byte_pairs

PAIRS = "bpe"  # the units that are byte pairs, learned from the texts


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """Settings of what is read."""

    units: str = setting(
        "characters",
        "what is read: characters; words, and marks by themselves; tokens, which is what stands"
        " between spaces; or byte pairs, which cut rare words into parts",
        choices=("characters", "words", "tokens", PAIRS),
    )
    vocabulary: int = setting(20_000, "most items that are known", "items", low=256, high=200_000)
    min_count: int = setting(
        1, "times that training must have an item for it to be known", "times", low=1
    )


def learned(texts: Sequence[str], config: Config) -> dict[str, list[str]]:
    """What `edge.text_ids.opened` needs: {"items"}, or {"pieces", "merges"}."""
    if config.units == PAIRS:
        return byte_pairs.learned(texts, config.vocabulary, config.min_count)
    seen: collections.Counter[str] = collections.Counter()
    for text in texts:
        seen.update(ngram.split(text, config.units))
    if config.units == ngram.CHARACTERS:
        common = vocabulary.common(seen, config.min_count, is_sound)[: config.vocabulary]
        return {"items": [str(code) for code in sorted(map(ord, common))]}
    for own in (ngram.END, ngram.MARK):  # which have an id of their own
        seen.pop(own, None)
    return {"items": vocabulary.common(seen, config.min_count)[: config.vocabulary]}


def is_sound(letter: str) -> bool:
    """Whether it is a character, and no half of one out of broken JSON."""
    return not "\ud800" <= letter <= "\udfff"


def ids(texts: Sequence[str], config: Config) -> list[list[int]]:
    """The ids of each text, without its end, as `edge.text_ids` finds them."""
    if config.units in (text_ids.PAIRS, text_ids.APART):
        pieces, merges = (config.learned[name] for name in ("pieces", "merges"))
        rows = byte_pairs.numbers(texts, pieces, merges, config.units == text_ids.APART)
        return [[text_ids.FIRST + number for number in row] for row in rows]
    known = text_ids.opened(config.units, config.learned)
    return [known.ids(text) for text in texts]
