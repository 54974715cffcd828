"""Commands that messages name: they work as they are written."""

import os
import shlex


def resuming(folder: str | os.PathLike) -> str:
    """The command that goes on with the run in `folder`."""
    return f"pipelines train --resume {shlex.quote(os.fspath(folder))}"
