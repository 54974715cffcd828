"""What TFLite files are made of: their ops, and the tensors that these hold."""

from collections import Counter
from pathlib import Path

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


def operators(path):
    """How often each op is in a file: Counter of names; custom ops by their own, such as FlexBitwiseAnd."""
    model = flatbuffer.read(path)
    return Counter(_name(model, op) for graph in model.subgraphs for op in graph.operators or ())


def tensors_of(scope, content):
    """Names of the tensors that ops of a name scope make, of a file's bytes, and of the outputs of
    the graphs that have any: an op that passes an output on has the signature's name."""
    model = flatbuffer.opened(content)
    found = []
    for graph in model.subgraphs:
        made = [i for op in graph.operators or () for i in op.outputs]
        names = [graph.tensors[i].name.decode() for i in made]
        own = [name for name in names if f"{scope}/" in name]
        if own:
            found += own + [graph.tensors[i].name.decode() for i in graph.outputs]
    return found


def refuse_foreign(path):
    """Raises Refused, naming op and layer, where a file holds an op that plain LiteRT does not have."""
    # Variables that nothing initialises are weights left out of the file: it runs without an error,
    # and gives NaN.
    refused = {OP.CUSTOM} if "CALL_ONCE" in operators(path) else {OP.CUSTOM, OP.VAR_HANDLE}
    if foreign := _found(path, lambda model, op: flatbuffer.code_of(model, op) in refused):
        raise Refused(f"{Path(path).name}: {foreign_ops(foreign)}")


def beyond(path, names):
    """Ops of a file that are not among `names`: [(op, name of a tensor, which begins with its layer's)]."""
    return _found(path, lambda model, op: _name(model, op) not in names)


def _found(path, wanted):
    """[(op, name of a tensor)] of the ops for which `wanted(model, op)` holds."""
    model, listed = flatbuffer.read(path), []
    for graph in model.subgraphs:
        for op in graph.operators or ():
            if wanted(model, op):
                names = [
                    graph.tensors[i].name.decode()
                    for i in (*op.outputs, *flatbuffer.inputs_of(op))
                    if i >= 0
                ]
                listed.append(
                    (_name(model, op), next((name for name in names if "/" in name), names[0]))
                )
    return listed


def programs(path):
    """Names of the programs of a file."""
    return [s.signatureKey.decode() for s in flatbuffer.read(path).signatureDefs]


def names(path):
    """({input name: index}, {output name: index}) of the program that is a file's main graph: the
    place of each among inputs and outputs."""
    model = flatbuffer.read(path)
    signature = next(s for s in model.signatureDefs if s.subgraphIndex == 0)
    graph = model.subgraphs[0]
    into = _places(signature.inputs, list(graph.inputs))
    return into, _places(signature.outputs, list(graph.outputs))


def _places(named, order):
    return {t.name.decode(): order.index(t.tensorIndex) for t in named}


def live(path):
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
    sizes = {
        i: SIZES.get(graph.tensors[i].type, 1) * int(np.prod(flatbuffer.shape_of(graph.tensors[i])))
        for i in made
    }
    held = [
        [i for i in made if made[i] <= step <= last.get(i, made[i])] for step in range(len(steps))
    ]
    fullest = max(held, key=lambda tensors: sum(sizes[i] for i in tensors))
    ordered = sorted(fullest, key=sizes.get, reverse=True)
    return sum(sizes[i] for i in fullest), [graph.tensors[i].name.decode() for i in ordered]


def foreign_ops(found, runtime="plain LiteRT"):
    """One line on ops that do not run: [(op, name of a tensor, which begins with its layer's)] -> text."""
    layers = {}
    for op, tensor in found:
        layers.setdefault(
            op.removeprefix("Flex").removeprefix("tf."), tensor.rpartition("/")[0] or tensor
        )
    ops = ", ".join(f"{op} (layer {layer})" for op, layer in layers.items())
    advice = [ADVICE[op] for op in layers if op in ADVICE] or [
        "write that layer with other ops, or leave it out"
    ]
    return f"{ops} does not run in {runtime}: {'; '.join(advice)}."


def _name(model, op):
    code = flatbuffer.code_of(model, op)
    return (
        model.operatorCodes[op.opcodeIndex].customCode.decode()
        if code == OP.CUSTOM
        else OP_NAMES[code]
    )
