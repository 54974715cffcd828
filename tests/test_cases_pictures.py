"""Pictures as people have them that once were read wrong in silence: small sets of each kind."""

import io
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pipelines import catalog
from pipelines.edge.pictures import read_picture
from pipelines.engine.audit import audit
from pipelines.engine.data import decoding, reading, source
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
