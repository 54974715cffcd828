"""Pretrained backbones whose weights are installed as a package, so that nothing is downloaded."""

import importlib.util
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pipelines.errors import NotInstalled, PipelineError, nearest
from pipelines.models import bert, efficientnet_lite, gguf, torch_file
from pipelines.models.sources import EFFICIENTNET_LITE0, MINILM, SMOLLM2, Source, named


def place(source: Source) -> Path:
    """Path of a Source's weights. Raises PipelineError if its package is not installed."""
    module, _, inner = source.weights.partition("/")
    spec = importlib.util.find_spec(module)  # finds it without running it
    if spec is None or not spec.submodule_search_locations:
        raise NotInstalled(
            f"backbone {source.name} needs the package {source.package.split()[0]}:"
            f" {source.install}."
        )
    path = Path(next(iter(spec.submodule_search_locations))) / inner
    if not path.is_file():
        raise PipelineError(
            f"the package {source.package.split()[0]} lacks {inner}. Install it again:"
            f" {source.install}."
        )
    return path


def efficientnet_lite0() -> keras.Model:
    """KerasHub backbone with its ImageNet weights.

    It takes pictures of any side as `efficientnet_lite.scaled` gives them. Raises PipelineError if
    the weights are not installed, are damaged, or hold anything but tensors.
    """
    net = efficientnet_lite.backbone()
    _assign(net, place(EFFICIENTNET_LITE0))
    return net


def imagenet_head(path: Path | str | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(kernel (1280, 1000), bias (1000,)) that make ImageNet logits.

    They are of the averaged features of `efficientnet_lite0`.
    """
    weights = torch_file.read(path or place(EFFICIENTNET_LITE0))
    return weights["_fc.weight"].T, weights["_fc.bias"]


def _assign(net: keras.Model, path: Path | str) -> None:
    weights = torch_file.read(path)
    try:
        efficientnet_lite.assign(net, weights)
    except (KeyError, ValueError) as error:
        raise PipelineError(
            f"{path} is not EfficientNet-Lite0: {' '.join(str(error).split())}."
        ) from error


def minilm() -> keras.Model:
    """KerasHub BertBackbone of all-MiniLM-L6-v2.

    {"token_ids", "segment_ids", "padding_mask": int (B, T)} -> {"sequence_output": (B, T, 384),
    "pooled_output": (B, 384)}. A sentence's vector, as the weights were trained, is the mean of the
    sequence output over real tokens, scaled to length one. Raises PipelineError if the weights are
    not installed.
    """
    import keras_hub

    folder = place(MINILM).parent
    try:
        net = keras_hub.models.BertBackbone.from_preset(str(folder), name="minilm")
    except Exception as error:  # the reader of the weights raises errors of many kinds
        raise PipelineError(
            f"{folder} is damaged ({' '.join(str(error).split())}). Install it again:"
            f" {MINILM.install}."
        ) from error
    return bert.fixed(net)


def text_backbone(name: str) -> keras.Model:
    """A BERT for text by name, `minilm` or `hub:PRESET`: see `minilm`.

    Raises PipelineError if it cannot be had.
    """
    return bert.fixed(_preset("BertBackbone", name)) if _is_preset(name) else minilm()


def text_pieces(name: str) -> list[str]:
    """Word pieces of a BERT for text by name, in the order of their ids.

    Raises PipelineError if they cannot be had.
    """
    if not _is_preset(name):
        return minilm_vocabulary()
    tokenizer = _preset("BertTokenizer", name)
    if not tokenizer.lowercase:
        raise PipelineError(
            f"backbone {name} minds upper case, and text goes in in lower case. Name an uncased"
            " BERT."
        )
    return list(tokenizer.get_vocabulary())


def language(name: str) -> gguf.File:
    """The weights of a model of text by name: `smollm2`, or the path of a GGUF file.

    Raises PipelineError if they cannot be had.
    """
    if name == SMOLLM2.name:
        return gguf.File(place(SMOLLM2))
    if not name.endswith(".gguf"):
        raise PipelineError(
            f"unknown backbone {name!r} of a language model. Name {SMOLLM2.name}, or a file that"
            " ends with .gguf."
        )
    if not Path(name).is_file():
        raise PipelineError(f"there is no file {name}. Correct backbone, or name {SMOLLM2.name}.")
    return gguf.File(name)


def _is_preset(name: str) -> bool:
    if name != MINILM.name and not name.startswith("hub:"):
        raise PipelineError(
            f"unknown backbone {name!r} of text. {nearest(name, [*named('text'), 'hub:PRESET'])}"
        )
    return name != MINILM.name


def _preset(kind: str, name: str) -> Any:
    import keras_hub

    preset = name.removeprefix("hub:")
    try:
        return getattr(keras_hub.models, kind).from_preset(preset)
    except Exception as error:  # the hubs' clients raise errors of many kinds
        raise PipelineError(
            f"KerasHub preset {preset!r} cannot be had here as a BERT ({type(error).__name__})."
            " Name one such as bert_small_en_uncased on a machine with a network, or the folder of"
            " a saved preset."
        ) from error


def minilm_vocabulary() -> list[str]:
    """WordPieces of `minilm` in the order of their ids.

    Raises PipelineError if they are not installed.
    """
    return (place(MINILM).parent / "vocab.txt").read_text(encoding="utf-8").splitlines()
