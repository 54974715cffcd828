"""Pictures at two resolutions, the columns `image` and `low`: whether both are of the same
thing."""

from collections.abc import Iterator

from pipelines.engine.audit import near
from pipelines.engine.audit.facts import Facts
from pipelines.formats.examples import Problem

BITS = 8  # of the 64 of two hashes: with fewer differing the pictures are the same
ALIKE = 0.8  # correlation below which they are not


def pairs(facts: Facts) -> Iterator[Problem]:
    """Warns of a low resolution that is of another picture, or turned."""
    high, low = facts.looks.get("image", {}), facts.looks.get("low", {})
    for split in high.keys() & low.keys():
        examples = facts.data.splits[split]
        for row, (ours, theirs) in enumerate(zip(high[split], low[split], strict=True)):
            if ours.error or theirs.error or (ours.hash ^ theirs.hash).bit_count() <= BITS:
                continue
            alike = near.correlation(near.small(ours), near.small(theirs))
            if alike < ALIKE:
                message = (
                    "its low resolution shows something else, or is turned (correlation"
                    f" {alike:.2f}). Look at both."
                )
                yield Problem("warning", "other-picture", examples.where[row], message)


CHECKS = (pairs,)
