"""One damaged data set: what the audit says of it, and whether what it lets pass can be trained
on."""

import random
import tempfile
import traceback
import zlib
from pathlib import Path

import pipelines
from damaging import clean
from pipelines.engine.training import setup
from pipelines.errors import PipelineError

_SEEN: dict = {}
_NETS: dict = {}
MOST = 40  # nets that are kept
STEPS = ("classification/scratch", "unet", "yolo", "bilstm_crf", "srcnn")


def case(kind, layout, seed, folder, fast=False):
    """(outcome, what was said) of one damaged data set, which is left in `folder`."""
    chance = random.Random(zlib.crc32(f"{kind.name} {layout.name} {seed}".encode()))
    examples = clean.rows(seed % 3)
    if kind.on_rows:
        kind.on_rows(examples, chance)
    layout.write(examples, folder)
    if kind.on_files:
        kind.on_files(folder, chance)
    outcome, said = judged(layout, folder, seed % 3)
    if outcome in ("error", "traceback") or fast:
        return outcome, said
    try:
        step(layout, folder)
    except PipelineError as error:
        return "error", str(error)
    except Exception:
        return "crash", traceback.format_exc(limit=-1)
    return outcome, said


def judged(layout, folder, seed):
    """(outcome, what was said) of the audit, compared with the clean set of the same seed."""
    try:
        result = audit(layout, folder)
    except PipelineError as error:
        return "error", str(error)
    except Exception:
        return "traceback", traceback.format_exc(limit=-2)
    before = _usual(layout, seed)
    found = [p for p in result.problems if (p.severity, p.kind) not in before]
    for severity, outcome in (("error", "error"), ("warning", "warned"), ("note", "noted")):
        told = [p.message for p in found if p.severity == severity]
        if told:
            return outcome, told[0]
    return "silent", ""


def audit(layout, folder):
    return pipelines.audit(folder, layout.format, layout.task, **layout.settings)


def _usual(layout, seed):
    """{(severity, kind)} of what is said of a clean set."""
    if (layout.name, seed) not in _SEEN:
        with tempfile.TemporaryDirectory() as folder:
            layout.write(clean.rows(seed), Path(folder) / "clean")
            problems = audit(layout, Path(folder) / "clean").problems
        _SEEN[layout.name, seed] = {(p.severity, p.kind) for p in problems}
    return _SEEN[layout.name, seed]


def step(layout, folder):
    """Every example through the input pipeline, and one step of training."""
    settings = {**layout.settings, "format": layout.format}
    made = setup.set_up(layout.task, str(folder), settings)
    for name in made.source.parts():
        for _ in made.source.held_out(name).batches(4):
            pass
    batch = next(iter(made.source.train(0)))
    if layout.task in STEPS:
        model = _net(made)
        model.train_on_batch(*batch)


def _net(made):
    """The model of these settings, made once."""
    config = made.config
    key = (
        made.method.name,
        str(config.as_dict()),
        str({k: len(v) for k, v in config.learned.items()}),
    )
    if key not in _NETS:
        if len(_NETS) >= MOST:
            _NETS.clear()
        _NETS[key] = made.method.model(config)
    return _NETS[key]


def alarms(folder, fast=False):
    """Alarms of clean sets: [(format, seed, message)]."""
    found = []
    for name, layout in clean.LAYOUTS.items():
        for i in range(3):
            place = folder / f"clean-{name}-{i}"
            layout.write(clean.rows(i), place)
            try:
                problems = audit(layout, place).problems
                found += [(name, i, p.message) for p in problems if p.severity != "note"]
                if i == 0 and not fast:
                    step(layout, place)
            except PipelineError as error:
                found.append((name, i, str(error)))
    return found
