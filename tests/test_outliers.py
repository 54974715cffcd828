"""Single pictures that what is marked in them does not fit, among others that are right."""

import io

import numpy as np
import pytest
from PIL import Image
from test_box_forms import HEIGHT, WIDTH, encoded, scene, scenes

from pipelines.engine.audit import audit
from pipelines.formats.examples import Data, Examples


def misfits(data):
    problems = audit.audit(data, progress=False).problems
    return [(p.severity, p.where, p.message) for p in problems if p.kind == "misfit"]


def unchanged(corners, sizes):
    return corners


def masked(turned=None, count=20):
    """Data of scenes with a mask of their things; the mask of number `turned` is upside down."""
    pictures, masks = [], []
    for seed in range(count):
        picture, boxes = scene(seed)
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        for ymin, xmin, ymax, xmax in boxes.astype(int):
            mask[ymin:ymax, xmin:xmax] = 1
        pictures.append(encoded(picture))
        buffer = io.BytesIO()
        Image.fromarray(mask[::-1] if seed == turned else mask).save(buffer, "PNG")
        masks.append(buffer.getvalue())
    names = [f"{i}.png" for i in range(count)]
    columns = {"image": pictures, "segmentation_mask": masks}
    part = Examples(names, columns, names, ("image",), {"segmentation_mask": {}})
    return Data("here", "made", {"train": part}, {"segmentation_mask": ["background", "thing"]})


def test_right_ones_are_not_spoken_of():
    assert misfits(scenes(unchanged, 20)) == []
    assert misfits(masked()) == []


def test_a_mask_that_is_upside_down():
    ((severity, where, message),) = misfits(masked(turned=12))
    assert (severity, where) == ("warning", "12.png")
    assert "but it does upside down" in message


@pytest.mark.parametrize("how", ["of another picture", "upside down"])
def test_boxes_of_one_picture(how):
    data = scenes(unchanged, 20)
    boxes = data.splits["train"].columns["objects/bbox"]
    own = boxes[4]
    boxes[4] = boxes[9] if how == "of another picture" else 1 - own[:, [2, 1, 0, 3]]
    if how == "upside down":
        boxes[4][:, [1, 3]] = own[:, [1, 3]]
    ((severity, where, message),) = misfits(data)
    assert (severity, where) == ("warning", "4.png")
    assert ("upside down" in message) == (how == "upside down")


def test_too_few_pictures_tell_nothing():
    assert misfits(masked(turned=3, count=8)) == []
