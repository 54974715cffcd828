import numpy as np
import pytest
from PIL import Image

from pipelines import catalog
from pipelines.edge import pictures as edge
from pipelines.engine.audit import audit
from pipelines.engine.data import decoding
from pipelines.errors import PipelineError
from pipelines.formats import _decodable as pictures
from pipelines.formats import _mask_files, masks


def _save(file, array):
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(array, np.uint8)).save(file)


def _pair(root, picture, mask, seed=0, size=(12, 10), values=(0, 255)):
    random = np.random.default_rng(seed)
    _save(root / picture, random.integers(0, 256, (*size, 3)))
    _save(root / mask, random.choice(values, size))


LAYOUTS = {
    "image and label": ("image/{}.png", "label/{}.png", ["train"]),
    "images and masks with a suffix": ("images/{}.jpg", "masks/{}_mask.png", ["train"]),
    "splits within": ("images/train/{}.png", "masks/train/{}.png", ["train"]),
    "splits outside": ("val/images/{}.png", "val/labels/{}.png", ["validation"]),
    "trainannot": ("train/{}.png", "trainannot/{}.png", ["train"]),
    "train_labels": ("train/{}.png", "train_labels/{}_L.png", ["train"]),
    "beside": ("{}.jpg", "{}_mask.png", ["train"]),
    "beside in splits": ("train/{}.jpg", "train/{}-mask.png", ["train"]),
    "Pascal VOC": ("JPEGImages/{}.jpg", "SegmentationClass/{}.png", ["train"]),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(tmp_path, layout):
    picture, mask, splits = LAYOUTS[layout]
    for i in range(6):
        _pair(tmp_path, picture.format(f"p{i}"), mask.format(f"p{i}"), i)
    (tmp_path / "notes.md").write_text("not a picture")
    data = catalog.load(tmp_path)
    assert data.format == "masks"
    assert data.labels == {"segmentation_mask": ["background", "foreground"]}
    wanted = [("note", "not-a-picture")] if layout == "beside" else []
    assert [(p.severity, p.kind) for p in data.problems] == wanted
    rows = [
        row
        for part in data.splits.values()
        for row in zip(part.names, *part.columns.values(), strict=True)
    ]
    assert sorted(rows) == [
        (
            picture.format(f"p{i}"),
            str(tmp_path / picture.format(f"p{i}")),
            str(tmp_path / mask.format(f"p{i}")),
        )
        for i in range(6)
    ]
    assert splits[0] in data.splits


def test_lists_of_names_make_the_splits(tmp_path):
    for i in range(5):
        _pair(tmp_path, f"image/{i}.png", f"label/{i}.png", i)
    for split, names in {"train": "0\n1.png\n2\n", "val": "3\n", "test": "4\n"}.items():
        (tmp_path / f"{split}.txt").write_text(names)
    data = masks.read(tmp_path)
    names = {split: part.names for split, part in data.splits.items()}
    assert names == {
        "train": ["image/0.png", "image/1.png", "image/2.png"],
        "validation": ["image/3.png"],
        "test": ["image/4.png"],
    }
    (tmp_path / "test.txt").write_text("4\n9\n")
    with pytest.raises(PipelineError, match=r"test.txt:2: there is no picture '9'"):
        masks.read(tmp_path)
    (tmp_path / "test.txt").write_text("4\n3\n")
    with pytest.raises(PipelineError, match=r"test.txt:2: '3' is in validation already"):
        masks.read(tmp_path)


def test_a_missing_an_extra_and_a_small_mask_are_named(tmp_path):
    for i in range(4):
        _pair(tmp_path, f"images/{i}.png", f"masks/{i}.png", i)
    (tmp_path / "masks/1.png").rename(tmp_path / "masks/nobody.png")
    _save(tmp_path / "masks/2.png", np.eye(5) * 255)
    data = masks.read(tmp_path)
    found = {(p.severity, p.kind, p.where) for p in audit.audit(data, progress=False).problems}
    assert ("error", "missing-mask", "images/1.png") in found
    assert ("warning", "missing-picture", "masks/nobody.png") in found
    assert ("error", "mask-size", "masks/2.png") in found
    result = audit.audit(data, progress=False)
    assert result.bad == {"images/1.png", "images/2.png"}
    (problem,) = (p for p in result.problems if p.kind == "mask-size")
    assert "the mask has 5 x 5 px, its picture images/2.png 12 x 10" in problem.message


def test_an_unknown_colour_is_an_error_with_its_share(tmp_path):
    (tmp_path / "classes.csv").write_text("sky,0,0,255\nroad,90,90,90\n")
    for i in range(3):
        _save(tmp_path / f"images/{i}.png", np.random.default_rng(i).integers(0, 256, (4, 4, 3)))
        mask = np.full((4, 4, 3), 90)
        mask[:2] = 0, 0, 255
        if i == 1:
            mask[0, 0] = 255, 0, 128
        _save(tmp_path / f"masks/{i}.png", mask)
    data = masks.read(tmp_path)
    assert data.labels == {"segmentation_mask": ["sky", "road"]}
    result = audit.audit(data, progress=False)
    (problem,) = (p for p in result.problems if p.kind == "unknown-value")
    assert (problem.severity, problem.where) == ("error", "masks/1.png")
    assert "1 pixels of #ff0080 (6.2% of the mask)" in problem.message
    total = {
        label: sum(c[label] for c in result.pixel_counts.values()) for label in ("sky", "road")
    }
    assert total == {"sky": 23, "road": 24}


def _audited(root):
    return [
        p for p in audit.audit(masks.read(root), progress=False).problems if p.severity != "note"
    ]


def _kinds(problems):
    return {(p.severity, p.kind, p.where) for p in problems}


def test_a_coloured_mask_where_grey_ones_are_expected_and_the_reverse(tmp_path):
    for i in range(4):
        _pair(tmp_path / "grey", f"images/{i}.png", f"masks/{i}.png", i, values=(0, 1))
    _save(tmp_path / "grey/masks/2.png", np.full((12, 10, 3), (255, 0, 0)))
    assert ("error", "unknown-value", "masks/2.png") in _kinds(_audited(tmp_path / "grey"))
    (tmp_path / "coloured").mkdir()
    (tmp_path / "coloured/classes.csv").write_text("sky,0,0,255\nroad,90,90,90\n")
    for i in range(4):
        _pair(tmp_path / "coloured", f"images/{i}.png", f"masks/{i}.png", i, values=(90,))
    _save(tmp_path / "coloured/masks/2.png", np.full((12, 10), 7))
    (problem,) = (p for p in _audited(tmp_path / "coloured") if p.severity == "error")
    assert (problem.kind, problem.where) == ("unknown-value", "masks/2.png")
    assert "120 pixels of 7 (100.0% of the mask)" in problem.message


def test_coloured_masks_without_a_table_name_the_first(tmp_path):
    for i in range(3):
        _pair(tmp_path, f"images/{i}.png", f"masks/{i}.png", i)
        _save(tmp_path / f"masks/{i}.png", np.full((12, 10, 3), (255, 0, i)))
    with pytest.raises(
        PipelineError, match=r"3 of 3 masks are coloured, the first \S+masks/0.png, .* classes.csv"
    ):
        masks.read(tmp_path)


def test_grey_pictures_among_coloured_ones_are_said_and_read(tmp_path):
    for i in range(8):
        _pair(tmp_path, f"images/{i}.png", f"masks/{i}.png", i)
    grey = np.random.default_rng(9).integers(0, 256, (12, 10))
    _save(tmp_path / "images/2.png", grey)
    (problem,) = (p for p in _audited(tmp_path) if p.kind == "mixed-colour")
    assert (problem.severity, problem.where) == ("warning", "image")
    assert "1 pictures are grey and 7 in colour, see images/2.png" in problem.message
    np.testing.assert_array_equal(
        edge.read_picture(tmp_path / "images/2.png"), np.repeat(grey[..., None], 3, 2)
    )


def test_a_damaged_mask_and_a_class_that_is_nowhere(tmp_path):
    for i in range(6):
        _pair(tmp_path, f"images/{i}.png", f"masks/{i}.png", i, values=(0, 1))
    (tmp_path / "masks/3.png").write_bytes((tmp_path / "masks/3.png").read_bytes()[:50])
    (tmp_path / "classes.txt").write_text("sky\nroad\ntree\n")
    found = {p.kind: p for p in _audited(tmp_path)}
    assert found["unreadable-mask"].where == "masks/3.png"
    assert found["unreadable-mask"].message.endswith("Restore it.")
    assert found["unused-class"].message.startswith("1 of 3 classes occur nowhere: tree.")


def test_two_files_of_one_name_are_said(tmp_path):
    for i in range(4):
        _pair(tmp_path, f"images/{i}.png", f"masks/{i}.png", i)
    _save(tmp_path / "images/2.jpg", np.zeros((12, 10, 3)))
    _save(tmp_path / "masks/3.bmp", np.zeros((12, 10)))
    found = {
        (p.where, p.message.partition(" ")[0])
        for p in masks.read(tmp_path).problems
        if p.kind == "same-name"
    }
    assert found == {("images/2.png", "2.jpg"), ("masks/3.png", "3.bmp")}


def test_one_value_and_smooth_masks_are_warned_of(tmp_path):
    disc = (np.hypot(*np.mgrid[-32:32, -32:32]) < 20) * np.uint8(255)
    for i, mask in enumerate([disc, np.zeros_like(disc), disc]):
        _save(tmp_path / f"images/{i}.png", np.random.default_rng(i).integers(0, 256, (64, 64, 3)))
        _save(tmp_path / f"masks/{i}.png", mask)
    Image.fromarray(disc).save(tmp_path / "masks/2.jpg", quality=60)
    (tmp_path / "masks/2.png").unlink()
    result = audit.audit(masks.read(tmp_path), progress=False)
    found = {p.kind: p for p in result.problems if p.severity == "warning" and "mask" in p.message}
    assert found["one-value"].where == "masks/1.png"
    assert "'background' everywhere" in found["one-value"].message
    assert found["smoothed-mask"].where == "masks/2.jpg"
    assert "% of the mask's pixels lie between 0 and 255" in found["smoothed-mask"].message
    (shares,) = {
        p.message for p in result.problems if p.kind == "pixels" and p.where == "train"
    } or {""}
    assert shares.startswith("classes of segmentation_mask by pixel: background ")


def test_a_mask_of_ids_that_was_interpolated_or_stored_in_colours(tmp_path):
    ids = np.zeros((24, 24), np.uint8)
    ids[3:8, 3:8], ids[10:20, 6:20] = 1, 2
    for i in range(5):
        _save(tmp_path / f"images/{i}.png", np.random.default_rng(i).integers(0, 256, (24, 24, 3)))
        _save(tmp_path / f"masks/{i}.png", ids)
    before = audit.audit(masks.read(tmp_path), progress=False).problems
    assert not [p for p in before if p.kind in ("smoothed-mask", "converted")]
    small = Image.fromarray(ids).resize((12, 12), Image.Resampling.BILINEAR)
    small.resize((24, 24), Image.Resampling.BILINEAR).save(tmp_path / "masks/1.png")
    Image.fromarray(ids).convert("RGB").save(tmp_path / "masks/2.png")
    after = audit.audit(masks.read(tmp_path), progress=False).problems
    assert [p.where for p in after if p.kind == "smoothed-mask"] == ["masks/1.png"]
    assert [p.message for p in after if p.kind == "converted"] == [
        "1 of 5 masks are grey in three equal channels, and read as one. The first: masks/2.png."
    ]


def test_slopes_by_hand():
    across = np.array([[0, 0, 2, 2], [0, 1, 2, 2]], np.uint8)
    # 0 to 2 in the first row is a jump; 1 lies between 0 and 2 in the second; down there is 0, 1.
    assert _mask_files.slopes(across) == (1, 1)
    assert _mask_files.slopes(np.zeros((3, 3), np.uint8)) == (0, 0)


def test_prepared_masks_are_grey_pngs_of_ids(tmp_path):
    (tmp_path / "classes.csv").write_text("road,90,90,90\nsky,0,0,255\n")
    mask = np.full((4, 6, 3), 90)
    mask[:, 3:] = 0, 0, 255
    mask[3, 5] = 255
    _save(tmp_path / "images/a.png", np.zeros((4, 6, 3)))
    _save(tmp_path / "masks/a.png", mask)
    (part,) = (p for p in masks.read(tmp_path).splits.values() if len(p))
    prepared = pictures.prepare(part, tmp_path / "cache", decoding.is_decoded)
    with Image.open(prepared.columns["segmentation_mask"][0]) as file:
        assert (file.format, file.mode) == ("PNG", "L")
        wanted = np.where(np.arange(6) < 3, 0, 1) * np.ones((4, 1), int)
        wanted[3, 5] = 255
        np.testing.assert_array_equal(np.asarray(file), wanted)
    assert prepared.masks == {"segmentation_mask": {}}
    again = pictures.prepare(prepared, tmp_path / "other", decoding.is_decoded)
    assert again.columns == prepared.columns  # nothing left to do


def test_a_folder_where_nothing_pairs_up_is_refused(tmp_path):
    _save(tmp_path / "images/a.png", np.zeros((4, 4, 3)))
    _save(tmp_path / "masks/b.png", np.zeros((4, 4)))
    with pytest.raises(PipelineError, match="no picture in .* has a mask of its name"):
        masks.read(tmp_path)


def test_yolo_labels_are_no_masks(tmp_path):
    _save(tmp_path / "images/a.png", np.zeros((4, 4, 3)))
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/a.txt").write_text("0 0.5 0.5 1 1\n")
    assert not masks.detect(tmp_path)
