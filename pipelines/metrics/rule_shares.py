"""What rules and what the model found, if a tagger has both."""

import collections
import types
from collections.abc import Iterable
from typing import Any

import keras

from pipelines.edge import words
from pipelines.edge.spans import spans
from pipelines.metrics import Tensor, Tensors


class RuleShares(keras.metrics.Metric):
    """`rule_share`, the share of spans found that rules gave, and the precision of either part:
    `rule_precision`, `rest_precision`, 0 if it found none.

    targets: {"gold": ids (B, T), "keep": (B, 2)}; decoded: {"tags", "ruled": ids (B, T)}, the
    latter `words.FIRST` and more if a rule gave the tag. See `metrics.entities.Entities`.
    """

    def __init__(self, labels: Iterable[str], plain: bool = False, **kwargs: Any):
        super().__init__(name="rule_shares", **kwargs)
        self.labels, self.plain = list(labels), plain
        self.reset_state()

    def reset_state(self) -> None:
        # Keras would follow a dict that it sees.
        self._kept = types.SimpleNamespace(counts=collections.Counter())

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        gold, keep = (keras.ops.convert_to_numpy(targets[name]) for name in ("gold", "keep"))
        tags, ruled = (keras.ops.convert_to_numpy(decoded[name]) for name in ("tags", "ruled"))
        for i, (first, last) in enumerate(keep):
            true, found = (
                spans([self.labels[j] for j in ids[i, first:last]], self.plain)
                for ids in (gold, tags)
            )
            for span in found:
                part = "rule" if ruled[i, first + span[0]] >= words.FIRST else "rest"
                self._kept.counts[part] += 1
                self._kept.counts[f"{part} right"] += span in true

    def result(self) -> dict:
        counts = self._kept.counts
        every = counts["rule"] + counts["rest"]
        found = {
            f"{part}_precision": counts[f"{part} right"] / max(1, counts[part])
            for part in ("rule", "rest")
        }
        return {"rule_share": counts["rule"] / max(1, every), **found}
