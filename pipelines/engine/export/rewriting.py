"""Changes to converted TFLite files that leave their answers as they are."""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from pipelines.engine.export import flatbuffer
from pipelines.engine.export.flatbuffer import OP, TYPE
from pipelines.files import write_bytes


def shared(content):
    """A file's bytes with equal weights kept once: the quantizer writes those that several programs
    use for each of them."""
    model = flatbuffer.opened(content)
    first, places = {}, {}
    for i, buffer in enumerate(model.buffers):
        data = b"" if buffer.data is None else np.asarray(buffer.data, np.uint8).tobytes()
        places[i] = first.setdefault(data, i) if data else i
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            tensor.buffer = places[tensor.buffer]
    for i, place in places.items():
        if place != i:
            model.buffers[i].data = None
    return flatbuffer.packed(model)


def quantise_uint8_inputs(path):
    """Makes uint8 inputs that are cast to float32 quantised tensors of scale 1, in place: the same
    numbers.

    A dequantisation runs where the cast does not: on tflite-micro, and within one delegate on
    phones. Where the next step is to quantise again, that is done at once, as the picture in
    float32 would be most of what the model holds.
    """
    model = flatbuffer.read(path)
    model.operatorCodes.append(schema.OperatorCodeT(OP.DEQUANTIZE, None, 1, OP.DEQUANTIZE))
    changed = False
    for graph in flatbuffer.mains(model):
        for index in graph.inputs:
            changed |= _quantise_input(model, graph, index)
    if changed:
        write_bytes(path, flatbuffer.packed(model))


def _quantise_input(model, graph, index):
    """Whether an input could be made a quantised one; the last op code is a dequantisation."""

    def is_cast(op):
        return (
            flatbuffer.code_of(model, op) == OP.CAST
            and graph.tensors[op.outputs[0]].type == TYPE.FLOAT32
        )

    def readers(index):
        return [op for op in graph.operators if index in flatbuffer.inputs_of(op)]

    tensor, casts = graph.tensors[index], readers(index)
    if tensor.type != TYPE.UINT8 or not casts or not all(map(is_cast, casts)):
        return False
    scale, zero_point = np.ones(1, np.float32), np.zeros(1, np.int64)
    tensor.quantization = schema.QuantizationParametersT(scale=scale, zeroPoint=zero_point)
    for op in casts:
        op.opcodeIndex = len(model.operatorCodes) - 1
        op.builtinOptionsType, op.builtinOptions = 0, None
        following = readers(op.outputs[0])
        for reader in following:
            if flatbuffer.code_of(model, reader) == OP.QUANTIZE:
                reader.inputs = np.array([index], np.int32)
        if following and not readers(op.outputs[0]):
            graph.operators.remove(op)
    return True
