"""What each kind of target decides: the end of the net, its loss, what is right, and how it is judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.task import Arrays, Part, Score

CLASS, LABELS, NUMBERS = "class", "labels", "numbers"


@dataclass(frozen=True)
class Caption:
    """An answer in words. right: whether it is as it should be, or None if that is not known."""

    found: str
    true: str = ""
    right: bool | None = None

    @property
    def colour(self) -> str:
        """As `canvas` calls it."""
        return {None: "neutral", True: "good", False: "bad"}[self.right]

    @property
    def verdict(self) -> str:
        """Right, wrong, or nothing."""
        return {None: "", True: "right", False: "wrong"}[self.right]

    @property
    def lines(self) -> list[str]:
        """What was found, and what is true if that is known."""
        return [self.found, *([f"is {self.true}"] if self.true else [])]


class Target:
    """One kind of target. What a net gives is called its outputs, (B, ...)."""

    scores: tuple[Score, ...] = ()

    def width(self, config: Any) -> int:
        """How many numbers the last Dense layer, `logits`, gives."""
        raise NotImplementedError

    def after(self, config: Any) -> list:
        """The layers after `logits`."""
        return []

    def loss(self, config: Any) -> Any:
        """A Keras loss of (targets, outputs)."""
        raise NotImplementedError

    def trained(self, config: Any) -> list:
        """Keras metrics that are shown while training."""
        return []

    def parse(self, example: Arrays, config: Any) -> Any:
        """One raw example -> its target, of static shape, in plain TensorFlow."""
        raise NotImplementedError

    def decode(self, outputs: Any, config: Any) -> Arrays:
        """Outputs -> what a person wants."""
        raise NotImplementedError

    def raw(self, decoded: Arrays, config: Any) -> Any:
        """See the contract. Only a kind that calibrates is asked."""
        raise NotImplementedError

    def metrics(self, config: Any) -> list:
        """Keras metrics of (targets, decoded); the first score is what files are judged by."""
        raise NotImplementedError

    def floor(self, part: Part, config: Any) -> float | None:
        """What the best constant answer reaches in the first score."""
        raise NotImplementedError

    def truth(self, targets: Any, config: Any) -> Arrays:
        """The targets of one example -> what `decode` should give of it."""
        raise NotImplementedError

    def caption(self, decoded: Arrays, config: Any, targets: Any = None) -> Caption:
        """The answer to one example in words."""
        raise NotImplementedError

    def calibrate(self, model: Any, answers: Iterable, config: Any) -> Mapping[str, float]:
        """See the contract."""
        return {}

    def solve(
        self,
        layer: Any,
        head: str,
        splits: tuple[Any, Any],
        config: Any,
        strength: float,
        grid: Sequence[float] = (),
    ) -> str:
        """Finds the weights of `logits` by scikit-learn -> a line that says how.

        splits: ({"features": (N, F)}, targets) of training, NumPy, and of validation, or None.
        strength: scikit-learn's C; 0 takes the best of `grid`, which is the usual one if empty.
        """
        raise NotImplementedError
