"""Pictures at two resolutions under equal names: LR/ and HR/, or SPLIT/LR and SPLIT/HR (1x4.png goes with 1.png)."""

import re
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.formats import pictures
from pipelines.formats.examples import SPLIT_NAMES, Data, Examples, Problem, cut_splits


def detect(path):
    """Whether `path`, or a folder of a split in it, has the folders LR and HR."""
    return path.is_dir() and bool(_folders(path))


def read(path):
    """Pictures as `image`, their low resolution as `low`: Path -> Data. One without the other is an
    error or warning.

    Raises PipelineError where nothing pairs up.
    """
    root = Path(path).resolve()
    if not root.is_dir():
        raise PipelineError(f"{path} is not a folder. Pass the folder that holds LR/ and HR/.")
    problems, splits = [], {}
    for split, low, high in _folders(root):
        lows = {
            re.sub(r"x[2348]$", "", Path(n).stem): n for n in pictures.listed(root, low, problems)
        }
        rows = []
        for name in pictures.listed(root, high, problems):
            stem = Path(name).stem
            if stem in lows:
                rows.append((name, lows.pop(stem)))
            else:
                message = (
                    f"it has no picture of that name in {low.name}. Add it, or remove this one."
                )
                problems.append(Problem("error", "unpaired", name, message, name))
        problems += [
            Problem(
                "warning",
                "unpaired",
                n,
                f"passed over: there is no picture of that name in {high.name}.",
            )
            for n in lows.values()
        ]
        columns = {
            "image": [str(root / a) for a, _ in rows],
            "low": [str(root / b) for _, b in rows],
        }
        names = [a for a, _ in rows]
        splits[split] = Examples(names, columns, list(names), pictures=("image", "low"))
    if not any(len(examples) for examples in splits.values()):
        raise PipelineError(
            f"no picture in {path} is in both LR/ and HR/. Give both the same names."
        )
    return Data(str(root), "pairs", cut_splits(splits), {}, problems)


def _folders(root):
    """[(split, LR, HR)]"""
    found = []
    for folder in [
        root,
        *sorted(e for e in root.iterdir() if e.is_dir() and e.name.lower() in SPLIT_NAMES),
    ]:
        inner = {e.name.lower(): e for e in folder.iterdir() if e.is_dir()}
        if {"lr", "hr"} <= set(inner):
            found.append(
                (
                    "train" if folder == root else SPLIT_NAMES[folder.name.lower()],
                    inner["lr"],
                    inner["hr"],
                )
            )
    return found
