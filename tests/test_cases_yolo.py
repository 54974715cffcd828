"""YOLO as people have it that once was read wrong in silence, or refused."""

import pytest
from one_box import BOX, line, merged, said, save, write

from pipelines import catalog
from pipelines.errors import PipelineError
from pipelines.formats import yolo


def test_equal_stems_in_yolo_are_errors_of_both(tmp_path):
    for name in ("a.jpg", "a.png", "b.jpg", "c.jpg", "c.png"):
        save(tmp_path / "images" / name)
    for stem in "ab":
        write(tmp_path / f"labels/{stem}.txt", line())
    data = yolo.read(tmp_path)
    assert merged(data) == {"images/b.jpg": [BOX], "images/c.jpg": [], "images/c.png": []}
    assert said(data) == [("error", "same-name", f"images/a.{suffix}") for suffix in ("jpg", "png")]
    assert [p.example for p in data.problems if p.severity == "error"] == [
        "images/a.jpg",
        "images/a.png",
    ]


@pytest.mark.parametrize(
    ("picture", "label"),
    [
        ("images/a.jpg", "labels/a.txt"),
        ("Images/a.JPG", "Labels/A.TXT"),
        ("images/train/a.jpg", "labels/train/a.txt"),
        ("images/a.img", "labels/a.txt"),
        ("images/a", "labels/a.txt"),
        ("images/scan.7", "labels/scan.7.txt"),
        ("images/a.b.jpg", "labels/a.b.txt"),
        ("images/a.jpg", "labels/a.jpg.txt"),
        ("images/a b.jpg", "labels/a b.txt"),
        ("images/caf\u00e9.jpg", "labels/cafe\u0301.txt"),
        ("a.jpg", "a.txt"),  # as LabelImg writes them
        ("train/a.jpg", "train/a.txt"),
        ("images/a.jpg", "images/a.txt"),
    ],
)
def test_a_picture_of_yolo_finds_its_labels(tmp_path, picture, label):
    save(tmp_path / picture, format="JPEG")
    write(tmp_path / label, line())
    write(tmp_path / "classes.txt", "red\n")
    data = yolo.read(tmp_path)
    assert (merged(data), said(data)) == ({picture: [BOX]}, [])
    assert catalog.load(tmp_path).format == "yolo"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_yolo_as_windows_saves_it(tmp_path, end):
    save(tmp_path / "images/a.jpg")
    lines = {
        "labels/a.txt": line() * 2,
        "classes.txt": "red\nblue\n",
        "train.txt": "images\\a.jpg\n\n",
    }
    for name, text in lines.items():
        write(tmp_path / name, "")
        (tmp_path / name).write_bytes(text.replace("\n", end).encode("utf-8-sig"))
    assert merged(yolo.read(tmp_path)) == {"images/a.jpg": [BOX, BOX]}
    write(tmp_path / "data.yaml", "names: [red, blue]\ntrain: train.txt\n")
    data = yolo.read(tmp_path)
    assert (merged(data), said(data)) == ({"images/a.jpg": [BOX, BOX]}, [])


@pytest.mark.parametrize("top", ["data/", "", "/home/me/project/", "C:\\work\\"])
def test_yolo_of_cvat(tmp_path, top):
    for stem in "ab":
        save(tmp_path / f"obj_train_data/{stem}.jpg")
        write(tmp_path / f"obj_train_data/{stem}.txt", line(label=1))
    write(tmp_path / "obj.names", "blue\nred\n")
    write(tmp_path / "obj.data", f"classes = 2\ntrain = {top}train.txt\nnames = {top}obj.names\n")
    write(tmp_path / "train.txt", "".join(f"{top}obj_train_data/{stem}.jpg\n" for stem in "ab"))
    data = catalog.load(tmp_path)
    assert (data.format, data.labels) == ("yolo", {"objects/label": ["blue", "red"]})
    assert merged(data) == {f"obj_train_data/{stem}.jpg": [BOX] for stem in "ab"}
    assert [p.kind for p in data.problems] == ["one-based"]
    assert merged(yolo.read(tmp_path / "obj.data")) == merged(data)


def test_other_files_called_data_keep_nothing_from_being_found(tmp_path):
    save(tmp_path / "images/a.jpg")
    write(tmp_path / "labels/a.txt", line())
    write(tmp_path / "classes.txt", "red\n")
    (tmp_path / "lmdb.data").mkdir()
    (tmp_path / "cache.data").write_bytes(b"\xff\xfe\x00names = \xff")
    assert catalog.load(tmp_path).format == "yolo"


def test_an_empty_entry_of_obj_data_is_none(tmp_path):
    save(tmp_path / "a.jpg")
    write(tmp_path / "a.txt", line())
    write(tmp_path / "obj.names", "red\n")
    write(tmp_path / "train.txt", "a.jpg\n")
    write(tmp_path / "obj.data", "train = train.txt\nvalid =\nnames = obj.names\n")
    assert merged(yolo.read(tmp_path)) == {"a.jpg": [BOX]}
    write(tmp_path / "obj.data", "train = ./\nnames = obj.names\n")
    with pytest.raises(PipelineError, match="which is not there"):
        yolo.read(tmp_path)


def test_names_by_numbers_and_words_are_one_line(tmp_path):
    save(tmp_path / "images/a.jpg")
    write(tmp_path / "data.yaml", "names: {0: cat, dog: 1}\ntrain: images\n")
    with pytest.raises(PipelineError, match="must be numbered 0 to 1"):
        yolo.read(tmp_path)
