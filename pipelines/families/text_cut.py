"""Where running text is cut into splits: by what paragraphs say, or by their position."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from etils import epy

from pipelines.config import Settings, setting
from pipelines.errors import PipelineError
from pipelines.formats.examples import Examples, joined

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

SHARE = 0.1  # of the text, for each split that is missing


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """The setting of splits that the data does not have."""

    cut: str = setting(
        "hash",
        "how splits that are missing are cut: by a hash of what paragraphs say; or by position, the"
        " end of the text, which is nearer to how new text differs from old",
        choices=("hash", "position"),
    )


def by_position(splits: Mapping[str, Examples]) -> dict[str, Examples]:
    """The splits, of which those that were cut are the end of the text: validation, then test.

    Each has a tenth of the characters, and one paragraph at least. The order is that of names,
    numbers in them by value. Raises PipelineError if there are fewer paragraphs than splits.
    """
    cut = [name for name in ("validation", "test") if name in splits and splits[name].is_cut]
    if not cut:
        return dict(splits)
    whole = joined([splits[name] for name in ("train", *cut)])
    if len(whole) <= len(cut):
        raise PipelineError(
            f"cut=position needs {len(cut) + 1} paragraphs at least, one for each split; got"
            f" {len(whole)}. Part the text by blank lines, or give train.txt, valid.txt and"
            " test.txt."
        )
    keys = list(map(_key, whole.names))
    ordered = whole.take(sorted(range(len(keys)), key=keys.__getitem__))
    places = _places(list(map(len, ordered.columns["text"])), len(cut))
    found = dict(splits)
    for place, name in enumerate(("train", *cut)):
        own = ordered.take(np.flatnonzero(places == place))
        found[name] = dataclasses.replace(own, is_cut=place > 0)
    return found


def _places(sizes: Sequence[int], cut: int) -> np.ndarray:
    """Which split each paragraph is in: 0, of training, to `cut`."""
    done = np.cumsum(sizes) / max(1, sum(sizes))
    starts = 1 - SHARE * np.arange(cut, 0, -1)
    first = np.searchsorted(done - 1e-9, starts, "right")  # paragraphs before each split
    # One at least for each: less what those before it need at least, they must not decrease.
    spare = first - np.arange(1, cut + 1)
    spare = np.minimum.accumulate(spare[::-1])[::-1]
    first = np.clip(spare, 0, len(sizes) - cut - 1) + np.arange(1, cut + 1)
    return np.searchsorted(first, np.arange(len(sizes)), "right")


def _key(name: str) -> list[tuple[int, str]]:
    """For sorting: book.txt:9 comes before book.txt:12."""
    words = re.findall(r"\d+|\D+", name)
    return [(int(word), "") if word.isdecimal() else (-1, word) for word in words]


def cut(splits: Mapping[str, Examples], config: Config) -> dict[str, Examples]:
    """The splits as the settings have them."""
    return by_position(splits) if config.cut == "position" else dict(splits)
