"""Files changed at random: whatever reads them must end well or raise PipelineError."""

import json
import random
import shutil
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import pipelines
from damaging import clean
from pipelines.engine.training import checkpoint
from pipelines.errors import PipelineError

ODD = (None, True, -1, 10**400, 1e308, float("nan"), "", "\0", "../../x", [], {}, [[[]]], "\ud800")
TEXTS = (".json", ".yaml", ".csv", ".txt", ".tsv", ".jsonl", ".xml", ".conll", ".md")
LISTED = 8  # lines of an error besides the first: the formats that are nearest
SLOW = 20.0  # seconds after which a reader is said to hang


def mutated(content: bytes, chance: random.Random, suffix: str) -> bytes:
    """`content` with one change, of bytes, or of a value if it is JSON."""
    if suffix == ".json" and chance.random() < 0.5:
        return _other_value(content, chance)
    ways: tuple[Callable[[bytes, random.Random], bytes], ...]
    ways = (_cut, _flipped, _zeroed, _doubled, _without, _noise, _noisy)
    return chance.choice(ways)(content, chance)


def _cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def _flipped(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(min(len(changed), chance.choice((1, 3, 20)))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _span(content: bytes, chance: random.Random) -> tuple[int, int]:
    start = chance.randrange(len(content) + 1)
    return start, min(len(content), start + chance.choice((1, 8, 100, 5000)))


def _zeroed(content: bytes, chance: random.Random) -> bytes:
    start, end = _span(content, chance)
    return content[:start] + bytes(end - start) + content[end:]


def _doubled(content: bytes, chance: random.Random) -> bytes:
    start, end = _span(content, chance)
    return content[:end] + content[start:]


def _without(content: bytes, chance: random.Random) -> bytes:
    start, end = _span(content, chance)
    return content[:start] + content[end:]


def _noise(content: bytes, chance: random.Random) -> bytes:
    return chance.randbytes(chance.choice((0, 1, 100, 3000)))


def _noisy(content: bytes, chance: random.Random) -> bytes:
    start, _ = _span(content, chance)
    return content[:start] + chance.randbytes(chance.choice((1, 4, 50))) + content[start:]


def _other_value(content: bytes, chance: random.Random) -> bytes:
    """JSON in which one value, somewhere, is another, or is missing."""
    value = json.loads(content)
    places = list(_places(value))
    if not places:
        return b"[]"
    holder, key = chance.choice(places)
    if chance.random() < 0.3:
        del holder[key]
    else:
        holder[key] = chance.choice(ODD)
    return json.dumps(value).encode()


def _places(value: object) -> Iterator[tuple]:
    """(holder, key) of every value within one."""
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in keys:
        yield value, key
        yield from _places(value[key])


def readers(folder: Path) -> list[tuple[Path, Callable[[Path], object]]]:
    """[(file of a run or bundle in `folder`, what reads it, given the folder)]."""
    run, bundle = folder / "run", folder / "bundle"
    found: list[tuple[Path, Callable]] = [
        (run / name, lambda place: pipelines.load(place / "run").report())
        for name in ("run.json", "config.yaml", "audit.json", "environment.json", "history.csv")
    ]
    found += [(run / "evaluations/test/result.json", found[0][1])]
    found += [(run / "evaluations/test/00.png", found[0][1])]
    found += [(run / "model.keras", lambda place: pipelines.load(place / "run").model)]
    for file in sorted((run / "checkpoints").glob("step*.npz"))[-1:]:
        name = file.relative_to(folder)
        found.append((file, lambda place, name=name: checkpoint.load(place / name)))
    found += [(bundle / name, _bundle) for name in ("manifest.json", "config.yaml", "labels.txt")]
    found += [(bundle / "golden.npz", _bundle)]
    return found


def _bundle(place: Path) -> None:
    opened = pipelines.load(place / "bundle")
    opened.broken()
    opened.golden()
    assert opened.config
    opened.report()


def made(folder: Path) -> None:
    """A small run with an evaluation, and its bundle."""
    layout = clean.LAYOUTS["image_folder"]
    layout.write(clean.rows(0), folder / "data")
    data = str(folder / "data")
    run = pipelines.train(layout.task, data, folder / "run", **layout.settings)
    run.evaluate()
    run.export(folder / "bundle", ["float32"], max_drop=1.0)


def records(folder: Path, count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yields (file, what went wrong, or "") of `count` changed files of a run and a bundle."""
    known = readers(folder)
    for number in range(count):
        file, read = known[number % len(known)]
        chance = random.Random(f"{seed} {file.name} {number}")
        kept = file.read_bytes()
        file.write_bytes(mutated(kept, chance, file.suffix))
        before = {p: p.read_bytes() for p in (folder / "bundle").glob("manifest.json") if p != file}
        yield f"{file.relative_to(folder)} {number}", ended(lambda read=read: read(folder))
        file.write_bytes(kept)
        for path, content in before.items():
            path.write_bytes(content)


def data_sets(folder: Path, count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yields the same of changed files of clean data sets, one after the other."""
    layouts = list(clean.LAYOUTS.values())
    for number in range(count):
        layout = layouts[number % len(layouts)]
        place = folder / "sets" / layout.name
        if not place.exists():
            layout.write(_few(clean.rows(0)), place)
        chance = random.Random(f"{seed} {layout.name} {number}")
        files = sorted(p for p in place.rglob("*") if p.is_file())
        texts = [p for p in files if p.suffix in TEXTS]
        file = chance.choice(texts if texts and chance.random() < 0.7 else files)
        kept = file.read_bytes()
        file.write_bytes(mutated(kept, chance, file.suffix))

        def read(layout=layout, place=place):
            return pipelines.audit(place, layout.format, layout.task, **layout.settings)

        yield f"{layout.name} {file.relative_to(place)} {number}", ended(read)
        file.write_bytes(kept)


def _few(rows: list) -> list:
    """Every third example of a split: a set that is read in no time."""
    return [row for split in clean.SPLITS for row in _of(rows, split)[:6]]


def _of(rows: list, split: str) -> list:
    return [row for row in rows if row.split == split]


def ended(read: Callable[[], object]) -> str:
    """What is wrong with how a reader ended, or ""."""
    began = time.perf_counter()
    try:
        with np.errstate(all="ignore"):
            read()
    except PipelineError as error:
        if str(error).count("\n") > LISTED:
            return f"too many lines: {str(error)!r}"
    except Exception:
        return traceback.format_exc(limit=-3)
    seconds = time.perf_counter() - began
    return f"took {seconds:.0f} s" if seconds > SLOW else ""


def run(folder: Path, count: int, seed: int) -> list[tuple[str, str]]:
    """What went wrong with `count` changed files, half of them data."""
    if not (folder / "bundle").exists():
        made(folder)
    wrong = []
    for found in (records, data_sets):
        for number, (name, why) in enumerate(found(folder, count // 2, seed), 1):
            if why:
                wrong.append((name, why))
                print(f"{name}: {why}", flush=True)
            if number % 500 == 0:
                print(f"{found.__name__}: {number} files, {len(wrong)} wrong", flush=True)
    shutil.rmtree(folder / "sets", ignore_errors=True)
    return wrong
