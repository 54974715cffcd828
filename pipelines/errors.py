"""The errors a user can meet: one clear line on what is wrong, where, and what to do."""


class PipelineError(Exception):
    """A user's mistake or a broken input, in one line; the command line prints it and exits with
    `exit_code`.

    more: lines that are printed below it, such as a short list of what would do.
    """

    exit_code = 2

    def __init__(self, message="", more=()):
        super().__init__("\n".join([str(message), *more]))
        self.lines = (str(message), *more)


class NotInstalled(PipelineError):
    """Something needs a package, or weights in one, that is not on this machine."""


class Refused(PipelineError):
    """The command was right and the answer is no: a failed audit, a failed proof, a training that
    diverged."""

    exit_code = 1


def brief(error):
    """What an exception of someone else's code says, in one line of at most 200 characters."""
    return " ".join(str(error).split())[:200]


def nearest(word, candidates):
    """A suggestion for an unknown `word`: `Did you mean 'epochs'?`, or the list of `candidates`
    if none is near."""
    import difflib

    candidates = sorted(candidates)
    close = difflib.get_close_matches(word, candidates, n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(candidates) or 'none'}."
