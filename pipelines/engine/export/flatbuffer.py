"""TFLite files as trees of plain Python objects, by the schema that comes with LiteRT."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from pipelines.errors import Refused

OP, TYPE = schema.BuiltinOperator, schema.TensorType
LARGEST = 2**31 - 1  # bytes of a flatbuffer


def read(path: Path) -> Any:
    """A file as one flatbuffer, which takes in weights that lie behind it, as the quantizer puts
    them."""
    content = Path(path).read_bytes()
    if len(content) > LARGEST:
        raise Refused(
            f"{Path(path).name} is over 2 GB, and such files cannot be changed: make the model"
            " smaller."
        )
    return opened(content)


def opened(content: bytes) -> Any:
    """`read` of a file's bytes."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    for buffer in model.buffers:
        if buffer.offset > 1:
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
        buffer.offset = buffer.size = 0
    return model


def packed(model: Any) -> bytes:
    """The bytes of what `read` gives, with weights where the schema wants them."""
    builder = AlignedBuilder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


class AlignedBuilder(flatbuffers.Builder):
    """Puts weights at multiples of 16 bytes, as the schema wants and its own Python code
    forgets."""

    def CreateNumpyVector(self, x: np.ndarray) -> int:
        if x.dtype == np.uint8:
            self.Prep(16, x.nbytes)
        return super().CreateNumpyVector(x)


def mains(model: Any) -> list:
    """The graphs of a file's signatures; others are the bodies of loops and branches."""
    indices = {signature.subgraphIndex for signature in model.signatureDefs}
    return [model.subgraphs[i] for i in sorted(indices)]


def shape_of(tensor: Any) -> tuple[int, ...]:
    """A tensor's lengths, as a tuple."""
    return () if tensor.shape is None else tuple(tensor.shape)


def operators_of(model: Any) -> Iterator[tuple[Any, Any]]:
    """(graph, op) of all ops."""
    for graph in model.subgraphs:
        for op in graph.operators or ():
            yield graph, op


def code_of(model: Any, op: Any) -> int:
    """A number out of OP. A code above 127 is in the newer field alone; old files have the older
    one."""
    code = model.operatorCodes[op.opcodeIndex]
    return max(code.builtinCode, code.deprecatedBuiltinCode)


def inputs_of(op: Any) -> Sequence[int]:
    """Indices of the tensors that an op reads; -1 is one that is left out."""
    return () if op.inputs is None else op.inputs
