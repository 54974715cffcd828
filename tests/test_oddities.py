"""Each reader by each oddity that people's files have: what one reader knows, all know."""

import unicodedata
from pathlib import Path

import numpy as np
import pytest
from odd_sets import BOX, HEIGHT, LISTING, NAMES, PATHS, PICTURES, SENTENCES, TEXTS, WIDTH, Set

from pipelines.engine.audit import audit
from pipelines.errors import PipelineError


def read(name, own):
    """{name of a picture without folders: its example's split, row}, Data."""
    reader, write = PICTURES[name]
    write(own)
    data = reader.read(own.root)
    return {
        Path(n).name: (part, i) for part in data.splits.values() for i, n in enumerate(part.names)
    }, data


def whole(name, own, wanted=None):
    """Checks that a set is read whole, with its boxes and without a problem -> Data."""
    found, data = read(name, own)
    assert sorted(found) == sorted(wanted or own.names)
    assert [p for p in data.problems if p.severity != "note"] == []
    for part, i in found.values():
        if "objects/bbox" in part.columns:
            (box,) = part.columns["objects/bbox"][i]
            assert np.round(box * (HEIGHT, WIDTH, HEIGHT, WIDTH)).astype(int).tolist() == list(BOX)
    return data


@pytest.mark.parametrize("name", LISTING)
def test_byte_order_marks(tmp_path, name):
    whole(name, Set(tmp_path, encoding="utf-8-sig"))


@pytest.mark.parametrize("name", [*LISTING, *TEXTS])
def test_utf_16_is_refused_by_its_name(tmp_path, name):
    reader, write = (PICTURES | TEXTS)[name]
    write(Set(tmp_path, encoding="utf-16"))
    with pytest.raises(PipelineError, match=r"UTF-(16|8)|is not plain YAML"):
        reader.read(tmp_path)


@pytest.mark.parametrize("name", LISTING)
@pytest.mark.parametrize("end", ["\r\n", "\n\n", "\r"])
def test_line_breaks(tmp_path, name, end):
    whole(name, Set(tmp_path, end=end))


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize(
    "written", [lambda path: path.replace("/", "\\"), lambda path: f"./{path}"]
)
def test_paths_as_they_are_written(tmp_path, name, written):
    whole(name, Set(tmp_path, written=written))


@pytest.mark.parametrize("name", PATHS)
def test_paths_in_another_case(tmp_path, name):
    whole(name, Set(tmp_path, written=str.upper))


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_unicode_forms(tmp_path, name, form):
    """Files are called in one form, as a Mac does, and written in another."""
    other = {"NFC": "NFD", "NFD": "NFC"}[form]
    names = tuple(unicodedata.normalize(form, f"caf\u00e9 {i}.png") for i in range(4))
    whole(name, Set(tmp_path, names, written=lambda path: unicodedata.normalize(other, path)))


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize(
    "pattern", ["a b {}.png", "a.b.{}.png", "100% {}.png", "#{}.png", "{}.JPG", "{}.jfif"]
)
def test_names(tmp_path, name, pattern):
    whole(name, Set(tmp_path, tuple(pattern.format(i) for i in range(4))))


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_that_exif_turns(tmp_path, name):
    data = whole(name, Set(tmp_path, exif=6))
    assert [p for p in audit.audit(data, progress=False).problems if p.kind in ("mask-size",)] == []


@pytest.mark.parametrize("name", PICTURES)
def test_links_within_the_data(tmp_path, name):
    _, write = PICTURES[name]
    own = Set(tmp_path)
    write(own)
    (file,) = (f for f in tmp_path.rglob("a.png") if f.parent.name not in ("masks", "LR"))
    hidden = tmp_path / ".store/1"
    hidden.parent.mkdir()
    file.rename(hidden)
    file.symlink_to(hidden)
    data = PICTURES[name][0].read(tmp_path)
    names = [Path(n).name for part in data.splits.values() for n in part.names]
    assert sorted(names) == sorted(NAMES)


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("target", ["outside", "nothing"])
def test_links_that_lead_out_or_nowhere_are_errors(tmp_path, name, target):
    _, write = PICTURES[name]
    root = tmp_path / "data"
    write(Set(root))
    (file,) = (f for f in root.rglob("a.png") if f.parent.name not in ("masks", "LR"))
    file.rename(tmp_path / "outside.png")
    file.symlink_to(tmp_path / f"{target}.png")
    data = PICTURES[name][0].read(root)
    bad = audit.audit(data, progress=False).bad
    left = {Path(n).name for part in data.splits.values() for n in part.names if n not in bad}
    assert left == {"b.png", "c.png", "d.png"}
    assert any(p.severity == "error" and "a.png" in p.where + p.message for p in data.problems)


@pytest.mark.parametrize("name", PICTURES)
def test_equal_stems_are_told_apart_or_said(tmp_path, name):
    """Two pictures of one name but for the suffix: both with what is theirs, or a Problem."""
    own = Set(tmp_path, ("a.png", "a.jpg", "b.png", "c.png"))
    if name == "masks":  # whose list names one picture twice, by names without suffixes
        with pytest.raises(PipelineError, match=r"train.txt:2: 'images/a.jpg' is in train already"):
            read(name, own)
        return
    found, data = read(name, own)
    said = [p for p in data.problems if p.severity != "note"]
    one_each = name in (
        "image_folder",
        "table",
        "pictures",
        "unpaired",
        "coco",
        "coco_masks",
        "coco_labels",
        "box_table",
    )
    assert (len(found) == 4) if one_each else bool(said)
    assert {"b.png", "c.png"} <= set(found)
    if one_each:
        assert said == []


@pytest.mark.parametrize("name", PICTURES)
def test_a_damaged_picture_is_left_out_alone(tmp_path, name):
    _, write = PICTURES[name]
    write(Set(tmp_path))
    (file,) = (f for f in tmp_path.rglob("a.png") if f.parent.name not in ("masks", "LR"))
    file.write_bytes(file.read_bytes()[:60])
    data = PICTURES[name][0].read(tmp_path)
    bad = audit.audit(data, progress=False).bad
    kept = audit.without(data, bad)
    names = sorted(Path(n).name for part in kept.splits.values() for n in part.names)
    assert names == ["b.png", "c.png", "d.png"]


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_texts(tmp_path, name, encoding, end):
    reader, write = TEXTS[name]
    write(Set(tmp_path, encoding=encoding, end=end))
    data = reader.read(tmp_path)
    found = set()
    for part in data.splits.values():
        if "tokens" in part.columns:
            found |= {" ".join(row) for row in part.columns["tokens"]}
        else:
            found |= {" ".join(text.split()) for text in part.columns["text"]}
    assert found == {text for text, _ in SENTENCES}
    assert [p for p in data.problems if p.severity != "note"] == []
