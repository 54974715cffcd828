"""Where a name becomes a module or data: tasks, data sets, formats and edge modules, found by listing folders."""

import ast
import importlib
import importlib.util
import os
import re
import sys
from pathlib import Path

from pipelines.errors import PipelineError, nearest

PACKAGE = Path(__file__).parent
BUILDER = "{0}/{0}_dataset_builder.py"  # of a data set, in TFDS's convention


def tasks():
    """{name: file} of all tasks."""
    return _modules("tasks")


def task(name):
    """The module of a task. Raises PipelineError on an unknown name."""
    return _module("tasks", name, "task")


def task_summary(name):
    """(what a task does, the data it takes by default), read without importing it."""
    tree = ast.parse(tasks()[name].read_text(encoding="utf-8"))
    summary = (ast.get_docstring(tree) or "").partition("\n")[0]
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return summary, constants.get("DATA", "")


def task_title(name):
    """What a task is called in a heading: its summary up to how it is done."""
    return re.split(r":| by | with ", task_summary(name)[0])[0]


def edge(name):
    """A module that runs without TensorFlow. Raises PipelineError on an unknown name."""
    return _module("edge", name, "edge module")


def formats():
    """The modules of all formats, in the order of their names."""
    return [importlib.import_module(f"pipelines.formats.{name}") for name in _modules("formats")]


def datasets():
    """{name: folder} of all data sets that come with the package."""
    return {
        f.name: f
        for f in sorted(_datasets_folder().iterdir())
        if (f.parent / BUILDER.format(f.name)).is_file()
    }


def dataset_summary(name):
    """What a data set holds, in one line: the first sentence of its README."""
    text = (datasets()[name] / "README.md").read_text(encoding="utf-8")
    paragraphs = (" ".join(p.split()) for p in re.split(r"\n\s*\n", text))
    first = next((p for p in paragraphs if p and not p.startswith("#")), "")
    return re.split(r"(?<=\.)\s", first)[0]


def dataset_builder(name, **settings):
    """The TFDS builder of a data set of ours; `settings` go to it. Raises PipelineError on an
    unknown name.

    Loaded by its place: `datasets` is also the name of Hugging Face's package, so ours cannot be
        imported by it.
    """
    known = datasets()
    if name not in known:
        raise PipelineError(f"unknown data set {name!r}. {nearest(name, known)}")
    module_name = f"{name}_dataset_builder"
    module = sys.modules.get(module_name)
    if module is None:
        spec = importlib.util.spec_from_file_location(
            module_name, known[name].parent / BUILDER.format(name)
        )
        module = importlib.util.module_from_spec(spec)
        sys.modules[module_name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[module_name]
            raise
        module.Builder.pkg_dir_path = known[name]
    return module.Builder(**settings)


def load(source, format="auto", feature=None):
    """A data set's name, `tfds:NAME`, or a path -> Data.

    format: name of the format that a path has, or "auto" to detect it. feature: what is wanted of
    files that hold several, such as COCO's boxes and masks; see `ALSO` of a format. Raises
    PipelineError where nothing has that name, and where no format or several fit.
    """
    from pipelines.formats import tfds

    source = str(source)
    if source.startswith(tfds.PREFIX) or format == "tfds":
        return tfds.read(source)
    if source in datasets() and format == "auto":
        return tfds.read(source, dataset_builder(source))
    path = Path(os.path.expanduser(source))
    if not os.path.exists(path):
        raise PipelineError(_no_such_data(source))
    if format == "auto":
        found = _detected(path)
        format = getattr(found, "ALSO", {}).get(feature, found.__name__.rpartition(".")[2])
    return _module("formats", format, "format").read(path)


def _detected(path):
    """The one format whose `detect` says yes. Raises PipelineError on none or several."""
    if path.is_dir() and not any(not p.name.startswith(".") for p in path.iterdir()):
        raise PipelineError(f"{path} is an empty folder. Pass the folder that holds the data.")
    known = formats()
    fitting = [format for format in known if format.detect(path)]
    if len(fitting) == 1:
        return fitting[0]
    remedy = "Say which it is with `--set format=NAME` (train) or `--format NAME` (audit)."
    if fitting:
        raise PipelineError(f"{path} fits several formats: {_listed(fitting)} {remedy}")
    raise PipelineError(f"{path} fits no known format. Looked for: {_listed(known)} {remedy}")


def _listed(modules):
    return " ".join(
        f"[{m.__name__.rpartition('.')[2]}] {m.__doc__.splitlines()[0]}" for m in modules
    )


def _no_such_data(source):
    if re.fullmatch(r"[\w-]+", source):
        return f"there is no data set, file or folder {source!r}. {nearest(source, datasets())}"
    return (
        f"there is no file or folder {source}. Check the path; a TFDS data set is written"
        " tfds:NAME."
    )


def _modules(folder):
    """{name: file} of the modules in a folder of this package."""
    files = sorted((PACKAGE / folder).glob("*.py"))
    return {
        file.stem: file
        for file in files
        if not file.stem.startswith("_") and file.stem != "examples"
    }


def _module(folder, name, what):
    known = _modules(folder)
    if name not in known:
        raise PipelineError(f"unknown {what} {name!r}. {nearest(name, known)}")
    return importlib.import_module(f"pipelines.{folder}.{name}")


def _datasets_folder():
    """In a wheel the data sets lie within the package, in a checkout beside it."""
    inner = PACKAGE / "datasets"
    return inner if inner.is_dir() else PACKAGE.parent / "datasets"
