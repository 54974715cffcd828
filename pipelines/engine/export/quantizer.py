"""A second route to small files: ai-edge-quantizer, which makes them of the float32 file, recurrent
layers included."""

import importlib.util
from pathlib import Path

from pipelines.engine.proof import kinds

FILES = kinds.RECIPES
BITS = {  # of weights, by op; other ops stay as they are, and arithmetic is in float32
    "weight_only_int8": {"*": 8},
    "weight_only_int4": {"*": 4},
    "mixed": {"*": 8, "FULLY_CONNECTED": 4, "BATCH_MATMUL": 4},
}
FOUR = (
    "BATCH_MATMUL",
    "CONV_2D",
    "EMBEDDING_LOOKUP",
    "FULLY_CONNECTED",
)  # ops that can have weights in int4
EIGHT = (*FOUR, "CONV_2D_TRANSPOSE", "DEPTHWISE_CONV_2D")


def installed() -> bool:
    """Whether the package is there."""
    return importlib.util.find_spec("ai_edge_quantizer") is not None


def quantised(path: Path, kind: str) -> bytes:
    """The float32 file `path` -> bytes of a file of `kind`, out of FILES.

    Weights have a scale for each channel.
    """
    from ai_edge_quantizer import qtyping, quantizer

    bits, made = BITS[kind], quantizer.Quantizer(str(path))
    for op in EIGHT:
        wanted = bits.get(op, bits["*"]) if op in FOUR else 8
        made.add_weight_only_config(".*", qtyping.TFLOperationName(op), wanted)
    return bytes(made.quantize().quantized_model)
