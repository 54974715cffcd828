"""One folder of texts per class: CLASS/*.txt, or SPLIT/CLASS/*.txt with splits named train,
validation, test."""

import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path

from pipelines.formats import _labelled_text as labelled_text
from pipelines.formats import _text_documents as documents
from pipelines.formats._class_folders import Layout, Pairs
from pipelines.formats._picture_files import is_picture
from pipelines.formats.examples import Data, Problem

LAYOUT = Layout(documents.TEXT, ".txt", documents.is_text)
LOOK = 500  # files by which a folder of texts is told from one of pictures with a few notes


def detect(path: Path) -> bool:
    """Whether `path` has texts below class folders, not fewer than pictures."""
    return LAYOUT.detect(path) and not _is_of_pictures(path)


def _is_of_pictures(path: Path) -> bool:
    """Whether more of the first files below a folder are pictures than are texts."""
    files = filter(Path.is_file, path.rglob("*"))
    first = list(itertools.islice(files, LOOK))
    pictures = list(filter(is_picture, first))
    texts = list(filter(documents.is_text, first))
    return len(pictures) > len(texts)


def read(path: str | Path) -> Data:
    """Each file as one `text` with its folder as `label`; HTML without its markup.

    A file is a text by what it holds, whatever its suffix but for those of other formats and some
    of code. One that is not UTF-8 becomes a Problem, as does a folder of such files alone.
    Raises PipelineError if there is no class folder with a text, or if folders of splits and of
    classes lie side by side.
    """
    root, found, walked = LAYOUT.read(path)
    problems = [_lost(root, problem) or problem for problem in walked]
    pages: list[str] = []
    rows = list(_rows(root, found, problems, pages))
    if pages:
        problems.append(_read_as_pages(pages))
    return labelled_text.data(root, "text_folder", rows, problems)


def _rows(
    root: Path, found: dict[str, Pairs], problems: list[Problem], pages: list[str]
) -> Iterator[labelled_text.Row]:
    """Yields the texts that are UTF-8; the names of those in HTML go to `pages`."""
    for split, pairs in found.items():
        for name, label in pairs:
            text = labelled_text.decoded((root / name).read_bytes(), name, problems)
            if text is None:
                continue
            if documents.is_html(name, text):
                pages.append(name)
                text = documents.without_markup(text)
            yield labelled_text.Row(split, name, name, text.strip(), label)


def _lost(root: Path, problem: Problem) -> Problem | None:
    """An error in place of the warning that a class is empty, if its files are all code or the
    like: beside other classes they may be the texts."""
    suffix = documents.only_suffix(root / problem.where) if problem.kind == "empty-class" else ""
    if not suffix:
        return None
    message = (
        f"all files in this folder are {suffix}, which are not read as texts, so no such class would"
        " be learned. Call them .txt if it is a class, or move the folder away."
    )
    return dataclasses.replace(problem, severity="error", message=message)


def _read_as_pages(pages: list[str]) -> Problem:
    files = "1 file is" if len(pages) == 1 else f"{len(pages):,} files are"
    message = (
        f"{files} HTML and read without markup, scripts and head. Predict from text without markup"
        " as well."
    )
    return Problem("note", "html", pages[0], message)
