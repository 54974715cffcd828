"""What breaks the scheme of tags, by the line it stands on."""

from collections.abc import Iterator, Sequence

from pipelines.formats.examples import Examples, Problem
from pipelines.ops import schemes


def broken(
    examples: Examples, i: int, tags: Sequence[str], scheme: str, feature: str
) -> Iterator[Problem]:
    """Yields the Problems of example `i`, whose `tags` of `feature` break `scheme`."""
    for j, what in schemes.breaks(tags, scheme):
        message = (
            f"{feature} breaks {scheme.upper()}: {what}. Correct it, or mend all with"
            " mend_tags=true."
        )
        place = examples.place(i, min(j, len(tags) - 1))
        yield Problem("error", "scheme", place, message, examples.names[i])
