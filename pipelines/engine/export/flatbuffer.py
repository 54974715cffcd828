"""TFLite files as trees of plain Python objects, by the schema that comes with LiteRT."""

from pathlib import Path

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from pipelines.errors import Refused

OP, TYPE = schema.BuiltinOperator, schema.TensorType
LARGEST = 2**31 - 1  # bytes of a flatbuffer


def read(path):
    """A file as one flatbuffer: weights that lie behind it, as the quantizer puts them, are taken into it."""
    content = Path(path).read_bytes()
    if len(content) > LARGEST:
        raise Refused(
            f"{Path(path).name} is over 2 GB, and such files cannot be changed: make the model"
            " smaller."
        )
    return opened(content)


def opened(content):
    """`read` of a file's bytes."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    for buffer in model.buffers:
        if buffer.offset > 1:
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
        buffer.offset = buffer.size = 0
    return model


def packed(model):
    """The bytes of what `read` gives, with weights where the schema wants them."""
    builder = AlignedBuilder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


class AlignedBuilder(flatbuffers.Builder):
    """Puts weights at multiples of 16 bytes, as the TFLite schema demands and its own Python code forgets."""

    def CreateNumpyVector(self, x):
        if x.dtype == np.uint8:
            self.Prep(16, x.nbytes)
        return super().CreateNumpyVector(x)


def mains(model):
    """The graphs of a file's signatures; others are the bodies of loops and branches."""
    indices = {signature.subgraphIndex for signature in model.signatureDefs}
    return [model.subgraphs[i] for i in sorted(indices)]


def shape_of(tensor):
    """A tensor's lengths, as a tuple."""
    return () if tensor.shape is None else tuple(tensor.shape)


def code_of(model, op):
    """A number out of OP. Codes above 127 are in the newer field alone, and old files have the older one alone."""
    code = model.operatorCodes[op.opcodeIndex]
    return max(code.builtinCode, code.deprecatedBuiltinCode)


def inputs_of(op):
    """Indices of the tensors that an op reads; -1 is one that is left out."""
    return () if op.inputs is None else op.inputs
