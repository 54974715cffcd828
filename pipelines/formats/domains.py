"""Two domains of pictures: source/CLASS/*.jpg, and target/*.jpg or target/CLASS/*.jpg; SPLIT/ may stand in between."""

from pathlib import Path

from pipelines.errors import PipelineError, nearest
from pipelines.formats import image_folder, pictures
from pipelines.formats.examples import SPLITS, UNLABELLED, Data, Examples, Problem, cut_splits

DOMAINS = ("source", "target")


def detect(path):
    """Whether `path` has the folders source, with class folders, and target, with pictures."""
    source, target = (path / name for name in DOMAINS)
    if not (source.is_dir() and target.is_dir() and image_folder.detect(source)):
        return False
    return image_folder.detect(target) or pictures.detect(target)


def read(path):
    """Pictures with their `domain`, 0 for source and 1 for target, and the source's classes as
    `label`: Path -> Data.

    A target picture in no class folder has the label UNLABELLED. Raises PipelineError where the
    source has no class folder with a usable picture, or the target no usable picture.
    """
    root, problems = Path(path).resolve(), []
    for name in DOMAINS:
        if not (root / name).is_dir():
            raise PipelineError(
                f"{path} has no folder {name}. Put pictures into source/CLASS/ and target/."
            )
    source = image_folder.listed(root, root / "source", problems)
    labels = sorted({label for pairs in source.values() for _, label in pairs})
    if not labels:
        raise PipelineError(
            f"no class folder with a usable picture in {path}/source. Sort the pictures as"
            " CLASS/*.jpg."
        )
    target = image_folder.listed(root, root / "target", problems, loose=True)
    target = {split: _known(pairs, labels, problems) for split, pairs in target.items()}
    if not any(target.values()):
        raise PipelineError(
            f"no usable picture in {path}/target. Put pictures into it; they need no labels."
        )
    cut = [
        cut_splits(
            {split: _examples(root, pairs, labels, domain) for split, pairs in found.items()},
            _without_domain,
        )
        for domain, found in enumerate((source, target))
    ]
    splits = {split: _joined([part[split] for part in cut if split in part]) for split in SPLITS}
    return Data(str(root), "domains", splits, {"label": labels, "domain": list(DOMAINS)}, problems)


def _known(pairs, labels, problems):
    """Those whose class the source has too, and those without one."""
    strange = {}
    for name, label in pairs:
        if label not in (None, *labels):
            strange.setdefault(label, []).append(name)
    for label, names in strange.items():
        message = (
            f"the source has no class {label!r}, {len(names):,} pictures here."
            f" {nearest(label, labels)}"
        )
        problems.append(Problem("error", "unknown-class", names[0], message, names[0]))
    return [(name, label) for name, label in pairs if label in (None, *labels)]


def _examples(root, pairs, labels, domain):
    names, ids = (
        sorted(name for name, _ in pairs),
        {None: UNLABELLED, **{label: i for i, label in enumerate(labels)}},
    )
    own = dict(pairs)
    columns = {
        "image": [str(root / name) for name in names],
        "label": [ids[own[name]] for name in names],
        "domain": [domain] * len(names),
    }
    return Examples(names, columns, list(names), pictures=("image",))


def _joined(parts):
    """Several Examples as one."""
    names = [name for part in parts for name in part.names]
    columns = {
        c: [v for part in parts for v in part.columns[c]] for c in ("image", "label", "domain")
    }
    return Examples(names, columns, list(names), pictures=("image",))


def _without_domain(name):
    """What the splits are cut by: pictures of equal name in both domains, maybe of one thing, stay together."""
    return name.partition("/")[2]
