"""What TFLite files are made of: their ops, and the tensors that these hold."""

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.engine.export import flatbuffer
from pipelines.engine.export.flatbuffer import OP, TYPE
from pipelines.errors import Refused

SIZES = {
    TYPE.FLOAT32: 4,
    TYPE.INT32: 4,
    TYPE.INT64: 8,
    TYPE.FLOAT16: 2,
    TYPE.INT16: 2,
}  # bytes; of all others 1
OP_NAMES = {code: name for name, code in vars(OP).items() if isinstance(code, int)}
ADVICE = {  # for ops that keras.ops makes of something innocent
    "BitwiseAnd": "keras.ops.argmax of floats makes it: use tf.argmax",
    "CombinedNonMaxSuppression": (
        "use tf.raw_ops.NonMaxSuppressionV4 with padding, boxes offset by class"
    ),
    "VAR_HANDLE": (
        "the weights were not frozen: export with keras.export.ExportArchive, and track the model"
    ),
}


def operators(path: Path) -> Counter[str]:
    """How often each op is in a file; custom ops have their own names, such as FlexBitwiseAnd."""
    model = flatbuffer.read(path)
    return Counter(_name(model, op) for _, op in flatbuffer.operators_of(model))


def tensors_of(scope: str, content: bytes) -> list[str]:
    """Names of the tensors that ops of a name scope make, of a file's bytes, and of the outputs of
    the graphs that have any: an op that passes an output on has the signature's name."""
    found = []
    for graph in flatbuffer.opened(content).subgraphs:
        made = itertools.chain.from_iterable(op.outputs for op in graph.operators or ())
        own = [name for name in _named(graph, made) if f"{scope}/" in name]
        if own:
            found += own + _named(graph, graph.outputs)
    return found


def _named(graph: Any, indices: Iterable[int]) -> list[str]:
    """The names of tensors of a graph."""
    return [graph.tensors[i].name.decode() for i in indices]


def refuse_foreign(path: Path) -> None:
    """Raises Refused, naming op and layer, if a file holds an op that plain LiteRT does not
    have."""
    refused = {OP.CUSTOM}
    if "CALL_ONCE" not in operators(path):
        # Variables that nothing initialises are weights left out of the file: it runs without an
        # error, and gives NaN.
        refused.add(OP.VAR_HANDLE)
    if foreign := _found(path, lambda model, op: flatbuffer.code_of(model, op) in refused):
        raise Refused(f"{Path(path).name}: {foreign_ops(foreign)}")


def beyond(path: Path, names: Collection[str]) -> list[tuple[str, str]]:
    """Ops of a file that are not among `names`: [(op, name of a tensor, which begins with its
    layer's)]."""
    return _found(path, lambda model, op: _name(model, op) not in names)


def _found(path: Path, wanted: Callable[[Any, Any], bool]) -> list[tuple[str, str]]:
    """[(op, name of a tensor)] of the ops for which `wanted(model, op)` holds."""
    model = flatbuffer.read(path)
    chosen = [(graph, op) for graph, op in flatbuffer.operators_of(model) if wanted(model, op)]
    return [(_name(model, op), _layered(graph, op)) for graph, op in chosen]


def _layered(graph, op):
    """The name of a tensor of an op, one with its layer's in it if there is any."""
    names = _named(graph, (i for i in (*op.outputs, *flatbuffer.inputs_of(op)) if i >= 0))
    return next((name for name in names if "/" in name), names[0])


def programs(path: Path) -> list[str]:
    """Names of the programs of a file."""
    return [s.signatureKey.decode() for s in flatbuffer.read(path).signatureDefs]


def names(path: Path) -> tuple[dict[str, int], dict[str, int]]:
    """({input name: index}, {output name: index}) of the program that is a file's main graph: the
    place of each among inputs and outputs."""
    model = flatbuffer.read(path)
    signature = next(s for s in model.signatureDefs if s.subgraphIndex == 0)
    graph = model.subgraphs[0]
    into = _places(signature.inputs, list(graph.inputs))
    return into, _places(signature.outputs, list(graph.outputs))


def _places(named, order):
    return {t.name.decode(): order.index(t.tensorIndex) for t in named}


def live(path: Path) -> tuple[int, list[str]]:
    """(bytes, names of tensors, largest first) of what a file's main graph holds at once at its
    fullest step.

    A tensor is held from the step that makes it to the last one that reads it; inputs from the
    first, outputs to the last. Weights are not counted, and neither is what an op needs for itself.
    """
    graph = flatbuffer.read(path).subgraphs[0]
    steps = graph.operators or ()
    made, last = dict.fromkeys(graph.inputs, 0), {}
    for step, op in enumerate(steps):
        made |= dict.fromkeys(op.outputs, step)
        last |= dict.fromkeys(flatbuffer.inputs_of(op), step)
    last |= dict.fromkeys(graph.outputs, len(steps))
    tensors = np.array(list(made))
    sizes = np.array([_bytes(graph.tensors[i]) for i in tensors])
    begins = np.array(list(made.values()))
    ends = np.array([last.get(i, begin) for i, begin in made.items()])
    now = np.arange(len(steps))[:, None]
    held = (begins <= now) & (now <= ends)  # (steps, tensors)
    fullest = held[np.argmax(held @ sizes)]
    by_size = np.argsort(-sizes[fullest], kind="stable")
    return int(sizes[fullest].sum()), _named(graph, tensors[fullest][by_size])


def _bytes(tensor):
    return SIZES.get(tensor.type, 1) * int(np.prod(flatbuffer.shape_of(tensor)))


def foreign_ops(found: Collection[tuple[str, str]], runtime: str = "plain LiteRT") -> str:
    """One line on ops that do not run. found: [(op, name of a tensor, which begins with its
    layer's)]."""
    layers: dict[str, str] = {}
    for op, tensor in found:
        name = op.removeprefix("Flex").removeprefix("tf.")
        layers.setdefault(name, tensor.rpartition("/")[0] or tensor)
    ops = ", ".join(f"{op} (layer {layer})" for op, layer in layers.items())
    known = [ADVICE[op] for op in layers if op in ADVICE]
    advice = "; ".join(known) or "write that layer with other ops, or leave it out"
    return f"{ops} does not run in {runtime}: {advice}."


def _name(model, op):
    code = flatbuffer.code_of(model, op)
    if code != OP.CUSTOM:
        return OP_NAMES[code]
    return model.operatorCodes[op.opcodeIndex].customCode.decode()
