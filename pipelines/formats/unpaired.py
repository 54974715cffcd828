"""Pictures of two domains, none of which belongs to one of the other: trainA/ trainB/, and maybe testA/ testB/."""

from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.formats import pictures
from pipelines.formats.examples import SPLIT_NAMES, Data, Examples, cut_splits

DOMAINS = ("A", "B")


def detect(path):
    """Whether `path` has a folder trainA or trainB."""
    return path.is_dir() and any(split == "train" for split, _, _ in _folders(path))


def read(path):
    """Pictures as `image`, A or B as `label`: Path -> Data.

    A split without folders is cut out of trainA and trainB, but never all that one of them has.
    Raises PipelineError where trainA or trainB holds no picture.
    """
    root = Path(path).resolve()
    if not root.is_dir():
        raise PipelineError(
            f"{path} is not a folder. Pass the folder that holds trainA/ and trainB/."
        )
    problems, splits = [], {}
    for split, domain, folder in _folders(root):
        for name in pictures.listed(root, folder, problems):
            splits.setdefault(split, []).append((name, domain))
    for i, domain in enumerate(DOMAINS):
        if not any(found == i for _, found in splits.get("train", ())):
            raise PipelineError(
                f"{path} has no usable picture in train{domain}/. Put the pictures of {domain}"
                " there."
            )
    data = cut_splits({split: _examples(root, rows) for split, rows in splits.items()})
    return Data(
        str(root), "unpaired", _mended(data, splits["train"]), {"label": list(DOMAINS)}, problems
    )


def _mended(splits, rows):
    """`splits` with a domain back in train that the cut took away whole."""
    for i in range(len(DOMAINS)):
        own = {name for name, domain in rows if domain == i}
        if not own & set(splits["train"].names):
            root = splits["train"], *(e for s, e in splits.items() if s != "train")
            splits = {
                s: e.take(j for j, name in enumerate(e.names) if name not in own)
                for s, e in splits.items()
            }
            back = [e.take(j for j, name in enumerate(e.names) if name in own) for e in root]
            splits["train"] = _joined([splits["train"], *back])
    return splits


def _joined(parts):
    columns = {name: [v for part in parts for v in part.columns[name]] for name in parts[0].columns}
    return Examples(
        [n for p in parts for n in p.names],
        columns,
        [w for p in parts for w in p.where],
        pictures=("image",),
    )


def _examples(root, rows):
    names = [name for name, _ in rows]
    columns = {
        "image": [str(root / name) for name in names],
        "label": [domain for _, domain in rows],
    }
    return Examples(names, columns, list(names), pictures=("image",))


def _folders(root):
    """[(split, 0 or 1, folder)]"""
    found = []
    for folder in sorted(e for e in root.iterdir() if e.is_dir()):
        split, letter = SPLIT_NAMES.get(folder.name[:-1].lower()), folder.name[-1:].upper()
        if split and letter in DOMAINS:
            found.append((split, DOMAINS.index(letter), folder))
    return found
