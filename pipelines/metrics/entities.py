"""Precision, recall and F1 of spans, as conlleval and seqeval count them, and kinds of errors."""

import collections
import hashlib
import operator
import types
from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from pipelines.edge.spans import spans, split
from pipelines.metrics import Tensor, Tensors
from pipelines.ops import schemes

ERRORS = ("boundary_errors", "type_errors", "missed", "invented")
Span = tuple[int, int, str]  # first token, the one behind the last, type


class Entities(keras.metrics.Metric):
    """`f1`, `precision`, `recall` over all spans and by type, and counts of errors.

    Also `f1_strict`, `f1_unseen` and `token_accuracy`.

    targets: {"gold": ids (B, T), "sentence": (B,), "keep": (B, 2), the tokens of this window that
        count, "text": code points (B, T, L)}; decoded: {"tags": ids (B, T)}. Windows of one
        sentence come in its order and are joined.

    f1 counts a span that begins without a B, as seqeval does by default; f1_strict is its strict
    mode. f1_unseen leaves out spans whose text training knows as a span: those whose `key` is in
    `seen`. Of the true spans that are not found, `type_errors` have the right place,
    `boundary_errors` overlap with what was found, `missed` do not; `invented` counts what was found
    in places without a true span.
    """

    def __init__(
        self,
        labels: Iterable[str],
        plain: bool = False,
        seen: Iterable[str] = (),
        name: str = "entities",
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        self.labels, self.plain, self.seen = list(labels), plain, frozenset(seen)
        prefixes = {split(label)[0] for label in self.labels}
        self.scheme = "bioes" if prefixes & {"E", "S"} else "bio"
        spanning = [label for label in self.labels if label != "O"]
        self.types = list(dict.fromkeys(t if plain else split(t)[1] for t in spanning))
        self.reset_state()

    def reset_state(self) -> None:
        # number -> true tags, found tags, words; Keras would follow every list of a dict that it
        # sees
        self._kept = types.SimpleNamespace(sentences={})

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        targets = {name: keras.ops.convert_to_numpy(values) for name, values in targets.items()}
        found = keras.ops.convert_to_numpy(decoded["tags"])
        for i, (first, last) in enumerate(targets["keep"]):
            number = int(targets["sentence"][i])
            true, guessed, words = self._kept.sentences.setdefault(number, ([], [], []))
            true += self._tags(targets["gold"][i, first:last])
            guessed += self._tags(found[i, first:last])
            words += map(word, targets["text"][i, first:last])

    def result(self) -> dict:
        by_type = collections.defaultdict(collections.Counter)  # "right", "true", "found"
        strict, unseen, errors = (collections.Counter() for _ in range(3))
        matrix = np.zeros((len(self.types) + 1,) * 2, np.int64)
        for true_tags, found_tags, words in self._kept.sentences.values():
            true, found = set(spans(true_tags, self.plain)), set(spans(found_tags, self.plain))
            for name, these in _sides(true, found):
                by_type[name].update(kind for *_, kind in these)
                unseen[name] += sum(key(words[a:b]) not in self.seen for a, b, _ in these)
            for name, these in _sides(
                self._strict(true_tags, true), self._strict(found_tags, found)
            ):
                strict[name] += len(these)
            self._add_cells(matrix, true, found)
            errors.update(_errors(true, found))
            errors["tokens"] += len(true_tags)
            errors["right"] += sum(map(operator.eq, true_tags, found_tags))
        right, true, found = (self._by_type(by_type[name]) for name in ("right", "true", "found"))
        return {
            **_f1(right.sum(), true.sum(), found.sum()),
            "f1_strict": _f1(**strict)["f1"],
            "f1_unseen": _f1(**unseen)["f1"],
            "token_accuracy": errors["right"] / max(1, errors["tokens"]),
            **{name: errors[name] for name in ERRORS},
            "labels": self.types,
            "per_class": {**_f1(right, true, found), "support": true},
            "matrices": {"spans": matrix},
        }

    def _tags(self, ids: np.ndarray) -> list[str]:
        return [self.labels[i] for i in ids]

    def _by_type(self, counts: collections.Counter) -> np.ndarray:
        return np.array([counts[kind] for kind in self.types])

    def _strict(self, tags: list[str], found: set[Span]) -> set[Span]:
        """Those of the spans that keep to the scheme."""
        if self.plain:
            return found
        return {span for span in found if self._written(span) == tags[span[0] : span[1]]}

    def _written(self, span: Span) -> list[str]:
        """The tags of a span alone, by the scheme."""
        start, end, kind = span
        length = end - start
        return schemes.tagged([(0, length, kind)], length, self.scheme)

    def _add_cells(self, matrix: np.ndarray, true: set[Span], found: set[Span]) -> None:
        """Counts types at the same place; what is at no place of the other side is last."""
        numbers = {kind: i for i, kind in enumerate(self.types)}
        there = {(a, b): numbers[kind] for a, b, kind in true}
        guessed = {(a, b): numbers[kind] for a, b, kind in found}
        for place in there.keys() | guessed.keys():
            matrix[there.get(place, -1), guessed.get(place, -1)] += 1


def _sides(true: set[Span], found: set[Span]) -> tuple[tuple[str, set[Span]], ...]:
    return ("right", true & found), ("true", true), ("found", found)


def _errors(true: set[Span], found: set[Span]) -> dict[str, int]:
    """How many there are of each of ERRORS."""
    errors = collections.Counter(_miss(span, found) for span in true - found)
    errors["invented"] = sum(not _overlaps(span, true) for span in found)
    return errors


def _miss(span: Span, found: set[Span]) -> str:
    """What is wrong about a true span that was not found."""
    if any(other[:2] == span[:2] for other in found):
        return "type_errors"
    return "boundary_errors" if _overlaps(span, found) else "missed"


def _overlaps(span: Span, others: set[Span]) -> bool:
    return any(start < span[1] and span[0] < end for start, end, _ in others)


def word(letters: Iterable[int]) -> str:
    """Code points with zeros behind -> text.

    Halves of surrogate pairs, which JSON may hold, are no letters.
    """
    return "".join(map(_letter, filter(None, letters)))


def _letter(code: int) -> str:
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)


def key(words: Iterable[str]) -> str:
    """A hash of a span's words in lower case, to tell whether training had such a span.

    Not the words themselves, as a list of them goes with every bundle, and they may be people's
    names.
    """
    text = "\t".join(words).lower().encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=8).hexdigest()


def _f1(right: Tensor = 0, true: Tensor = 0, found: Tensor = 0) -> dict[str, Tensor]:
    """Precision, recall and F1 of counts; 0 if there is nothing to divide by, as in seqeval."""
    precision, recall = right / np.maximum(found, 1), right / np.maximum(true, 1)
    f1 = 2 * precision * recall / np.where(precision + recall > 0, precision + recall, 1)
    return {"f1": f1, "precision": precision, "recall": recall}
