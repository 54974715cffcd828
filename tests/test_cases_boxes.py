"""Boxes as people have them that once were read wrong in silence: small sets of each kind."""

import json

import numpy as np
import pytest
from one_box import BOX, SIZE, found, merged, pixels, said, save, write, xml
from PIL import Image

from pipelines import catalog
from pipelines.edge.pictures import read_picture
from pipelines.engine.training import auditing
from pipelines.formats import _pillow as pillow
from pipelines.formats import box_table, coco, coco_masks, image_folder, voc


@pytest.mark.parametrize(
    ("pictures", "annotations"),
    [
        ("images", "annots"),
        ("images", "annotations"),
        ("images", "Annotations"),
        ("JPEGImages", "Annotations"),
        ("images", "annotations/xmls"),
        (".", "."),  # as LabelImg writes them
        ("images", "images"),
        (".", "annots"),
        ("Images", "XML"),
        ("some", "labels"),
    ],
)
def test_folders_of_voc_may_be_called_otherwise(tmp_path, pictures, annotations):
    for stem in "abc":
        save(tmp_path / pictures / f"{stem}.png")
        write(tmp_path / annotations / f"{stem}.xml", xml(f"{stem}.png"))
    data = catalog.load(tmp_path)
    assert (data.format, said(data)) == ("voc", [])
    prefix = "" if pictures == "." else f"{pictures}/"
    assert merged(data) == {f"{prefix}{stem}.png": [BOX] for stem in "abc"}
    assert merged(voc.read(tmp_path)) == merged(data)


@pytest.mark.parametrize(
    ("picture", "annotation"),
    [
        ("{}/{}.png", "{}/{}.xml"),  # as Roboflow writes them
        ("images/{}/{}.png", "annotations/{}/{}.xml"),
        ("{}/images/{}.png", "{}/annots/{}.xml"),
    ],
)
def test_splits_of_voc_may_be_folders(tmp_path, picture, annotation):
    wanted = {}
    for split, folder in {"train": "train", "validation": "valid", "test": "test"}.items():
        name = picture.format(folder, "a")  # the same stem in each of them
        save(tmp_path / name)
        write(tmp_path / annotation.format(folder, "a"), xml("a.png"))
        wanted[split] = {name: [BOX]}
    data = catalog.load(tmp_path)
    assert (data.format, said(data), found(data)) == ("voc", [], wanted)


def test_a_folder_above_voc_is_refused(tmp_path):
    save(tmp_path / "VOC2007/JPEGImages/a.png")
    write(tmp_path / "VOC2007/Annotations/a.xml", xml("a.png"))
    write(tmp_path / "VOC2007/ImageSets/Main/train.txt", "a\n")
    with pytest.raises(voc.PipelineError, match=r"holds VOC2007. Pass .*VOC2007\."):
        voc.read(tmp_path)
    assert merged(voc.read(tmp_path / "VOC2007")) == {"JPEGImages/a.png": [BOX]}


def test_what_voc_passes_over_is_said(tmp_path):
    for name in ("images/a.png", "images/a.jpg", "other/x.png"):
        save(tmp_path / name)
    write(tmp_path / "annots/a.xml", xml("a.png"))
    write(tmp_path / "more/annots/b.xml", xml("a.png"))
    data = voc.read(tmp_path)
    assert merged(data) == {"images/a.png": [BOX]}  # <filename> says which
    assert sorted(said(data)) == [
        ("error", "missing-file", "more/annots/b.xml"),
        ("warning", "same-name", "images/a.jpg"),
        ("warning", "unlisted", "other"),
    ]
    write(tmp_path / "xml/a.xml", xml("a.png"))
    assert ("error", "conflict", "xml/a.xml") in said(voc.read(tmp_path))


def test_pictures_of_no_xml_file_in_another_folder_are_warned_of(tmp_path):
    save(tmp_path / "a.png")
    write(tmp_path / "a.xml", xml("a.png"))
    save(tmp_path / "thumbnails/a.png")
    data = voc.read(tmp_path)
    assert merged(data) == {"a.png": [BOX]}
    assert said(data) == [("warning", "unlisted", "thumbnails")]


def test_a_list_of_voc_names_a_picture_without_xml_by_its_whole_line(tmp_path):
    for stem in ("a b", "a"):
        save(tmp_path / f"JPEGImages/{stem}.png")
    write(tmp_path / "Annotations/a.xml", xml("a.png"))
    write(tmp_path / "ImageSets/Main/train.txt", "a b\na\n")
    assert found(voc.read(tmp_path))["train"] == {
        "JPEGImages/a b.png": [],
        "JPEGImages/a.png": [BOX],
    }


def exif(orientation):
    tags = Image.Exif()
    tags[pillow.ORIENTATION] = orientation
    return tags


FORMATS = ["JPEG", "MPO", "PNG", "WEBP", "TIFF"]
# What turns an upright picture into the one that is stored with an orientation (EXIF 2.3, 4.6.4).
STORED = {
    6: lambda upright: np.rot90(upright),
    8: lambda upright: np.rot90(upright, -1),
    3: lambda upright: np.rot90(upright, 2),
    5: lambda upright: np.swapaxes(upright, 0, 1),
    65537: lambda upright: upright,
    0: lambda upright: upright,
}


TURNED = [(format, orientation) for format in FORMATS for orientation in STORED]
NEVER = [("TIFF", 0), ("TIFF", 65537)]  # Pillow writes no such TIFF


@pytest.mark.parametrize(("format", "orientation"), [pair for pair in TURNED if pair not in NEVER])
def test_boxes_are_of_the_upright_picture(tmp_path, format, orientation):
    suffix = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp", "TIFF": "tif"}[format]
    stored = np.ascontiguousarray(STORED[orientation](pixels()))
    more = {"save_all": True, "append_images": [Image.fromarray(stored)]} if format == "MPO" else {}
    tags = exif(orientation if orientation < 2**16 else 0)
    encoded = tags
    if orientation >= 2**16:
        encoded = tags.tobytes().replace(b"\x03\x00\x01\x00\x00\x00", b"\x04\x00\x01\x00\x00\x00")
    save(tmp_path / f"a.{suffix}", stored, format=format, exif=encoded, **more)
    assert read_picture(tmp_path / f"a.{suffix}").shape[:2] == SIZE
    assert pillow.size(tmp_path / f"a.{suffix}") == SIZE
    ymin, xmin, ymax, xmax = BOX
    note = {
        "id": 1,
        "image_id": 1,
        "category_id": 1,
        "bbox": [xmin, ymin, xmax - xmin, ymax - ymin],
    }
    for size in ({}, {"height": SIZE[0], "width": SIZE[1]}):
        image = {"id": 1, "file_name": f"a.{suffix}", **size}
        content = {
            "images": [image],
            "annotations": [note],
            "categories": [{"id": 1, "name": "red"}],
        }
        write(tmp_path / "boxes.json", json.dumps(content))
        data = coco.read(tmp_path)
        assert (merged(data), said(data)) == ({f"a.{suffix}": [BOX]}, [])


HEADER = "path,label,ymin,xmin,ymax,xmax"
SIDES = ",".join(map(str, BOX))


@pytest.mark.parametrize(
    "bad", ["a.png,red,1,n/a,4,6", "a.png,red,1,2,3", 'a.png,"red,1,2,3,4\nb.png,red",1,2,3,4']
)
@pytest.mark.parametrize("prefix", ["", "./", ".\\"])
def test_a_picture_of_which_an_object_is_missing_is_left_out(tmp_path, bad, prefix):
    for name in ("a.png", "b.png", "c.png"):
        save(tmp_path / name)
    rows = [f"{prefix}{name},red,{SIDES}" for name in ("a.png", "b.png", "c.png")]
    bad = bad.replace("a.png", f"{prefix}a.png", 1)
    write(tmp_path / "boxes.csv", "\n".join([HEADER, *rows, bad]))
    data = box_table.read(tmp_path)
    left_out = {p.example for p in data.problems if p.severity == "error"}
    assert left_out == ({"a.png", "b.png"} if "b.png" in bad else {"a.png"})
    assert merged(data)["c.png"] == [BOX]


def test_paths_that_are_written_otherwise_are_one_picture(tmp_path):
    save(tmp_path / "Img/a.png")
    written = ["Img/a.png", "./Img/a.png", "Img\\a.png", "Img//a.png", "img/A.PNG"]
    rows = [f"{path},red,{SIDES}" for path in written]
    write(tmp_path / "boxes.csv", "\n".join([HEADER, *rows]))
    data = box_table.read(tmp_path)
    assert (said(data), merged(data)) == ([], {"Img/a.png": [BOX] * len(written)})


@pytest.mark.parametrize("reader", [coco, coco_masks])
def test_images_of_one_id_are_both_refused(tmp_path, reader):
    for name in ("a.png", "b.png", "c.png"):
        save(tmp_path / name)
    images = [{"id": i, "file_name": f"{name}.png"} for i, name in ((1, "a"), (1, "b"), (2, "c"))]
    segment = [[2, 4, 6, 4, 6, 10, 2, 10]]
    notes = [
        {"id": i, "image_id": i, "category_id": 1, "bbox": [2, 4, 4, 6], "segmentation": segment}
        for i in (1, 2)
    ]
    content = {"images": images, "annotations": notes, "categories": [{"id": 1, "name": "red"}]}
    write(tmp_path / "boxes.json", json.dumps(content))
    data = reader.read(tmp_path)
    left_out = {p.example for p in data.problems if p.severity == "error"}
    names = {name for part in data.splits.values() for name in part.names}
    assert names - left_out == {"c.png"}
    assert ("error", "conflict", "boxes.json: images[1]") in said(data)


def test_class_folders_of_links_that_lead_out(tmp_path):
    save(tmp_path / "blobs/1", format="JPEG")
    for kind in ("cat", "dog"):
        link = tmp_path / "snapshot" / kind / "1.jpg"
        link.parent.mkdir(parents=True)
        link.symlink_to("../../blobs/1")
    with pytest.raises(voc.PipelineError, match=r"cat/1.jpg: this link leads out of the data"):
        image_folder.read(tmp_path / "snapshot")


def test_audit_for_a_task_shows_why_there_are_no_boxes(tmp_path):
    for stem in "abcd":
        save(tmp_path / f"{stem}.png")
    rows = [f"{stem}.png,red,1,2,n/a,4" for stem in "ab"] + ["c.png,,,,,", "d.png,,,,,"]
    write(tmp_path / "boxes.csv", "\n".join([HEADER, *rows]))
    result = auditing.audit(str(tmp_path), "auto", "detection", {})
    kinds = [p.kind for p in result.problems if p.severity == "error"]
    assert kinds.count("annotation") == 2
