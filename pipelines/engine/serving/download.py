"""A picture at an address: fetched with limits of size and time, from http and https alone."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

SCHEMES = ("http", "https")
BYTES = 20_000_000  # of one picture; a photo of a phone has about 4 MB
SECONDS = 30.0  # for all of it
BLOCK = 65536


def is_address(name: str) -> bool:
    """Whether this is an address, rather than a path."""
    return name.lower().startswith(tuple(f"{scheme}://" for scheme in SCHEMES))


def fetch(address: str, limit: int = BYTES, seconds: float = SECONDS) -> bytes:
    """What is at an address. Raises ValueError with a reason in one line."""
    ends = time.monotonic() + seconds
    request = urllib.request.Request(address, headers={"User-Agent": "keras-task-pipelines"})
    try:
        with _opener().open(request, timeout=seconds) as answer:
            return _read(answer, limit, ends)
    except TimeoutError as error:
        raise ValueError(f"did not come within {seconds:g} s. Try again") from error
    except urllib.error.HTTPError as error:
        raise ValueError(f"cannot be fetched: the server says {error.code}") from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise ValueError(f"did not come within {seconds:g} s. Try again") from error
        raise ValueError(f"cannot be fetched: {_one_line(error.reason)}") from error
    except (OSError, UnicodeError) as error:
        raise ValueError(f"cannot be fetched: {_one_line(error)}") from error


def _read(answer: Any, limit: int, ends: float) -> bytes:
    parts, size = [], 0
    while part := answer.read1(BLOCK):
        parts.append(part)
        size += len(part)
        if size > limit:
            raise ValueError(f"is larger than {limit / 1e6:g} MB. Download it and name the file")
        if time.monotonic() > ends:
            raise TimeoutError
    return b"".join(parts)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to http and https alone: urllib itself would go on to ftp as well."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str):
        if urlsplit(newurl).scheme not in SCHEMES:
            raise urllib.error.URLError(f"it leads to {newurl}, which is neither http nor https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_Redirects)


def _one_line(reason: object) -> str:
    return " ".join(str(reason).split())
