"""What a bundle holds besides its models: the device half, a page, golden examples, the
manifest."""

from __future__ import annotations

import ast
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipelines import catalog, edge
from pipelines.config import Config, settings
from pipelines.engine.data import kept, learned
from pipelines.engine.export import card, saved_model
from pipelines.engine.proof import seal, whole
from pipelines.engine.serving import web
from pipelines.engine.training import weights
from pipelines.files import sha256, write_text, write_yaml
from pipelines.formats.memory import reading
from pipelines.task import SERVE, Method

GOLDEN = 8  # held-out examples that go with it, so that it can be verified without the data
ALWAYS = (
    "__init__",
    "pictures",
    "learned",
    "litert",
    "fitted",
    "options",
    "predict",
)  # modules of edge/
EDGE = "pipelines.edge"
# Another package imports modules of edge/ by their full names; in a bundle all are in one package.
IMPORT = re.compile(r"^(\s*)from pipelines\.edge(?:\.(\w+))? import\b", re.MULTILINE)
PREDICT = '''"""Runs this model on the files named on the command line.

Needs NumPy, Pillow and ai-edge-litert only.
"""

import sys

if not sys.flags.safe_path:  # a file beside this one must not stand for a library, such as numpy.py
    del sys.path[0]

import importlib.machinery
import importlib.util
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "edge"


class Source(importlib.machinery.SourceFileLoader):
    """Runs what stands in a file, and neither uses nor writes what was compiled of it."""

    def path_stats(self, path):
        raise OSError


def main():
    place, file = str(FOLDER), str(FOLDER / "__init__.py")
    sys.path_importer_cache[place] = importlib.machinery.FileFinder(place, (Source, [".py"]))
    spec = importlib.util.spec_from_file_location(
        "edge", file, loader=Source("edge", file), submodule_search_locations=[place]
    )
    sys.modules["edge"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["edge"])
    return importlib.import_module("edge.predict").main()


if __name__ == "__main__":
    raise SystemExit(main())
'''


def write(folder: Path, subject: Any, facts: Mapping, max_drop: float) -> None:
    """Writes everything in the bundle next to the models; the manifest comes last.

    facts: {"files", "extra", "unsupported"}. max_drop: that the files were allowed.
    """
    run, method, config = subject.run, subject.method, subject.config
    inputs, _ = subject.part.sample(GOLDEN)
    outputs = subject.predict(inputs)
    golden = {f"in/{k}": v for k, v in inputs.items()} | {f"out/{k}": v for k, v in outputs.items()}
    np.savez_compressed(folder / "golden.npz", **golden)
    write_text(folder / "labels.txt", "".join(f"{label}\n" for label in config.labels))
    head = {"task": method.task, "method": method.name}
    write_yaml(folder / "config.yaml", {**head, **judging(method, config)})
    learned.write(folder / learned.FOLDER, learned.lists(config.learned))
    held = run.held_out(subject.name)
    if held:
        kept.write_bundle(folder, held)
    for name, write_one in method.attachments(run.model, config).items():
        write_one(folder / name)
    write_text(folder / "predict.py", PREDICT)
    _edge(folder / "edge", method)
    web.write(folder / "web", method.task)
    manifest = {
        "format": seal.FORMAT,
        "name": run.path.name,
        **head,
        "created": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        **_programs(subject, inputs, outputs),
        "labels": list(config.labels),
        **({"fitted": method.fitted} if method.fitted else {}),
        "config": dict(method.device(config)),
        "proof": {
            "data": data_name(run.data_name),
            "named": named(run.data_name),
            "split": subject.name,
            "examples": whole.count(subject.part, method, config),
            "max_drop": max_drop,
            "score": method.scores[0].name,
            "left_out": list(run.info["left_out"]),
            **subject.floor,
        },
        "weights_sha256": weights.sha256(run.model),
        "reference": subject.reference,
        **facts,
    }
    write_text(folder / "card.md", card.text(manifest))
    for record in manifest["files"].values():
        record["sha256"] = sha256(folder / record["path"])
    manifest["sha256"] = {name: sha256(folder / name) for name in _others(folder, facts, subject)}
    seal.write(folder, manifest)


def named(source: str) -> bool:
    """Whether data has a name that every machine knows, such as `digits` or `tfds:NAME`; "" is
    data that a method makes by itself."""
    if source.startswith(reading.PREFIX):
        return False
    return not source or bool(re.match(r"\w+:", source)) or source in catalog.datasets()


def data_name(source: str) -> str:
    """What data is called without the path of this machine."""
    return source if named(source) else Path(source).name


def judging(method: Method, config: Any) -> dict:
    """The settings with which a file is judged: those of the method that are not its default's.

    Settings of the training alone, such as a learning rate, are left out.
    """
    shared = {field.name for field in settings(Config)} - {"labels", "format", "batch_size"}
    default, found = method.Config(), config.as_dict()
    changed = (name for name, value in default.as_dict().items() if found[name] != value)
    return {name: _placeless(found[name]) for name in changed if name not in shared}


def _placeless(value: Any) -> Any:
    """A setting without the folders of this machine: of a path, as in `hub:/a/net`, its name."""
    if not isinstance(value, str):
        return value
    kind, colon, place = value.rpartition(":")
    if not Path(place).expanduser().is_absolute():
        return value
    return kind + colon + Path(place).name


def _edge(folder: Path, method: Method) -> None:
    """Copies the half of the task that runs on the device."""
    folder.mkdir()
    own = [method.task, method.fitted] if method.fitted else [method.task]
    for name in ALWAYS:
        shutil.copy(Path(edge.__file__).parent / f"{name}.py", folder)
    for name, text in _with_imports(own).items():
        write_text(folder / f"{name}.py", IMPORT.sub(r"\1from .\2 import", text))


def _with_imports(names: Sequence[str]) -> dict[str, str]:
    """{name: text} of modules of edge/, and of those of edge/ that they import."""
    found: dict[str, str] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop(0)
        if name not in found and name not in ALWAYS:
            found[name] = Path(catalog.edge(name).__file__).read_text(encoding="utf-8")
            waiting += _imported(found[name])
    return found


def _imported(text: str) -> list[str]:
    """The modules of edge/ that a module of it imports."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.level or str(node.module).startswith(EDGE)):
            module = (node.module or "").removeprefix(EDGE).strip(".")
            found += [module] if module else [alias.name for alias in node.names]
    return found


def _programs(subject: Any, inputs: Mapping, outputs: Mapping) -> dict:
    """{"inputs", "outputs"} of one example, and the same of each program if there are several."""
    named = {name: p for name, p in subject.programs.items() if not p.file}
    free = any(program.free for program in named.values())
    if set(named) <= {SERVE} and not free:
        return {"inputs": specs(inputs), "outputs": specs(outputs)}
    made = {name: saved_model.signature(program) for name, program in named.items()}
    first = next(iter(made.values()))
    return {**first, "programs": made}


def specs(arrays: Mapping) -> dict:
    """{name: {"shape": of one example, "dtype"}}."""
    return {
        name: {"shape": [1, *np.shape(a)[1:]], "dtype": str(np.asarray(a).dtype)}
        for name, a in arrays.items()
    }


def _others(folder: Path, facts: Mapping, subject: Any) -> list[str]:
    """Names of all files that are no model."""
    found = ["labels.txt", "config.yaml", "golden.npz", "card.md", "predict.py"]
    found += subject.method.attachments(subject.run.model, subject.config)
    found += [record["path"] for record in facts["extra"].values()]
    found += [kept.OF_BUNDLE] * (folder / kept.OF_BUNDLE).is_file()
    found += _for_microcontrollers(facts["files"])
    for place, pattern in (("edge", "*.py"), ("web", "*"), (learned.FOLDER, "*.txt")):
        found += [f"{place}/{p.name}" for p in sorted((folder / place).glob(pattern))]
    return found


def _for_microcontrollers(files: Mapping) -> list[str]:
    """Names of the files of single programs; see `micro.prove`."""
    found = []
    for record in files.values():
        own = record.get("micro", {}).get("files", {})
        found += [file["path"] for file in own.values()]
    return found
