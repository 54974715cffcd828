import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipelines.errors import PipelineError
from pipelines.formats import _mask_classes as mask_classes
from pipelines.formats import _mask_files as mask_files


def _bytes(array, format="PNG", **how):
    stream = io.BytesIO()
    Image.fromarray(np.asarray(array, np.uint8)).save(stream, format, **how)
    return stream.getvalue()


def test_a_palette_png_gives_indices_and_not_colours():
    picture = Image.fromarray(np.array([[0, 1], [2, 255]], np.uint8), "L").convert("P")
    picture.putpalette([0, 0, 0, 200, 0, 0, 0, 200, 0] + [7] * (253 * 3))
    picture.putdata([0, 1, 2, 255])
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    assert mask_files.pixels(stream.getvalue()).tolist() == [[0, 1], [2, 255]]


def test_a_coloured_file_that_is_grey_counts_as_grey():
    assert mask_files.pixels(_bytes([[[5, 5, 5], [9, 9, 9]]])).tolist() == [[5, 9]]
    assert mask_files.pixels(_bytes([[[5, 5, 5], [9, 9, 8]]])).shape == (1, 2, 3)


def test_a_damaged_mask_is_one_line():
    with pytest.raises(ValueError, match="cannot be read as a mask") as error:
        mask_files.pixels(_bytes(np.zeros((40, 40)))[:30])
    assert "\n" not in str(error.value)


def test_ids_by_colour():
    values = np.array([[[255, 0, 0], [0, 0, 255]], [[1, 2, 3], [255, 0, 0]]], np.uint8)
    ids, unknown = mask_files.ids(values, {(0, 0, 255): 0, (255, 0, 0): 1})
    assert ids.tolist() == [[1, 0], [255, 1]]
    assert unknown == {(1, 2, 3): 1}


def test_ids_by_value_keep_what_is_ignored():
    ids, unknown = mask_files.ids(np.array([[1, 3], [255, 7]], np.uint8), {1: 0, 3: 1})
    assert ids.tolist() == [[0, 1], [255, 255]]
    assert unknown == {7: 1}
    ids, unknown = mask_files.ids(
        np.array([[0, 300], [-1, 4]], np.int32), {}
    )  # a 16-bit file whose values are the ids
    assert ids.tolist() == [[0, 255], [255, 4]]
    assert unknown == {300: 1, -1: 1}


def test_a_binary_mask_takes_the_nearer_end():
    ids, unknown = mask_files.ids(np.array([[0, 127, 128, 255]], np.uint8), mask_files.BINARY)
    assert ids.tolist() == [[0, 0, 1, 1]]
    assert unknown == {}
    assert mask_files.between(np.array([[0, 127, 128, 255]], np.uint8)) == 0.5


def test_binary_is_recognised_clean_and_after_jpeg():
    disc = np.hypot(*np.mgrid[-20:20, -20:20]) < 12
    clean, jpeg = _bytes(disc * 255), _bytes(disc * 255, "JPEG", quality=70)
    for source in (clean, jpeg):
        names, table, problems = mask_files.classes([source], "here")
        assert (names, table, problems) == (["background", "foreground"], {0: 0, 255: 1}, [])
    assert mask_files.classes([clean], "here", ("cell", "gap"))[0] == ["cell", "gap"]


def test_ids_with_an_ignored_border_are_not_binary():
    values = np.zeros((40, 40), np.uint8)
    values[5:9], values[20:21], values[30] = 1, 20, 255
    names, table, problems = mask_files.classes([_bytes(values)], "here")
    assert (names, table) == (["0", "1", "20"], {0: 0, 1: 1, 20: 2})
    assert [problem.kind for problem in problems] == ["inferred-classes"]


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (np.random.default_rng(0).integers(0, 255, (64, 64)), "no class ids"),
        (np.random.default_rng(0).integers(0, 255, (8, 8, 3)), "classes.csv"),
    ],
)
def test_what_tells_of_no_classes_is_refused(mask, said):
    with pytest.raises(PipelineError, match=said):
        mask_files.classes([_bytes(mask)], "here")


@pytest.mark.parametrize(
    ("name", "text", "names", "table"),
    [
        ("classes.txt", "sky\nroad\n", ("sky", "road"), None),
        ("classes.csv", "name,r,g,b\nsky,0,0,255\nroad, 90, 90, 90\n", ("sky", "road"),
         {(0, 0, 255): 0, (90, 90, 90): 1}),
        ("class_dict.csv", "cell,255\nmembrane,0\n", ("cell", "membrane"), {(255): 0, 0: 1}),
        ("labelmap.txt", "# label:color_rgb:parts:actions\nsky:0,0,255::\nroad:1,2,3::\n", ("sky", "road"),
         {(0, 0, 255): 0, (1, 2, 3): 1}),
    ],
)  # fmt: skip
def test_files_of_classes(tmp_path, name, text, names, table):
    (tmp_path / name).write_text(text)
    assert mask_classes.read(tmp_path) == (names, table)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sky,0,0,255\nroad,0,0\n", r"classes.csv:2: a class is"),
        ("sky,0\nroad,0\n", r"classes.csv:2: 'road' has the value of 'sky'"),
        ("sky,0\nsky,1\n", "'sky' is there twice"),
        ("sky,0\nroad,256\n", "classes.csv:2"),
    ],
)
def test_a_file_of_classes_with_a_mistake_names_the_line(tmp_path, text, said):
    (tmp_path / "classes.csv").write_text(text)
    with pytest.raises(PipelineError, match=said):
        mask_classes.read(tmp_path)


@given(st.dictionaries(st.integers(0, 254), st.integers(0, 3), min_size=1, max_size=6), st.data())
def test_ids_follow_the_table(table, data):
    values = data.draw(st.lists(st.integers(0, 255), min_size=1, max_size=30))
    ids, unknown = mask_files.ids(np.array([values], np.uint8), table)
    assert ids[0].tolist() == [table.get(v, 255) for v in values]
    assert unknown == {v: values.count(v) for v in values if v not in table and v != 255}
