import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pipelines.edge.pictures import read_picture
from pipelines.engine.data import decoding
from pipelines.errors import PipelineError
from pipelines.formats import _decodable as pictures
from pipelines.formats.examples import Examples

HEIGHT, WIDTH = 33, 47
RNG = np.random.default_rng(0)
PIXELS = np.asarray(
    Image.fromarray(RNG.integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize((WIDTH, HEIGHT))
)
PHOTO = Image.fromarray(PIXELS)
GREY = PHOTO.convert("L")
ALPHA = Image.fromarray(RNG.integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8))
PALETTE = PHOTO.quantize(64)
GREY16 = RNG.integers(0, 65536, (HEIGHT, WIDTH), dtype=np.uint16)


def encoded(picture, format, **options):
    buffer = io.BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()


def exif(orientation):
    tags = Image.Exif()
    tags[0x112] = orientation
    return tags


def with_alpha(picture):
    picture = picture.copy()
    picture.putalpha(ALPHA)
    return picture


def chunk(kind, content):
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def png(rows, depth, colour, interlaced=0, behind=b""):
    """A PNG by hand: `rows` of bytes without their filter byte; `behind`: chunks after the pixels."""
    start = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour, 0, 0, interlaced)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", start)
        + chunk(b"IDAT", pixels)
        + behind
        + chunk(b"IEND", b"")
    )


def adam7(pixels):
    """The rows of the seven passes of an interlaced PNG."""
    passes = [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ]
    return [row.tobytes() for x, y, dx, dy in passes for row in pixels[y::dy, x::dx]]


def rows16(channels):
    return [
        row.astype(">u2").tobytes() for row in RNG.integers(0, 65536, (HEIGHT, WIDTH, channels))
    ]


STAY = {  # TensorFlow reads these exactly as Pillow does
    "jpeg 4:2:0": encoded(PHOTO, "JPEG", subsampling=2),
    "jpeg 4:2:2": encoded(PHOTO, "JPEG", subsampling=1),
    "jpeg 4:4:4": encoded(PHOTO, "JPEG", subsampling=0, quality=98),
    "jpeg progressive": encoded(PHOTO, "JPEG", progressive=True, quality=30),
    "jpeg stored as RGB": encoded(PHOTO, "JPEG", keep_rgb=True),
    "jpeg grey": encoded(GREY, "JPEG"),
    "jpeg upright by EXIF": encoded(PHOTO, "JPEG", exif=exif(1)),
    "jpeg with frames": encoded(PHOTO, "MPO", save_all=True, append_images=[PHOTO]),
    "png": encoded(PHOTO, "PNG"),
    "png grey": encoded(GREY, "PNG"),
    "png alpha": encoded(with_alpha(PHOTO), "PNG"),
    "png grey and alpha": encoded(with_alpha(GREY), "PNG"),
    "png palette": encoded(PALETTE, "PNG"),
    "png palette of 2": encoded(PHOTO.quantize(2), "PNG"),
    "png palette, one colour transparent": encoded(PALETTE, "PNG", transparency=3),
    "png palette with transparency": encoded(PALETTE, "PNG", transparency=bytes(range(64))),
    "png one colour transparent": encoded(PHOTO, "PNG", transparency=(1, 2, 3)),
    "png 1-bit": encoded(PHOTO.convert("1"), "PNG"),
    "png grey 4-bit": png([RNG.bytes((WIDTH + 1) // 2) for _ in range(HEIGHT)], 4, 0),
    "png interlaced": png(adam7(PIXELS), 8, 2, interlaced=1),
    "png colour 16-bit": png(rows16(3), 16, 2),
    "png colour and alpha 16-bit": png(rows16(4), 16, 6),
    "png grey and alpha 16-bit": png(rows16(2), 16, 4),
    "png animated": encoded(PHOTO, "PNG", save_all=True, append_images=[PALETTE.convert("RGB")]),
    "png upright by EXIF": encoded(PHOTO, "PNG", exif=exif(1)),
}
CONVERTED = {
    **{f"jpeg EXIF {n}": encoded(PHOTO, "JPEG", exif=exif(n)) for n in range(2, 9)},
    "jpeg CMYK": encoded(PHOTO.convert("CMYK"), "JPEG"),
    "png EXIF 6": encoded(PHOTO, "PNG", exif=exif(6)),
    "png EXIF 6 behind the pixels": png(
        [row.tobytes() for row in PIXELS],
        8,
        2,
        behind=chunk(b"eXIf", exif(6).tobytes().removeprefix(b"Exif\0\0")),
    ),
    "png grey 16-bit": encoded(Image.fromarray(GREY16), "PNG"),
    "bmp": encoded(PHOTO, "BMP"),
    "bmp palette": encoded(PALETTE, "BMP"),
    "gif": encoded(PALETTE, "GIF"),
    "webp": encoded(PHOTO, "WEBP"),
    "tiff": encoded(PHOTO, "TIFF"),
    "tiff floats": encoded(Image.fromarray(GREY16.astype(np.float32)), "TIFF"),
    "ppm": encoded(PHOTO, "PPM"),
}


def decoded_by_tensorflow(source):
    encoded = tf.io.read_file(source) if isinstance(source, str) else tf.constant(source)
    return decoding.picture(encoded).numpy()


def prepare(examples, folder):
    return pictures.prepare(examples, folder, decoding.is_decoded)


def examples(*sources):
    names = [f"{i}.jpg" for i in range(len(sources))]
    return Examples(
        names, {"image": list(sources), "label": [0] * len(sources)}, names, pictures=("image",)
    )


@pytest.mark.filterwarnings("ignore:Palette images with Transparency:UserWarning")
@pytest.mark.parametrize("kind", STAY)
def test_these_stay_and_tensorflow_decodes_the_same_pixels(tmp_path, kind):
    file = tmp_path / "picture"
    file.write_bytes(STAY[kind])
    prepared = prepare(examples(str(file), str(file)), tmp_path / "cache")
    assert prepared.columns["image"] == [str(file)] * 2
    assert not (tmp_path / "cache").exists()
    np.testing.assert_array_equal(decoded_by_tensorflow(str(file)), read_picture(STAY[kind]))


@pytest.mark.parametrize("kind", CONVERTED)
def test_these_are_converted_to_the_same_pixels(tmp_path, kind):
    file = tmp_path / "picture"
    file.write_bytes(CONVERTED[kind])
    source = str(file)
    prepared = prepare(examples(source, source), tmp_path / "cache")
    (cached,) = (tmp_path / "cache").iterdir()
    assert prepared.columns["image"] == [str(cached)] * 2
    assert prepared.columns["label"] == [0, 0]
    np.testing.assert_array_equal(decoded_by_tensorflow(str(cached)), read_picture(CONVERTED[kind]))


@pytest.mark.parametrize("kind", ["jpeg 4:2:0", "jpeg EXIF 6", "webp"])
def test_encoded_bytes_stay_in_memory(tmp_path, kind):
    content = {**STAY, **CONVERTED}[kind]
    (prepared,) = prepare(examples(content), tmp_path / "cache").columns["image"]
    assert (prepared is content) == (kind in STAY)
    assert not (tmp_path / "cache").exists()
    np.testing.assert_array_equal(decoded_by_tensorflow(prepared), read_picture(content))


def test_a_picture_is_converted_once(tmp_path):
    source = tmp_path / "a.webp"
    source.write_bytes(CONVERTED["webp"])
    (first,) = prepare(examples(str(source)), tmp_path / "cache").columns["image"]
    made = (tmp_path / "cache" / first).stat()
    (second,) = prepare(examples(str(source)), tmp_path / "cache").columns["image"]
    assert first == second
    assert (tmp_path / "cache" / second).stat() == made
    source.write_bytes(CONVERTED["tiff"])  # other bytes, same name
    assert prepare(examples(str(source)), tmp_path / "cache").columns["image"] != [first]


@pytest.mark.parametrize("content", [b"only text", b"", CONVERTED["webp"][:50]])
def test_an_unreadable_picture_is_named(tmp_path, content):
    (tmp_path / "bad.jpg").write_bytes(content)
    with pytest.raises(PipelineError, match=r"^0\.jpg is .*`pipelines audit`"):
        prepare(examples(str(tmp_path / "bad.jpg")), tmp_path / "cache")


def test_a_missing_picture_is_named(tmp_path):
    with pytest.raises(PipelineError, match=r"^0\.jpg cannot be read: No such file"):
        prepare(examples(str(tmp_path / "gone.jpg")), tmp_path / "cache")


def test_header():
    found = pictures.header(CONVERTED["jpeg EXIF 6"])
    assert found == pictures.Header(
        "JPEG", "RGB", is_rotated=True, has_alpha=False, has_frames=False
    )
    assert pictures.header(STAY["png palette, one colour transparent"]).has_alpha
    assert pictures.header(STAY["jpeg with frames"]).has_frames
    assert pictures.header(CONVERTED["jpeg CMYK"]).mode == "CMYK"
