"""A text and spans of it, in characters -> the words of the device, with tags in BIO."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.edge import words
from pipelines.formats.examples import Problem

Span = tuple[int, int, str]  # (start, end, label), in characters, end exclusive


@dataclass(frozen=True)
class SpannedText:
    """A text and its spans, in their order."""

    text: str
    spans: Sequence[Span]

    def words_and_tags(self, where: str, problems: list[Problem]) -> tuple[list[str], list[str]]:
        """The words and their tags in BIO. A word that is cut is wholly in the span."""
        self._refuse_overlaps()
        found = words.tokens(self.text)
        tags, taken = ["O"] * len(found), 0
        for span in self.spans:
            inside = range(*_within(span, found, taken))
            if not inside:
                raise ValueError("the span {} to {} of {!r} has no word of its own".format(*span))
            taken = inside.stop
            tags[inside.start] = f"B-{span[2]}"
            tags[inside.start + 1 : taken] = [f"I-{span[2]}"] * (len(inside) - 1)
            self._note_cut(span, found[inside[0]][1], found[inside[-1]][2], where, problems)
        return [word for word, _, _ in found], tags

    def _refuse_overlaps(self) -> None:
        for before, after in itertools.pairwise(self.spans):
            if after[0] < before[1]:
                raise ValueError(
                    f"the spans {before[0]} to {before[1]} and {after[0]} to {after[1]} overlap"
                )

    def _note_cut(
        self, span: Span, start: int, end: int, where: str, problems: list[Problem]
    ) -> None:
        """Notes that words reach from start to end and a span does not."""
        if span[:2] != (start, end):
            said, whole = self.text[span[0] : span[1]], self.text[start:end]
            message = f"the span {said!r} of {span[2]} cuts a word; it is read as {whole!r}."
            problems.append(Problem("warning", "cut-word", where, message))


def _within(span: Span, found: Sequence[tuple[str, int, int]], first: int) -> tuple[int, int]:
    """(first, last + 1) of the words, from the one of index `first` on, that a span has a part
    of."""
    own = [i for i, (_, a, b) in enumerate(found) if a < span[1] and span[0] < b and i >= first]
    return (own[0], own[-1] + 1) if own else (0, 0)
