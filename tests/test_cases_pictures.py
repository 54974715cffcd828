"""Pictures as people have them that once were read wrong in silence: small sets of each kind."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pipelines import catalog
from pipelines.edge.pictures import ranges_of, read_picture
from pipelines.engine.audit import audit
from pipelines.engine.data import decoding, reading, source
from pipelines.engine.training import setup
from pipelines.errors import PipelineError
from pipelines.formats import image_folder
from pipelines.formats._decodable import prepare


def photo(seed):
    return np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)


def save(file, array, **options):
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(file, **options)


def encoded(array, format, **options):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format, **options)
    return buffer.getvalue()


def _found(data, kind):
    problems = audit.audit(data, progress=False).problems
    return [(p.severity, p.where) for p in problems if p.kind == kind]


@pytest.fixture
def classes(tmp_path):
    """Three pictures of each of two classes; a.png of cat is to be damaged."""
    for i, name in enumerate(("cat/a", "cat/b", "cat/c", "dog/d", "dog/e", "dog/f")):
        save(tmp_path / f"{name}.png", photo(i))
    return tmp_path


@pytest.mark.parametrize(
    ("damage", "kind", "severity"),
    [
        (lambda png: png[:-4], "cut", "warning"),  # of the end, its checksum is missing
        (lambda png: png[:-12], "cut", "warning"),  # the whole end
        (lambda png: png[:-16] + bytes(16), "unreadable", "error"),  # and the pixels' checksum
        (lambda png: png[:-12] + bytes(12), "cut", "warning"),
    ],
)
def test_a_png_that_is_not_whole(classes, damage, kind, severity):
    file = classes / "cat/a.png"
    whole = file.read_bytes()
    pixels = read_picture(whole)
    file.write_bytes(damage(whole))
    data = image_folder.read(classes)
    assert _found(data, kind) == [(severity, "cat/a.png")]
    part = next(own for own in data.splits.values() if "cat/a.png" in own.names)
    prepared = prepare(part, classes / "cache", decoding.is_decoded)
    source = prepared.columns["image"][part.names.index("cat/a.png")]
    assert source != str(file)
    np.testing.assert_array_equal(decoding.picture(tf.io.read_file(source)), pixels)


def test_jpegs_without_an_end_and_with_something_behind_it(classes):
    whole = encoded(photo(1), "JPEG")
    (classes / "cat/a.jpg").write_bytes(whole + b"a maker's own data")
    assert _found(image_folder.read(classes), "cut") == []
    (classes / "cat/a.jpg").write_bytes(whole[:-2] + bytes(2))
    data = image_folder.read(classes)
    assert _found(data, "cut") or _found(data, "unreadable")


def test_a_file_that_changes_after_the_audit_is_named(classes):
    data = image_folder.read(classes)
    method = catalog.method("classification/scratch")
    config = method.Config(image_size=16, labels=tuple(data.labels["label"]), cache="off")
    part = source.split(data, "train", method, config)
    where = part.examples.where[0]
    Path(part.examples.columns["image"][0]).write_bytes(b"\x89PNG")
    with (
        pytest.raises(PipelineError, match=rf"^{where} cannot be read: .*audit"),
        reading.named(lambda: [part]),
    ):
        list(part.batches())


RAMP = np.linspace(0, 1, 256).reshape(16, 16)
DEEP = {  # of 0 to 1: how it is saved, and the values of black and white
    "12 bits": ("png", np.uint16, lambda share: share * 4095, (0, 4095)),
    "10 bits": ("png", np.uint16, lambda share: share * 1023, (0, 1023)),
    "CT": ("tif", np.int16, lambda share: share * 4000 - 1000, (-1000, 3000)),
    "thermal": ("tif", np.uint16, lambda share: share * 1500 + 7000, (7000, 8500)),
    "shares": ("tif", np.float32, lambda share: share * 1.02, (0, 1.02)),
    "depth": ("tif", np.int32, lambda share: share * 256, (0, 256)),
}


@pytest.fixture
def deep(tmp_path, request):
    """Pictures of half and of the whole range, in two classes; dark ones in one of them."""
    suffix, kind, scale, limits = DEEP[request.param]
    for split in ("train", "validation", "test"):
        for i in range(4):
            share = np.roll(RAMP, i) * (0.5 if i % 2 else 1.0)
            values = np.round(scale(share), 6 if kind is np.float32 else 0).astype(kind)
            save(tmp_path / split / ("dark", "light")[i % 2] / f"{i}.{suffix}", values)
    return tmp_path, limits


@pytest.mark.parametrize("deep", DEEP, indirect=True)
def test_deep_pictures_are_scaled_alike_by_the_range_of_train(deep):
    root, (black, white) = deep
    data = image_folder.read(root)
    result = audit.audit(data, progress=False)
    (line,) = result.grey_ranges
    assert [float(value) for value in line.split()[1:]] == pytest.approx([black, white])
    (said,) = [p for p in result.problems if p.kind == "levels"]
    assert "12 of 12 pictures have more than 8 bits" in said.message
    assert said.message.endswith(" 129 at least.")  # 0 to 127.5, both ends
    method = catalog.method("classification/scratch")
    config = setup.resolved(method, method.Config(image_size=16), data, result)
    part = source.split(data, "train", method, config)
    (inputs, _), *_ = part.batches().as_numpy_iterator()
    manifest = {"learned": dict(config.learned)}
    for i, name in enumerate(part.names):
        picture = read_picture(root / name, ranges=ranges_of(manifest))  # as the device does
        np.testing.assert_array_equal(inputs["image"][i], picture)
        share = np.roll(RAMP, int(name[-5])) * (0.5 if int(name[-5]) % 2 else 1.0)
        assert np.abs(picture[..., 0] - share * 255).max() <= 1
        assert len(np.unique(picture)) >= (127 if int(name[-5]) % 2 else 254)


def test_one_hot_pixel_is_said(tmp_path):
    for kind in ("a", "b"):
        for i in range(3):
            values = (RAMP * 1000).astype(np.uint16) + i
            save(tmp_path / f"train/{kind}/{i}.png", values)
    values[0, 0] = 65535
    save(tmp_path / "test/a/0.png", values)
    data = image_folder.read(tmp_path)
    assert _found(data, "beyond-levels") == [("warning", "image of test")]
    save(tmp_path / "train/a/0.png", values)
    result = audit.audit(image_folder.read(tmp_path), progress=False)
    (said,) = [p.message for p in result.problems if p.kind == "few-levels"]
    assert "0 is black and 65535 white" in said
    assert "keeps 5 of 256 levels in the middle" in said


def test_numbers_that_are_none_and_deep_colours_are_said(classes):
    values = np.where(RAMP < 0.5, np.nan, RAMP).astype(np.float32)
    save(classes / "cat/nan.tif", values)
    assert _found(image_folder.read(classes), "not-finite") == [("warning", "cat/nan.tif")]
    data = encoded(photo(1), "PNG")
    header = b"IHDR" + data[16:24] + b"\x10\x02\0\0\0"
    rows = b"".join(b"\0" + bytes(48) for _ in range(8))
    chunks = [header, b"IDAT" + zlib.compress(rows), b"IEND"]
    made = b"".join(
        struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks
    )
    (classes / "cat/a.png").write_bytes(data[:8] + made)
    messages = [p.message for p in audit.audit(image_folder.read(classes)).problems]
    assert any("with 16 bits a colour, of which the upper 8 are read" in m for m in messages)
