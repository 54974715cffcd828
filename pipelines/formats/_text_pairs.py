"""What the readers of pairs of texts share: rows of the same text in several languages."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pipelines.errors import PipelineError
from pipelines.formats._text_files import counted, digest
from pipelines.formats.examples import (
    SPLITS,
    Data,
    Examples,
    Problem,
    cut_splits,
    errors,
    reason,
)

SIDES = ("source", "target")
EMPTY = "empty-side"  # the kind of Problem of a pair that lacks one
# ISO 639-1, by which files and columns are called after languages; a country or script may follow.
LISTED = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy"
    " da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu"
    " hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb"
    " lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om"
    " or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw"
    " ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
CODES = frozenset(LISTED.split())
CODE = re.compile(r"([a-z]{2})(?:[-_][A-Za-z]{2,4})?")


class Row(NamedTuple):
    """One text in several languages: {language: text}. where: file:line."""

    split: str
    file: str
    where: str
    texts: Mapping[str, str]


def is_language(word: str) -> bool:
    """Whether a word is a code of a language, such as de, pt_BR or zh-Hans."""
    said = CODE.fullmatch(word)
    return said is not None and said[1] in CODES


def data(source: str | Path, format: str, rows: Sequence[Row], problems: list[Problem]) -> Data:
    """Rows -> Data with a column for each language. Raises PipelineError if there is no row.

    A row that lacks one side is an error, and is left out if training skips these. Splits that are
    missing are cut by what the first side says.
    """
    if not rows:
        raise PipelineError(
            f"{source} has no pair of texts.{reason(errors(problems), ' Add some.')}"
        )
    languages = list(rows[0].texts)
    name = counted()
    names = [name(f"{row.file}/{digest(*row.texts.values())}") for row in rows]
    said = {own: digest(row.texts[languages[0]]) for own, row in zip(names, rows, strict=True)}
    for own, row in zip(names, rows, strict=True):
        lacking = [language for language, text in row.texts.items() if not text]
        if lacking:
            message = f"the side {' and '.join(lacking)} is empty. Fill it, or delete the pair."
            problems.append(Problem("error", EMPTY, row.where, message, own))
    splits = {}
    for split in SPLITS:
        places = [i for i, row in enumerate(rows) if row.split == split]
        if places:
            splits[split] = _examples([rows[i] for i in places], [names[i] for i in places])
    cut = cut_splits(splits, said.__getitem__)
    return Data(str(source), format, cut, {}, problems)


def _examples(rows: Sequence[Row], names: list[str]) -> Examples:
    columns = {own: [row.texts[own] for row in rows] for own in rows[0].texts}
    return Examples(names, columns, [row.where for row in rows])
