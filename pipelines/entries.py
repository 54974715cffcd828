"""What can be named: the modules of a folder of this package, and the entry points of other
packages."""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.metadata
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from pipelines.errors import PipelineError, nearest

PACKAGE = Path(__file__).parent


def first_paragraph(docstring: str | None) -> str:
    """The first paragraph of a docstring as one line."""
    first = (docstring or "").strip().partition("\n\n")[0]
    return " ".join(first.split())


@dataclass(frozen=True)
class Entry:
    """A task or a method that can be named. module: to import; file: to read without importing."""

    name: str
    module: str
    file: Path
    methods: tuple[Entry, ...] = ()

    @property
    def summary(self) -> str:
        """The first paragraph of the docstring, read without importing."""
        tree = ast.parse(self.file.read_text(encoding="utf-8"))
        return first_paragraph(ast.get_docstring(tree))


def modules(folder: str) -> dict[str, str]:
    """{name: module} of a folder of this package, and of entry points."""
    files = sorted((PACKAGE / folder).glob("*.py"))
    names = [f.stem for f in files if not f.stem.startswith("_") and f.stem != "examples"]
    return with_foreign({name: f"pipelines.{folder}.{name}" for name in names}, folder)


def module(folder: str, name: str, what: str) -> ModuleType:
    known = modules(folder)
    if name not in known:
        raise PipelineError(f"unknown {what} {name!r}. {nearest(name, known)}")
    return importlib.import_module(known[name])


@functools.cache
def foreign(group: str) -> dict[str, str]:
    """{name: module} of what other packages add to a group."""
    points = importlib.metadata.entry_points(group=f"pipelines.{group}")
    return {point.name: point.module for point in points}


def with_foreign(own: Mapping[str, str], group: str) -> dict[str, str]:
    return joined(own, foreign(group), group)


def joined(own: Mapping, added: Mapping, group: str) -> dict:
    """Both together. Raises PipelineError if another package takes a name of this one."""
    taken = sorted(own.keys() & added.keys())
    if taken:
        raise PipelineError(
            f"another package has an entry point {taken[0]!r} in the group pipelines.{group}, and"
            " this package has that name already. Give it another name."
        )
    return {**own, **added}


def folders(parent: str) -> list[Path]:
    return [f.parent for f in sorted((PACKAGE / parent).glob("*/__init__.py"))]


def file(module: str) -> Path:
    """The file of a module, which is not imported if it is ours; its package is otherwise."""
    if module.startswith("pipelines."):
        path = PACKAGE.joinpath(*module.split(".")[1:])
        return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    try:
        spec = importlib.util.find_spec(module)
    except ImportError as error:
        raise PipelineError(f"an entry point names the module {module}: {error}.") from error
    if spec is None or spec.origin is None:
        raise PipelineError(f"an entry point names the module {module}, which is not there.")
    return Path(spec.origin)
