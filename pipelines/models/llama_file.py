"""A small Llama out of a GGUF file: its shape, its byte pairs, its weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.edge.byte_pairs import BYTES
from pipelines.models.gguf import File
from pipelines.models.language import LanguageNet

# Of angles of positions that are stretched for longer texts; our net's are not.
SCALED = ("llama.rope.scaling.", "rope_freqs.", "rope_factors_")
CONTROL = 3  # kind of a token that stands for no text
MOST = {"depth": 512, "width": 16_384, "inner": 131_072, "size": 1_000_000}  # believed of a file


@dataclass(frozen=True)
class Shape:
    """Of a decoder, see `llama.Llama`; size: how many tokens there are."""

    size: int
    width: int
    depth: int
    heads: int
    groups: int
    inner: int
    base: float
    epsilon: float


def shape(file: File) -> Shape:
    """Raises PipelineError if the file has no Llama whose text is byte pairs with digits apart."""
    found = file.metadata
    kinds = [
        ("general.architecture", "llama"),
        ("tokenizer.ggml.model", "gpt2"),
        ("tokenizer.ggml.pre", "smollm"),
    ]
    for name, wanted in kinds:
        if found.get(name) != wanted:
            raise file.bad(f"has {name} {found.get(name)!r}, and {wanted!r} can be read")
    named = filter(lambda name: name.startswith(SCALED), (*found, *file))
    scaled = [name for name in named if found.get(name) != "none"]
    if scaled:
        raise file.bad(f"has angles that are scaled ({scaled[0]}), which cannot be read")
    if "output.weight" in file:
        raise file.bad("has an output apart from its table, which cannot be read")
    made = Shape(
        size=next(iter(file.shape("token_embd.weight")), 0),
        width=_whole(found, "llama.embedding_length"),
        depth=_whole(found, "llama.block_count"),
        heads=_whole(found, "llama.attention.head_count"),
        groups=_whole(found, "llama.attention.head_count_kv"),
        inner=_whole(found, "llama.feed_forward_length"),
        base=_real(found, "llama.rope.freq_base"),
        epsilon=_real(found, "llama.attention.layer_norm_rms_epsilon"),
    )
    _check(file, made)
    return made


def longest(file: File) -> int:
    """How many tokens the net was trained to read at once. Raises PipelineError if that is not said."""
    found = _whole(file.metadata, "llama.context_length")
    if found < 1:
        raise file.bad("does not say how many tokens it reads (llama.context_length)")
    return found


def _check(file: File, made: Shape) -> None:
    """Raises PipelineError if no net has this shape, or the file lacks some of its weights."""
    for name, most in MOST.items():
        if not 1 <= getattr(made, name) <= most:
            raise file.bad(f"has a {name} of {getattr(made, name)}, and 1 to {most} is possible")
    fits = made.heads > 0 < made.groups and not made.heads % made.groups
    if not fits or made.width % (2 * made.heads):
        raise file.bad(
            f"has {made.heads} heads in {made.groups} groups for a width of {made.width}"
        )
    if not (made.base > 1 and 0 < made.epsilon < 1):
        raise file.bad(f"has the constants {made.base} and {made.epsilon}")
    blocks = {
        f"blk.{i}.{name}": own for i in range(made.depth) for name, own in _rows(made).items()
    }
    wanted = {"token_embd": (made.size, made.width), "output_norm": (made.width,), **blocks}
    for name, own in wanted.items():
        if file.shape(f"{name}.weight") != own:
            raise file.bad(f"has {name} of the shape {file.shape(f'{name}.weight')}, not {own}")


def vocabulary(file: File) -> dict[str, list[str]]:
    """{"pieces", "merges"} of `edge.text_ids`: its two own ids are the file's first two tokens.

    Raises PipelineError if these stand for text, or others are no byte pairs.
    """
    tokens = _strings(file, "tokenizer.ggml.tokens")
    merges = _strings(file, "tokenizer.ggml.merges")
    kinds = file.metadata.get("tokenizer.ggml.token_type")
    if not isinstance(kinds, list) or kinds[:2] != [CONTROL] * 2:
        raise file.bad("does not begin with two tokens that are no text")
    known = set(tokens)
    if len(known) != len(tokens) or len(tokens) != shape(file).size:
        raise file.bad("has other tokens than rows of its table")
    if not all(token and BYTES.keys() >= set(token) for token in tokens):
        raise file.bad("has tokens that are no bytes")
    if not all(_is_merge(merge, known) for merge in merges):
        raise file.bad("merges what is no token")
    return {"pieces": tokens[2:], "merges": merges}


def _is_merge(merge: str, known: set[str]) -> bool:
    parts = merge.split(" ")
    return len(parts) == 2 and {*parts, "".join(parts)} <= known


def assign(net: LanguageNet, file: File) -> None:
    """Weights of a file to the net of `language.net` whose body is a `llama.Llama` of its shape."""
    made = shape(file)
    net.get_layer("table").embeddings.assign(file["token_embd.weight"])
    body = net.get_layer("body")
    body.norm.scale.assign(file["output_norm.weight"])
    for i, block in enumerate(body.blocks):
        own = {name: file[f"blk.{i}.{name}.weight"] for name in _rows(made)}
        block.before.scale.assign(own["attn_norm"])
        block.query.kernel.assign(_halves(own["attn_q"], made.heads).T)
        block.key.kernel.assign(_halves(own["attn_k"], made.groups).T)
        block.value.kernel.assign(own["attn_v"].T)
        block.output_.kernel.assign(own["attn_output"].T)
        block.behind.scale.assign(own["ffn_norm"])
        block.gate.kernel.assign(own["ffn_gate"].T)
        block.up.kernel.assign(own["ffn_up"].T)
        block.down.kernel.assign(own["ffn_down"].T)


def _rows(made: Shape) -> dict[str, tuple[int, ...]]:
    """{name: shape} of the tensors of a block, outputs first."""
    width, inner = made.width, made.inner
    shared = made.groups * (width // made.heads)
    norms = dict.fromkeys(("attn_norm", "ffn_norm"), (width,))
    squares = dict.fromkeys(("attn_q", "attn_output"), (width, width))
    narrow = dict.fromkeys(("attn_k", "attn_v"), (shared, width))
    wide = dict.fromkeys(("ffn_gate", "ffn_up"), (inner, width))
    return {**norms, **squares, **narrow, **wide, "ffn_down": (width, inner)}


def _halves(rows: np.ndarray, heads: int) -> np.ndarray:
    """Rows (heads * S, D) in which pairs that turn together are neighbours -> half a head apart.

    llama.cpp keeps queries and keys in the first order.
    """
    pairs = rows.reshape(heads, -1, 2, rows.shape[1])
    return pairs.swapaxes(1, 2).reshape(rows.shape)


def _whole(found: Mapping[str, Any], name: str) -> int:
    value = found.get(name)
    return value if type(value) is int else 0


def _real(found: Mapping[str, Any], name: str) -> float:
    value = found.get(name)
    return value if type(value) is float else 0.0


def _strings(file: File, name: str) -> list[str]:
    found = file.metadata.get(name)
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise file.bad(f"has no list of texts {name}")
    return found
