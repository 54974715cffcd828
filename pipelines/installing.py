"""The line that installs this package with an extra: it is not on PyPI, so it names a place."""

from __future__ import annotations

import importlib.metadata
import json
import os
from pathlib import Path
from urllib.parse import unquote, urlparse

NAME = "keras-task-pipelines"
UNKNOWN = "PATH_OF_CHECKOUT_OR_WHEEL"  # if no one knows where it came from


def line(extra: str) -> str:
    """The command, in backticks: `pip install "PLACE[extra]"`, as it works here and now.

    PLACE is the checkout or wheel that this package runs from or was installed from, if it is still
    there.
    """
    return f"`pip install {_place(extra)}`"


def _place(extra: str) -> str:
    root = Path(__file__).resolve().parents[1]
    if (root / "setup.cfg").is_file():
        return _quoted(root, extra, editable=True)
    url, editable = _installed_from()
    if url.startswith("file:"):
        path = Path(unquote(urlparse(url).path))
        return _quoted(path if path.exists() else Path(UNKNOWN), extra, editable)
    return f'"{NAME}[{extra}] @ {url}"' if url else _quoted(Path(UNKNOWN), extra)


def _installed_from() -> tuple[str, bool]:
    """(the address that pip installed this package from, whether editable); ("", False) if
    unknown."""
    try:
        text = importlib.metadata.distribution(NAME).read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:
        return "", False
    found = json.loads(text) if text else {}
    url = found.get("url", "")
    vcs = found.get("vcs_info", {}).get("vcs")
    return f"{vcs}+{url}" if vcs else url, found.get("dir_info", {}).get("editable", False)


def _quoted(place: Path, extra: str, editable: bool = False) -> str:
    """The argument of pip, short if this is the folder that the shell is in."""
    shown = "." if place.is_dir() and place == Path(os.getcwd()).resolve() else str(place)
    return f'{"-e " if editable else ""}"{shown}[{extra}]"'
