"""Schemes by which tags mark spans: BIO (IOB2), IOB1, BIOES, BILOU, and plain tags without one."""

import re

import numpy as np

from pipelines.edge.spans import spans, split

RARE = 20  # one tag in so many may be a slip; with more, tags are of no scheme
TAG = re.compile(r"O|[BIESLU](-.+)?", re.DOTALL)


def scheme(sentences):
    """Tags by sentence, an iterable of lists -> the name of their scheme.

    BIO and IOB1 have the same tags; what decides is whether a span that follows none of its own
    type begins with B or with I, in most cases.
    """
    prefixes, fresh, total, slips = set(), {"B": 0, "I": 0}, 0, 0
    for tags in sentences:
        before = ("O", None)
        for tag in tags:
            total += 1
            if not TAG.fullmatch(tag):
                slips += 1
                continue
            prefixes.add(tag[0])
            now = split(tag)
            if now[0] in fresh and (before[0] == "O" or before[1] != now[1]):
                fresh[now[0]] += 1
            before = now
    if slips * RARE > total:
        return "plain"
    if prefixes & set("LU"):
        return "bilou"
    if prefixes & set("ES"):
        return "bioes"
    return "iob1" if fresh["I"] > fresh["B"] else "bio"


def breaks(tags, scheme):
    """Tags of one sentence -> [(index, what is wrong)]; an index of len(tags) is the sentence's end."""
    if scheme == "plain":
        return []
    found, before = [], ("O", None)
    for i, tag in enumerate([*tags, "O"]):
        if not TAG.fullmatch(tag):
            found.append((i, f"{tag} is no tag of it"))
            before = ("O", None)
            continue
        prefix, kind = split(tag)
        continues = before[1] == kind and before[0] in (
            "BI" if scheme in ("bioes", "bilou") else "BIES"
        )
        after = f"after {tags[i - 1]}" if i else "at the start"
        if scheme == "bio" and prefix == "I" and not continues:
            found.append((i, f"{tag} {after}: a span begins with B-{kind}"))
        elif scheme == "iob1" and prefix == "B" and not continues:
            found.append((i, f"{tag} {after}: B only parts two spans of one type"))
        elif scheme in ("bioes", "bilou"):
            if prefix in "IE" and not continues:
                found.append((i, f"{tag} {after}: a span begins with B-{kind}"))
            elif before[0] in "BI" and not (continues and prefix in "IE"):
                end = tag if i < len(tags) else "the end"
                found.append((i, f"{end} {after}: that span has no last token"))
        before = (prefix, kind) if prefix != "O" else ("O", None)
    return found


def odd(tags):
    """How many tags no scheme has."""
    return sum(not TAG.fullmatch(tag) for tag in tags)


def convert(tags, to):
    """Tags of one sentence in any scheme -> in the scheme `to`: bio or bioes. What no scheme has becomes O."""
    return tagged(spans([tag if TAG.fullmatch(tag) else "O" for tag in tags]), len(tags), to)


def tagged(found, length, scheme):
    """[(start, end, type)] without overlap -> tags of a sentence of `length` tokens, in bio or bioes."""
    tags = ["O"] * length
    for start, end, kind in found:
        for i in range(start, end):
            tags[i] = f"{'B' if i == start else 'I'}-{kind}"
        if scheme == "bioes":
            tags[end - 1] = f"{'S' if end == start + 1 else 'E'}-{kind}"
    return tags


def labels(types, scheme):
    """Every tag that spans of `types` may have in a scheme, O first: bio or bioes."""
    return [
        "O",
        *(f"{prefix}-{kind}" for kind in types for prefix in ("BI" if scheme == "bio" else "BIES")),
    ]


def allowed(labels, scheme):
    """What may follow what in bio, bioes or plain -> (first (K,), next (K, K), last (K,)), bool.

    first and last: what a sentence may begin and end with; next[i, j]: whether j may follow i.
    """
    parts = [split(label) for label in labels]
    if scheme == "plain":
        parts = [("O", None)] * len(labels)

    def within(a, b):
        return a[0] in "BI" and b[0] in "IE" and a[1] == b[1]

    if scheme == "bio":

        def follows(a, b):
            return b[0] != "I" or within(a, b)

        def ends(a):
            return True
    else:

        def follows(a, b):
            return within(a, b) if a[0] in "BI" else b[0] not in "IE"

        def ends(a):
            return a[0] not in "BI"

    outside = ("O", None)
    return (
        np.array([follows(outside, b) for b in parts]),
        np.array([[follows(a, b) for b in parts] for a in parts]),
        np.array([ends(a) for a in parts]),
    )
