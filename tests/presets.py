"""Pretrained nets small enough for a test: presets of KerasHub with random weights, saved once."""

from conftest import once

WORDS = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "a", "cat", "dog", "run", "##s", "big",
    ".", ",", "e", "n", "i", "r", "s", "t", "d", "h", "l", "u", "c", "m", "o", "p",
]  # fmt: skip


def pictures():
    """`backbone=` of a residual net of two blocks, for pictures of any size."""
    return f"hub:{once('preset_of_pictures', _write_pictures)}"


def text():
    """`backbone=` of a BERT of one layer and some words."""
    return f"hub:{once('preset_of_text', _write_text)}"


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


def _write_text(folder):
    import keras_hub

    net = keras_hub.models.BertBackbone(
        vocabulary_size=len(WORDS),
        num_layers=1,
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=16,
        max_sequence_length=64,
    )
    net.save_to_preset(str(folder))
    tokenizer = keras_hub.models.BertTokenizer(vocabulary=WORDS, lowercase=True)
    tokenizer.save_to_preset(str(folder))
