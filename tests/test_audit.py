import json
import struct
import zlib

import numpy as np
import pytest
from looked_at import data, encoded, healthy, noise, of_kind, told
from PIL import Image

from pipelines.engine.audit import audit as auditing
from pipelines.errors import PipelineError
from pipelines.formats import image_folder
from pipelines.formats.examples import Data, Examples, Problem


@pytest.fixture
def whole():
    return data(train=healthy(1), validation=healthy(2, 1), test=healthy(3, 1))


def test_healthy_data(whole):
    result = auditing.audit(whole)
    assert told(result) == []
    assert result.errors == 0
    assert result.bad == frozenset()
    assert result.counts == {"train": 12, "validation": 2, "test": 2}
    assert result.class_counts == {
        "train": {"cat": 6, "dog": 6},
        "validation": {"cat": 1, "dog": 1},
        "test": {"cat": 1, "dog": 1},
    }
    assert result.picture_sizes == {
        "height": {"min": 30, "median": 30, "max": 30},
        "width": {"min": 40, "median": 40, "max": 40},
    }
    assert result.median_side == 30
    assert result.modes == {"PNG RGB": 16}
    assert [p.message for p in of_kind(result, "balance")] == [
        "'cat' has 6 examples in train, 'dog' 6: 1.0 to 1.",
    ]


def test_sizes_and_modes(whole):
    rows = [
        ("a.png", noise(1, (10, 50)), 0),
        ("b.jpg", encoded(noise(2, (30, 20)), "JPEG"), 1),
        ("c", noise(3, (8, 80), "L"), 0),
    ]
    result = auditing.audit(data(train=rows))
    assert result.picture_sizes == {
        "height": {"min": 20, "median": 50, "max": 80},
        "width": {"min": 8, "median": 10, "max": 30},
    }
    assert result.median_side == 10  # of 10, 20, 8
    assert result.modes == {"PNG RGB": 1, "JPEG RGB": 1, "PNG L": 1}


def bomb():
    """A PNG that says it has 60,000 x 60,000 pixels: 10 GB of memory, were it decoded."""

    def chunk(kind, content):
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    start = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", start)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (encoded(noise(0, (200, 200)), "JPEG")[:2000], "truncated"),
        (encoded(noise(0, (200, 200)))[:2000], "truncated"),
        (b"this is a letter, not a photo", "is a text file"),
        (b"", "is an empty file"),
        (bytes(range(256)), "is not a picture"),
        (bomb(), "pixels, more than the"),
    ],
)
def test_unreadable_pictures(whole, content, reason):
    rows = [*healthy(1), ("bad.jpg", content, 0)]
    result = auditing.audit(data(train=rows, validation=healthy(2, 1), test=healthy(3, 1)))
    assert told(result) == [("error", "unreadable", "file train/bad.jpg")]
    (problem,) = of_kind(result, "unreadable")
    assert reason in problem.message
    assert problem.message.endswith(".")
    assert "\n" not in problem.message
    assert result.bad == {"train/bad.jpg"}
    assert result.counts["train"] == 13


def test_a_missing_file(whole):
    train = whole.splits["train"]
    train.columns["image"][0] = "/no/such/file.jpg"
    assert told(auditing.audit(whole)) == [("error", "unreadable", f"file {train.names[0]}")]


def test_a_leak_leaves_the_later_split_whole():
    same, other = noise(77), noise(78)
    result = auditing.audit(
        data(
            train=[*healthy(1), ("a.png", same, 0), ("b.png", other, 1)],
            validation=[*healthy(2, 1), ("c.png", same, 0), ("d.png", other, 1)],
            test=[*healthy(3, 1), ("e.png", same, 0)],
        )
    )
    assert told(result) == [
        ("error", "leak", "file train/a.png"),
        ("error", "leak", "file train/b.png"),
        ("error", "leak", "file validation/c.png"),
    ]
    messages = {p.where: p.message for p in of_kind(result, "leak")}
    assert "in test, as file test/e.png. Delete it from train" in messages["file train/a.png"]
    assert "in validation, as file validation/d.png" in messages["file train/b.png"]
    assert result.bad == {"train/a.png", "train/b.png", "validation/c.png"}


def test_pixels_decide_what_is_the_same_picture():
    """The same pixels in another file are the same; the same bytes in another shape are not."""
    photo = noise(5, (40, 30))
    reshaped = Image.fromarray(np.asarray(photo).reshape(40, 30, 3))
    assert photo.tobytes() == reshaped.tobytes()
    rows = [
        *healthy(1),
        ("a.png", photo, 0),
        ("b.bmp", encoded(photo, "BMP"), 0),
        ("c.png", reshaped, 0),
    ]
    result = auditing.audit(data(train=rows, validation=healthy(2, 1), test=healthy(3, 1)))
    assert told(result) == [("warning", "duplicate", "file train/b.bmp")]
    assert "file train/a.png" in of_kind(result, "duplicate")[0].message
    assert result.bad == frozenset()


def test_one_picture_with_two_labels():
    photo = noise(5)
    rows = [*healthy(1), ("a.png", photo, 0), ("b.png", photo, 1)]
    result = auditing.audit(data(train=rows, validation=healthy(2, 1), test=healthy(3, 1)))
    conflicts = {p.example: p.message for p in of_kind(result, "conflict")}
    assert conflicts == {
        "train/a.png": (
            "this picture has the label 'cat', and 'dog' as file train/b.png. Keep the right one."
        ),
        "train/b.png": (
            "this picture has the label 'dog', and 'cat' as file train/a.png. Keep the right one."
        ),
    }
    assert result.errors == 2
    assert result.bad == set(conflicts)


def test_a_constant_picture():
    nearly = np.full((30, 40, 3), 128, np.uint8)
    nearly[:15] += 3  # deviation 1.5
    visible = np.full((30, 40, 3), 128, np.uint8)
    visible[:15] += 6  # deviation 3
    large = np.zeros((600, 600, 3), np.uint8)
    large[1::3, 1::3] = 255  # between the samples of the first look
    red = np.zeros((30, 40, 3), np.uint8)
    red[..., 0] = 200
    rows = [
        *(
            (name, Image.fromarray(pixels), 0)
            for name, pixels in [("nearly", nearly), ("visible", visible), ("red", red)]
        ),
        ("large", Image.fromarray(large), 1),
        *healthy(1),
    ]
    result = auditing.audit(data(train=rows, validation=healthy(2, 1), test=healthy(3, 1)))
    assert told(result) == [
        ("warning", "constant", "file train/nearly"),
        ("warning", "constant", "file train/red"),
    ]
    assert "deviation 1.5 of 255" in of_kind(result, "constant")[0].message


def test_files_that_are_called_wrong(tmp_path):
    names = {
        "a.jpg": "PNG",
        "b.jpeg": "JPEG",
        "c.JPG": "JPEG",
        "d.tif": "TIFF",
        "e.png": "WEBP",
        "f.jpg": "MPO",
    }
    for i, (name, format) in enumerate(names.items()):
        (tmp_path / "cat").mkdir(exist_ok=True)
        noise(i).save(tmp_path / "cat" / name, format)
    (tmp_path / "dog").mkdir()
    noise(99).save(tmp_path / "dog/x.png")
    result = auditing.audit(image_folder.read(tmp_path))
    assert sorted((p.severity, p.where, p.message) for p in of_kind(result, "suffix")) == [
        (
            "note",
            "cat/a.jpg",
            "this file is a PNG whatever its name says. It is read all the same.",
        ),
        (
            "note",
            "cat/e.png",
            "this file is a WEBP whatever its name says. It is read all the same.",
        ),
    ]


def test_what_is_converted_is_counted():
    rotated = Image.Exif()
    rotated[0x112] = 6
    alpha = noise(1)
    alpha.putalpha(128)
    rows = [
        ("cmyk.jpg", encoded(noise(2, mode="CMYK"), "JPEG"), 0),
        (
            "deep.png",
            Image.fromarray(np.random.default_rng(3).integers(0, 65536, (30, 40), dtype=np.uint16)),
            1,
        ),
        ("palette.png", encoded(noise(4).quantize(16), "PNG", transparency=bytes(16)), 0),
        ("rotated.jpg", encoded(noise(5), "JPEG", exif=rotated), 1),
        ("rotated2.jpg", encoded(noise(6), "JPEG", exif=rotated), 1),
        ("alpha.png", alpha, 0),
        ("moving.gif", encoded(noise(7), "GIF", save_all=True, append_images=[noise(8)]), 1),
    ]
    result = auditing.audit(data(train=rows))
    assert [p.message for p in of_kind(result, "converted")] == [
        "1 of 7 pictures: CMYK, converted to 8-bit RGB. The first: file train/cmyk.jpg.",
        (  # and the GIF
            "2 of 7 pictures: with a palette, converted to 8-bit RGB. The first: file"
            " train/palette.png."
        ),
        "2 of 7 pictures: with transparency, which is dropped. The first: file train/palette.png.",
        "2 of 7 pictures: rotated by EXIF, turned upright. The first: file train/rotated.jpg.",
        (
            "1 of 7 pictures: animated, only the first frame is read. The first: file"
            " train/moving.gif."
        ),
    ]
    assert result.picture_sizes["height"]["max"] == 40  # upright


def test_what_the_reader_found_is_carried_over(whole):
    row = Problem("error", "empty-label", "labels.csv:7", "no label.", "labels.csv:7")
    whole.problems.append(row)
    result = auditing.audit(whole)
    assert result.problems[0] is row
    assert result.bad == {"labels.csv:7"}


def test_labels_in_sequences_and_masks():
    """Other tasks: classes within objects are counted by example, and equal masks are no duplicates."""
    mask = encoded(Image.new("L", (40, 30)))
    columns = {
        "image": [encoded(noise(i)) for i in range(3)],
        "segmentation_mask": [mask] * 3,
        "objects/label": [np.array([0, 0, 1]), np.array([], int), np.array([1])],
    }
    train = Examples(
        ["a", "b", "c"], columns, ["a", "b", "c"], pictures=("image", "segmentation_mask")
    )
    result = auditing.audit(
        Data("here", "made", {"train": train}, {"objects/label": ["cell", "platelet"]})
    )
    assert result.class_counts == {"train": {"cell": 1, "platelet": 2}}
    assert not {"duplicate", "constant", "leak"} & {p.kind for p in result.problems}
    assert result.errors == 0


def test_without(whole):
    left = auditing.without(
        whole, {whole.splits["train"].names[0], whole.splits["test"].names[1], "unknown"}
    )
    assert {split: len(examples) for split, examples in left.splits.items()} == {
        "train": 11,
        "validation": 2,
        "test": 1,
    }
    assert left.splits["train"].names == whole.splits["train"].names[1:]
    assert left.splits["train"].columns["label"] == whole.splits["train"].columns["label"][1:]
    assert left.labels == whole.labels
    assert len(whole.splits["train"]) == 12


def test_left_out_examples_mend_the_data():
    photo = noise(5)
    broken = data(
        train=[*healthy(1), ("a", photo, 0), ("b", b"text", 1)],
        validation=healthy(2, 1),
        test=[*healthy(3, 1), ("c", photo, 0)],
    )
    result = auditing.audit(broken)
    assert result.errors == 2
    assert auditing.audit(auditing.without(broken, result.bad)).errors == 0


def test_as_text_and_as_dict():
    rows = [(f"{i:02d}.jpg", b"text", 0) for i in range(13)]
    result = auditing.audit(
        data(train=[*healthy(1), *rows], validation=healthy(2, 1), test=healthy(3, 1))
    )
    lines = result.as_text().splitlines()
    assert lines[0] == "29 examples: train 25  validation 2  test 2"
    assert lines[1] == "2 classes: cat 21, dog 8"
    assert (
        lines[2] == "pictures, height x width in px: 30 x 40 to 30 x 40, median 30 x 40; 16 PNG RGB"
    )
    start = lines.index("error: unreadable (13)")
    assert (
        lines[start + 1]
        == "  file train/00.jpg: this file is a text file, not a picture. Use "
        + lines[start + 1].split("Use ")[1]
    )
    assert lines[start + 11] == "  and 3 more (--json lists all)"
    assert lines[-1] == "13 errors, 0 warnings, 3 notes"
    values = json.loads(json.dumps(result.as_dict()))
    assert (values["errors"], values["warnings"], values["notes"]) == (13, 0, 3)
    assert len(values["problems"]) == 16
    assert values["problems"][0] == {
        "severity": "error",
        "kind": "unreadable",
        "where": "file train/00.jpg",
        "message": result.problems[0].message,
        "example": "train/00.jpg",
    }
    assert values["bad"] == [f"train/{i:02d}.jpg" for i in range(13)]
    assert values["counts"] == {"train": 25, "validation": 2, "test": 2}


def test_the_same_data_gives_the_same_audit(tmp_path):
    for split, seed in (("train", 1), ("test", 2)):
        for i in range(8):
            file = tmp_path / split / ("cat" if i % 2 else "dog") / f"{i}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            noise(seed * (i // 4)).save(file)  # some are leaks, duplicates and conflicts
    first = auditing.audit(image_folder.read(tmp_path)).as_dict()
    assert first["errors"] > 0
    assert auditing.audit(image_folder.read(tmp_path), progress=False).as_dict() == first


def test_no_usable_class_is_refused_before_the_audit(tmp_path):
    (tmp_path / "cat").mkdir()
    with pytest.raises(PipelineError):
        image_folder.read(tmp_path)


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (["cat", "dog"], []),
        (["A", "a"], []),  # letters
        (["c", "c++"], []),
        (["Cat", "cat"], [("warning", "alike-names")]),
        (["grey cat", "Grey_Cat"], [("warning", "alike-names")]),
        (["caf\u00e9", "cafe\u0301"], [("warning", "alike-names")]),
        (["cat", "a\nb"], [("error", "strange-name")]),
        (["cat", "\ud83d"], [("error", "strange-name")]),
        (["cat", "\x1b[2J"], [("warning", "strange-name")]),
    ],
)
def test_names_of_classes(labels, found):
    made = data(labels=labels, train=healthy(1), validation=healthy(2, 3), test=healthy(3, 3))
    result = auditing.audit(made)
    assert [
        (p.severity, p.kind) for p in result.problems if p.kind.endswith(("name", "names"))
    ] == found
    assert result.as_text().encode("utf-8")
