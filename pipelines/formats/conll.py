"""Columns: a word and its tags a line, 2 to 14 columns by tab or space, a blank line between sentences (CoNLL)."""

import collections
import re

from pipelines.errors import PipelineError
from pipelines.formats import _text_files as text_files
from pipelines.formats.examples import SPLITS, Data, Problem, cut_splits
from pipelines.ops import schemes

SUFFIXES = (".conll", ".conllu", ".conllup", ".conll2003", ".iob", ".iob2", ".bio", ".bioes")
LOOK = 20_000  # bytes of a file that tell whether it has this form
MANY = 100  # files of a folder that are looked at: thousands of them are something else
PLAIN = (
    "",
    ".txt",
    ".tsv",
    ".train",
    ".dev",
    ".test",
    ".testa",
    ".testb",
)  # suffixes that say nothing
MOST = 14  # columns, in CoNLL-2009
DOCUMENT = "-DOCSTART-"
CONLLU = ("id", "tokens", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
NAMES = {
    "form": "tokens",
    "word": "tokens",
    "words": "tokens",
    "token": "tokens",
}  # of CoNLL-U Plus
KNOWN = {4: ("tokens", "pos", "chunks", "ner")}  # CoNLL-2003
GLOBAL = "# global.columns ="


def detect(path):
    """Whether `path` is a file of columns, or a folder with one, by suffix or by its first lines."""
    files = (
        [path]
        if path.is_file()
        else [p for p in path.iterdir() if p.is_file() and not p.name.startswith(".")]
    )
    return any(_fits(file) for file in files[:MANY])


def read(path):
    """Sentences with `tokens` and a list of text for each other column: Path -> Data.

    What is called how: CoNLL-U by its ten columns or its suffix, CoNLL-U Plus by its first line,
    CoNLL-2003 by its four; else the first column (the second, where the first one counts) is
    `tokens`, or, where that one marks spans, the one of the others with the most values; the last
    whose values mark spans is `ner`, or, where none does, the last is `pos`; others are `column_1`
    and so on. One of `ner`, `upos` and `pos` becomes ids. A line that cannot be used becomes a
    Problem, and its sentence is left out. Raises PipelineError where a file as a whole cannot be
    read.
    """
    found, problems = text_files.files(path, _fits)
    columns, rows = None, {}
    for split in SPLITS:
        for file in found.get(split, ()):
            own, sentences = _read_file(file, problems)
            if columns is not None and own != columns:
                raise PipelineError(
                    f"{file} has the columns {', '.join(own)}, files before it"
                    f" {', '.join(columns)}. Make them alike."
                )
            columns = own
            rows.setdefault(split, []).extend(sentences)
    if not any(rows.values()):
        first = next((f" {p.where}: {p.message}" for p in problems if p.severity == "error"), "")
        raise PipelineError(
            f"{path} has no usable sentence.{first or ' A line needs a word and its tag.'}"
        )
    others = [name for name in columns if name != "tokens"]
    if not others:
        raise PipelineError(f"{path} has no column of tags. A line needs a word and its tag.")
    learned = next((name for name in ("ner", "upos", "pos") if name in columns), others[-1])
    labels = list(
        dict.fromkeys(tag for every in rows.values() for *_, row in every for tag in row[learned])
    )
    labels = sorted(labels, key=lambda tag: (tag != "O", tag))
    ids = {label: i for i, label in enumerate(labels)}
    for every in rows.values():
        for *_, row in every:
            row[learned] = [ids[tag] for tag in row[learned]]
    splits = {
        split: text_files.examples(every, [*columns, "lines"])
        for split, every in rows.items()
        if every
    }
    return Data(
        str(path.resolve()),
        "conll",
        cut_splits(splits, text_files.same),
        {learned: labels},
        problems,
    )


def _fits(file):
    """Whether a file has columns: its suffix says so, or its first lines have, and one of them marks spans."""
    if file.suffix.lower() in SUFFIXES:
        return True
    if file.suffix.lower() not in PLAIN:
        return False
    try:
        with open(file, "rb") as stream:
            start = stream.read(LOOK).decode("utf-8", "replace")
    except OSError:
        return False
    lines = [
        line
        for line in start.split("\n")[:-1]
        if line.strip() and not line.startswith(("#", DOCUMENT))
    ]
    rows = [_cells(line, sum("\t" in line for line in lines) * 2 > len(lines)) for line in lines]
    width, count = max(
        collections.Counter(map(len, rows)).items(), key=lambda item: item[1], default=(0, 0)
    )
    if not 2 <= width <= MOST or count * 10 < 9 * len(
        rows
    ):  # a bad line is told of when all is read
        return False
    columns = [[cells[i] for cells in rows if len(cells) == width] for i in range(width)]
    return any(_is_scheme(values) and set(values) != {"O"} for values in columns[1:]) or _has_types(
        columns[0]
    )


def _is_scheme(values):
    """Whether values mark spans: nearly all, so that a slip of the pen is found as such."""
    return schemes.odd(values) * schemes.RARE <= len(values)


def _has_types(values):
    """Whether values mark spans with their types: words, such as I, do not."""
    return _is_scheme(values) and any("-" in value for value in values)


def _read_file(file, problems):
    """One file -> (names of its columns that are used, [(file, line, {column: list, "lines": list})])."""
    kept = list(text_files.lines(file, problems))
    header = kept[0][1] or ""
    content = [
        (i, line) for i, line in kept if line and line.strip() and not line.startswith(DOCUMENT)
    ]
    plain = [
        line for _, line in content if not line.startswith("#")
    ]  # a comment may have any shape
    has_tabs = sum("\t" in line for line in plain) * 2 > len(plain)
    widths = collections.Counter(
        len(_cells(line, has_tabs)) for _, line in content if not line.startswith("#")
    )
    width = widths.most_common(1)[0][0] if widths else 0
    if not 2 <= width <= MOST:
        found = f"{file} has {width} column{'s' * (width != 1)}"
        raise PipelineError(f"{found}; a word and its tag are needed, {MOST} columns at most.")
    names = _named(file, header, [_cells(line, has_tabs) for _, line in content], width)
    sentences, rows, start, is_good, mixed = [], [], True, True, []

    def end():
        if rows and is_good:
            row = {
                name: [cells[i] for _, cells in rows]
                for i, name in enumerate(names)
                if name not in ("id", "_")
            }
            sentences.append((file, rows[0][0], {**row, "lines": [line for line, _ in rows]}))
        rows.clear()

    for i, line in kept:
        if line is None:
            is_good = False
        elif not line.strip() or line.startswith(DOCUMENT):
            end()
            start = is_good = True
        else:
            cells = _cells(line, has_tabs)
            if line.startswith("#") and start and _is_comment(cells, names):
                continue
            start = False
            if has_tabs and "\t" not in line:
                cells = line.split()
                mixed += [i] * (len(cells) == width)
            if len(cells) != width or not all(cell.strip() for cell in cells):
                problems.append(_bad_line(file, i, cells, width))
                is_good = False
            elif not (
                names[0] == "id" and re.search(r"[-.]", cells[0])
            ):  # several words in one, or one left out
                rows.append((i, cells))
    end()
    if mixed:
        message = (
            f"{len(mixed):,} lines are parted by spaces, the others by tabs; all are read. Use"
            " tabs."
        )
        problems.append(Problem("warning", "mixed", f"{file.name}:{mixed[0]}", message))
    return [name for name in names if name not in ("id", "_")], sentences


def _is_comment(cells, names):
    """Whether a line that begins with # before a sentence is none of its words: it has another shape, or no tag."""
    if names[0] == "id" or len(cells) != len(names):
        return True
    return "ner" in names and not schemes.TAG.fullmatch(cells[names.index("ner")])


def _cells(line, has_tabs):
    return line.split("\t") if has_tabs and "\t" in line else line.split()


def _bad_line(file, i, cells, width):
    what = (
        "has an empty cell"
        if len(cells) == width
        else f"has {len(cells)} columns, the others {width}"
    )
    message = f"this line {what}, and its sentence is left out. Correct it."
    return Problem("error", "row", f"{file.name}:{i}", message, f"{file.name}:{i}")


def _named(file, header, rows, width):
    """A name for each column; `id` and `_` are not used."""
    rows = [cells for cells in rows if len(cells) == width and cells[0] != "#"]
    counts = all(re.fullmatch(r"\d+([-.]\d+)?", cells[0]) for cells in rows)
    if header.startswith(GLOBAL):
        names = [
            NAMES.get(n.lower(), n.lower().replace(":", "_"))
            for n in header.removeprefix(GLOBAL).split()
        ]
        if len(names) != width or "tokens" not in names:
            raise PipelineError(
                f"{file}:1 names {len(names)} columns with FORM among them; the lines have {width}."
            )
        return names
    if width == len(CONLLU) and (counts or file.suffix.lower() == ".conllu"):
        return list(CONLLU)
    if width in KNOWN and not counts and _is_scheme([cells[-1] for cells in rows]):
        return list(KNOWN[width])
    names = [f"column_{i + 1}" for i in range(width)]
    word = 1 if counts and width > 2 else 0
    if counts and width > 2:
        names[0] = "id"
    columns = [[cells[i] for cells in rows] for i in range(width)]
    if _has_types(columns[word]):  # tags come first, as in the MIT corpora
        others = [i for i in range(word, width) if not _is_scheme(columns[i])]
        word = max(others, key=lambda i: len(set(columns[i])), default=word)
    tags = [i for i in range(width) if i != word and names[i] != "id" and _is_scheme(columns[i])]
    names[word] = "tokens"
    names[tags[-1] if tags else width - 1] = "ner" if tags else "pos"
    return names
