"""What happens to files of lines, such as tables, JSON lines and columns, and to whole splits."""

import json
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

SUFFIXES = (".csv", ".tsv", ".jsonl", ".conll", ".txt", ".yaml", ".json", ".xml")


def lists(folder: Path) -> list[Path]:
    """Files of lines, not those of one text each."""
    found = [p for p in sorted(folder.rglob("*")) if p.suffix in SUFFIXES]
    return [p for p in found if not re.fullmatch(r"p\d+\.txt", p.name) or "labels" in p.parts]


def texts(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.rglob("*")) if p.suffix in SUFFIXES]


def _lines(file: Path) -> list[str]:
    return file.read_bytes().decode("utf-8", "surrogatepass").splitlines(keepends=True)


def _write(file: Path, lines: list[str]) -> None:
    file.write_bytes("".join(lines).encode("utf-8", "surrogatepass"))


def one_line(change: Callable[[str], str]) -> Callable:
    """Changes one line that is neither the first nor empty."""

    def damage(folder: Path, chance: random.Random) -> None:
        file = chance.choice(texts(folder))
        lines = _lines(file)
        at = chance.choice([i for i, line in enumerate(lines) if line.strip() and i] or [0])
        lines[at] = change(lines[at].rstrip("\n")) + "\n"
        _write(file, lines)

    return damage


def every_line(change: Callable[[str], str]) -> Callable:
    def damage(folder: Path, chance: random.Random) -> None:
        for file in lists(folder):
            kept = [change(line.rstrip("\n")) + "\n" for line in _lines(file)]
            _write(file, kept)

    return damage


def swapped_columns(line: str) -> str:
    """The first two columns exchanged, in every line of every file."""
    if line.startswith("{"):
        row = json.loads(line)
        first, second = list(row)[:2]
        return json.dumps({first: row[second], second: row[first]})
    mark = "\t" if "\t" in line else ","
    cells = line.split(mark)
    if cells[:1] in (["path"], ["text"]) or len(cells) < 2:
        return line
    return mark.join([cells[1], cells[0], *cells[2:]])


def without_cell(line: str) -> str:
    if line.startswith("{"):
        row = json.loads(line)
        return json.dumps({name: row[name] for name in list(row)[:1]})
    return re.split(r"[\t,]", line)[0]


def further_cell(line: str) -> str:
    if line.startswith("{"):
        return line[:-1] + ', "tokens": 5, "text": 7}'
    return f"{line}\tmore" if "\t" in line else f"{line},more"


def empty_label(line: str) -> str:
    if line.startswith("{"):
        row = json.loads(line)
        return json.dumps({**row, list(row)[1]: None})
    mark = "\t" if "\t" in line else ","
    cells = line.split(mark)
    return mark.join([cells[0], "", *cells[2:]])


def other_delimiter(line: str) -> str:
    return line.replace("\t", ";") if "\t" in line else line.replace(",", ";")


def open_quote(line: str) -> str:
    return f'"{line}'


def broken_json(line: str) -> str:
    return line[:-1]


def wrong_type(line: str) -> str:
    row = json.loads(line)
    return json.dumps({name: 5 for name in row})


def deep(line: str) -> str:
    return "[" * 100_000


def long_number(line: str) -> str:
    return '{"text": ' + "9" * 5000 + ', "label": 1}'


def span_beyond(line: str) -> str:
    row = json.loads(line)
    row["spans"][0]["end"] += 500
    return json.dumps(row)


def spans_overlap(line: str) -> str:
    row = json.loads(line)
    row["spans"].append({"start": 1, "end": 9, "label": "loc"})
    return json.dumps(row)


def span_inverted(line: str) -> str:
    row = json.loads(line)
    span = row["spans"][0]
    span["start"], span["end"] = span["end"], span["start"]
    return json.dumps(row)


def span_shifted(line: str) -> str:
    """Every span one character later: offsets in bytes, or from 1."""
    row = json.loads(line)
    for span in row["spans"]:
        span["start"], span["end"] = span["start"] + 1, span["end"] + 1
    return json.dumps(row)


def without_header(folder: Path, chance: random.Random) -> None:
    for file in lists(folder):
        _write(file, _lines(file)[1:])


def latin1(folder: Path, chance: random.Random) -> None:
    file = chance.choice(texts(folder))
    file.write_bytes(file.read_bytes().replace(b"a", b"\xe4", 3))


def utf16(folder: Path, chance: random.Random) -> None:
    file = chance.choice(texts(folder))
    file.write_bytes(file.read_text(encoding="utf-8").encode("utf-16"))


def cut(folder: Path, chance: random.Random) -> None:
    """A file that ends within a line."""
    file = chance.choice(texts(folder))
    content = file.read_bytes()
    at = int(len(content) * chance.uniform(0.3, 0.9))
    while content[at - 1 : at + 1].count(b"\n"):
        at -= 1
    file.write_bytes(content[:at])


def zeros(folder: Path, chance: random.Random) -> None:
    file = chance.choice(texts(folder))
    content = file.read_bytes()
    at = int(len(content) * chance.uniform(0.3, 0.9))
    file.write_bytes(content[:at] + bytes(len(content) - at))


def noise(folder: Path, chance: random.Random) -> None:
    chance.choice(texts(folder)).write_bytes(chance.randbytes(2000))


def empty(folder: Path, chance: random.Random) -> None:
    chance.choice(texts(folder)).write_bytes(b"")


def lost_file(folder: Path, chance: random.Random) -> None:
    """The file or folder of one split is not there."""
    name = chance.choice(("validation", "test"))
    found = [p for p in sorted(folder.rglob("*")) if p.name in (name, f"{name}.jsonl")]
    found += [p for p in sorted(folder.rglob("*")) if p.stem in (name, f"instances_{name}")]
    for path in found:
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()


def strange_split(folder: Path, chance: random.Random) -> None:
    """A split under a name that says nothing."""
    name = chance.choice(("validation", "test"))
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.stem in (name, f"instances_{name}"):
            path.rename(path.with_name(path.name.replace(name, "part7")))
    for file in lists(folder):
        if file.suffix in (".csv", ".tsv"):
            _write(file, [line.replace(name, "part7") for line in _lines(file)])
