"""Hugging Face's cache: a snapshot's links to its blobs are read, and no other link that leads out."""

import pytest
from odd_sets import PICTURES, TEXTS, Set

from pipelines import catalog
from pipelines.engine.audit import audit
from pipelines.errors import PipelineError

REVISION = "datasets--ann--birds/snapshots/0123abcd"


def linked(root, blobs, sizes=40):
    """Moves each file below `root` into `blobs`, called by a number, and links to it."""
    blobs.mkdir(parents=True, exist_ok=True)
    for i, file in enumerate(sorted(p for p in root.rglob("*") if p.is_file())):
        blob = blobs / f"{i:0{sizes}x}"
        file.rename(blob)
        file.symlink_to(blob)


@pytest.mark.parametrize("name", [*PICTURES, *TEXTS])
@pytest.mark.parametrize("size", [40, 64])
def test_a_snapshot_is_read_whole(tmp_path, name, size):
    reader, write = (PICTURES | TEXTS)[name]
    root = tmp_path / REVISION
    write(Set(root))
    before = reader.read(root)
    linked(root, tmp_path / "datasets--ann--birds/blobs", size)
    after = reader.read(root)
    assert after.fingerprint() == before.fingerprint()
    assert after.problems == before.problems
    assert audit.audit(after, progress=False).bad == audit.audit(before, progress=False).bad


@pytest.mark.parametrize("name", ["labels.csv", "boxes.csv", "boxes.json", "data.yaml"])
def test_a_file_of_a_snapshot_that_is_passed_stays_in_it(tmp_path, name):
    writers = {"labels.csv": "table", "boxes.csv": "box_table", "boxes.json": "coco"}
    reader, write = PICTURES[writers.get(name, "yolo")]
    root = tmp_path / REVISION
    write(Set(root))
    linked(root, tmp_path / "datasets--ann--birds/blobs")
    data = reader.read(root / name)
    assert sum(map(len, data.splits.values())) == 4


@pytest.mark.parametrize(
    ("blobs", "size"),
    [
        ("datasets--ann--birds/other", 40),
        ("datasets--ann--birds/blobs/inner", 40),
        ("datasets--bob--birds/blobs", 40),
        ("datasets--ann--birds/blobs", 20),  # not called as a blob is
    ],
)
def test_no_other_file_is_reached(tmp_path, blobs, size):
    reader, write = PICTURES["pictures"]
    root = tmp_path / REVISION
    write(Set(root))
    linked(root, tmp_path / blobs, size)
    with pytest.raises(PipelineError, match="no usable picture"):
        reader.read(root)


def test_blobs_that_are_a_link_themselves_are_refused(tmp_path):
    reader, write = PICTURES["pictures"]
    root = tmp_path / REVISION
    write(Set(root))
    linked(root, tmp_path / "secret")
    (tmp_path / "datasets--ann--birds/blobs").symlink_to(tmp_path / "secret")
    with pytest.raises(PipelineError, match="no usable picture"):
        reader.read(root)


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_file_that_is_a_link_out_of_the_data_is_not_read(tmp_path, name):
    reader, write = TEXTS[name]
    root = tmp_path / "data"
    write(Set(root))
    for i, file in enumerate(sorted(p for p in root.rglob("*") if p.is_file())):
        outside = tmp_path / f"secret{i}"
        file.rename(outside)
        file.symlink_to(outside)
    with pytest.raises(PipelineError, match="leads out of the data"):
        reader.read(root)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("table", "labels.csv"),
        ("box_table", "boxes.csv"),
        ("coco", "boxes.json"),
        ("coco_masks", "boxes.json"),
        ("yolo", "data.yaml"),
        ("masks", "train.txt"),
        ("voc", "ImageSets/Main/train.txt"),
    ],
)
def test_nor_is_a_list_of_pictures(tmp_path, name, file):
    reader, write = PICTURES[name]
    root = tmp_path / "data"
    write(Set(root))
    (root / file).rename(tmp_path / "secret")
    (root / file).symlink_to(tmp_path / "secret")
    with pytest.raises(PipelineError, match="is a link that leads out of the data"):
        reader.read(root)


def test_running_text_too(tmp_path):
    root = tmp_path / "data"
    root.mkdir()
    (tmp_path / "secret.txt").write_text("a long line of words that nobody should see\n")
    (root / "train.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(PipelineError, match="leads out of the data"):
        catalog.load(root, "plain_text")


def test_an_xml_file_that_is_a_link_leaves_its_picture_out(tmp_path):
    reader, write = PICTURES["voc"]
    root = tmp_path / "data"
    write(Set(root))
    (root / "Annotations/a.xml").rename(tmp_path / "secret.xml")
    (root / "Annotations/a.xml").symlink_to(tmp_path / "secret.xml")
    data = reader.read(root)
    assert [(p.kind, p.where) for p in data.problems if p.severity == "error"] == [
        ("outside", "Annotations/a.xml")
    ]
    assert sum(map(len, data.splits.values())) == 3
