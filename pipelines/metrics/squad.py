"""How SQuAD compares answers: normalised text, exact match and F1 over words.

Rajpurkar et al. 2016, arXiv:1606.05250, section 6.1; questions without an answer: Rajpurkar et al.
2018, arXiv:1806.03822, section 5.
"""

import collections
import re
import string
from collections.abc import Sequence

ARTICLES = re.compile(r"\b(?:a|an|the)\b")
PUNCTUATION = dict.fromkeys(map(ord, string.punctuation))


def normal(text: str) -> str:
    """Lower case without ASCII punctuation, then without articles, one space between words."""
    bare = text.lower().translate(PUNCTUATION)
    return " ".join(ARTICLES.sub(" ", bare).split())


def scores(given: str, answers: Sequence[str]) -> tuple[float, float]:
    """(exact match, F1) of an answer, the best over those that are right.

    Without a right answer "" is. F1 is 0 or 1 if either side has no word, as in SQuAD 2.0.
    """
    right = list(filter(normal, answers)) or [""]
    exact = max(normal(given) == normal(answer) for answer in right)
    return float(exact), max(_f1(given, answer) for answer in right)


def _f1(given: str, answer: str) -> float:
    ours, theirs = normal(given).split(), normal(answer).split()
    if not ours or not theirs:
        return float(ours == theirs)
    common = sum((collections.Counter(ours) & collections.Counter(theirs)).values())
    return 2 * common / (len(ours) + len(theirs))
