"""Changes to converted TFLite files that leave their answers as they are."""

import itertools
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from pipelines.engine.export import flatbuffer
from pipelines.engine.export.flatbuffer import OP, TYPE
from pipelines.files import write_bytes


def shared(content: bytes) -> bytes:
    """A file's bytes with equal weights kept once: the quantizer writes those that several programs
    use for each of them."""
    model = flatbuffer.opened(content)
    first, places = {}, []
    for i, buffer in enumerate(model.buffers):
        # Buffers without data are those of tensors that are computed, and each has its own.
        data = b"" if buffer.data is None else np.asarray(buffer.data, np.uint8).tobytes()
        places.append(first.setdefault(data or i, i))
    for tensor in itertools.chain.from_iterable(graph.tensors for graph in model.subgraphs):
        tensor.buffer = places[tensor.buffer]
    for i in set(range(len(places))) - set(places):
        model.buffers[i].data = None
    return flatbuffer.packed(model)


def quantise_uint8_inputs(path: Path) -> None:
    """Makes uint8 inputs that are cast to float32 quantised tensors of scale 1, in place: the same
    numbers.

    A dequantisation runs where the cast does not: on tflite-micro, and within one delegate on
    phones. If the next step is to quantise again, that is done at once, as the picture in
    float32 would be most of what the model holds.
    """
    model = flatbuffer.read(path)
    model.operatorCodes.append(schema.OperatorCodeT(OP.DEQUANTIZE, None, 1, OP.DEQUANTIZE))
    changed = False
    for graph in flatbuffer.mains(model):
        for index in graph.inputs:
            if _is_only_cast(model, graph, index):
                _dequantise(model, graph, index)
                changed = True
    if changed:
        write_bytes(path, flatbuffer.packed(model))


def _readers(graph, index):
    return [op for op in graph.operators if index in flatbuffer.inputs_of(op)]


def _is_only_cast(model, graph, index):
    """Whether an input is uint8, and read by casts to float32 alone."""
    casts = _readers(graph, index)
    if graph.tensors[index].type != TYPE.UINT8 or not casts:
        return False
    codes = {flatbuffer.code_of(model, op) for op in casts}
    types = {graph.tensors[op.outputs[0]].type for op in casts}
    return (codes, types) == ({OP.CAST}, {TYPE.FLOAT32})


def _dequantise(model, graph, index):
    """Makes the casts of an input dequantisations, whose op code is the model's last."""
    scale, zero_point = np.ones(1, np.float32), np.zeros(1, np.int64)
    quantised = schema.QuantizationParametersT(scale=scale, zeroPoint=zero_point)
    graph.tensors[index].quantization = quantised
    for op in _readers(graph, index):
        op.opcodeIndex = len(model.operatorCodes) - 1
        op.builtinOptionsType, op.builtinOptions = 0, None
        following = _readers(graph, op.outputs[0])
        for reader in following:
            if flatbuffer.code_of(model, reader) == OP.QUANTIZE:
                reader.inputs = np.array([index], np.int32)
        if following and not _readers(graph, op.outputs[0]):
            graph.operators.remove(op)
