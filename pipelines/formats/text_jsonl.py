"""JSON lines of texts with a class each: {"text": "...", "label": "..."} a line."""

import json

from pipelines.formats import _labelled_text as labelled_text
from pipelines.formats import _text_files as text_files
from pipelines.formats.examples import SPLITS, Problem

SUFFIXES = (".jsonl", ".ndjson")
LOOK = 100_000  # bytes in which a line tells whether a file has this form
TEXT = ("text", "sentence")
LABEL = ("label", "class", "category")


def detect(path):
    """Whether `path` is a file of JSON lines with a text and one label each, or a folder with one."""
    files = [path] if path.is_file() else path.iterdir()
    return any(fits(file) for file in files)


def fits(file):
    """Whether the first line of a file that is JSON at all has a text and one label."""
    if file.suffix.lower() not in SUFFIXES or file.name.startswith(".") or not file.is_file():
        return False
    with file.open("rb") as stream:
        start = stream.read(LOOK)
    for line in start.decode("utf-8", "replace").splitlines():
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        return _parsed(value) is not None
    return False


def read(path):
    """Texts with `text` and `label`: Path -> Data. A label is text, a whole number, or true and
    false.

    A line that cannot be used becomes a Problem. Raises PipelineError where a file as a whole
    cannot be read.
    """
    found, problems = text_files.files(path, fits)
    rows = []
    for split in SPLITS:
        for file in found.get(split, ()):
            for i, line in text_files.lines(file, problems):
                if line and line.strip():
                    where = f"{file.name}:{i}"
                    parsed, reason = (
                        None,
                        f"there is no {TEXT[0]} that is text, or no {LABEL[0]} that is one",
                    )
                    try:
                        parsed = _parsed(json.loads(line))
                    except (ValueError, RecursionError) as error:
                        reason = f"this line is no JSON ({error})"
                    if parsed:
                        rows.append((split, file.name, where, *parsed))
                    else:
                        message = f"{reason}. Correct the line or delete it."
                        problems.append(Problem("error", "row", where, message, where))
    return labelled_text.data(path.resolve(), "text_jsonl", rows, problems)


def _parsed(value):
    """A line's value -> (text, label), or None."""
    if not isinstance(value, dict):
        return None
    text = next((value[name] for name in TEXT if isinstance(value.get(name), str)), None)
    label = next((value[name] for name in LABEL if isinstance(value.get(name), (str, int))), None)
    label = None if label is None else str(label).strip()
    return (text.strip(), label) if text is not None and label else None
