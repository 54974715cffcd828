"""Schemes by which tags mark spans: BIO (IOB2), IOB1, BIOES, BILOU, and plain tags without one."""

import collections
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from pipelines.edge.spans import spans, split

RARE = 20  # one tag in so many may be a slip; with more, tags are of no scheme
Parts = tuple[str, str]  # a tag's prefix and type
OUTSIDE = ("O", "")  # prefix and type of what is in no span
TAG = re.compile(r"O|[BIESLU](-.+)?|M-.+", re.DOTALL)
ALIKE = re.compile(r"([BIESLUM])[-_](.+)", re.DOTALL | re.IGNORECASE)  # b-PER, B_PER


def scheme(sentences: Iterable[Sequence[str]]) -> str:
    """Tags by sentence, an iterable of lists -> the name of their scheme.

    BMES counts as BIOES. BIO and IOB1 have the same tags; what decides is whether a span that
    follows none of its own type begins with B or with I, in most cases.
    """
    letters, fresh, total, slips = set(), collections.Counter(), 0, 0
    for tags in sentences:
        known = list(filter(TAG.fullmatch, tags))
        total += len(tags)
        slips += len(tags) - len(known)
        letters.update(tag[0] for tag in known)
        fresh.update(_fresh(known))
    if slips * RARE > total:
        return "plain"
    if letters & {"L", "U"}:
        return "bilou"
    if letters & {"E", "S", "M"}:
        return "bioes"
    return "iob1" if fresh["I"] > fresh["B"] else "bio"


def alike(sentences: Iterable[Sequence[str]]) -> str:
    """Tags without a scheme -> what they would be in one, "0 is O, b-PER is B-PER"; "" if none fits.

    They may be in lower case, have _ in place of -, or 0 in place of O.
    """
    rows = list(map(list, sentences))
    written = {tag: _as_written(tag) for tag in dict.fromkeys(itertools.chain(*rows))}
    changed = [f"{tag} is {other}" for tag, other in written.items() if tag != other]
    if not changed or "-" not in "".join(written.values()):
        return ""
    mended = [list(map(written.get, row)) for row in rows]
    gains_scheme = scheme(rows) == "plain" and scheme(mended) != "plain"
    return ", ".join(changed[:3]) if gains_scheme else ""


def _as_written(tag: str) -> str:
    """A tag as schemes write it, if it is nearly one."""
    match = ALIKE.fullmatch(tag)
    if match and not TAG.fullmatch(tag):
        return f"{match[1].upper()}-{match[2]}"
    return "O" if tag in ("0", "o") else tag


def _fresh(tags: Iterable[str]) -> Iterator[str]:
    """The prefixes of the tags that follow none of their own type."""
    before = OUTSIDE
    for tag in tags:
        now = split(tag)
        if before[0] == "O" or before[1] != now[1]:
            yield now[0]
        before = now


def breaks(tags: Sequence[str], scheme: str) -> list[tuple[int, str]]:
    """Tags of one sentence -> [(index, what is wrong)]; len(tags) stands for the sentence's end."""
    if scheme == "plain":
        return []
    fault = FAULTS[scheme]
    found, before = [], OUTSIDE
    for i, tag in enumerate([*tags, "O"]):
        if not TAG.fullmatch(tag):
            found.append((i, f"{tag} is no tag of it"))
            before = OUTSIDE
            continue
        now = split(tag)
        what = fault(before, now)
        if what:
            shown = tag if i < len(tags) else "the end"
            after = f"after {tags[i - 1]}" if i else "at the start"
            found.append((i, f"{shown} {after}: {what}"))
        before = OUTSIDE if now[0] == "O" else now
    return found


def _bio_fault(before: Parts, now: Parts) -> str:
    """What is wrong about a tag in BIO after another, both as (prefix, type); "" if nothing is."""
    prefix, kind = now
    if prefix == "I" and kind != before[1]:
        return f"a span begins with B-{kind}"
    return ""


def _iob1_fault(before: Parts, now: Parts) -> str:
    prefix, kind = now
    if prefix == "B" and kind != before[1]:
        return "B only separates two spans of one type"
    return ""


def _bioes_fault(before: Parts, now: Parts) -> str:
    prefix, kind = now
    is_open = before[0] in "BI"
    is_inner = prefix in "IE"
    if is_inner and not (is_open and kind == before[1]):
        return f"a span begins with B-{kind}"
    if is_open and not is_inner:
        return "that span has no last token"
    return ""


FAULTS = {
    "bio": _bio_fault,
    "iob1": _iob1_fault,
    "bioes": _bioes_fault,
    "bilou": _bioes_fault,
}


def odd(tags: Iterable[str]) -> int:
    """How many tags no scheme has."""
    return sum(not TAG.fullmatch(tag) for tag in tags)


def convert(tags: Sequence[str], to: str) -> list[str]:
    """Tags of one sentence in any scheme -> in the scheme `to`: bio or bioes.

    What no scheme has becomes O.
    """
    known = [tag if TAG.fullmatch(tag) else "O" for tag in tags]
    return tagged(spans(known), len(tags), to)


def tagged(found: Iterable[tuple[int, int, str]], length: int, scheme: str) -> list[str]:
    """[(start, end, type)] without overlap -> tags of a sentence, in bio or bioes."""
    tags = ["O"] * length
    for start, end, kind in found:
        tags[start:end] = [f"I-{kind}"] * (end - start)
        tags[start] = f"B-{kind}"
        if scheme == "bioes":
            last = "S" if end == start + 1 else "E"
            tags[end - 1] = f"{last}-{kind}"
    return tags


def labels(types: Iterable[str], scheme: str) -> list[str]:
    """Every tag that spans of `types` may have in a scheme, O first: bio or bioes."""
    prefixes = "BI" if scheme == "bio" else "BIES"
    return ["O", *(f"{prefix}-{kind}" for kind in types for prefix in prefixes)]


def allowed(labels: Sequence[str], scheme: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What may follow what in bio, bioes or plain -> (first (K,), next (K, K), last (K,)), bool.

    first and last: what a sentence may begin and end with; next[i, j]: whether j may follow i.
    """
    parts = [OUTSIDE] * len(labels) if scheme == "plain" else [split(label) for label in labels]
    prefixes = np.array([prefix for prefix, _ in parts])
    is_open, is_inner = np.isin(prefixes, ["B", "I"]), np.isin(prefixes, ["I", "E"])
    continues = _continues(parts)
    if scheme == "bio":
        begins = prefixes != "I"
        return begins, begins | continues, np.ones(len(labels), bool)
    return ~is_inner, np.where(is_open[:, None], continues, ~is_inner), ~is_open


def going_on(labels: Sequence[str]) -> np.ndarray:
    """Whether tag j goes on with the span of tag i, (K, K), float32; of plain tags none does."""
    parts = [split(label) if TAG.fullmatch(label) else OUTSIDE for label in labels]
    return _continues(parts).astype(np.float32)


def _continues(parts: Sequence[Parts]) -> np.ndarray:
    prefixes, kinds = (np.array(column) for column in zip(*parts, strict=True))
    is_open, is_inner = np.isin(prefixes, ["B", "I"]), np.isin(prefixes, ["I", "E"])
    return is_open[:, None] & is_inner & (kinds[:, None] == kinds)
