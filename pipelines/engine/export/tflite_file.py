"""TFLite files opened as flatbuffers: their ops, their picture inputs, their metadata."""

import io
import zipfile
from collections import Counter
from pathlib import Path

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from pipelines.errors import Refused
from pipelines.files import write_bytes

OP = schema.BuiltinOperator
TYPE = schema.TensorType
UINT8, FLOAT32 = TYPE.UINT8, TYPE.FLOAT32
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
LARGEST = 2**31 - 1  # bytes of a flatbuffer
METADATA, LABELS, VOCABULARY = b"TFLITE_METADATA", "labels.txt", "vocab.txt"

# Slots of the tables and values of the enums in metadata_schema.fbs 1.5.0 of TFLite Support and
# MediaPipe.
MODEL_NAME, MODEL_DESCRIPTION, MODEL_SUBGRAPHS, MODEL_LICENSE, MODEL_PARSER = 0, 1, 3, 5, 7
GRAPH_INPUTS, GRAPH_OUTPUTS, GRAPH_PROCESS, GRAPH_CUSTOM = 2, 3, 5, 9
CUSTOM_NAME, CUSTOM_DATA = 0, 1
TENSOR_NAME, TENSOR_CONTENT, TENSOR_PROCESS, TENSOR_STATS, TENSOR_FILES = 0, 3, 4, 5, 6
FILE_NAME, FILE_DESCRIPTION, FILE_TYPE = 0, 1, 2
CONTENT_KIND, CONTENT, PROCESS_KIND, PROCESS = (
    0,
    1,
    0,
    1,
)  # a union takes two slots: which one, and its table
COLOUR_SPACE, MEAN, STD, MAX, MIN = 0, 0, 1, 0, 1
BOX_ORDER, BOX_KIND = 0, 1
TOKENS = 0
BOX, BOUNDARIES = 3, 1
FEATURE, IMAGE, RGB, NORMALISATION, BERT_TOKENIZER, TENSOR_AXIS_LABELS, TOKEN_LIST = (
    1,
    2,
    1,
    1,
    4,
    2,
    5,
)
IDENTIFIER, PARSER_VERSION = (
    b"M001",
    "1.0.0",
)  # nearly all that is used here was in the first version
CUSTOM_VERSION = "1.5.0"  # the first with custom metadata


def operators(path):
    """How often each op is in a file: Counter of names; custom ops by their own, such as FlexBitwiseAnd."""
    model = _read(path)
    return Counter(_name(model, op) for graph in model.subgraphs for op in graph.operators or ())


def made_tensors(content):
    """Names of the tensors that ops make, of a file's bytes."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    return [
        g.tensors[i].name.decode()
        for g in model.subgraphs
        for op in g.operators or ()
        for i in op.outputs
    ]


def output_tensors(content):
    """Names of the tensors that a file's graph gives, of a file's bytes."""
    main = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content)).subgraphs[0]
    return [main.tensors[i].name.decode() for i in main.outputs]


def refuse_foreign(path):
    """Raises Refused, naming op and layer, where a file holds an op that plain LiteRT does not have."""
    # Variables that nothing initialises are weights left out of the file: it runs without an error,
    # and gives NaN.
    refused = {OP.CUSTOM} if "CALL_ONCE" in operators(path) else {OP.CUSTOM, OP.VAR_HANDLE}
    if foreign := _found(path, lambda model, op: _code(model, op) in refused):
        raise Refused(f"{Path(path).name}: {foreign_ops(foreign)}")


def beyond(path, names):
    """Ops of a file that are not among `names`: [(op, name of a tensor, which begins with its layer's)]."""
    return _found(path, lambda model, op: _name(model, op) not in names)


def _found(path, wanted):
    """[(op, name of a tensor)] of the ops for which `wanted(model, op)` holds."""
    model, listed = _read(path), []
    for graph in model.subgraphs:
        for op in graph.operators or ():
            if wanted(model, op):
                names = [
                    graph.tensors[i].name.decode() for i in (*op.outputs, *_inputs(op)) if i >= 0
                ]
                listed.append(
                    (_name(model, op), next((name for name in names if "/" in name), names[0]))
                )
    return listed


def names(path):
    """({input name: index}, {output name: index}) of a file's signature: the place of each among inputs and outputs."""
    model = _read(path)
    graph, signature = model.subgraphs[0], model.signatureDefs[0]
    places = ((signature.inputs, list(graph.inputs)), (signature.outputs, list(graph.outputs)))
    return tuple(
        {t.name.decode(): order.index(t.tensorIndex) for t in named} for named, order in places
    )


def live(path):
    """(bytes, names of tensors, largest first) of what a file's main graph holds at once at its
    fullest step.

    A tensor is held from the step that makes it to the last one that reads it; inputs from the
    first, outputs to the last. Weights are not counted, and neither is what an op needs for itself.
    """
    graph = _read(path).subgraphs[0]
    steps = graph.operators or ()
    made, last = dict.fromkeys(graph.inputs, 0), {}
    for step, op in enumerate(steps):
        made |= dict.fromkeys(op.outputs, step)
        last |= dict.fromkeys(_inputs(op), step)
    last |= dict.fromkeys(graph.outputs, len(steps))
    sizes = {
        i: SIZES.get(graph.tensors[i].type, 1) * int(np.prod(_shape(graph.tensors[i])))
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


def quantise_uint8_inputs(path):
    """Makes uint8 inputs that are cast to float32 quantised tensors of scale 1, in place: the same
    numbers.

    A dequantisation runs where the cast does not: on tflite-micro, and within one delegate on
    phones. Where the next step is to quantise again, that is done at once, as the picture in
    float32 would be most of what the model holds.
    """
    model = _read(path)
    graph = model.subgraphs[0]

    def is_cast(op):
        return _code(model, op) == OP.CAST and graph.tensors[op.outputs[0]].type == FLOAT32

    def readers(index):
        return [op for op in graph.operators if index in _inputs(op)]

    for index in graph.inputs:
        tensor, casts = graph.tensors[index], readers(index)
        if tensor.type == UINT8 and casts and all(map(is_cast, casts)):
            scale, zero_point = np.ones(1, np.float32), np.zeros(1, np.int64)
            tensor.quantization = schema.QuantizationParametersT(scale=scale, zeroPoint=zero_point)
            model.operatorCodes.append(schema.OperatorCodeT(OP.DEQUANTIZE, None, 1, OP.DEQUANTIZE))
            for op in casts:
                op.opcodeIndex, op.builtinOptionsType, op.builtinOptions = (
                    len(model.operatorCodes) - 1,
                    0,
                    None,
                )
                following = readers(op.outputs[0])
                for quantise in (
                    reader for reader in following if _code(model, reader) == OP.QUANTIZE
                ):
                    quantise.inputs = np.array([index], np.int32)
                if following and not readers(op.outputs[0]):
                    graph.operators.remove(op)
    write_bytes(path, _packed(model))


def attach_metadata(
    path, *, name, description, labels, license="", custom=None, boxes=(), pieces=()
):
    """Writes TFLite metadata into a file, and the labels behind it, for MediaPipe and Android
    Studio; in place.

    Pictures in are described as RGB in 0..255; outputs whose last axis is as long as `labels` are
    labelled. A file that has metadata gets it replaced; the same arguments give the same bytes.
    custom: (name, bytes) of what a runtime must know beyond that; boxes: names of the outputs that
    hold boxes, as centre y x and height width in [0, 1]; pieces: the word pieces by which BERT's
    tokenizer is to make the inputs "ids", "mask" and "segment_ids" of a text.
    """
    model = _read(path)
    builder = _AlignedBuilder()
    table = _metadata(model, name, description, labels, license, custom, boxes, pieces)
    builder.Finish(_put(builder, table), IDENTIFIER)
    model.metadata = model.metadata or []
    entry = next((entry for entry in model.metadata if entry.name == METADATA), None)
    if entry is None:
        entry = schema.MetadataT(METADATA, len(model.buffers))
        model.metadata.append(entry)
        model.buffers.append(schema.BufferT())
    model.buffers[entry.buffer].data = np.frombuffer(builder.Output(), np.uint8)
    stream = io.BytesIO(_packed(model))
    stream.seek(0, io.SEEK_END)
    with zipfile.ZipFile(stream, "w") as archive:  # counts its offsets from the start of the stream
        for file, lines in ((LABELS, labels), *([(VOCABULARY, pieces)] if pieces else [])):
            member = zipfile.ZipInfo(file, (1980, 1, 1, 0, 0, 0))
            member.create_system = 3  # or the bytes would depend on the machine
            archive.writestr(member, "".join(f"{line}\n" for line in lines))
    write_bytes(path, stream.getvalue())


def read_metadata(path):
    """The metadata of a file -> {"name", "description", "license", "labels"}. Raises ValueError where it has none."""
    model = _read(path)
    entry = next((entry for entry in model.metadata or () if entry.name == METADATA), None)
    if entry is None:
        raise ValueError(f"{path} has no metadata.")
    data = model.buffers[entry.buffer].data.tobytes()
    table = flatbuffers.table.Table(
        data, flatbuffers.encode.Get(flatbuffers.packer.uoffset, data, 0)
    )
    slots = {"name": MODEL_NAME, "description": MODEL_DESCRIPTION, "license": MODEL_LICENSE}
    offsets = {key: table.Offset(4 + 2 * slot) for key, slot in slots.items()}
    texts = {
        key: table.String(offset + table.Pos).decode() if offset else ""
        for key, offset in offsets.items()
    }
    with zipfile.ZipFile(path) as archive:
        return {**texts, "labels": archive.read(LABELS).decode().split("\n")[:-1]}


def _metadata(model, name, description, labels, license, custom, boxes, pieces):
    """Nested tables, {slot: value}, in the order of the tensors of the first subgraph."""
    graph, signature = model.subgraphs[0], model.signatureDefs[0]
    names = {t.tensorIndex: t.name.decode() for t in (*signature.inputs, *signature.outputs)}
    feature = {CONTENT_KIND: FEATURE, CONTENT: {}}

    def source(index):
        if not _is_picture(graph.tensors[index]):
            return {TENSOR_NAME: names[index], TENSOR_CONTENT: feature}
        return {
            TENSOR_NAME: names[index],
            TENSOR_CONTENT: {CONTENT_KIND: IMAGE, CONTENT: {COLOUR_SPACE: RGB}},
            TENSOR_PROCESS: [{PROCESS_KIND: NORMALISATION, PROCESS: {MEAN: [0.0], STD: [1.0]}}],
            TENSOR_STATS: {MAX: [255.0], MIN: [0.0]},
        }

    def result(index):
        shape = _shape(graph.tensors[index])
        if names[index] in boxes:
            content = {BOX_ORDER: np.array([1, 0, 3, 2], np.uint32), BOX_KIND: BOUNDARIES}
            return {
                TENSOR_NAME: names[index],
                TENSOR_CONTENT: {CONTENT_KIND: BOX, CONTENT: content},
            }
        table = {TENSOR_NAME: names[index], TENSOR_CONTENT: feature}
        if len(shape) > 1 and shape[-1] == len(labels):
            file = {
                FILE_NAME: LABELS,
                FILE_DESCRIPTION: "Names of the classes.",
                FILE_TYPE: TENSOR_AXIS_LABELS,
            }
            table[TENSOR_FILES] = [file]
        return table

    tensors = {
        GRAPH_INPUTS: [source(i) for i in graph.inputs],
        GRAPH_OUTPUTS: [result(i) for i in graph.outputs],
    }
    if pieces:
        file = {FILE_NAME: VOCABULARY, FILE_DESCRIPTION: "Word pieces.", FILE_TYPE: TOKEN_LIST}
        tensors[GRAPH_PROCESS] = [{PROCESS_KIND: BERT_TOKENIZER, PROCESS: {TOKENS: [file]}}]
    if custom:
        tensors[GRAPH_CUSTOM] = [{CUSTOM_NAME: custom[0], CUSTOM_DATA: custom[1]}]
    version = CUSTOM_VERSION if custom else PARSER_VERSION
    texts = {
        MODEL_NAME: name,
        MODEL_DESCRIPTION: description,
        MODEL_LICENSE: license,
        MODEL_PARSER: version,
    }
    return {**texts, MODEL_SUBGRAPHS: [tensors]}


def _is_picture(tensor):
    return tensor.type in (UINT8, FLOAT32) and len(_shape(tensor)) == 4 and tensor.shape[-1] == 3


def _shape(tensor):
    return () if tensor.shape is None else tuple(tensor.shape)


def _put(builder, value):
    """Writes text, bytes, a {slot: value} table, or a vector of floats or tables -> its offset; integers are bytes."""
    if isinstance(value, np.ndarray):
        return builder.CreateNumpyVector(value)
    if isinstance(value, bytes):
        return builder.CreateNumpyVector(np.frombuffer(value, np.uint8))
    if isinstance(value, str):
        return builder.CreateString(value)
    if isinstance(value, list) and isinstance(value[0], float):
        return builder.CreateNumpyVector(np.asarray(value, np.float32))
    if isinstance(value, list):
        offsets = [_put(builder, item) for item in value]
        builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            builder.PrependUOffsetTRelative(offset)
        return builder.EndVector()
    offsets = {
        slot: _put(builder, item) for slot, item in value.items() if not isinstance(item, int)
    }
    builder.StartObject(max(value, default=-1) + 1)
    for slot, item in value.items():
        if slot in offsets:
            builder.PrependUOffsetTRelativeSlot(slot, offsets[slot], 0)
        else:
            builder.PrependUint8Slot(slot, item, 0)
    return builder.EndObject()


def _read(path):
    """A file as one flatbuffer: weights that lie behind it, as the quantizer puts them, are taken into it."""
    content = Path(path).read_bytes()
    if len(content) > LARGEST:
        raise Refused(
            f"{Path(path).name} is over 2 GB, and such files cannot be changed: make the model"
            " smaller."
        )
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    for buffer in model.buffers:
        if buffer.offset > 1:
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
        buffer.offset = buffer.size = 0
    return model


def _packed(model):
    builder = _AlignedBuilder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


class _AlignedBuilder(flatbuffers.Builder):
    """Puts weights at multiples of 16 bytes, as the TFLite schema demands and its own Python code forgets."""

    def CreateNumpyVector(self, x):
        if x.dtype == np.uint8:
            self.Prep(16, x.nbytes)
        return super().CreateNumpyVector(x)


def _code(model, op):
    """Codes above 127 are in the newer field alone, and old files have the older one alone."""
    code = model.operatorCodes[op.opcodeIndex]
    return max(code.builtinCode, code.deprecatedBuiltinCode)


def _inputs(op):
    return () if op.inputs is None else op.inputs


def _name(model, op):
    code = _code(model, op)
    return (
        model.operatorCodes[op.opcodeIndex].customCode.decode()
        if code == OP.CUSTOM
        else OP_NAMES[code]
    )
