"""P-, R- and O-Net (Zhang et al. 2016), and the three joined into one net on a whole picture.

Deviations: between two nets boxes are suppressed by the largest score of a neighbourhood and by
what overlaps with a better box, as both are the same ops in training and in every file; no
landmarks. A class is two logits, of no face and of a face.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from pipelines.errors import PipelineError
from pipelines.models import REGISTERED, Tensor, face_windows, joint, sources, torch_file
from pipelines.ops import boxes as box_ops

LAYER = "cascade"  # name of the Cascade in a net
NETS = ("pnet", "rnet", "onet")
CELL, STRIDE = 12, 2  # px of a window of P-Net, and between two of them
STEP = 0.709  # factor of size from level to level: areas are halved
SIDES = {"pnet": 12, "rnet": 24, "onet": 48}
PROPOSED, REFINED = 300, 100  # boxes that R-Net looks at, and O-Net
LEAST = {"pnet": 0.6, "rnet": 0.7}  # score from which a box goes on
APART = 0.7  # IoU with a better box from which one does not go on
MIDDLE, SPREAD = 127.5, 128.0
OUTSIDE = -1e9  # of a max pooling


def _conv(x: Tensor, filters: int, size: int, name: str) -> Tensor:
    x = layers.Conv2D(filters, size, name=name)(x)
    return layers.PReLU(shared_axes=[1, 2], name=f"{name}_prelu")(x)


def _ends(x: Tensor, name: str, is_map: bool) -> dict[str, Tensor]:
    """Logits of the two classes, and moves of the box: x1 y1 x2 y2, in its sides."""
    if is_map:
        classes, moves = layers.Conv2D(2, 1, name=name + "1"), layers.Conv2D(4, 1, name=name + "2")
    else:
        classes, moves = layers.Dense(2, name=name + "1"), layers.Dense(4, name=name + "2")
    return {"classes": classes(x), "moves": moves(x)}


def _flat(x: Tensor) -> Tensor:
    """Column by column, as the published weights have it."""
    return layers.Flatten()(layers.Permute((2, 1, 3))(x))


def pnet() -> keras.Model:
    """Any picture (B, H, W, 3) -> maps of {"classes", "moves"}, a cell for each window of 12 px."""
    x = inputs = keras.Input((None, None, 3))
    x = layers.MaxPooling2D(2, 2, "same")(_conv(x, 10, 3, "conv1"))
    x = _conv(_conv(x, 16, 3, "conv2"), 32, 3, "conv3")
    return keras.Model(inputs, _ends(x, "conv4_", True), name="pnet")


def rnet() -> keras.Model:
    """(B, 24, 24, 3) -> {"classes": (B, 2), "moves": (B, 4)}."""
    x = inputs = keras.Input((SIDES["rnet"], SIDES["rnet"], 3))
    x = layers.MaxPooling2D(3, 2, "same")(_conv(x, 28, 3, "conv1"))
    x = layers.MaxPooling2D(3, 2)(_conv(x, 48, 3, "conv2"))
    x = layers.Dense(128, name="dense4")(_flat(_conv(x, 64, 2, "conv3")))
    x = layers.PReLU(name="dense4_prelu")(x)
    return keras.Model(inputs, _ends(x, "dense5_", False), name="rnet")


def onet() -> keras.Model:
    """(B, 48, 48, 3) -> {"classes": (B, 2), "moves": (B, 4)}."""
    x = inputs = keras.Input((SIDES["onet"], SIDES["onet"], 3))
    x = layers.MaxPooling2D(3, 2, "same")(_conv(x, 32, 3, "conv1"))
    x = layers.MaxPooling2D(3, 2)(_conv(x, 64, 3, "conv2"))
    x = layers.MaxPooling2D(2, 2)(_conv(x, 64, 3, "conv3"))
    x = layers.Dense(256, name="dense5")(_flat(_conv(x, 128, 2, "conv4")))
    x = layers.PReLU(name="dense5_prelu")(x)
    return keras.Model(inputs, _ends(x, "dense6_", False), name="onet")


def levels(size: int, smallest: int) -> list[int]:
    """Sides of a square picture of `size` px at which P-Net's window shows faces of `smallest` px,
    and larger ones."""
    sides, side = [], size * CELL / smallest
    while round(side) >= CELL:
        sides.append(round(side))
        side *= STEP
    return sides


@keras.saving.register_keras_serializable(REGISTERED)
class Cascade(keras.Layer):
    """A square picture, float (B, S, S, 3) of 0 to 255 -> {"boxes": (B, K, 4) yxyx in [0, 1],
    "scores": (B, K), "proposals": (B, P, 4)}, the boxes that R-Net has looked at.

    smallest: side of the smallest faces, px.
    """

    def __init__(self, smallest: int, **more: Any):
        super().__init__(**more)
        self.smallest = smallest
        self.nets = {"pnet": pnet(), "rnet": rnet(), "onet": onet()}
        self.pnet, self.rnet, self.onet = (self.nets[name] for name in NETS)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "smallest": self.smallest}

    def build(self, shape: tuple) -> None:
        self.sides = levels(shape[1], self.smallest)
        self.built = True

    def call(self, pictures: Tensor) -> dict[str, Tensor]:
        x = scaled(pictures)
        boxes, scores = self._proposed(x)
        boxes, scores = _best(square(boxes), scores, PROPOSED)
        proposals = ops.stop_gradient(boxes)
        boxes, scores = self._looked_at(x, boxes, scores, "rnet")
        scores = (
            scores * ops.cast(scores > LEAST["rnet"], scores.dtype) * _unrivalled(boxes, scores)
        )
        boxes, scores = _best(square(boxes), scores, REFINED)
        boxes, scores = self._looked_at(x, boxes, scores, "onet")
        return {"boxes": ops.clip(boxes, 0.0, 1.0), "scores": scores, "proposals": proposals}

    def _proposed(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Boxes (B, A, 4) and scores (B, A) of P-Net at all levels; 0 next to a better one."""
        found, halved = [], [x]
        while halved[-1].shape[1] // 2 >= self.sides[-1]:
            halved.append(ops.average_pool(halved[-1], 2, 2))
        for side in self.sides:
            fitting = [level for level in halved if level.shape[1] >= side] or [x]
            level = ops.image.resize(fitting[-1], (side, side), interpolation="bilinear")
            found.append(_windows(self.pnet(level), side))
        boxes, scores = (ops.concatenate(part, 1) for part in zip(*found, strict=True))
        return boxes, scores * ops.cast(scores > LEAST["pnet"], scores.dtype)

    def _looked_at(self, x: Tensor, boxes: Tensor, scores: Tensor, name: str) -> tuple:
        """Boxes moved by a net, and its scores; 0 stays 0."""
        count, crops = boxes.shape[1], cropped(x, boxes, SIDES[name])
        found = self.nets[name](crops)
        moves = ops.reshape(found["moves"], (-1, count, 4))
        own = ops.reshape(ops.softmax(found["classes"])[:, 1], (-1, count))
        return moved(boxes, moves), own * ops.cast(scores > 0, own.dtype)


@keras.saving.register_keras_serializable(REGISTERED)
class Faces(joint.Joint):
    """A net on whole pictures with a Cascade, whose loss sees its three nets on windows."""

    def judged(self, x: Any, y: Any, y_pred: Any) -> dict[str, Any]:
        """What `losses.face_crops` takes."""
        squares = face_windows.windows(y["boxes"], y_pred["proposals"])
        overlap, moves, real = face_windows.labelled(squares, y["boxes"])
        pictures, count, nets = scaled(x["image"]), squares.shape[1], []
        for name, net in self.get_layer(LAYER).nets.items():
            found = net(cropped(pictures, squares, SIDES[name]))
            nets.append({k: ops.reshape(v, (-1, count, v.shape[-1])) for k, v in found.items()})
        return {"overlap": overlap, "moves": moves, "real": real, "nets": nets}


def scaled(pictures: Tensor) -> Tensor:
    """Values of 0 to 255 as the nets take them."""
    return (ops.cast(pictures, "float32") - MIDDLE) / SPREAD


def moved(boxes: Tensor, moves: Tensor) -> Tensor:
    """Boxes (..., 4) yxyx by moves x1 y1 x2 y2, in their sides."""
    sides = boxes[..., 2:] - boxes[..., :2]
    yxyx = ops.stack([moves[..., i] for i in (1, 0, 3, 2)], -1)
    return boxes + yxyx * ops.concatenate([sides, sides], -1)


def square(boxes: Tensor) -> Tensor:
    """The least squares around the same centres."""
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2
    half = ops.max(boxes[..., 2:] - boxes[..., :2], -1, keepdims=True) / 2
    return ops.concatenate([centre - half, centre + half], -1)


def cropped(x: Tensor, boxes: Tensor, side: int) -> Tensor:
    """Squares of pictures (B, S, S, 3) at boxes (B, N, 4) in [0, 1] -> (B N, side, side, 3).

    Bilinear between the four nearest pixels; outside the picture the edge goes on.
    """
    size = x.shape[1]
    share = (np.arange(side, dtype=np.float32) + 0.5) / side
    y, x_at = (
        (boxes[..., i, None] + share * (boxes[..., i + 2, None] - boxes[..., i, None])) * size - 0.5
        for i in (0, 1)
    )
    y, x_at = (ops.clip(at, 0.0, size - 1.0) for at in (y, x_at))
    top, left = ops.floor(y), ops.floor(x_at)
    down, right = (y - top)[..., :, None, None], (x_at - left)[..., None, :, None]
    first = ops.arange(ops.shape(x)[0], dtype="int32")[:, None, None, None] * (size * size)
    flat = ops.reshape(x, (-1, 3))

    def at(below: int, beside: int) -> Tensor:
        row = ops.cast(ops.minimum(top + below, size - 1.0), "int32")
        column = ops.cast(ops.minimum(left + beside, size - 1.0), "int32")
        return ops.take(flat, first + row[..., :, None] * size + column[..., None, :], axis=0)

    upper = at(0, 0) * (1 - right) + at(0, 1) * right
    lower = at(1, 0) * (1 - right) + at(1, 1) * right
    made = upper * (1 - down) + lower * down
    return ops.reshape(made, (-1, side, side, 3))


def _windows(found: Mapping[str, Tensor], side: int) -> tuple[Tensor, Tensor]:
    """P-Net's maps of a level -> boxes (B, A, 4) in [0, 1], scores (B, A)."""
    score = ops.softmax(found["classes"])[..., 1:]
    largest = ops.max_pool(score, 3, 1, "same")
    score = score * ops.cast(score >= largest, score.dtype)
    high, wide = score.shape[1], score.shape[2]
    ys, xs = np.meshgrid(np.arange(high) * STRIDE, np.arange(wide) * STRIDE, indexing="ij")
    low = np.stack([ys, xs], -1).reshape(1, -1, 2)
    boxes = np.concatenate([low, low + CELL], -1).astype(np.float32) / side
    moves = ops.reshape(found["moves"], (-1, high * wide, 4))
    return moved(ops.convert_to_tensor(boxes), moves), ops.reshape(score, (-1, high * wide))


def _best(boxes: Tensor, scores: Tensor, most: int) -> tuple[Tensor, Tensor]:
    scores, chosen = ops.top_k(scores, min(most, scores.shape[1]))
    first = ops.arange(ops.shape(boxes)[0], dtype="int32")[:, None] * boxes.shape[1]
    flat = ops.reshape(boxes, (-1, 4))
    return ops.take(flat, ops.cast(chosen, "int32") + first, axis=0), scores


def _unrivalled(boxes: Tensor, scores: Tensor) -> Tensor:
    """1 for a box that no better one overlaps with by more than APART, else 0."""
    is_better = scores[:, None, :] > scores[:, :, None]
    is_near = box_ops.iou(boxes, boxes) > APART
    rivals = ops.cast(ops.logical_and(is_better, is_near), scores.dtype)
    return 1.0 - ops.max(rivals, -1)


def assign(nets: Mapping[str, keras.Model], read: Callable[[str], Mapping]) -> None:
    """Gives the nets published weights. read: name of a net -> {PyTorch name: array}.

    Raises PipelineError if they do not fit.
    """
    try:
        for name, net in nets.items():
            _assign(net, read(name))
    except (KeyError, ValueError, AttributeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise PipelineError(
            f"the weights of {name} do not fit ({reason}). Install them again:"
            f" {sources.MTCNN.install}."
        ) from error


def _assign(net: keras.Model, weights: Mapping[str, np.ndarray]) -> None:
    convolutions = 0
    for layer in net.layers:
        own = layer.name
        if own.endswith("_prelu"):
            number = own.removesuffix("_prelu")[-1]
            layer.alpha.assign(weights[f"prelu{number}.weight"].reshape(layer.alpha.shape))
        elif isinstance(layer, (layers.Conv2D, layers.Dense)):
            kernel = weights[f"{own}.weight"]
            axes = (2, 3, 1, 0) if kernel.ndim == 4 else (1, 0)
            layer.kernel.assign(kernel.transpose(axes))
            layer.bias.assign(weights[f"{own}.bias"])
            convolutions += 1
    if not convolutions:
        raise ValueError("it has no layers")


def installed(name: str) -> Mapping[str, np.ndarray]:
    """The weights of a net out of the package. Raises PipelineError if they cannot be read."""
    package, _, folder = sources.MTCNN.weights.partition("/")
    spec = importlib.util.find_spec(package)  # the package itself would load PyTorch
    if spec is None or not spec.submodule_search_locations:
        raise PipelineError(f"the weights of mtcnn are not installed. Use {sources.MTCNN.install}.")
    return torch_file.read(Path(spec.submodule_search_locations[0]) / folder / f"{name}.pt")
