"""TFLite metadata: what MediaPipe and Android Studio read of a file."""

import io
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from pipelines.engine.export import flatbuffer
from pipelines.engine.export.flatbuffer import TYPE
from pipelines.files import write_bytes

METADATA, LABELS, VOCABULARY = b"TFLITE_METADATA", "labels.txt", "vocab.txt"

# Slots of the tables and values of the enums in metadata_schema.fbs 1.5.0 of TFLite Support and
# MediaPipe.
MODEL_NAME, MODEL_DESCRIPTION, MODEL_SUBGRAPHS, MODEL_LICENSE, MODEL_PARSER = 0, 1, 3, 5, 7
GRAPH_INPUTS, GRAPH_OUTPUTS, GRAPH_PROCESS, GRAPH_CUSTOM = 2, 3, 5, 9
CUSTOM_NAME, CUSTOM_DATA = 0, 1
TENSOR_NAME, TENSOR_CONTENT, TENSOR_PROCESS, TENSOR_STATS, TENSOR_FILES = 0, 3, 4, 5, 6
FILE_NAME, FILE_DESCRIPTION, FILE_TYPE = 0, 1, 2
# A union takes two slots: which one, and its table.
CONTENT_KIND, CONTENT, PROCESS_KIND, PROCESS = 0, 1, 0, 1
COLOUR_SPACE, MEAN, STD, MAX, MIN = 0, 0, 1, 0, 1
BOX_ORDER, BOX_KIND = 0, 1
TOKENS = 0
BOX, BOUNDARIES = 3, 1
FEATURE, IMAGE, RGB, NORMALISATION, BERT_TOKENIZER = 1, 2, 1, 1, 4
TENSOR_AXIS_LABELS, TOKEN_LIST = 2, 5
IDENTIFIER = b"M001"
PARSER_VERSION = "1.0.0"  # nearly all that is used here was in the first version
CUSTOM_VERSION = "1.5.0"  # the first with custom metadata
CLASSES = {
    FILE_NAME: LABELS,
    FILE_DESCRIPTION: "Names of the classes.",
    FILE_TYPE: TENSOR_AXIS_LABELS,
}


def attach_metadata(
    path: Path,
    *,
    name: str,
    description: str,
    labels: Sequence[str],
    license: str = "",
    custom: tuple[str, bytes] | None = None,
    boxes: Collection[str] = (),
    pieces: Sequence[str] = (),
) -> None:
    """Writes TFLite metadata into a file, and the labels behind it, for MediaPipe and Android
    Studio; in place.

    Pictures in are described as RGB in 0..255; outputs whose last axis is as long as `labels` are
    labelled. A file that has metadata gets it replaced; the same arguments give the same bytes.
    custom: (name, bytes) of what a runtime must know beyond that; boxes: names of the outputs that
    hold boxes, as centre y x and height width in [0, 1]; pieces: the word pieces by which BERT's
    tokenizer is to make the inputs "ids", "mask" and "segment_ids" of a text.
    """
    model = flatbuffer.read(path)
    builder = flatbuffer.AlignedBuilder()
    table = _metadata(model, name, description, labels, license, custom, boxes, pieces)
    builder.Finish(_put(builder, table), IDENTIFIER)
    model.metadata = model.metadata or []
    entry = _entry(model)
    if entry is None:
        entry = schema.MetadataT(METADATA, len(model.buffers))
        model.metadata.append(entry)
        model.buffers.append(schema.BufferT())
    model.buffers[entry.buffer].data = np.frombuffer(builder.Output(), np.uint8)
    stream = io.BytesIO(flatbuffer.packed(model))
    stream.seek(0, io.SEEK_END)
    with zipfile.ZipFile(stream, "w") as archive:  # counts its offsets from the start of the stream
        files = {LABELS: labels} | ({VOCABULARY: pieces} if pieces else {})
        for file, lines in files.items():
            member = zipfile.ZipInfo(file, (1980, 1, 1, 0, 0, 0))
            member.create_system = 3  # or the bytes would depend on the machine
            archive.writestr(member, "".join(f"{line}\n" for line in lines))
    write_bytes(path, stream.getvalue())


def _entry(model):
    """Where a model's metadata is, or None."""
    return next((entry for entry in model.metadata or () if entry.name == METADATA), None)


def read_metadata(path: Path) -> dict[str, Any]:
    """The metadata of a file -> {"name", "description", "license", "labels"}.

    Raises ValueError if it has none.
    """
    model = flatbuffer.read(path)
    entry = _entry(model)
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
    """Nested tables, {slot: value}, with a table for each graph up to the last of a signature."""
    signatures = {signature.subgraphIndex: signature for signature in model.signatureDefs}
    graphs = []
    for i in range(max(signatures) + 1):
        graphs.append(_graph(model.subgraphs[i], signatures.get(i), labels, boxes))
    first = graphs[min(signatures)]
    if pieces:
        file = {FILE_NAME: VOCABULARY, FILE_DESCRIPTION: "Word pieces.", FILE_TYPE: TOKEN_LIST}
        first[GRAPH_PROCESS] = [{PROCESS_KIND: BERT_TOKENIZER, PROCESS: {TOKENS: [file]}}]
    if custom:
        first[GRAPH_CUSTOM] = [{CUSTOM_NAME: custom[0], CUSTOM_DATA: custom[1]}]
    return {
        MODEL_NAME: name,
        MODEL_DESCRIPTION: description,
        MODEL_LICENSE: license,
        MODEL_PARSER: CUSTOM_VERSION if custom else PARSER_VERSION,
        MODEL_SUBGRAPHS: graphs,
    }


def _graph(graph, signature, labels, boxes):
    """The table of a graph, in the order of its tensors; empty if it is the body of a loop."""
    if signature is None:
        return {}
    named = (*signature.inputs, *signature.outputs)
    names = {tensor.tensorIndex: tensor.name.decode() for tensor in named}
    return {
        GRAPH_INPUTS: [_source(names[i], graph.tensors[i]) for i in graph.inputs],
        GRAPH_OUTPUTS: [_result(names[i], graph.tensors[i], labels, boxes) for i in graph.outputs],
    }


def _source(name, tensor):
    if not _is_picture(tensor):
        return {TENSOR_NAME: name, TENSOR_CONTENT: {CONTENT_KIND: FEATURE, CONTENT: {}}}
    return {
        TENSOR_NAME: name,
        TENSOR_CONTENT: {CONTENT_KIND: IMAGE, CONTENT: {COLOUR_SPACE: RGB}},
        TENSOR_PROCESS: [{PROCESS_KIND: NORMALISATION, PROCESS: {MEAN: [0.0], STD: [1.0]}}],
        TENSOR_STATS: {MAX: [255.0], MIN: [0.0]},
    }


def _result(name, tensor, labels, boxes):
    if name in boxes:
        content = {BOX_ORDER: np.array([1, 0, 3, 2], np.uint32), BOX_KIND: BOUNDARIES}
        return {TENSOR_NAME: name, TENSOR_CONTENT: {CONTENT_KIND: BOX, CONTENT: content}}
    table = {TENSOR_NAME: name, TENSOR_CONTENT: {CONTENT_KIND: FEATURE, CONTENT: {}}}
    shape = flatbuffer.shape_of(tensor)
    if len(shape) > 1 and shape[-1] == len(labels):
        table[TENSOR_FILES] = [CLASSES]
    return table


def _is_picture(tensor):
    return (
        tensor.type in (TYPE.UINT8, TYPE.FLOAT32)
        and len(flatbuffer.shape_of(tensor)) == 4
        and tensor.shape[-1] == 3
    )


def _put(builder, value):
    """Writes text, bytes, a {slot: value} table, or a vector of floats or tables -> its offset.

    Integers are bytes.
    """
    if isinstance(value, str):
        return builder.CreateString(value)
    if isinstance(value, dict):
        return _put_table(builder, value)
    if isinstance(value, list) and not isinstance(value[0], float):
        return _put_tables(builder, value)
    return builder.CreateNumpyVector(_vector(value))


def _vector(value):
    """Numbers as an array: bytes as uint8, a list of floats as float32."""
    if isinstance(value, bytes):
        return np.frombuffer(value, np.uint8)
    return np.asarray(value, np.float32) if isinstance(value, list) else value


def _put_tables(builder, tables):
    offsets = [_put(builder, item) for item in tables]
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return builder.EndVector()


def _put_table(builder, table):
    offsets = {slot: _put(builder, v) for slot, v in table.items() if not isinstance(v, int)}
    builder.StartObject(max(table, default=-1) + 1)
    for slot, item in table.items():
        if slot in offsets:
            builder.PrependUOffsetTRelativeSlot(slot, offsets[slot], 0)
        else:
            builder.PrependUint8Slot(slot, item, 0)
    return builder.EndObject()
