"""Where a name becomes a module or data: tasks, methods, data sets, formats and edge modules.

They are found by listing folders of this package, and by entry points of others, in the groups
`pipelines.tasks` (task = package with its methods), `pipelines.methods` (task.method = module),
`pipelines.edge` and `pipelines.formats` (name = module), and `pipelines.datasets` (name = package
of that name, with its builder and README). A name of this package cannot be taken by another one.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from pipelines import entries, terminal
from pipelines.errors import PipelineError, nearest
from pipelines.formats import _lines, _nearest, _wrapped
from pipelines.formats.examples import Data
from pipelines.task import Method

BUILDER = "{0}/{0}_dataset_builder.py"  # of a data set, in TFDS's convention
BUNDLED = "bundled:"  # before the name of a data set of ours, whatever lies here
SHOWN = 3  # formats that an error describes
REMEDY = (
    "Say which it is with `--set format=NAME` (train), `--format NAME` (audit) or"
    " `--data-format NAME` (evaluate, verify)."
)
SEPARATOR = "/"  # between task and method, if the method's name alone is not clear


@functools.cache
def tasks() -> dict[str, entries.Entry]:
    """{name: Entry} of all tasks, with their methods in the order of their names."""
    own = {folder.name: f"pipelines.tasks.{folder.name}" for folder in entries.folders("tasks")}
    packages = entries.with_foreign(own, "tasks")
    extra = entries.foreign("methods")
    found = {}
    for name, module in sorted(packages.items()):
        file = entries.file(module)
        names = [f.stem for f in sorted(file.parent.glob("*.py")) if not f.stem.startswith("_")]
        listed = {f"{name}.{method}": f"{module}.{method}" for method in names}
        added = {key: extra[key] for key in extra if key.startswith(f"{name}.")}
        joined = entries.joined(listed, added, "methods")
        modules = {key.partition(".")[2]: path for key, path in joined.items()}
        methods = tuple(
            entries.Entry(m, path, entries.file(path)) for m, path in sorted(modules.items())
        )
        found[name] = entries.Entry(name, module, file, methods)
    return found


def methods() -> dict[str, entries.Entry]:
    """{"TASK/METHOD": Entry} of all methods."""
    return {f"{t.name}/{m.name}": m for t in tasks().values() for m in t.methods}


def split(name: str) -> tuple[str, str]:
    """(task, method) of what a user typed: TASK, METHOD or TASK/METHOD; method is "" for a task.

    Raises PipelineError if there is no such name, or several tasks have a method of that name.
    """
    if name in tasks():
        return name, ""
    is_whole = SEPARATOR in name
    fitting = [full for full in methods() if full == name or full.endswith(f"/{name}")]
    if len(fitting) > 1:
        raise PipelineError(f"{name} is a method of several tasks: say {' or '.join(fitting)}.")
    if not fitting:
        alone = {method.name for method in methods().values()}
        known = {*tasks(), *alone, *(methods() if is_whole else ())}
        raise PipelineError(f"unknown task {name!r}. {nearest(name, known)}")
    task, _, method = fitting[0].partition(SEPARATOR)
    return task, method


def method(name: str, of: str = "") -> Method:
    """The method that is called METHOD or TASK/METHOD; `of`: its task, if that is known.

    A task's name stands for its only method. Raises PipelineError if there is no such method.
    """
    if of:
        known = [m.name for m in tasks()[split(of)[0]].methods]
        if name not in known:
            raise PipelineError(f"{of} has no method {name!r}. {nearest(name, known)}")
        name = f"{split(of)[0]}{SEPARATOR}{name}"
    task, chosen = split(name)
    if not chosen:
        entry = tasks()[task]
        if len(entry.methods) != 1:
            names = ", ".join(m.name for m in entry.methods)
            raise PipelineError(f"{task} has several methods: {names}. Name one.")
        chosen = entry.methods[0].name
    return _only(methods()[f"{task}{SEPARATOR}{chosen}"].module)(task, chosen)


def task(name: str) -> Method:
    """The problem itself, with what its methods share: the class of `tasks/NAME/__init__.py`."""
    found, _ = split(name)
    return _only(tasks()[found].module)(found, found)


def task_title(name: str) -> str:
    """What a task is called in a heading: its summary up to how it is done."""
    return re.split(r":| by | with |, such as", tasks()[name].summary)[0].rstrip(".")


def _only(module: str) -> type[Method]:
    """The one class of a module that has the contract of a method."""
    found = importlib.import_module(module)
    classes = [
        value
        for value in vars(found).values()
        if isinstance(value, type) and issubclass(value, Method) and value.__module__ == module
    ]
    if len(classes) != 1:
        raise PipelineError(
            f"{module} must define one class derived from pipelines.task.Method; it has"
            f" {len(classes)}."
        )
    return classes[0]


def edge(name: str) -> ModuleType:
    """The half of a task that runs without TensorFlow. Raises PipelineError on an unknown name."""
    return entries.module("edge", name, "edge module")


def formats() -> list[ModuleType]:
    """The modules of all formats, in the order of their names."""
    return [importlib.import_module(module) for module in entries.modules("formats").values()]


def datasets() -> dict[str, Path]:
    """{name: folder} of all data sets."""
    own = {f.name: f for f in sorted(_datasets_folder().iterdir()) if _builder(f).is_file()}
    added = {
        name: entries.file(module).parent for name, module in entries.foreign("datasets").items()
    }
    return entries.joined(own, added, "datasets")


def dataset_summary(name: str) -> str:
    """What a data set holds, in one line: the first sentence of its README."""
    text = (datasets()[name] / "README.md").read_text(encoding="utf-8")
    paragraphs = (" ".join(p.split()) for p in re.split(r"\n\s*\n", text))
    first = next((p for p in paragraphs if p and not p.startswith("#")), "")
    return re.split(r"(?<=\.)\s", first)[0]


def dataset_builder(name: str, **settings: Any) -> Any:
    """The TFDS builder of a data set; `settings` go to it. Raises PipelineError on an unknown name.

    Loaded by its place: `datasets` is also the name of Hugging Face's package, so ours cannot be
    imported by it.
    """
    known = datasets()
    if name not in known:
        raise PipelineError(f"unknown data set {name!r}. {nearest(name, known)}")
    module_name = f"{name}_dataset_builder"
    module = sys.modules.get(module_name)
    if module is None:
        spec = importlib.util.spec_from_file_location(module_name, _builder(known[name]))
        module = importlib.util.module_from_spec(spec)
        sys.modules[module_name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[module_name]
            raise
        module.Builder.pkg_dir_path = known[name]
    return module.Builder(**settings)


def bundled(name: str) -> str:
    """What a data set of ours is called by whoever does not mean a folder of that name."""
    return f"{BUNDLED}{name}" if name in datasets() else name


def load(source: str, format: str = "auto", feature: str | None = None) -> Data:
    """A data set's name, `bundled:NAME`, `tfds:NAME`, or a path -> Data.

    A file or folder that is here comes before a data set of ours of the same name, and it is said.

    format: name of the format that a path has, or "auto" to detect it. feature: what is wanted of
    files that hold several, such as COCO's boxes and masks; see `ALSO` of a format. Raises
    PipelineError if nothing has that name, and if no format or several fit.
    """
    from pipelines.formats import tfds

    source = str(source)
    if source.startswith(tfds.PREFIX) or format == "tfds":
        return tfds.read(source)
    path, name = Path(os.path.expanduser(source)), source.removeprefix(BUNDLED)
    is_here = os.path.exists(path)
    is_ours = format == "auto" and name in datasets()
    if source.startswith(BUNDLED) or (is_ours and not is_here):
        return tfds.read(name, dataset_builder(name))
    if not is_here:
        raise PipelineError(_no_such_data(source))
    if is_ours:
        _say(f"data: {path.resolve()}, not the bundled data set; that one is {BUNDLED}{source}")
    _check_place(path)
    return _read(path, format, feature)


def _read(path: Path, format: str, feature: str | None) -> Data:
    """A file or folder in a format, which "auto" detects."""
    try:
        if format == "auto":
            path, found = _placed(path)
            format = getattr(found, "ALSO", {}).get(feature, _format_name(found))
        return entries.module("formats", format, "format").read(path)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        raise PipelineError(
            f"{path} cannot be read as the format {format}: {place}{error.strerror or error}. Name"
            " another format, or the folder that holds the data."
        ) from error


def _say(line: str) -> None:
    print(terminal.shown(line), file=sys.stderr)


def _check_place(path: Path) -> None:
    """Raises PipelineError for what is no data, or more than anyone means to search."""
    if not (path.is_file() or path.is_dir()):
        raise PipelineError(f"{path} is neither a file nor a folder. Pass the data's folder.")
    place = path.resolve()
    if place in (Path(place.anchor), Path.home()):
        raise PipelineError(
            f"{path} is all of a disk or of your files, which is too much to search. Pass the"
            " folder that holds the data."
        )


def _placed(path: Path) -> tuple[Path, ModuleType]:
    """(where the data lies, its format); an archive may have unpacked it into a folder in `path`.

    Raises PipelineError if no format fits, or several do.
    """
    _refuse_empty(path)
    place, fitting = path, _fitting(path)
    for inner in _wrapped.inners(path):
        if fitting and not _is_wrapped(inner, fitting):
            break
        if found := _fitting(inner):
            place, fitting = inner, found
    if not fitting:
        raise _none(path)
    if len(fitting) > 1:
        raise _several(place, fitting)
    if place != path:
        _say(f"data: {place}, the only folder in {path}")
    return place, fitting[0]


def _refuse_empty(path: Path) -> None:
    """Raises PipelineError if a folder holds nothing but hidden files."""
    if path.is_dir() and all(inner.name.startswith(".") for inner in path.iterdir()):
        raise PipelineError(f"{path} is an empty folder. Pass the folder that holds the data.")


def _is_wrapped(inner: Path, fitting: list[ModuleType]) -> bool:
    """Whether the classes lie deeper than in the only folder, which would be one class."""
    return all(map(_has_classes, fitting)) and not _wrapped.is_class(inner)


def _fitting(path: Path) -> list[ModuleType]:
    """The formats whose `detect` says yes."""
    return [format for format in formats() if format.detect(path)]


def _has_classes(format: ModuleType) -> bool:
    """Whether a format reads folders as classes."""
    return hasattr(format, "LAYOUT")


def _several(path: Path, fitting: list[ModuleType]) -> PipelineError:
    """What a user learns if several formats fit."""
    known, names = layouts(), list(map(_format_name, fitting))
    lines = [f"  {name}: {known[name]}" for name in names[:SHOWN]]
    if len(names) > SHOWN:
        lines[-1] += f" Also {', '.join(names[SHOWN:])}."
    return PipelineError(f"{path} fits several formats.", [*lines, REMEDY])


def _none(path: Path) -> PipelineError:
    """What a user learns if no format fits."""
    if path.is_file():
        _lines.refuse_utf_16(path)  # which no format reads, whatever it holds
    known = layouts()
    for module in formats():
        for second in getattr(module, "ALSO", {}).values():
            known.pop(second, None)
    first, lines = _nearest.described(path, known)
    return PipelineError(first, [*lines, f"`pipelines formats` lists all formats. {REMEDY}"])


def layouts() -> dict[str, str]:
    """{name of a format: what data of it looks like, in a line}."""
    return {_format_name(m): entries.first_paragraph(m.__doc__) for m in formats()}


def _format_name(format: ModuleType) -> str:
    """The name of a format: of its entry point, or of its file."""
    named = {module: name for name, module in entries.modules("formats").items()}
    return named.get(format.__name__, format.__name__.rpartition(".")[2])


def _no_such_data(source: str) -> str:
    if re.fullmatch(r"[\w-]+", source):
        return f"there is no data set, file or folder {source!r}. {nearest(source, datasets())}"
    return (
        f"there is no file or folder {source}. Check the path; a TFDS data set is written"
        " tfds:NAME."
    )


def _builder(folder: Path) -> Path:
    return folder.parent / BUILDER.format(folder.name)


def _datasets_folder() -> Path:
    """In a wheel the data sets lie within the package, in a checkout next to it."""
    inner = entries.PACKAGE / "datasets"
    return inner if inner.is_dir() else entries.PACKAGE.parent / "datasets"
