"""Backbones by name: our compact net, those of keras.applications, those of KerasHub."""

import inspect
import json
import math
import re
import warnings
from collections.abc import Callable, Sequence

import keras
import numpy as np
from keras import layers

from pipelines.errors import PipelineError, nearest
from pipelines.models import Tensor, efficientnet_lite, pretrained, sources
from pipelines.models.compact import MOMENTUM, compact

# Pixels of a side up to which nets that reduce the picture 32-fold have nothing left to look at.
SMALL = 64
WIDTH = 32  # of `compact`


def features(name: str, pictures: Tensor, arguments: str = "{}") -> Tensor:
    """Features of uint8 pictures: KerasTensor (B, S, S, 3) -> float (B, h, w, C).

    name: `auto` (compact up to 64 px, else MobileNetV3Small), `compact` or `compact_WIDTH`;
    `efficientnet_lite0`, with the weights of an installed package (see `pretrained`); an
    architecture of keras.applications in any spelling (`mobilenet_v3_small`), without weights, or
    with those of ImageNet (`imagenet:mobilenet_v3_small`); a KerasHub backbone class
    (`ResNetBackbone`) built from `arguments`, a JSON object; or `hub:PRESET`, a KerasHub preset
    with its weights, by name or by the folder of a saved preset. Each gets the range of input that
    it was made for. Raises PipelineError for an unknown name (with the nearest) and for weights
    that cannot be had.
    """
    if name == "auto":
        name = "compact" if pictures.shape[1] <= SMALL else "MobileNetV3Small"
    pictures = layers.Rescaling(1.0, dtype="float32", name="pixels")(pictures)  # uint8 -> float
    catalog, _, rest = name.partition(":")
    if catalog == "hub":
        return _preset(rest, pictures)
    if catalog == "imagenet":
        return _trained_application(_application_name(rest), pictures)
    if _plain(name) == _plain(pretrained.EFFICIENTNET_LITE0.name):
        return _lite(pictures)
    if name.endswith("Backbone"):
        return _hub_class(name, _arguments(arguments), _centred(pictures))
    width = _compact_width(name)
    if width:
        return compact(_centred(pictures), width)
    return _application(_known_application(name), _centred(pictures))


def _compact_width(name: str) -> int:
    """The width of `compact` or `compact_WIDTH`; 0 if this is another net."""
    base, _, width = name.partition("_")
    if base != "compact":
        return 0
    if not width:
        return WIDTH
    return int(width) if width.isdecimal() else 0


def _applications() -> dict[str, str]:
    """{name without underscores, in lower case: name} of the nets of keras.applications."""
    return {_plain(name): name for name in dir(keras.applications) if name[0].isupper()}


def _application_name(name: str) -> str:
    """The net of keras.applications that `imagenet:` names in any spelling."""
    known = _applications()
    if _plain(name) not in known:
        raise PipelineError(
            f"unknown net {name!r} of keras.applications. {nearest(name, known.values())}"
        )
    return known[_plain(name)]


def _known_application(name: str) -> str:
    """The net of keras.applications of that name, after all other backbones were tried."""
    known = _applications()
    if _plain(name) not in known:
        others = _hub_names() if "ackb" in name else ()
        everything = ["auto", "compact", *sources.named("picture"), *known.values(), *others]
        raise PipelineError(f"unknown backbone {name!r}. {nearest(name, everything)}")
    return known[_plain(name)]


def pyramid(
    name: str, pictures: Tensor, strides: Sequence[int], arguments: str = "{}"
) -> list[Tensor]:
    """Features of a backbone at several `strides`, powers of two: as `features`, but a list.

    It is in the order of `strides`; each is the last that the backbone has at that size. Raises
    PipelineError also if it has none.
    """
    outer = keras.Model(pictures, features(name, pictures, arguments))
    nets = [layer for layer in outer.layers if isinstance(layer, keras.Model)]
    inner = nets[-1] if nets else None
    taps = [_tap(inner or outer, name, stride, pictures.shape[1]) for stride in strides]
    if inner is None:
        return taps
    (x,) = inner._inbound_nodes[-1].input_tensors
    net = keras.Model(inner.input, taps, name="pyramid")
    net.fresh = getattr(inner, "fresh", False)
    found = net(x)
    return found if isinstance(found, list) else [found]


def takes_every_size(pictures: Tensor, levels: Sequence[Tensor]) -> bool:
    """Whether what `pyramid` made of `pictures` is fit for pictures of another side, too."""
    parts = keras.Model(pictures, levels).layers
    nets = [layer for layer in parts if isinstance(layer, keras.Model)]
    return all(net.input.shape[1] is None for net in nets)


def _tap(net: keras.Model, name: str, stride: int, side: int) -> Tensor:
    """The last features of `net` at a stride; if KerasHub names some, those."""
    named = getattr(net, "pyramid_outputs", {}).get(f"P{stride.bit_length() - 1}")
    if named is not None:
        return named
    outputs = [layer.output for layer in net.layers if len(layer._inbound_nodes) == 1]
    maps = [x for x in outputs if len(getattr(x, "shape", ())) == 4]
    fitting = [x for x in maps if x.shape[1] == math.ceil(side / stride)]
    if not fitting:
        raise PipelineError(
            f"backbone {name} has no features at stride {stride} of {side} px. Name another"
            " backbone."
        )
    return fitting[-1]


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _centred(pictures: Tensor) -> Tensor:
    return layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale")(pictures)  # to [-1, 1]


def _lite(pictures: Tensor) -> Tensor:
    side, least = pictures.shape[1], pretrained.EFFICIENTNET_LITE0.smallest
    if side < least:
        raise PipelineError(
            f"backbone efficientnet_lite0 needs pictures of {least} px at least; got {side}. Raise"
            " image_size."
        )
    return pretrained.efficientnet_lite0()(efficientnet_lite.scaled(pictures))  # takes every side


def _application(name: str, x: Tensor) -> Tensor:
    make = getattr(keras.applications, name)
    arguments = dict(include_top=False, weights=None, input_shape=tuple(x.shape[1:]))
    if "include_preprocessing" in inspect.signature(make).parameters:
        arguments["include_preprocessing"] = False  # the rescaling already stands in the graph
    try:
        net = make(**arguments)
    except ValueError as error:
        raise PipelineError(
            f"backbone {name} does not take {x.shape[1]} px: {error} Raise image_size."
        ) from error
    return _fresh(net)(x)


def _trained_application(name: str, pictures: Tensor) -> Tensor:
    """Features by a net of keras.applications with its ImageNet weights.

    Keras downloads them once and keeps them.
    """
    make = getattr(keras.applications, name)
    try:
        with warnings.catch_warnings():
            # That the weights were trained at another size.
            warnings.simplefilter("ignore", UserWarning)
            net = make(include_top=False, weights="imagenet", input_shape=tuple(pictures.shape[1:]))
    except ValueError as error:
        side, reason = pictures.shape[1], " ".join(str(error).split())
        raise PipelineError(
            f"backbone {name} does not take {side} px: {reason} Raise image_size."
        ) from error
    except Exception as error:  # Keras raises Exception itself if it cannot download
        raise PipelineError(
            f"the ImageNet weights of {name} cannot be had here ({' '.join(str(error).split())})."
            " They are downloaded once and kept below ~/.keras: try with a network, or name"
            " efficientnet_lite0, whose weights are a package."
        ) from error
    scale, offset, is_reversed = input_of(make)
    x = layers.Rescaling(scale, offset=offset, name="rescale")(pictures)
    return net(keras.ops.flip(x, -1) if is_reversed else x)


def input_of(make: Callable) -> tuple[list[float], list[float], bool]:
    """How a net of keras.applications wants pixels in [0, 255]: (scale, offset, whether as BGR).

    scale, offset: (3,), in the order of RGB. Found out by asking the function that Keras has for it
    about black and about each colour. If the net itself does it, that function changes nothing.
    """
    scaled = inspect.getmodule(make).preprocess_input

    def ask(pixel: Sequence[float]) -> np.ndarray:
        return np.asarray(scaled(np.array([[pixel]], np.float32)), float)[0, 0]

    black = ask([0, 0, 0])
    # A row for each colour.
    found = np.stack([ask(pixel) - black for pixel in 255 * np.eye(3)]) / 255
    is_reversed = bool(abs(found[0, 2]) > abs(found[0, 0]))
    order = slice(None, None, -1 if is_reversed else 1)
    return np.diag(found[:, order]).tolist(), black[order].tolist(), is_reversed


def _fresh(net: keras.Model) -> keras.Model:
    """`net` marked as one without weights.

    `fine_tuning` does not freeze it, and its batch statistics follow faster.
    """
    net.fresh = True
    for layer in net._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = MOMENTUM
    return net


def _hub_names() -> list[str]:
    import keras_hub

    return [name for name in dir(keras_hub.models) if re.fullmatch(".+Backbone", name)]


def _hub_class(name: str, arguments: dict, x: Tensor) -> Tensor:
    import keras_hub

    known = _hub_names()
    if name not in known:
        raise PipelineError(f"unknown backbone {name!r}. {nearest(name, known)}")
    made_of = set(inspect.signature(getattr(keras_hub.models, name)).parameters) - {"kwargs"}
    for argument in arguments:  # KerasHub passes over those that it does not know
        if argument not in made_of:
            raise PipelineError(
                f"backbone {name} has no argument {argument!r}. {nearest(argument, made_of)}"
            )
    shape = dict.fromkeys({"image_shape", "input_shape"} & made_of, tuple(x.shape[1:]))
    try:
        net = getattr(keras_hub.models, name)(**arguments, **shape)
        return _map(_fresh(net)(x))
    except (ValueError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise PipelineError(
            f"backbone {name} does not take these backbone_arguments: {reason}"
        ) from error


def _map(x: Tensor) -> Tensor:
    """Features as a map: tokens (B, N, C), as transformers have them, become (B, N, 1, C)."""
    if len(getattr(x, "shape", ())) not in (3, 4):
        raise ValueError("it gives no feature map. Name a backbone for pictures.")
    return layers.Reshape((-1, 1, x.shape[-1]), name="map")(x) if len(x.shape) == 3 else x


def _arguments(text: str) -> dict:
    try:
        arguments = json.loads(text)
    except ValueError as error:
        raise PipelineError(
            f"backbone_arguments must be a JSON object; got {text!r} ({error})."
        ) from error
    if not isinstance(arguments, dict):
        raise PipelineError(f"backbone_arguments must be a JSON object; got {text!r}.")
    return arguments


def _preset(preset: str, pictures: Tensor) -> Tensor:
    import keras_hub

    try:
        net = keras_hub.models.Backbone.from_preset(preset)
    except Exception as error:  # the hubs' clients raise errors of many kinds
        raise PipelineError(
            f"KerasHub preset {preset!r} cannot be had here ({type(error).__name__}). Name one of"
            " the presets of KerasHub's documentation on a machine with a network, or the folder"
            " of a saved preset."
        ) from error
    try:
        converter = keras_hub.layers.ImageConverter.from_preset(preset)
        scale, offset = converter.scale, converter.offset
    except Exception:  # a preset saved without its converter: what most KerasHub backbones take
        scale, offset = 1 / 255.0, 0.0
    rescale = layers.Rescaling(scale or 1.0, offset=offset or 0.0, name="rescale")
    try:
        return _map(net(rescale(pictures)))
    except (ValueError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise PipelineError(
            f"KerasHub preset {preset!r} does not take {pictures.shape[1]} px: {reason}"
        ) from error
