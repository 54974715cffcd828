"""How far translations agree with references, by n-grams: BLEU and chrF of a whole corpus.

BLEU: Papineni et al. 2002, section 2, cased, on tokens as mteval-v13a cuts them, with the
exponential smoothing of mteval; as sacreBLEU's signature nrefs:1|case:mixed|eff:no|tok:13a|
smooth:exp (Post 2018, arXiv:1804.08771). chrF: Popovic 2015, with n-grams of up to six characters
and recall weighed twice, spaces left out.
"""

import collections
import itertools
import math
import re
from collections.abc import Iterable, Sequence

import numpy as np

WORDS, LETTERS, BETA = 4, 6, 2.0
ESCAPED = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))
CUTS = (
    (re.compile(r"([{-~[-` -&(-+:-@/])"), r" \1 "),  # marks by themselves
    (re.compile(r"([^0-9])([.,])"), r"\1 \2 "),  # unless between digits
    (re.compile(r"([.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)


def tokens(text: str) -> list[str]:
    """Words and marks, as mteval-v13a cuts them."""
    text = text.replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for said, meant in ESCAPED:
        text = text.replace(said, meant)
    text = f" {text} "
    for pattern, cut in CUTS:
        text = pattern.sub(cut, text)
    return text.split()


def bleu(made: Sequence[str], true: Sequence[str]) -> float:
    """Corpus BLEU of translations and one reference each, 0 to 100; NaN without any."""
    if not made:
        return math.nan
    found, lengths = np.zeros((2, WORDS)), np.zeros(2)  # matches and n-grams; made, true
    for ours, theirs in zip(map(tokens, made), map(tokens, true), strict=True):
        lengths += len(ours), len(theirs)
        for n in range(WORDS):
            own = _counted(ours, n + 1)
            found[0, n] += (own & _counted(theirs, n + 1)).total()
            found[1, n] += own.total()
    return _bleu(*found, *lengths)


def _bleu(matches: np.ndarray, totals: np.ndarray, made: float, true: float) -> float:
    """Of counts by order, and tokens of both sides."""
    if not matches.any() or not totals.all():
        return 0.0
    logs, halved = 0.0, 1.0
    for match, total in zip(matches, totals, strict=True):
        if not match:
            halved *= 2
        logs += math.log(match / total if match else 1 / (halved * total))
    brevity = min(0.0, 1 - true / made)
    return 100 * math.exp(logs / WORDS + brevity)


def chrf(made: Sequence[str], true: Sequence[str]) -> float:
    """Corpus chrF of translations and one reference each, 0 to 100; NaN without any."""
    if not made:
        return math.nan
    found = np.zeros((3, LETTERS))  # n-grams of the translations, of the references, of both
    for ours, theirs in zip(map(_packed, made), map(_packed, true), strict=True):
        for n in range(LETTERS):
            own, wanted = _counted(ours, n + 1), _counted(theirs, n + 1)
            found[0, n] += own.total() if wanted else 0
            found[1:, n] += wanted.total(), (own & wanted).total()
    judged = (found[:2] > 0).all(0)
    if not judged.any():
        return 0.0
    precision = (found[2] / np.maximum(found[0], 1))[judged].mean()
    recall = (found[2] / np.maximum(found[1], 1))[judged].mean()
    below = BETA**2 * precision + recall
    return float(100 * (1 + BETA**2) * precision * recall / below) if below else 0.0


def _packed(text: str) -> str:
    return "".join(text.split())


def _counted(items: Sequence[str], n: int) -> collections.Counter:
    """How often each n-gram is there."""
    return collections.Counter(_grams(items, n))


def _grams(items: Sequence[str], n: int) -> Iterable[tuple]:
    return zip(*(itertools.islice(items, i, None) for i in range(n)), strict=False)
