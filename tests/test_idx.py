"""MNIST's files: bytes that were put together here are read back, and damaged ones are told."""

import gzip
import io
import struct

import numpy as np
import pytest
from PIL import Image

from pipelines import catalog
from pipelines.errors import PipelineError
from pipelines.formats import _idx_file, idx

PICTURES = np.arange(5 * 2 * 3, dtype=np.uint8).reshape(5, 2, 3) * 8
IMAGES, LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"


def packed(values, magic=0x08):
    values = np.asarray(values, np.uint8)
    header = bytes((0, 0, magic, values.ndim)) + struct.pack(f">{values.ndim}I", *values.shape)
    return header + values.tobytes()


def write(folder, **files):
    """Files of a folder by their names; those that end with .gz are packed."""
    for name, content in files.items():
        path = folder / name
        path.write_bytes(gzip.compress(content) if name.lower().endswith(".gz") else content)
    return folder


@pytest.mark.parametrize("end", ["", ".gz", ".GZ"])
def test_pictures_and_labels_come_back(tmp_path, end):
    files = {
        f"train-{IMAGES}{end}": packed(PICTURES), f"train-{LABELS}{end}": packed([7, 2, 7, 2, 9]),
        f"t10k-{IMAGES}{end}": packed(PICTURES[:2]), f"t10k-{LABELS}{end}": packed([9, 2]),
        "README.md": b"# what this is",
    }  # fmt: skip
    data = catalog.load(write(tmp_path, **files))
    assert (data.format, data.labels, data.problems) == ("idx", {"label": ["2", "7", "9"]}, [])
    test = data.splits["test"]
    assert test.columns["label"] == [2, 0]
    assert test.names == ["test/00000", "test/00001"]
    assert test.where[1] == f"t10k-{IMAGES}{end}:2"
    found = {}
    for part in data.splits.values():
        for name, picture in zip(part.names, part.columns["image"], strict=True):
            found[name] = np.asarray(Image.open(io.BytesIO(picture)))
    for i, picture in enumerate(PICTURES):
        np.testing.assert_array_equal(found[f"train/{i:05d}"], picture)
    labels = dict(
        zip(data.splits["train"].names, data.splits["train"].columns["label"], strict=True)
    )
    for name, label in labels.items():
        assert label == [1, 0, 1, 0, 2][int(name[-5:])]


def test_labels_are_optional_and_names_may_have_a_dot(tmp_path):
    data = catalog.load(write(tmp_path, **{"train-images.idx3-ubyte": packed(PICTURES)}))
    assert data.labels == {}
    assert sum(map(len, data.splits.values())) == 5


def test_a_file_that_is_there_twice_is_told(tmp_path):
    name = f"train-{IMAGES}"
    data = catalog.load(write(tmp_path, **{name: packed(PICTURES), f"{name}.gz": b"no matter"}))
    (problem,) = data.problems
    assert (problem.severity, problem.where) == ("note", f"{name}.gz")


def test_what_is_damaged_is_told(tmp_path):
    whole = packed(PICTURES)
    cases = {
        b"": "begins with nothing",
        b"\x89PNG" + whole: "must begin with the bytes 00 00 08 03",
        packed(PICTURES, 0x0D): "begins with 00 00 0d 03",
        packed([1, 2]): "begins with 00 00 08 01",
        whole[:9]: "ends within its header",
        whole[:-1]: "5 x 2 x 3 = 30 bytes after its header; it holds 29",
        whole + b"\0": "it holds more",
        packed(PICTURES[:0]): "says that it holds 0 x 2 x 3 bytes",
        whole[:4] + b"\xff" * 12 + whole: "says that it holds 4294967295 x",
    }
    for content, message in cases.items():
        write(tmp_path, **{f"train-{IMAGES}": content})
        with pytest.raises(PipelineError, match=message):
            catalog.load(tmp_path)


def test_what_is_damaged_in_gzip_is_told(tmp_path):
    file, whole = tmp_path / f"train-{IMAGES}.gz", gzip.compress(packed(PICTURES))
    for content in (b"no gzip", whole[:-12], whole[:20] + b"\xff\xff\xff" + whole[23:]):
        file.write_bytes(content)
        with pytest.raises(PipelineError, match="Download the file again"):
            catalog.load(tmp_path)


def test_no_more_is_unpacked_than_the_header_says(tmp_path, monkeypatch):
    asked = []

    class Counted(gzip.GzipFile):
        def read(self, size=-1):
            asked.append(size)
            return super().read(size)

    bomb = gzip.compress(packed(PICTURES) + bytes(10_000_000))
    write(tmp_path, **{f"train-{IMAGES}": b""})
    (tmp_path / "bomb.gz").write_bytes(bomb)
    monkeypatch.setattr(_idx_file.gzip, "open", lambda path, mode: Counted(path, mode))
    with pytest.raises(PipelineError, match="it holds more"):
        _idx_file.read(tmp_path / "bomb.gz", 3)
    assert asked == [16, 31]
    monkeypatch.setattr(_idx_file, "MOST_EXAMPLES", 4)
    with pytest.raises(PipelineError, match="1 to 4 examples"):
        _idx_file.read(tmp_path / "bomb.gz", 3)


def test_what_does_not_belong_together_is_told(tmp_path):
    images, labels = f"train-{IMAGES}", f"train-{LABELS}"
    cases = [
        ({images: packed(PICTURES), labels: packed([1, 2])}, "label for each of 5 pictures; it has 2"),
        ({images: packed(PICTURES), f"t10k-{IMAGES}": packed(PICTURES), labels: packed(range(5))},
         f"has t10k-{IMAGES}, and no file of labels"),
        ({images: packed(PICTURES), f"t10k-{LABELS}": packed([1])}, "no file of images for it"),
        ({f"t10k-{IMAGES}": packed(PICTURES)}, f"no {images}"),
        ({f"emnist-letters-{images}": packed(PICTURES), images: packed(PICTURES)},
         "several data sets: files without such a name, emnist-letters. Put"),
    ]  # fmt: skip
    for number, (files, message) in enumerate(cases):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pytest.raises(PipelineError, match=message):
            catalog.load(write(folder, **files))


def test_labels_alone_are_told(tmp_path):
    write(tmp_path, **{f"train-{LABELS}": packed([1, 2])})
    with pytest.raises(PipelineError, match="no file of images for it"):
        idx.read(tmp_path)


def test_pictures_of_emnist_are_turned_upright(tmp_path):
    files = {f"emnist-letters-{split}-{IMAGES}": packed(PICTURES) for split in ("train", "test")}
    data = catalog.load(write(tmp_path, **files))
    assert data.format == "idx"
    (problem,) = data.problems
    assert (problem.severity, problem.where) == ("note", "emnist-letters")
    picture = np.asarray(Image.open(io.BytesIO(data.splits["test"].columns["image"][1])))
    np.testing.assert_array_equal(picture, PICTURES[1].T)


def test_a_link_out_of_the_folder_is_not_read(tmp_path):
    outside = write(tmp_path, secret=packed(PICTURES)) / "secret"
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / f"train-{IMAGES}").symlink_to(outside)
    with pytest.raises(PipelineError, match="leads out of the data"):
        catalog.load(folder)
