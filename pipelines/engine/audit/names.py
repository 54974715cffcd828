"""Names of classes that no list can hold, or that differ from another by case, spaces or form
alone."""

import collections
import re
import unicodedata
from collections.abc import Iterator

from pipelines.engine.audit.facts import Facts, features, listed, over
from pipelines.formats.examples import Problem

UNLISTED = re.compile(r"[\n\r\ud800-\udfff]")  # labels.txt has a name a line, in UTF-8
UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u2060-\u2064\ufeff\ufffd]")
BETWEEN = re.compile(r"[\s_-]+")
LISTED = 5  # names in a message


def strange(feature: str, facts: Facts) -> Iterator[Problem]:
    """Names with characters that no line of a file can hold, or that no one sees."""
    for name in facts.data.labels[feature]:
        if UNLISTED.search(name):
            message = (
                f"the class {name!a} has a line break or half of a surrogate pair in its name,"
                " which no list of labels can hold. Rename it."
            )
            yield Problem("error", "strange-name", feature, message)
        elif UNSEEN.search(name):
            message = f"the class {name!a} has a character in its name that no one sees. Rename it."
            yield Problem("warning", "strange-name", feature, message)


def alike(feature: str, facts: Facts) -> Iterator[Problem]:
    """Names that may be of one class. Letters by themselves are classes of their own."""
    groups = collections.defaultdict(list)
    for name in facts.data.labels[feature]:
        if len(name) > 1:
            plain = unicodedata.normalize("NFKC", name).casefold()
            groups[BETWEEN.sub("", plain)].append(name)
    for names in groups.values():
        if len(names) > 1:
            message = (
                f"the classes {listed(list(map(repr, names)), LISTED)} differ by case, spaces or"
                " form of letters alone. If they are one class, give it one name."
            )
            yield Problem("warning", "alike-names", feature, message)


CHECKS = (over(features, strange), over(features, alike))
