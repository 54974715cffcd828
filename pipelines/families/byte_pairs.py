"""Byte-level BPE by `tokenizers`: learned from texts, and fast on many of them."""

import json
from collections.abc import Iterable, Sequence

import tokenizers
from tokenizers import models, pre_tokenizers, trainers

from pipelines.edge.byte_pairs import NONE

MISSING = " "  # the piece of bytes that are none; no letter of the alphabet is a space


def learned(texts: Iterable[str], size: int, least: int) -> dict[str, list[str]]:
    """{"pieces", "merges"} with `size` pieces at most; see `edge.byte_pairs`.

    A pair that is there less than `least` times, or once, is not merged.
    """
    made = _tokenizer(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=max(2, least),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(map(_sound, texts), trainer)
    content = json.loads(made.to_str())["model"]
    numbers = content["vocab"]
    merges = [" ".join(merge) for merge in content["merges"]]
    return {"pieces": sorted(numbers, key=numbers.__getitem__), "merges": merges}


def numbers(
    texts: Sequence[str], pieces: Sequence[str], merges: Sequence[str], apart: bool = False
) -> list[list[int]]:
    """The pieces of each text, by number, as `edge.byte_pairs.BytePairs` finds them, but faster."""
    ids = {piece: i for i, piece in enumerate([*pieces, MISSING])}
    parts = [(first, second) for first, second in (merge.split(" ") for merge in merges)]
    made = _tokenizer(models.BPE(ids, parts, unk_token=MISSING), apart)
    rows = [found.ids for found in made.encode_batch([_sound(text) for text in texts])]
    return [[NONE if i == len(pieces) else i for i in row] for row in rows]


def _tokenizer(model: models.Model, apart: bool = False) -> tokenizers.Tokenizer:
    made = tokenizers.Tokenizer(model)
    steps = [pre_tokenizers.Digits(individual_digits=True)] if apart else []
    steps.append(pre_tokenizers.ByteLevel(add_prefix_space=False))
    made.pre_tokenizer = pre_tokenizers.Sequence(steps)
    return made


def _sound(text: str) -> str:
    """The text with U+FFFD for each lone surrogate, which UTF-8 cannot hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
