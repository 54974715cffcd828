"""A COCO JSON file, read and checked as far as boxes and masks have it in common."""

import json

from pipelines.errors import PipelineError

PARTS = ("images", "annotations", "categories")


def content(file):
    """The parsed file, with its three parts as lists of dicts. Raises PipelineError naming what is wrong and where."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise PipelineError(f"{file}:{error.lineno} is not valid JSON: {error.msg}. Restore the file.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise PipelineError(f"{file} cannot be read: {error}.") from error
    for part in PARTS:
        rows = found.get(part) if isinstance(found, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise PipelineError(f"{file} has no list {part!r}. It must be COCO JSON: {', '.join(PARTS)}.")
    return found
