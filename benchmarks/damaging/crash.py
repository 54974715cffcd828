"""A process killed at every step at which it changes a file, and what is left of its work."""

import builtins
import contextlib
import io
import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# Before the fork, and without an operation, so that a child begins at once.
import keras  # noqa: F401

import pipelines
from damaging import clean
from pipelines import bundle, run  # noqa: F401  likewise
from pipelines.files import SCRATCH

CALLS = ("replace", "rename", "fsync", "mkdir", "unlink", "rmdir")  # of the module os
WRITING = frozenset("wax+")


class Killer:
    """Counts the changes of files below a folder, and kills the process at one of them.

    at: the number of the change, or -1 for none. after: whether it is made before the end; a file
    that is opened is then half written.
    """

    def __init__(self, folder: Path, at: int = -1, after: bool = False):
        self.folder, self.at, self.after, self.count = str(folder), at, after, 0

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        kept = {name: getattr(os, name) for name in CALLS}
        opened = builtins.open
        for name in CALLS:
            setattr(os, name, self._around(kept[name]))
        builtins.open = io.open = self._opening(opened)  # type: ignore[assignment]
        try:
            yield
        finally:
            for name in CALLS:
                setattr(os, name, kept[name])
            builtins.open = io.open = opened

    def _around(self, call: Callable) -> Callable:
        def wrapped(*given: Any, **named: Any) -> Any:
            if not self._here(given[0]):
                return call(*given, **named)
            mine = self._counted()
            if mine and not self.after:
                _die()
            try:
                return call(*given, **named)
            finally:  # also of a call that fails, such as of a folder that is there already
                if mine:
                    _die()

        return wrapped

    def _opening(self, call: Callable) -> Callable:
        def wrapped(file: Any, mode: str = "r", *given: Any, **named: Any) -> Any:
            if not (WRITING & set(mode) and self._here(file)):
                return call(file, mode, *given, **named)
            mine = self._counted()
            if mine and not self.after:
                _die()
            stream = call(file, mode, *given, **named)
            if mine:
                stream.write(b"half" if "b" in mode else "half")
                stream.flush()
                _die()
            return stream

        return wrapped

    def _here(self, target: Any) -> bool:
        if isinstance(target, int):
            with contextlib.suppress(OSError):
                target = os.readlink(f"/proc/self/fd/{target}")
        return str(target).startswith(self.folder)

    def _counted(self) -> bool:
        self.count += 1
        return self.count - 1 == self.at


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def forked(work: Callable[[], object]) -> int:
    """Does `work` in a child -> its exit code, or minus the signal that ended it."""
    sys.stdout.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that threads are not copied
        child = os.fork()
    if not child:
        code = 1
        try:
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


# A net and a model of arrays: what is written on the way differs.
LAYOUT = clean.LAYOUTS["image_folder"]
NET = dict(LAYOUT.settings) | dict(steps_per_epoch=3, epochs=2, checkpoint_steps=2)
WORKS: dict[str, tuple[str, dict, list[str] | None]] = {
    "net": (LAYOUT.task, NET, ["float32"]),
    "arrays": ("language_model/ngram", {}, None),
}


def do(kind: str, place: Path) -> None:
    """All that a user does, from where it stands: train, evaluate, export, verify, report."""
    task, settings, formats = WORKS[kind]
    where, out = place / "run", place / "bundle"
    if (where / "run.json").exists():
        opened = pipelines.resume(where)
    else:
        data = str(place.parent / "data") if kind == "net" else None
        opened = pipelines.train(task, data, where, **settings)
    opened.evaluate()
    exported = pipelines.load(out) if out.exists() else opened.export(out, formats, max_drop=9.0)
    if not exported.verify()["passed"]:
        raise AssertionError(exported.broken())
    opened.report()
    exported.report()


def counted(kind: str, place: Path) -> int:
    """The number of changes of files of work that is left alone, in `place`."""
    killer = Killer(place)
    with killer.watching():
        do(kind, place)
    (place / "count").write_text(str(killer.count))
    return killer.count


def killed(kind: str, place: Path, at: int, after: bool) -> None:
    with Killer(place, at, after).watching():
        do(kind, place)


def wrong(kind: str, place: Path, wanted: str) -> str:
    """What is not as it should be after the work was killed and then done again; or ""."""
    code = forked(lambda: do(kind, place))
    if code:
        return f"going on ended with {code}"
    digest = json.loads((place / "run/run.json").read_text())["weights_sha256"]
    if digest != wanted:
        return "other weights"
    left = [p.name for p in place.rglob(".*") if SCRATCH.fullmatch(p.name)]
    return f"left behind: {left}" if left else ""


def run_all(folder: Path, kind: str, points: int, seed: int) -> list[tuple[int, bool, str]]:
    """[(number of the change, after it, what was wrong)] of `points` changes by chance."""
    folder = folder.resolve()
    LAYOUT.write(clean.rows(0), folder / "data")
    whole = folder / "whole"
    whole.mkdir()
    if forked(lambda: counted(kind, whole)):
        raise RuntimeError("the work fails even if it is left alone")
    count = int((whole / "count").read_text())
    wanted = json.loads((whole / "run/run.json").read_text())["weights_sha256"]
    every = [(at, after) for at in range(count) for after in (False, True)]
    chosen = sorted(random.Random(seed).sample(every, min(points, len(every))))
    print(f"{kind}: {count} changes of files, {len(chosen)} of {len(every)} crashes", flush=True)
    found = []
    for number, (at, after) in enumerate(chosen, 1):
        place = folder / f"killed{number}"
        place.mkdir()
        began = time.perf_counter()
        code = forked(lambda p=place, a=at, b=after: killed(kind, p, a, b))  # type: ignore[misc]
        why = "" if code == -signal.SIGKILL else f"it ended with {code}"
        why = why or wrong(kind, place, wanted)
        found += [(at, after, why)] if why else []
        seconds = time.perf_counter() - began
        print(f"{number}: {at}{'+' if after else '-'} {why or 'ok'} {seconds:.0f} s", flush=True)
        shutil.rmtree(place)
    return found
