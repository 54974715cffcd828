import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipelines import catalog
from pipelines.engine.data import source
from pipelines.errors import PipelineError
from pipelines.formats import coco_masks


def _text(lengths):
    """Compressed RLE, written the other way round than `counts` reads it."""
    out = ""
    for i, length in enumerate(lengths):
        value, more = length - (lengths[i - 2] if i > 2 else 0), True
        while more:
            bits, value = value & 31, value >> 5
            more = value != (-1 if bits & 16 else 0)
            out += chr(48 + (bits | 32 * more))
    return out


def _write(root, annotations, categories=("cat", "dog"), name="instances_train.json"):
    root.mkdir(exist_ok=True)
    Image.fromarray(np.zeros((4, 6, 3), np.uint8)).save(root / "a.png")
    rows = [
        {"image_id": 1, "category_id": 7, "iscrowd": 0} | annotation for annotation in annotations
    ]
    content = {
        "images": [{"id": 1, "file_name": "a.png", "height": 4, "width": 6}],
        "annotations": rows,
        "categories": [{"id": 7 + 2 * i, "name": name} for i, name in enumerate(categories)],
    }
    (root / name).write_text(json.dumps(content))
    return root


def _mask(data):
    (part,) = (part for part in data.splits.values() if len(part))
    return np.asarray(Image.open(io.BytesIO(part.columns["segmentation_mask"][0])))


def test_polygons_the_smaller_on_top(tmp_path):
    large, small = [[0, 0, 6, 0, 6, 3, 0, 3]], [[1, 1, 3, 1, 3, 2, 1, 2]]
    annotations = [{"segmentation": small, "category_id": 9}, {"segmentation": large}]
    data = catalog.load(_write(tmp_path / "d", annotations), "coco_masks")
    assert data.labels == {"segmentation_mask": ["background", "cat", "dog"]}
    assert data.problems == []
    mask = _mask(data)
    assert mask.shape == (4, 6)
    assert mask[1, 1] == 2
    assert mask[0, 4] == 1
    assert mask[3, 5] == 0


def test_tasks_of_masks_read_them_where_others_read_boxes(tmp_path):
    root = _write(tmp_path / "d", [{"segmentation": [[0, 0, 6, 0, 6, 3]], "bbox": [0, 0, 6, 3]}])
    assert catalog.load(root).format == "coco"
    assert catalog.load(root, feature="segmentation_mask").format == "coco_masks"
    unet = catalog.method("unet")
    assert catalog.load(root, "coco", feature="segmentation_mask").format == "coco"
    assert source.read(root, "auto", unet, unet.Config()).labels == {
        "segmentation_mask": ["background", "cat", "dog"]
    }


def test_rle_by_columns_and_crowds_are_ignored(tmp_path):
    lengths = [4, 3, 17]  # the second column without its last pixel
    wanted = np.zeros((4, 6), int)
    wanted[:3, 1] = 1
    for written in (lengths, _text(lengths)):
        rle = {"size": [4, 6], "counts": written}
        np.testing.assert_array_equal(
            _mask(coco_masks.read(_write(tmp_path / "d", [{"segmentation": rle}]))), wanted
        )
    crowd = coco_masks.read(_write(tmp_path / "d", [{"segmentation": rle, "iscrowd": 1}]))
    np.testing.assert_array_equal(_mask(crowd), wanted * 255)


@given(st.lists(st.integers(0, 5000), max_size=12))
def test_compressed_rle_round_trip(lengths):
    assert coco_masks.counts(_text(lengths)) == lengths


def test_compressed_rle_of_pycocotools():
    # pycocotools.mask.encode of a 4 x 4 mask whose middle 2 x 2 is set: runs 5 2 2 2 5
    assert coco_masks.counts("52203") == [5, 2, 2, 2, 5]


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        ({"segmentation": [[0, 0, 1, 1]]}, "fewer than three points"),
        ({"segmentation": [[0, 0, 1, "a", 2, 2]]}, "Correct it"),
        ({"segmentation": {"size": [4, 6], "counts": [10**400]}}, "does not fill the picture"),
        ({"segmentation": [[0, 0, 1]]}, "neither polygons nor RLE"),
        (
            {"segmentation": {"size": [4, 5], "counts": [20]}},
            r"its RLE is for \[4, 5\], the picture has \[4, 6\]",
        ),
        ({"segmentation": {"size": [4, 6], "counts": [20]}}, "does not fill the picture"),
        ({"segmentation": {"size": [4, 6], "counts": "5~"}}, "the RLE text is damaged"),
        ({"segmentation": [[0, 0, 1, 1, 2, 0]], "category_id": 8}, "there is no category 8"),
    ],
)
def test_a_segment_that_cannot_be_used_is_named(tmp_path, annotation, said):
    with pytest.raises(PipelineError, match=r"instances_train.json: annotations\[0\]: .*" + said):
        coco_masks.read(_write(tmp_path / "d", [annotation]))


def test_an_image_that_is_not_there(tmp_path):
    root = _write(
        tmp_path / "d",
        [{"segmentation": [[0, 0, 6, 0, 6, 3]]}, {"image_id": 5, "segmentation": []}],
    )
    (problem,) = coco_masks.read(root).problems
    assert "there is no image with the id 5" in problem.message
    (root / "a.png").unlink()
    with pytest.raises(PipelineError, match="there is no picture 'a.png'"):
        coco_masks.read(root)


@pytest.mark.parametrize(
    ("name", "kind"), [("../secret.png", "outside"), ("a\0.png", "missing-file")]
)
def test_a_path_that_cannot_be(tmp_path, name, kind):
    root = _write(tmp_path / "d", [{"segmentation": [[0, 0, 6, 0, 6, 3]]}])
    content = json.loads((root / "instances_train.json").read_text())
    content["images"].append({"id": 2, "file_name": name})
    (root / "instances_train.json").write_text(json.dumps(content))
    (problem,) = coco_masks.read(root).problems
    assert (problem.kind, problem.where) == (kind, "instances_train.json: images[1]")


def test_a_broken_file_names_the_line(tmp_path):
    (tmp_path / "x.json").write_text('{"images": [],\n oops}')
    with pytest.raises(PipelineError, match="x.json:2 is not valid JSON"):
        coco_masks.read(tmp_path)


def test_problems_come_in_the_same_order(tmp_path):
    strange = [{"image_id": name, "segmentation": []} for name in ("x", 7, "b", 12)]
    root = _write(tmp_path / "d", [{"segmentation": [[0, 0, 6, 0, 6, 3]]}, *strange])
    said = [problem.message.split()[7] for problem in coco_masks.read(root).problems]
    assert said == ["12.", "7.", "'b'.", "'x'."]
