import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipelines.edge.pictures import read_picture, resize

RED, BLUE = (255, 0, 0), (0, 0, 255)


def encoded(picture, format="PNG", **options):
    stream = io.BytesIO()
    picture.save(stream, format, **options)
    return stream.getvalue()


def grey(values, dtype, format):
    return encoded(Image.fromarray(np.array([values], dtype)), format)


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def palette():
    picture = Image.new("P", (2, 1))
    picture.putpalette([*RED, *BLUE])
    picture.putdata([0, 1])
    return picture


def png_header(width, height):
    """A PNG that says how large it is, and has nothing else: decoding it would fail."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("mode", "pixel", "format", "expected"),
    [
        ("RGB", (1, 2, 3), "PNG", (1, 2, 3)),
        ("RGBA", (10, 20, 30, 0), "PNG", (10, 20, 30)),
        ("LA", (77, 3), "PNG", (77, 77, 77)),
        ("L", 9, "BMP", (9, 9, 9)),
        ("1", 1, "PNG", (255, 255, 255)),
        ("CMYK", (0, 255, 255, 0), "TIFF", RED),
        ("CMYK", (255, 255, 0, 0), "JPEG", BLUE),
        ("RGB", (7, 8, 9), "PPM", (7, 8, 9)),
        ("RGBA", (10, 20, 30, 0), "TIFF", (10, 20, 30)),
    ],
)
def test_each_mode_becomes_rgb(mode, pixel, format, expected):
    picture = read_picture(encoded(Image.new(mode, (3, 2), pixel), format))
    assert picture.dtype == np.uint8
    assert picture.shape == (2, 3, 3)
    np.testing.assert_allclose(
        picture, np.broadcast_to(expected, (2, 3, 3)), atol=1 if format == "JPEG" else 0
    )


def test_palette_is_looked_up():
    assert read_picture(encoded(palette())).tolist() == [[list(RED), list(BLUE)]]


@pytest.mark.parametrize(
    ("values", "dtype", "format", "expected"),
    [
        ([0, 128, 129, 25700, 65535], np.uint16, "PNG", [0, 0, 1, 100, 255]),
        ([0, 128, 129, 25700, 65535], np.uint16, "TIFF", [0, 0, 1, 100, 255]),
        ([0, 25700, 65535], np.int32, "TIFF", [0, 100, 255]),
        ([0, 100, 255], np.int32, "TIFF", [0, 100, 255]),
        ([-5, 0, 131070], np.int32, "TIFF", [0, 0, 255]),
        ([0.0, 0.5, 1.0], np.float32, "TIFF", [0, 128, 255]),
        ([0.0, 100.4, 255.0], np.float32, "TIFF", [0, 100, 255]),
        ([np.nan, np.inf, 1.0], np.float32, "TIFF", [0, 0, 255]),
    ],
)
def test_deep_grey_is_scaled_not_clipped(values, dtype, format, expected):
    picture = read_picture(grey(values, dtype, format))
    assert picture[0].tolist() == [[value] * 3 for value in expected]


def test_sixteen_bit_pgm_is_scaled():
    assert read_picture(b"P5 2 1 65535\n" + struct.pack(">2H", 100, 25700))[0, :, 0].tolist() == [
        0,
        100,
    ]


def test_exif_rotation_is_applied():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: the file's left is the picture's top
    assert read_picture(encoded(palette().convert("RGB"), exif=exif)).tolist() == [
        [list(RED)],
        [list(BLUE)],
    ]


@pytest.mark.parametrize("format", ["GIF", "WEBP", "TIFF"])
def test_animation_gives_its_first_frame(format):
    frames = [Image.new("RGB", (4, 4), colour) for colour in (RED, BLUE)]
    options = {"lossless": True} if format == "WEBP" else {}
    data = encoded(frames[0], format, save_all=True, append_images=frames[1:], **options)
    assert (read_picture(data) == RED).all()


def test_file_and_bytes_give_the_same(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(encoded(Image.fromarray(noise(5, 7))))
    for source in (path, str(path), path.read_bytes()):
        np.testing.assert_array_equal(read_picture(source), noise(5, 7))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is an empty file"),
        ("label,file\nkätzchen,a.jpg\n".encode() * 40, "is a text file, not a picture"),
        (bytes(range(256)), "is not a picture. Use JPEG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is a text file"),
        (encoded(Image.fromarray(noise(64, 64)), "JPEG")[:1500], "damaged or truncated"),
        (encoded(Image.fromarray(noise(64, 64)), "PNG")[:1500], "damaged or truncated"),
        (
            encoded(Image.fromarray(noise(64, 64)), "WEBP", lossless=True)[:1500],
            "not a picture|truncated",
        ),
        (png_header(16, 16), "damaged or truncated"),
    ],
)
def test_what_is_no_picture_is_refused_in_one_line(data, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        read_picture(data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "reason"), [("missing.png", "No such file"), ("", "Is a directory")]
)
def test_what_cannot_be_opened_is_refused(tmp_path, name, reason):
    with pytest.raises(ValueError, match=reason):
        read_picture(tmp_path / name)


@pytest.mark.parametrize(
    ("width", "height", "limit", "reason"),
    [
        (20, 10, 199, "has 20 x 10 pixels, more than the 199 allowed"),
        (60000, 60000, 100_000_000, "more than the 100,000,000 allowed"),
    ],
)
def test_too_many_pixels_are_refused_before_decoding(width, height, limit, reason):
    with pytest.raises(ValueError, match=reason):
        read_picture(png_header(width, height), limit)


def test_as_many_pixels_as_allowed_are_read():
    assert read_picture(encoded(Image.fromarray(noise(10, 20))), 200).shape == (10, 20, 3)


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    size=st.integers(1, 70),
    seed=st.integers(0, 9),
)
def test_stretching_agrees_with_tensorflow(height, width, size, seed):
    picture = noise(height, width, seed)
    resized, _ = resize(picture, size)
    expected = np.round(tf.image.resize(picture, (size, size), antialias=True).numpy())
    assert resized.shape == (size, size, 3)
    assert np.abs(resized.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:0"])
def test_jpeg_is_decoded_as_tensorflow_does(subsampling):
    data = encoded(Image.fromarray(noise(45, 61)), "JPEG", quality=80, subsampling=subsampling)
    expected = tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE").numpy()
    np.testing.assert_array_equal(read_picture(data), expected)


def test_letterbox_keeps_the_ratio_between_grey_bars():
    square, placement = resize(np.full((10, 40, 3), 200, np.uint8), 20, "letterbox")
    assert (square[:7] == 114).all()
    assert (square[7:12] == 200).all()
    assert (square[12:] == 114).all()
    assert (placement.size, placement.scale, placement.offset) == ((10, 40), (0.5, 0.5), (7, 0))
    # The bars reach beyond the picture, so what is found in them is cut off.
    np.testing.assert_allclose(
        placement.back([[7, 0, 12, 20], [0, 10, 20, 20]]), [[0, 0, 10, 40], [0, 20, 10, 40]]
    )


@settings(max_examples=100, deadline=None)
@given(
    height=st.integers(1, 400),
    width=st.integers(1, 400),
    size=st.integers(1, 64),
    method=st.sampled_from(["stretch", "letterbox"]),
    corners=st.lists(st.floats(0, 1), min_size=4, max_size=4),
)
def test_boxes_come_back_where_they_were(height, width, size, method, corners):
    square, placement = resize(np.zeros((height, width, 3), np.uint8), size, method)
    boxes = np.array(corners) * [height, width, height, width]
    moved = boxes * [*placement.scale, *placement.scale] + [*placement.offset, *placement.offset]
    assert square.shape == (size, size, 3)
    assert (moved >= 0).all()
    assert (moved <= size + 1e-9).all()
    np.testing.assert_allclose(placement.back(moved), boxes, rtol=1e-5, atol=1e-4)


def test_unknown_method_is_an_error():
    with pytest.raises(ValueError, match="method must be one of stretch, letterbox; got 'crop'"):
        resize(noise(4, 4), 2, "crop")
