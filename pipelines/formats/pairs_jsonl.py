"""JSON lines of pairs of texts: {"source": "...", "target": "..."} a line, or {"en": ..., "de": ...},
alone or in "translation"."""

from pathlib import Path
from typing import Any

from pipelines.formats import _text_files as text_files
from pipelines.formats import _text_pairs, text_jsonl
from pipelines.formats.examples import SPLITS, Data, Problem

INNER = "translation"  # in which Hugging Face's data sets have the sides
SHAPE = '{"source": "it rains", "target": "es regnet"}'


def detect(path: Path) -> bool:
    """Whether `path` is a file of JSON lines with a pair of texts each, or a folder with one."""
    files = [path] if path.is_file() else path.iterdir()
    return any(map(fits, files))


def fits(file: Path) -> bool:
    """Whether the first line that is JSON has both sides."""
    if file.suffix.lower() not in text_jsonl.SUFFIXES or file.name.startswith("."):
        return False
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        start = stream.read(text_jsonl.LOOK).decode("utf-8", "replace")
    return bool(_parsed(next(text_jsonl.objects(start.splitlines()), None)))


def read(path: Path) -> Data:
    """Pairs with `source` and `target`, or with a column for each language.

    A line that cannot be used becomes a Problem. Raises PipelineError if a file as a whole
    cannot be read.
    """
    found, problems = text_files.files(path, fits)
    rows: list[_text_pairs.Row] = []
    for split in SPLITS:
        for file, i, line in text_files.filled(found, split, problems):
            where = f"{file.name}:{i}"
            try:
                texts = _pair(line, tuple(rows[0].texts) if rows else ())
                rows.append(_text_pairs.Row(split, file.name, where, texts))
            except ValueError as error:
                message = f"{error}. Correct the line or delete it."
                problems.append(Problem("error", "row", where, message, where))
    return _text_pairs.data(path.resolve(), "pairs_jsonl", rows, problems)


def _pair(line: str, names: tuple[str, ...]) -> dict[str, str]:
    """Both sides. names: those of the lines before. Raises ValueError with a reason."""
    texts = _parsed(text_files.json_of(line))
    if not texts or (names and not texts.keys() >= set(names)):
        wanted = " and ".join(names) or f"a pair of texts, such as {SHAPE}"
        raise ValueError(f"the line needs {wanted}")
    return {name: texts[name].strip() for name in names or texts}


def _parsed(value: Any) -> dict[str, str]:
    """{side: text} of a line's value, or {}."""
    if not isinstance(value, dict):
        return {}
    inner = value.get(INNER)
    value = inner if isinstance(inner, dict) else value
    texts = {name: text for name, text in value.items() if isinstance(text, str)}
    if all(side in texts for side in _text_pairs.SIDES):
        return {side: texts[side] for side in _text_pairs.SIDES}
    found = {name: text for name, text in texts.items() if _text_pairs.is_language(name)}
    return found if len(found) >= 2 else {}
