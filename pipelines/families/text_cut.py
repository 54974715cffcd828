"""Where running text is cut into splits: by what paragraphs say, or by their position."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from etils import epy

from pipelines.config import Settings, setting
from pipelines.formats.examples import Examples

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

    Each has a tenth of the characters. The order is that of names, numbers in them by value.
    """
    cut = [name for name in ("validation", "test") if name in splits and splits[name].is_cut]
    if not cut:
        return dict(splits)
    parts = [splits[name] for name in ("train", *cut)]
    rows = [(_key(part.names[i]), part, i) for part in parts for i in range(len(part))]
    rows.sort(key=lambda row: row[0])
    texts = [part.columns["text"][i] for _, part, i in rows]
    done = np.cumsum([len(text) for text in texts]) / max(1, sum(map(len, texts)))
    starts = [1 - SHARE * (len(cut) - i) for i in range(len(cut))]
    places = np.searchsorted(starts, done - 1e-9)
    found = {}
    for place, name in enumerate(("train", *cut)):
        own = [rows[i] for i in np.flatnonzero(places == place)]
        found[name] = Examples(
            [part.names[i] for _, part, i in own],
            {"text": [part.columns["text"][i] for _, part, i in own]},
            [part.where[i] for _, part, i in own],
            is_cut=name != "train",
        )
    return {name: found.get(name, examples) for name, examples in splits.items()}


def _key(name: str) -> list[tuple[int, str]]:
    """For sorting: book.txt:9 comes before book.txt:12."""
    words = re.findall(r"\d+|\D+", name)
    return [(int(word), "") if word.isdecimal() else (-1, word) for word in words]


def cut(splits: Mapping[str, Examples], config: Config) -> dict[str, Examples]:
    """The splits as the settings have them."""
    return by_position(splits) if config.cut == "position" else dict(splits)
