"""One program of a TFLite file with several, as a file that has no other."""

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipelines.engine.export import flatbuffer, tflite_file
from pipelines.files import write_bytes


def cut(path: Path) -> dict[str, Path]:
    """A file -> {program: its own file}, written beside it as STEM_PROGRAM.tflite.

    A file with one program is its own file. Numbers are those of the whole file; its metadata stays
    behind, and weights that programs share are in the file of each.
    """
    names = tflite_file.programs(path)
    if len(names) == 1:
        return {names[0]: path}
    files = {name: path.with_name(f"{path.stem}_{name}{path.suffix}") for name in names}
    for name, file in files.items():
        write_bytes(file, flatbuffer.packed(_alone(flatbuffer.read(path), name)))
    return files


def _alone(model: Any, program: str) -> Any:
    """The model with the graphs that a program reaches, its own first, and what these use."""
    (signature,) = [s for s in model.signatureDefs if s.signatureKey.decode() == program]
    order = _reached(model, signature.subgraphIndex)
    graphs = {old: new for new, old in enumerate(order)}
    model.subgraphs = list(map(model.subgraphs.__getitem__, order))
    signature.subgraphIndex = 0
    model.signatureDefs, model.metadata = [signature], None
    ops = [op for _, op in flatbuffer.operators_of(model)]
    for options, name in itertools.chain.from_iterable(map(_references, ops)):
        setattr(options, name, graphs[getattr(options, name)])
    tensors = itertools.chain.from_iterable(graph.tensors for graph in model.subgraphs)
    model.operatorCodes = _renumbered(model.operatorCodes, ops, "opcodeIndex")
    model.buffers = _renumbered(model.buffers, list(tensors), "buffer", always=[0])
    return model


def _reached(model: Any, first: int) -> list[int]:
    """Indices of a graph and of the bodies of its loops and branches, in the order they are met."""
    found = [first]
    for index in found:  # grows on the way
        for op in model.subgraphs[index].operators or ():
            for options, name in _references(op):
                if getattr(options, name) not in found:
                    found.append(getattr(options, name))
    return found


def _references(op: Any) -> list[tuple[Any, str]]:
    """[(options, attribute)] of an op that are the index of a graph, such as a loop's body."""
    found = []
    for options in (op.builtinOptions, op.builtinOptions2):
        if options is not None:
            names = [name for name in vars(options) if name.lower().endswith("subgraphindex")]
            found += [(options, name) for name in names]
    return found


def _renumbered(items: list, users: Iterable, name: str, always: Iterable[int] = ()) -> list:
    """The items whose index some user has under `name`, which is set to its place among them."""
    used = sorted({getattr(user, name) for user in users} | set(always))
    places = {old: new for new, old in enumerate(used)}
    for user in users:
        setattr(user, name, places[getattr(user, name)])
    return [items[i] for i in used]
