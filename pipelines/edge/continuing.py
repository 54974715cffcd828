"""Text that goes on after a prompt, item by item: greedy, drawn at random, or by beam search."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from . import sampling
from .options import Option

OPTIONS = (
    Option("length", 0, "items to make after the text; 0 makes none", 0, 1_000_000),
    Option(
        "temperature", 1.0, "0 takes the likeliest item; above 1 the unlikely come more often",
        0, 100,
    ),
    Option("top_k", 0, "draw from so many of the likeliest items; 0 is all", 0, 1_000_000),
    Option("top_p", 1.0, "draw from the likeliest items that have this probability together", 0, 1),
    Option("seed", 0, "seed of the draws", 0, 2**31 - 1),
    Option("beam", 1, "beginnings that beam search keeps; 1 is no beam search", 1, 64),
    Option("stop", (), "end before this text; may be repeated"),
)  # fmt: skip


def made(
    reader: Any,
    prompt: Sequence[int],
    known: Any,
    never: Sequence[int],
    options: Mapping[str, Any],
    is_first: bool = False,
) -> Iterator[str]:
    """Yields the text after a prompt as it comes.

    reader: of `readers`, which has read nothing. prompt: ids, one at least. known: see
    `text_ids.opened`. never: ids that must not come. options: as OPTIONS, checked. is_first:
    whether the first word needs no space, see `is_open`.
    """
    if options["beam"] > 1:
        ids = iter(searched(reader, prompt, never, options["length"], options["beam"]))
    else:
        ids = drawn(reader, prompt, never, options)
    pieces = known.pieces(ids, is_first)
    return until(pieces, options["stop"])


def is_open(prompt: str) -> bool:
    """Whether it is empty or ends with space."""
    return not prompt or prompt[-1].isspace()


def drawn(
    reader: Any, prompt: Sequence[int], never: Sequence[int], options: Mapping[str, Any]
) -> Iterator[int]:
    """Yields ids one by one, each chosen as `sampling.chosen` says."""
    random = sampling.Random(options["seed"])
    read = list(prompt)
    for _ in range(options["length"]):
        logits = _without(reader.read(read), never)
        read = [sampling.chosen(logits, options, random)]
        yield read[0]


def searched(
    reader: Any, prompt: Sequence[int], never: Sequence[int], length: int, beam: int
) -> list[int]:
    """The ids whose probabilities have the largest product, as far as beam search finds them."""
    beams = [(0.0, list(prompt), [], reader)]
    for _ in range(length):
        found = []
        for total, unread, ids, own in beams:
            following = own.copy()
            scores = sampling.log_probabilities(_without(following.read(unread), never))
            for i in np.argsort(-scores, kind="stable")[:beam].tolist():
                found.append((total + float(scores[i]), [i], [*ids, i], following))
        beams = sorted(found, key=lambda item: -item[0])[:beam]
    return beams[0][2]


def until(pieces: Iterator[str], stops: Sequence[str]) -> Iterator[str]:
    """Pieces up to the first of `stops`; what may be the beginning of one waits."""
    waiting = ""
    for piece in pieces:
        waiting += piece
        ends = [waiting.find(stop) for stop in stops if stop and stop in waiting]
        if ends:
            yield waiting[: min(ends)]
            return
        held = max((_begun(waiting, stop) for stop in stops), default=0)
        yield waiting[: len(waiting) - held]
        waiting = waiting[len(waiting) - held :]
    yield waiting


def _begun(text: str, stop: str) -> int:
    """How many letters at the end of a text begin `stop`."""
    sizes = range(min(len(text), len(stop) - 1), 0, -1)
    return next((size for size in sizes if text.endswith(stop[:size])), 0)


def _without(logits: np.ndarray, never: Sequence[int]) -> np.ndarray:
    found = np.array(logits, np.float64)
    found[list(never)] = -np.inf
    return found
