"""What the readers of texts with a class each share: rows become examples, named by what they say."""

import hashlib

from pipelines.errors import PipelineError
from pipelines.formats.examples import SPLITS, Data, Examples, Problem, cut_splits


def decoded(content, name, problems):
    """Bytes of a file -> its text; where it is not UTF-8, None and a Problem."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        message = f"line {line} is not UTF-8, and the text is left out. Save the file as UTF-8."
        problems.append(Problem("error", "encoding", name, message, name))
        return None


def data(source, format, rows, problems):
    """Rows (split, file, where, text, label) -> Data with `text` and `label`. Raises PipelineError
    where there is none.

    An example is called by its file, and by what it says where the file holds several, so that a
    new one renames no
    other. Splits are cut by what they say: the same text is never in two of them.
    """
    if not rows:
        first = next(
            (f" {p.where}: {p.message}" for p in problems if p.severity == "error"), " Add some."
        )
        raise PipelineError(f"{source} has no usable text.{first}")
    labels = sorted({label for *_, label in rows})
    ids = {label: i for i, label in enumerate(labels)}
    digests, counts, found = {}, {}, {split: [] for split in SPLITS}
    for split, file, where, text, label in rows:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        name = file if file == where else f"{file}/{digest}"
        counts[name] = counts.get(name, 0) + 1
        name = name if counts[name] == 1 else f"{name}-{counts[name]}"
        digests[name] = digest
        found[split].append((name, where, text, ids[label]))
    splits = {}
    for split, own in found.items():
        if own:
            names, places, texts, classes = map(list, zip(*own, strict=True))
            splits[split] = Examples(names, {"text": texts, "label": classes}, places)
    return Data(str(source), format, cut_splits(splits, digests.get), {"label": labels}, problems)
