"""Pictures at two resolutions under equal names: LR/ and HR/, or SPLIT/LR and SPLIT/HR (1x4.png
goes with 1.png)."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.formats import _left_out, _resolution_folders, pictures
from pipelines.formats._folders import folders, root_of, split_folders
from pipelines.formats.examples import Data, Examples, Problem, cut_splits

SCALE = re.compile(r"x[2348]$")  # what the stem of a smaller picture may end in


def detect(path: Path) -> bool:
    """Whether `path`, or a folder of a split in it, has the folders LR and HR, or NAME_LR and
    NAME_HR."""
    return path.is_dir() and any(_pairs_of_folders(path))


def read(path: str | Path) -> Data:
    """Pictures as `image`, their low resolution as `low`.

    One without the other is an error or a warning. Raises PipelineError if nothing pairs up.
    """
    root = root_of(path, "LR/ and HR/")
    problems: list[Problem] = []
    found: dict[str, list[tuple[str, str]]] = {}
    for split, low, high in _pairs_of_folders(root):
        found.setdefault(split, []).extend(_paired(root, low, high, problems))
    if not any(found.values()):
        raise PipelineError(
            f"no picture in {path} is in both LR/ and HR/. Give both the same names."
        )
    used = [root / name for rows in found.values() for row in rows for name in row]
    problems += _left_out.pictures(root, used, problems)
    splits = {split: _examples(root, rows) for split, rows in found.items()}
    return Data(str(root), "pairs", cut_splits(splits), {}, problems)


def _paired(root: Path, low: Path, high: Path, problems: list[Problem]) -> list[tuple[str, str]]:
    """[(name of a picture, name of its low resolution)]; what is alone goes to `problems`."""
    lows = _by_stem(pictures.listed(root, low, problems), problems, SCALE)
    highs = _by_stem(pictures.listed(root, high, problems), problems)
    rows = []
    for stem, name in highs.items():
        smaller = lows.pop(stem, None)
        if smaller:
            rows.append((name, smaller))
        else:
            message = f"it has no picture of that name in {low.name}. Add it, or remove this one."
            problems.append(Problem("error", "unpaired", name, message, name))
    message = f"passed over: there is no picture of that name in {high.name}."
    problems += [Problem("warning", "unpaired", name, message) for name in lows.values()]
    return rows


def _by_stem(
    names: Iterable[str], problems: list[Problem], end: re.Pattern | None = None
) -> dict[str, str]:
    """{stem without `end`: the first name of that stem}; others go to `problems`."""
    found: dict[str, str] = {}
    for name in names:
        stem = Path(name).stem
        first = found.setdefault(end.sub("", stem) if end else stem, name)
        if first != name:
            message = (
                f"{first} has this name too but for its end, and is taken. Rename or delete one."
            )
            problems.append(Problem("warning", "same-name", name, message))
    return found


def _examples(root: Path, rows: list[tuple[str, str]]) -> Examples:
    names = [name for name, _ in rows]
    columns = {
        "image": [str(root / name) for name in names],
        "low": [str(root / smaller) for _, smaller in rows],
    }
    return Examples(names, columns, list(names), pictures=("image", "low"))


def _pairs_of_folders(root: Path) -> Iterator[tuple[str, Path, Path]]:
    """Yields (split, LR, HR)."""
    for split, folder in (("train", root), *split_folders(root)):
        yield from _resolution_folders.pairs(folders(folder), split)
