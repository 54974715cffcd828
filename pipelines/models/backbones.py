"""Backbones by name: our compact net, those of keras.applications, those of KerasHub."""

import inspect
import json
import warnings

import keras
import numpy as np
from keras import layers

from pipelines.errors import PipelineError, nearest
from pipelines.models import efficientnet_lite, pretrained, sources
from pipelines.models.compact import MOMENTUM, compact

SMALL = 64  # up to this side in pixels, nets that first reduce the picture 32-fold have nothing left to look at


def features(name, pictures, arguments="{}"):
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
    base, _, width = name.partition("_")
    if base == "compact" and (not width or width.isdecimal() and int(width)):
        return compact(_centred(pictures), int(width or 32))
    if _plain(name) == _plain(pretrained.EFFICIENTNET_LITE0.name):
        return _lite(pictures)
    if name.startswith("hub:"):
        return _preset(name.removeprefix("hub:"), pictures)
    if name.endswith("Backbone"):
        return _hub_class(name, _arguments(arguments), _centred(pictures))
    known = {_plain(known): known for known in dir(keras.applications) if known[0].isupper()}
    if name.startswith("imagenet:"):
        wanted = name.removeprefix("imagenet:")
        if _plain(wanted) not in known:
            raise PipelineError(
                f"unknown net {wanted!r} of keras.applications. {nearest(wanted, known.values())}"
            )
        return _trained_application(known[_plain(wanted)], pictures)
    if _plain(name) not in known:
        others = _hub_names() if "ackb" in name else ()
        everything = ["auto", "compact", *sources.named("picture"), *known.values(), *others]
        raise PipelineError(f"unknown backbone {name!r}. {nearest(name, everything)}")
    return _application(known[_plain(name)], _centred(pictures))


def pyramid(name, pictures, strides, arguments="{}"):
    """Features of a backbone at several `strides`, powers of two: as `features`, but a list, in the
    order of `strides`.

    Each is the last that the backbone has at that size. Raises PipelineError also where it has
    none.
    """
    outer = keras.Model(pictures, features(name, pictures, arguments))
    inner = next(
        (layer for layer in reversed(outer.layers) if isinstance(layer, keras.Model)), None
    )
    taps = [_tap(inner or outer, name, stride, pictures.shape[1]) for stride in strides]
    if inner is None:
        return taps
    (x,) = inner._inbound_nodes[-1].input_tensors
    net = keras.Model(inner.input, taps, name="pyramid")
    net.fresh = getattr(inner, "fresh", False)
    found = net(x)
    return found if isinstance(found, list) else [found]


def takes_every_size(pictures, levels):
    """Whether what `pyramid` made of `pictures` is fit for pictures of another side, too."""
    nets = [
        layer for layer in keras.Model(pictures, levels).layers if isinstance(layer, keras.Model)
    ]
    return all(net.input.shape[1] is None for net in nets)


def _tap(net, name, stride, side):
    """The last features of `net` at a stride; its own word on them, where KerasHub gives it, comes first."""
    named = getattr(net, "pyramid_outputs", {}).get(f"P{stride.bit_length() - 1}")
    if named is not None:
        return named
    outputs = [layer.output for layer in net.layers if len(layer._inbound_nodes) == 1]
    fitting = [
        x for x in outputs if len(getattr(x, "shape", ())) == 4 and x.shape[1] == -(-side // stride)
    ]
    if not fitting:
        raise PipelineError(
            f"backbone {name} has no features at stride {stride} of {side} px. Name another"
            " backbone."
        )
    return fitting[-1]


def _plain(name):
    return name.replace("_", "").lower()


def _centred(pictures):
    return layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale")(pictures)  # to [-1, 1]


def _lite(pictures):
    side, least = pictures.shape[1], pretrained.EFFICIENTNET_LITE0.smallest
    if side < least:
        raise PipelineError(
            f"backbone efficientnet_lite0 needs pictures of {least} px at least; got {side}. Raise"
            " image_size."
        )
    return pretrained.efficientnet_lite0()(efficientnet_lite.scaled(pictures))  # takes every side


def _application(name, x):
    make = getattr(keras.applications, name)
    arguments = dict(include_top=False, weights=None, input_shape=tuple(x.shape[1:]))
    if "include_preprocessing" in inspect.signature(make).parameters:
        arguments["include_preprocessing"] = (
            False  # the rescaling above already stands in the graph
        )
    try:
        net = make(**arguments)
    except ValueError as error:
        raise PipelineError(
            f"backbone {name} does not take {x.shape[1]} px: {error} Raise image_size."
        ) from error
    return _fresh(net)(x)


def _trained_application(name, pictures):
    """Features by a net of keras.applications with its ImageNet weights, which Keras downloads once and keeps."""
    make = getattr(keras.applications, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", UserWarning
            )  # that the weights were trained at another size
            net = make(include_top=False, weights="imagenet", input_shape=tuple(pictures.shape[1:]))
    except ValueError as error:
        side, reason = pictures.shape[1], " ".join(str(error).split())
        raise PipelineError(
            f"backbone {name} does not take {side} px: {reason} Raise image_size."
        ) from error
    except Exception as error:  # Keras raises Exception itself where it cannot download
        raise PipelineError(
            f"the ImageNet weights of {name} cannot be had here ({' '.join(str(error).split())})."
            " They are downloaded once and kept below ~/.keras: try with a network, or name"
            " efficientnet_lite0, whose weights are a package."
        ) from error
    scale, offset, is_reversed = input_of(make)
    x = layers.Rescaling(scale, offset=offset, name="rescale")(pictures)
    return net(keras.ops.flip(x, -1) if is_reversed else x)


def input_of(make):
    """How a net of keras.applications wants pixels in [0, 255]: (scale (3,), offset (3,), whether
    as BGR).

    Found out by asking the function that Keras has for it about black and about each colour. Where
    the net itself does it, that function changes nothing. Both are in the order of RGB.
    """
    scaled = inspect.getmodule(make).preprocess_input

    def ask(pixel):
        return np.asarray(scaled(np.array([[pixel]], np.float32)), float)[0, 0]

    black = ask([0, 0, 0])
    found = (
        np.stack([ask(pixel) - black for pixel in 255 * np.eye(3)]) / 255
    )  # a row for each colour
    is_reversed = bool(abs(found[0, 2]) > abs(found[0, 0]))
    order = slice(None, None, -1 if is_reversed else 1)
    return np.diag(found[:, order]).tolist(), black[order].tolist(), is_reversed


def _fresh(net):
    """`net` marked as one without weights: `fine_tuning` does not freeze it, batch statistics follow faster."""
    net.fresh = True
    for layer in net._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = MOMENTUM
    return net


def _hub_names():
    import keras_hub

    return [
        name for name in dir(keras_hub.models) if name.endswith("Backbone") and name != "Backbone"
    ]


def _hub_class(name, arguments, x):
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
    shape = {
        known: tuple(x.shape[1:]) for known in ("image_shape", "input_shape") if known in made_of
    }
    try:
        net = getattr(keras_hub.models, name)(**arguments, **shape)
        return _map(_fresh(net)(x))
    except (ValueError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise PipelineError(
            f"backbone {name} does not take these backbone_arguments: {reason}"
        ) from error


def _map(x):
    """Features as a map: tokens (B, N, C), as transformers have them, become (B, N, 1, C)."""
    if len(getattr(x, "shape", ())) not in (3, 4):
        raise ValueError("it gives no feature map. Name a backbone for pictures.")
    return layers.Reshape((-1, 1, x.shape[-1]), name="map")(x) if len(x.shape) == 3 else x


def _arguments(text):
    try:
        arguments = json.loads(text)
    except ValueError as error:
        raise PipelineError(
            f"backbone_arguments must be a JSON object; got {text!r} ({error})."
        ) from error
    if not isinstance(arguments, dict):
        raise PipelineError(f"backbone_arguments must be a JSON object; got {text!r}.")
    return arguments


def _preset(preset, pictures):
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
    try:
        return _map(
            net(layers.Rescaling(scale or 1.0, offset=offset or 0.0, name="rescale")(pictures))
        )
    except (ValueError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise PipelineError(
            f"KerasHub preset {preset!r} does not take {pictures.shape[1]} px: {reason}"
        ) from error
