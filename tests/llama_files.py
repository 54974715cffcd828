"""GGUF files small enough for a test: a Llama of one block with random weights."""

import struct

import numpy as np

from pipelines.edge.byte_pairs import ALPHABET

MERGES = ["t h", "th e", "Ġ the"]
PIECES = [letter for byte, letter in ALPHABET.items() if byte != 0xF4]  # as SmolLM2 lacks some
WIDTH, DEPTH, HEADS, GROUPS, INNER = 8, 2, 2, 1, 12
METADATA = {
    "general.architecture": "llama",
    "llama.context_length": 256,
    "llama.embedding_length": WIDTH,
    "llama.block_count": DEPTH,
    "llama.attention.head_count": HEADS,
    "llama.attention.head_count_kv": GROUPS,
    "llama.feed_forward_length": INNER,
    "llama.rope.freq_base": 100.0,
    "llama.attention.layer_norm_rms_epsilon": 1e-5,
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "smollm",
    "tokenizer.ggml.tokens": ["<end>", "<start>", *PIECES, "th", "the", "Ġthe"],
    "tokenizer.ggml.token_type": [3, 3, *[1] * (len(PIECES) + 3)],
    "tokenizer.ggml.merges": MERGES,
}


def tensors(seed=0):
    """{name: (rows, columns)} of random weights."""
    shared = GROUPS * WIDTH // HEADS
    size = len(METADATA["tokenizer.ggml.tokens"])
    shapes = {"token_embd": (size, WIDTH), "output_norm": (WIDTH,)}
    for i in range(DEPTH):
        own = {
            "attn_norm": (WIDTH,), "attn_q": (WIDTH, WIDTH), "attn_k": (shared, WIDTH),
            "attn_v": (shared, WIDTH), "attn_output": (WIDTH, WIDTH), "ffn_norm": (WIDTH,),
            "ffn_gate": (INNER, WIDTH), "ffn_up": (INNER, WIDTH), "ffn_down": (WIDTH, INNER),
        }  # fmt: skip
        shapes |= {f"blk.{i}.{name}": shape for name, shape in own.items()}
    random = np.random.default_rng(seed)
    return {
        f"{name}.weight": random.normal(0, 0.4, shape).astype(np.float32)
        for name, shape in shapes.items()
    }


def write(file, metadata=METADATA, weights=None, blocks=()):
    """Writes float32 tensors, and `blocks`: (name, shape as the format has it, kind, bytes)."""
    weights = tensors() if weights is None else weights
    plain = [(name, w.shape[::-1], 0, w.astype("<f4").tobytes()) for name, w in weights.items()]
    listed, parts, at = [*plain, *blocks], [], 0
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(listed), len(metadata))
    for name, value in metadata.items():
        head += _text(name) + _value(value)
    for name, shape, kind, content in listed:
        axes = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        head += _text(name) + axes + struct.pack("<IQ", kind, at)
        parts.append(content + bytes(-len(content) % 32))
        at += len(parts[-1])
    file.write_bytes(head + bytes(-len(head) % 32) + b"".join(parts))
    return file


def _text(text):
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _value(value):
    if isinstance(value, list):
        kind = 8 if isinstance(value[0], str) else 4
        items = b"".join(_text(v) if kind == 8 else struct.pack("<I", v) for v in value)
        return struct.pack("<IIQ", 9, kind, len(value)) + items
    if isinstance(value, str):
        return struct.pack("<I", 8) + _text(value)
    form, kind = ("<f", 6) if isinstance(value, float) else ("<I", 4)
    return struct.pack("<I", kind) + struct.pack(form, value)
