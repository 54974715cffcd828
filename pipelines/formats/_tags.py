"""What breaks the scheme of tags, by the line it stands on."""

from pipelines.formats.examples import Problem
from pipelines.ops import schemes


def broken(examples, i, tags, scheme, feature):
    """Yields the Problems of example `i`, whose `tags` of `feature` break `scheme`."""
    for j, what in schemes.breaks(tags, scheme):
        message = (
            f"{feature} breaks {scheme.upper()}: {what}. Correct it, or mend all with"
            " mend_tags=true."
        )
        yield Problem(
            "error", "scheme", examples.place(i, min(j, len(tags) - 1)), message, examples.names[i]
        )
