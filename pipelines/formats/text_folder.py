"""One folder of texts per class: CLASS/*.txt, or SPLIT/CLASS/*.txt with splits named train, validation, test."""

from collections.abc import Iterator
from pathlib import Path

from pipelines.formats import _labelled_text as labelled_text
from pipelines.formats._class_folders import Layout, Pairs
from pipelines.formats.examples import Data, Problem


def _is_text(file: Path) -> bool:
    return file.suffix.lower() == ".txt"


LAYOUT = Layout("text", ".txt", _is_text)
detect = LAYOUT.detect


def read(path: str | Path) -> Data:
    """Each file as one `text` with its folder as `label`.

    A file that is not UTF-8 becomes a Problem. Raises PipelineError if there is no class folder
    with a text, or if folders of splits and of classes lie side by side.
    """
    root, found, problems = LAYOUT.read(path)
    rows = list(_rows(root, found, problems))
    return labelled_text.data(root, "text_folder", rows, problems)


def _rows(
    root: Path, found: dict[str, Pairs], problems: list[Problem]
) -> Iterator[labelled_text.Row]:
    """Yields the texts that are UTF-8."""
    for split, pairs in found.items():
        for name, label in pairs:
            text = labelled_text.decoded((root / name).read_bytes(), name, problems)
            if text is not None:
                yield labelled_text.Row(split, name, name, text.strip(), label)
