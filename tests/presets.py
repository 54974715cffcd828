"""Pretrained nets small enough for a test: presets of KerasHub with random weights, saved once."""

import zlib

import llama_files
from conftest import once

WORDS = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "a", "cat", "dog", "run", "##s", "big",
    ".", ",", "e", "n", "i", "r", "s", "t", "d", "h", "l", "u", "c", "m", "o", "p",
]  # fmt: skip


def pictures():
    """`backbone=` of a residual net of two blocks, for pictures of any size."""
    return f"hub:{once('preset_of_pictures', _write_pictures)}"


def text(*words):
    """`backbone=` of a BERT of one layer that knows some words, and `words` besides."""
    known = list(dict.fromkeys([*WORDS, *map(str.lower, words)]))
    name = f"preset_of_text_{zlib.crc32(' '.join(known).encode())}"
    return f"hub:{once(name, lambda folder: _write_text(folder, known))}"


def language():
    """`backbone=` of a Llama of one block that knows single bytes and a few pairs of them."""
    folder = once("preset_of_language", lambda folder: llama_files.write(folder / "tiny.gguf"))
    return str(folder / "tiny.gguf")


def _write_pictures(folder):
    import keras_hub

    net = keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64, 16],
        stackwise_num_blocks=[1, 1],
        stackwise_num_strides=[1, 2],
        block_type="basic_block",
    )
    net.save_to_preset(str(folder))


def _write_text(folder, words):
    import keras_hub

    net = keras_hub.models.BertBackbone(
        vocabulary_size=len(words),
        num_layers=1,
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=16,
        max_sequence_length=64,
    )
    net.save_to_preset(str(folder))
    tokenizer = keras_hub.models.BertTokenizer(vocabulary=words, lowercase=True)
    tokenizer.save_to_preset(str(folder))
