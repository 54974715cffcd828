"""Precision, recall and F1 of spans, as conlleval and seqeval count them, and what kinds of errors there are."""

import collections
import hashlib
import types

import keras
import numpy as np

from pipelines.edge.spans import spans, split
from pipelines.ops import schemes


class Entities(keras.metrics.Metric):
    """`f1`, `precision`, `recall` over all spans and by type; `f1_strict`, `f1_unseen`,
    `token_accuracy`; error counts.

    targets: {"gold": ids (B, T), "sentence": (B,), "keep": (B, 2), the tokens of this window that
    count, "text": code points (B, T, L)}; decoded: {"tags": ids (B, T)}. Windows of one sentence
        come in its order and are joined.

    f1 counts a span that begins without a B, as seqeval does by default; f1_strict is its strict
    mode. f1_unseen leaves out spans whose text training knows as a span: those whose `key` is in
    `seen`. Of the true spans that are not found, `type_errors` have the right place,
    `boundary_errors` overlap with what was found, `missed` do not; `invented` counts what was found
    where no true span is.
    """

    def __init__(self, labels, plain=False, seen=(), name="entities", **kwargs):
        super().__init__(name=name, **kwargs)
        self.labels, self.plain, self.seen = list(labels), plain, frozenset(seen)
        self.types = list(
            dict.fromkeys(t if self.plain else split(t)[1] for t in self.labels if t != "O")
        )
        self.reset_state()

    def reset_state(self):
        # number -> true tags, found tags, words; Keras would follow every list of a dict that it
        # sees
        self._kept = types.SimpleNamespace(sentences={})

    def update_state(self, targets, decoded, sample_weight=None):
        targets = {name: keras.ops.convert_to_numpy(values) for name, values in targets.items()}
        found = keras.ops.convert_to_numpy(decoded["tags"])
        for i, (first, last) in enumerate(targets["keep"]):
            true, guessed, words = self._kept.sentences.setdefault(
                int(targets["sentence"][i]), ([], [], [])
            )
            true += [self.labels[j] for j in targets["gold"][i, first:last]]
            guessed += [self.labels[j] for j in found[i, first:last]]
            words += [word(letters) for letters in targets["text"][i, first:last]]

    def result(self):
        counts = {
            name: collections.Counter()
            for name in ("right", "true", "found", "strict", "unseen", "errors")
        }
        matrix = np.zeros((len(self.types) + 1,) * 2, np.int64)
        for true_tags, found_tags, words in self._kept.sentences.values():
            true, found = set(spans(true_tags, self.plain)), set(spans(found_tags, self.plain))
            for name, these in (("right", true & found), ("true", true), ("found", found)):
                counts[name].update(kind for *_, kind in these)
                counts["unseen"][name] += sum(key(words[a:b]) not in self.seen for a, b, _ in these)
            strict_true, strict_found = (
                self._strict(true_tags, true),
                self._strict(found_tags, found),
            )
            for name, these in (
                ("right", strict_true & strict_found),
                ("true", strict_true),
                ("found", strict_found),
            ):
                counts["strict"][name] += len(these)
            self._errors(true, found, counts["errors"], matrix)
            counts["errors"]["tokens"] += len(true_tags)
            counts["errors"]["right"] += sum(
                a == b for a, b in zip(true_tags, found_tags, strict=True)
            )
        right, true, found = (
            np.array([counts[name][t] for t in self.types]) for name in ("right", "true", "found")
        )
        errors = counts["errors"]
        return {
            **_f1(right.sum(), true.sum(), found.sum()),
            "f1_strict": _f1(**counts["strict"])["f1"],
            "f1_unseen": _f1(**counts["unseen"])["f1"],
            "token_accuracy": errors["right"] / max(1, errors["tokens"]),
            **{
                name: errors[name]
                for name in ("boundary_errors", "type_errors", "missed", "invented")
            },
            "labels": self.types,
            "per_class": {**_f1(right, true, found), "support": true},
            "matrices": {"spans": matrix},
        }

    def _strict(self, tags, found):
        """Those of the spans that keep to the scheme."""
        if self.plain:
            return found
        has_ends = any(split(label)[0] in "ES" for label in self.labels)
        whole = set()
        for start, end, kind in found:
            made = schemes.tagged(
                [(0, end - start, kind)], end - start, "bioes" if has_ends else "bio"
            )
            if made == tags[start:end]:
                whole.add((start, end, kind))
        return whole

    def _errors(self, true, found, errors, matrix):
        """Counts the kinds of errors, and types at the same place; what is at no place of the other side is last."""
        types = {kind: i for i, kind in enumerate(self.types)}
        places = {(a, b): kind for a, b, kind in found}

        def overlap(span, others):
            return any(a < span[1] and span[0] < b for a, b, _ in others)

        for a, b, kind in true:
            matrix[types[kind], types.get(places.get((a, b)), -1)] += 1
            if (a, b, kind) not in found:
                name = (
                    "type_errors"
                    if (a, b) in places
                    else "boundary_errors"
                    if overlap((a, b), found)
                    else "missed"
                )
                errors[name] += 1
        true_places = {(a, b) for a, b, _ in true}
        for a, b, kind in found:
            if (a, b) not in true_places:
                matrix[-1, types[kind]] += 1
            errors["invented"] += not overlap((a, b), true)


def word(letters):
    """Code points with zeros behind -> text; halves of surrogate pairs, which JSON may hold, are no letters."""
    return "".join(
        "\ufffd" if 0xD800 <= letter < 0xE000 else chr(letter) for letter in letters if letter
    )


def key(words):
    """What spans are compared by to tell whether training had them: a hash of their words in lower
    case.

    Not the words themselves, as a list of them goes with every bundle, and they may be people's
    names.
    """
    return hashlib.blake2b(
        "\t".join(words).lower().encode("utf-8", "surrogatepass"), digest_size=8
    ).hexdigest()


def _f1(right=0, true=0, found=0):
    """Precision, recall and F1 of counts; 0 where there is nothing to divide by, as in seqeval."""
    precision, recall = right / np.maximum(found, 1), right / np.maximum(true, 1)
    f1 = 2 * precision * recall / np.where(precision + recall > 0, precision + recall, 1)
    return {"f1": f1, "precision": precision, "recall": recall}
