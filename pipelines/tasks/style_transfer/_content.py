"""One picture as what a run learns from and is judged on."""

import hashlib
from dataclasses import dataclass
from typing import Any

from etils import epy

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Content:
    """A `Source` and each of its parts: the picture to paint and the style, uint8 (H, W, 3)."""

    source: str  # what a run's files call it
    content: Any
    style: Any

    def fingerprint(self) -> str:
        digest = hashlib.sha256()
        for picture in (self.content, self.style):
            digest.update(repr(picture.shape).encode() + picture.tobytes())
        return digest.hexdigest()

    def audit(self, method: Any, config: Any) -> list:
        """Nothing: what is wrong with the pictures was said when they were read."""
        return []

    def parts(self) -> dict[str, int]:
        return dict.fromkeys(PARTS, 1)

    def held_out(self, name: str) -> "Content":
        """The picture: it is what is optimised, and nothing else is judged."""
        return self

    def train(self, first_step: int = 0, net: Any = None):
        """The picture, again and again."""
        while True:
            yield self.sample(1)

    @property
    def names(self) -> list[str]:
        return [self.source]

    def __len__(self) -> int:
        return 1

    def batches(self, batch_size: int | None = None) -> list:
        return [self.sample(1)]

    def sample(self, count: int) -> tuple[dict, dict]:
        """({"image": uint8 (1, H, W, 3)}, the same)."""
        both = {"image": np.asarray(self.content)[None]}
        return both, dict(both)
