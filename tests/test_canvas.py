import io

import numpy as np
import pytest
from PIL import Image, ImageFont

from pipelines import canvas
from pipelines.edge import lettering


def picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def test_tiny_picture_grows_by_a_whole_factor_without_blur():
    small = picture(8, 8)
    out = canvas.captioned(small, [])
    assert out.shape == (160, 160, 3)
    assert (out[::20, ::20] == small).all()
    assert (out[19::20, 19::20] == small).all()


def test_short_side_reaches_min_side():
    assert canvas.captioned(picture(28, 40), []).shape == (6 * 28, 6 * 40, 3)


def test_large_picture_is_left_as_it_is():
    large = picture(200, 300)
    out = canvas.captioned(large, ["hat"])
    assert (out[:200] == large).all()
    assert out.shape[1] == 300


def test_long_picture_does_not_explode():
    assert max(canvas.captioned(picture(8, 4000), []).shape) == 4000


def test_narrow_picture_is_centred():
    narrow = picture(1280, 10)
    out = canvas.captioned(narrow, ["hat"])
    assert out.shape[1] == 160
    assert (out[:1280, 75:85] == narrow).all()
    assert (out[:1280, :75] == canvas.STRIP).all()


def test_strip_grows_with_its_lines_and_holds_ink():
    one, two = (canvas.captioned(picture(160, 160), ["hat 0.97", "truth hat"][:n]) for n in (1, 2))
    assert 160 < one.shape[0] < two.shape[0]
    assert (one[160:] != canvas.STRIP).any()
    assert one.dtype == np.uint8


def test_long_line_ends_in_an_ellipsis_inside_the_strip():
    out = canvas.captioned(picture(160, 160), ["long " * 100])
    assert (out[160:, -4:] == canvas.STRIP).all()
    font = ImageFont.load_default(12)
    fitted = canvas._fitted("long label", font, 40)
    assert fitted.endswith("…")
    assert fitted[:-1]
    assert "long label".startswith(fitted[:-1])
    assert font.getlength(fitted) <= 40 < font.getlength("long label")
    assert canvas._fitted("hat", font, 40) == "hat"


def test_good_and_bad_differ_in_shape_not_only_in_colour():
    ink = {}
    for colour in canvas.INK:
        ink[colour] = (
            canvas.captioned(picture(160, 160), ["hat"], colour)[160:] != canvas.STRIP
        ).any(axis=2)
    assert (ink["good"] != ink["bad"]).any()
    assert (ink["good"] != ink["neutral"]).any()


@pytest.mark.parametrize("line", ["Größe", "日本", "a\nb\x00", "x" + "\udcff", "", "مرحبا"])
def test_any_text_can_be_a_caption(line):
    assert canvas.captioned(picture(160, 160), [line]).shape[1] == 160


def test_letters_that_no_font_has_are_replaced(monkeypatch):
    monkeypatch.setattr(lettering, "WIDER_FONTS", ())
    _, lines = lettering.font(["Größe é 日"], 12)
    assert lines == ["Gro?e e ?"]


def test_grid_centres_smaller_pictures():
    large, small = picture(4, 6), picture(2, 2, seed=1)
    sheet = canvas.grid([large, small, large], 2)
    assert sheet.shape == (4 + canvas.GAP + 4, 6 + canvas.GAP + 6, 3)
    assert (sheet[:4, :6] == large).all()
    left = 6 + canvas.GAP + 2
    assert (sheet[1:3, left : left + 2] == small).all()
    assert (sheet[4 + canvas.GAP :, 6:] == canvas.STRIP).all()


def test_grid_has_no_more_columns_than_pictures():
    assert canvas.grid([picture(4, 6)], 5).shape == (4, 6, 3)


def test_grid_needs_a_picture():
    with pytest.raises(ValueError, match="grid needs a picture"):
        canvas.grid([], 3)


def test_png_gives_the_same_pixels_back():
    before = picture(5, 7)
    data = canvas.png(before)
    assert data.startswith(b"\x89PNG")
    assert (np.asarray(Image.open(io.BytesIO(data))) == before).all()


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 1), np.uint8)]
)
def test_wrong_pictures_are_refused(wrong):
    for draw in (canvas.png, lambda p: canvas.captioned(p, []), lambda p: canvas.grid([p], 1)):
        with pytest.raises(ValueError, match=r"uint8 \(H, W, 3\)"):
            draw(wrong)


def test_unknown_colour_is_refused():
    with pytest.raises(ValueError, match="neutral, good, bad"):
        canvas.captioned(picture(4, 4), [], "red")
