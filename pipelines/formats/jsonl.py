"""JSON lines: {"tokens": [...], "tags": [...]} or {"text": "...", "spans": [{"start", "end", "label"}]} a line."""

import json

from pipelines.edge import words
from pipelines.errors import PipelineError
from pipelines.formats import _text_files as text_files
from pipelines.formats import text_jsonl
from pipelines.formats.examples import SPLITS, Data, Problem, cut_splits
from pipelines.ops import schemes

SUFFIXES = (".jsonl", ".ndjson")
TAGS = ("tags", "ner", "ner_tags", "upos", "pos", "pos_tags")
SPANS = ("spans", "entities", "label", "labels")  # as Prodigy, spaCy and Doccano have them


def detect(path):
    """Whether `path` is a file of JSON lines, or a folder with one."""
    files = [path] if path.is_file() else path.iterdir()
    return any(_fits(file) for file in files)


def read(path):
    """Sentences with `tokens` and `ner`, or `pos` where the tags mark no spans: Path -> Data.

    Spans are {"start", "end", "label"} or [start, end, label], in characters of the text, end
    exclusive. Text is split as on the device; a word that a span cuts is wholly in it, which is a
    Problem. So is a line that cannot be used. Raises PipelineError where a file as a whole cannot
    be read.
    """
    found, problems = text_files.files(path, _fits)
    rows = {split: [] for split in SPLITS}
    for split in SPLITS:
        for file in found.get(split, ()):
            for i, line in text_files.lines(file, problems):
                if line and line.strip():
                    where = f"{file.name}:{i}"
                    try:
                        tokens, tags = _parsed(line, where, problems)
                        rows[split].append((file, i, {"tokens": tokens, "tags": tags}))
                    except ValueError as error:
                        message = f"{error}. Correct the line or delete it."
                        problems.append(Problem("error", "row", where, message, where))
    if not any(rows.values()):
        first = next((f" {p.where}: {p.message}" for p in problems if p.severity == "error"), "")
        raise PipelineError(f"{path} has no usable sentence.{first}")
    every = [row for own in rows.values() for *_, row in own]
    name = "pos" if schemes.scheme(row["tags"] for row in every) == "plain" else "ner"
    labels = sorted(
        {tag for row in every for tag in row["tags"]}, key=lambda tag: (tag != "O", tag)
    )
    ids = {label: i for i, label in enumerate(labels)}
    for row in every:
        row[name] = [ids[tag] for tag in row.pop("tags")]
    splits = {
        split: text_files.examples(own, ["tokens", name]) for split, own in rows.items() if own
    }
    return Data(
        str(path.resolve()), "jsonl", cut_splits(splits, text_files.same), {name: labels}, problems
    )


def _fits(file):
    return (
        file.suffix.lower() in SUFFIXES
        and not file.name.startswith(".")
        and not text_jsonl.fits(file)
    )


def _parsed(line, where, problems):
    """One line -> (words, tags). Raises ValueError with a reason."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"this line is no JSON ({error})") from error
    if not isinstance(value, dict):
        raise ValueError("this line is no JSON object")
    # Prodigy writes its tokens beside text and spans, without tags.
    if "tokens" in value and (
        any(name in value for name in TAGS) or not isinstance(value.get("text"), str)
    ):
        return _tagged(value)
    if isinstance(value.get("text"), str):
        name = next((name for name in SPANS if name in value), None)
        if name is None:
            raise ValueError(f"there are no spans; looked for {', '.join(SPANS)}")
        spans = [_span(item, value["text"]) for item in _list(value[name], name)]
        return _aligned(value["text"], spans, where, problems)
    raise ValueError('there is neither "tokens" nor "text"')


def _tagged(value):
    tokens = _list(value["tokens"], "tokens")
    name = next((name for name in TAGS if name in value), None)
    if name is None:
        raise ValueError(f"there are no tags; looked for {', '.join(TAGS)}")
    tags = _list(value[name], name)
    for item in (*tokens, *tags):
        if not isinstance(item, str):
            raise ValueError(f"{item!r} is no text: words and tags are needed, not their numbers")
    if len(tags) != len(tokens):
        raise ValueError(f"there are {len(tokens)} tokens and {len(tags)} {name}")
    return tokens, tags


def _span(item, text):
    """One span -> (start, end, label)."""
    parts = [item.get(k) for k in ("start", "end", "label")] if isinstance(item, dict) else item
    if not isinstance(parts, list) or len(parts) != 3:
        raise ValueError(f"{item!r} is no span: start, end and label are needed")
    start, end, label = parts
    if not all(
        isinstance(n, int) and not isinstance(n, bool) for n in (start, end)
    ) or not isinstance(label, str):
        raise ValueError(f"{item!r} is no span: start and end are whole numbers, label is text")
    if not label or not 0 <= start < end <= len(text):
        raise ValueError(
            f"the span {start} to {end} of {label!r} is not within the text of {len(text)}"
            " characters"
        )
    return start, end, label


def _aligned(text, spans, where, problems):
    """Text and its spans -> (words, BIO tags)."""
    spans = sorted(spans)
    for before, after in zip(spans, spans[1:], strict=False):
        if after[0] < before[1]:
            raise ValueError(
                f"the spans {before[0]} to {before[1]} and {after[0]} to {after[1]} overlap"
            )
    found = words.tokens(text)
    tags, taken = ["O"] * len(found), 0
    for start, end, label in spans:
        inside = [i for i, (_, a, b) in enumerate(found) if a < end and start < b and i >= taken]
        if not inside:
            raise ValueError(f"the span {start} to {end} of {label!r} has no word of its own")
        taken = inside[-1] + 1
        tags[inside[0]], tags[inside[0] + 1 : taken] = (
            f"B-{label}",
            [f"I-{label}"] * (len(inside) - 1),
        )
        if (found[inside[0]][1], found[inside[-1]][2]) != (start, end):
            whole = text[found[inside[0]][1] : found[inside[-1]][2]]
            message = (
                f"the span {text[start:end]!r} of {label} cuts a word; it is read as {whole!r}."
            )
            problems.append(Problem("warning", "cut-word", where, message))
    return [word for word, _, _ in found], tags


def _list(value, name):
    if not isinstance(value, list):
        raise ValueError(f'"{name}" is no list')
    return value
