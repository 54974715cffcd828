import hashlib
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipelines.errors import PipelineError
from pipelines.formats import _left_out, image_folder
from pipelines.formats.examples import Examples, cut_splits


def write(root, *names):
    """Files below `root`; those named like pictures are pictures."""
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix in (".jpg", ".png"):
            Image.new("RGB", (4, 3), (len(name), 50, 90)).save(file)
        else:
            file.write_text("text")
    return root


def all_names(data):
    return sorted(name for examples in data.splits.values() for name in examples.names)


def kinds(data):
    return [(p.severity, p.kind, p.where) for p in data.problems]


def test_splits_of_classes(tmp_path):
    root = write(
        tmp_path,
        "train/dog/b.jpg",
        "train/cat/z.jpg",
        "train/cat/a.jpg",
        "val/dog/c.png",
        "Test/cat/d.jpg",
    )
    data = image_folder.read(root)
    assert data.labels == {"label": ["cat", "dog"]}
    train = data.splits["train"]
    assert train.names == ["train/cat/a.jpg", "train/cat/z.jpg", "train/dog/b.jpg"]
    assert train.columns["label"] == [0, 0, 1]
    assert train.columns["image"] == [str(root / name) for name in train.names]
    assert train.pictures == ("image",)
    assert train.where == train.names
    assert data.splits["validation"].names == ["val/dog/c.png"]
    assert data.splits["test"].names == ["Test/cat/d.jpg"]
    assert (data.problems, data.format, data.source) == ([], "image_folder", str(root))


def test_labels_are_the_union_over_splits(tmp_path):
    data = image_folder.read(write(tmp_path, "train/b/1.jpg", "test/a/1.jpg", "validation/c/1.jpg"))
    assert data.labels == {"label": ["a", "b", "c"]}
    assert [data.splits[s].columns["label"] for s in ("train", "validation", "test")] == [
        [1],
        [2],
        [0],
    ]


def test_classes_alone_are_cut_into_splits(tmp_path):
    names = [f"{c}/{i:03d}.jpg" for c in ("cat", "dog") for i in range(100)]
    data = image_folder.read(write(tmp_path, *names))
    assert all_names(data) == names
    tenth = {name: int(hashlib.sha256(name.encode()).hexdigest()[:16], 16) % 10 for name in names}
    assert data.splits["test"].names == [name for name in names if tenth[name] == 0]
    assert data.splits["validation"].names == [name for name in names if tenth[name] == 1]
    assert [len(data.splits[s]) for s in ("train", "validation", "test")] == [159, 18, 23]


def test_a_missing_validation_is_cut_from_train_and_test_stays(tmp_path):
    data = image_folder.read(
        write(tmp_path, *(f"train/c/{i}.jpg" for i in range(60)), "test/c/0.jpg")
    )
    assert data.splits["test"].names == ["test/c/0.jpg"]
    assert 0 < len(data.splits["validation"]) < 20
    assert len(data.splits["train"]) + len(data.splits["validation"]) == 60


def test_nested_pictures_belong_to_the_first_folder(tmp_path):
    data = image_folder.read(
        write(tmp_path, "train/cat/2020/may/a.jpg", "train/cat/b.jpg", "train/dog/c.jpg")
    )
    by_name = {
        n: i for e in data.splits.values() for n, i in zip(e.names, e.columns["label"], strict=True)
    }
    assert by_name == {"train/cat/2020/may/a.jpg": 0, "train/cat/b.jpg": 0, "train/dog/c.jpg": 1}


def test_the_order_is_that_of_names(tmp_path):
    names = ["train/a-b/1.jpg", "train/a/0/z.jpg", "train/a/y.jpg"]
    data = image_folder.read(write(tmp_path, *names, "val/a/1.jpg", "test/a/1.jpg"))
    assert data.splits["train"].names == names
    assert data.splits["train"].columns["label"] == [1, 0, 0]


def test_what_is_no_picture_is_said_once_a_folder(tmp_path):
    others = [f"cat/{i}.txt" for i in range(7)]
    write(
        tmp_path,
        "cat/a.jpg",
        "dog/b.jpg",
        "cat/.hidden.jpg",
        "cat/Thumbs.db",
        "__MACOSX/x.jpg",
        *others,
    )
    data = image_folder.read(tmp_path)
    assert all_names(data) == ["cat/a.jpg", "dog/b.jpg"]
    assert kinds(data) == [("note", "not-a-picture", "cat")]
    assert (
        data.problems[0].message
        == "passed over 7 files that are no pictures: 0.txt, 1.txt, 2.txt, 3.txt, 4.txt, ..."
    )


def test_what_is_left_out_is_warned_of(tmp_path):
    write(tmp_path, "cat/a.jpg", "dog/b.jpg", "loose.jpg")
    (tmp_path / "bird").mkdir()
    data = image_folder.read(tmp_path)
    assert kinds(data) == [("warning", "empty-class", "bird"), ("warning", "no-class", "loose.jpg")]
    assert data.labels == {"label": ["cat", "dog"]}


def test_a_loose_picture_in_a_split_is_warned_of(tmp_path):
    data = image_folder.read(write(tmp_path, "train/cat/a.jpg", "train/x.jpg", "y.jpg"))
    assert kinds(data) == [("warning", "no-class", "train/x.jpg"), ("warning", "no-class", "y.jpg")]


def test_links_out_of_the_data_are_refused(tmp_path):
    root = write(tmp_path / "data", "cat/a.jpg", "dog/b.jpg")
    write(tmp_path / "outside", "secret.jpg")
    (root / "cat/file.jpg").symlink_to(tmp_path / "outside/secret.jpg")
    (root / "cat/gone.jpg").symlink_to(root / "cat/nothing.jpg")
    (root / "cat/folder").symlink_to(tmp_path / "outside")
    (root / "bird").symlink_to(tmp_path / "outside")
    (root / "cat/good.jpg").symlink_to(root / "dog/b.jpg")
    data = image_folder.read(root)
    assert all_names(data) == ["cat/a.jpg", "cat/good.jpg", "dog/b.jpg"]
    assert sorted(kinds(data)) == [
        ("error", "missing-file", "cat/gone.jpg"),
        ("error", "outside", "bird"),
        ("error", "outside", "cat/file.jpg"),
        ("error", "outside", "cat/folder"),
    ]
    assert {p.example for p in data.problems} == {
        "bird",
        "cat/file.jpg",
        "cat/folder",
        "cat/gone.jpg",
    }


def test_a_linked_split_is_not_dropped_silently(tmp_path):
    root = write(tmp_path / "data", "train/cat/a.jpg", "train/dog/b.jpg")
    write(tmp_path / "elsewhere", "cat/c.jpg")
    (root / "test").symlink_to(tmp_path / "elsewhere")
    assert ("error", "outside", "test") in kinds(image_folder.read(root))


def test_a_name_that_is_not_utf8_is_an_error_that_can_be_printed(tmp_path):
    write(tmp_path, "cat/a.jpg", "dog/b.jpg")
    os.rename(os.fsencode(tmp_path / "cat/a.jpg"), os.fsencode(tmp_path) + b"/cat/\xff.jpg")
    data = image_folder.read(tmp_path)
    assert all_names(data) == ["dog/b.jpg"]
    assert kinds(data)[0] == ("error", "file-name", "cat/\\udcff.jpg")
    "".join(p.where + p.message + p.example for p in data.problems).encode()


def test_a_pipe_named_like_a_picture_is_not_opened(tmp_path):
    write(tmp_path, "cat/a.jpg", "dog/b.jpg")
    os.mkfifo(tmp_path / "cat/pipe.jpg")
    assert image_folder.detect(tmp_path)
    assert kinds(image_folder.read(tmp_path)) == [("note", "not-a-picture", "cat")]


def test_splits_beside_classes_are_refused(tmp_path):
    write(tmp_path, "train/cat/a.jpg", "dogs/b.jpg")
    with pytest.raises(
        PipelineError, match=r"\(train\) beside another folder of pictures \(dogs\)"
    ):
        image_folder.read(tmp_path)


def test_a_folder_without_pictures_beside_splits_is_noted(tmp_path):
    data = image_folder.read(write(tmp_path, "train/cat/a.jpg", "docs/readme.txt"))
    assert kinds(data) == [("note", "not-a-picture", "docs")]


@pytest.mark.parametrize("files", [["a.jpg"], ["train/a.jpg"], ["cat/a.txt"]])
def test_no_class_with_a_picture(tmp_path, files):
    with pytest.raises(PipelineError, match="no class folder with a usable picture"):
        image_folder.read(write(tmp_path, *files))


@pytest.mark.parametrize(
    ("files", "detected"),
    [
        (["cat/a.jpg"], True),
        (["cat/deep/a.jpg", "cat/notes.txt"], True),
        (["train/cat/a.jpg", "val/cat/a.jpg"], True),
        (["cat/a.jpg", "dog/a.jpg", "meta.csv"], True),
        (["a.jpg"], False),
        (["train/a.jpg"], False),
        (["cat/a.txt"], False),
        (["image/0.png", "label/0.png"], False),
        (["train/images/a.jpg", "train/labels/a.txt"], False),
        (["JPEGImages/a.jpg", "Annotations/a.xml"], False),
        (["trainA/a.jpg", "trainB/a.jpg"], False),
        (["photos/a.jpg", "labels.csv"], False),
    ],
)
def test_detect(tmp_path, files, detected):
    assert image_folder.detect(write(tmp_path, *files)) is detected
    assert not image_folder.detect(tmp_path / files[0])


names = st.text("ab", min_size=1, max_size=2)
files = st.sets(
    st.tuples(
        st.lists(names, max_size=3).map(tuple), names, st.sampled_from([".jpg", ".PNG", ".txt"])
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(files)
def test_no_file_is_lost(tmp_path_factory, tree):
    root = tmp_path_factory.mktemp("tree")
    (root / "class").mkdir()
    (root / "class/one.jpg").touch()
    for folders, stem, suffix in tree:
        file = root.joinpath(*(f"d{f}" for f in folders), f"f{stem}{suffix}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    data = image_folder.read(root)
    told = " ".join(f"{p.where} {p.message}" for p in data.problems)
    used = all_names(data)
    assert len(used) == len(set(used))
    for file in (p for p in root.rglob("*") if p.is_file()):
        name = file.relative_to(root).as_posix()
        noted = f"{file.parent.relative_to(root).as_posix()} passed over" in told and (
            file.name in told or "..." in told
        )
        assert name in used or name in told or noted


def examples(names):
    return Examples(list(names), {"label": list(range(len(names)))}, list(names))


@given(
    st.sets(st.text(min_size=1), min_size=1),
    st.text(min_size=1),
    st.sets(st.sampled_from(["validation", "test"])),
)
def test_cutting_splits_is_exact_and_stable(names, new, existing):
    """Every example lands in one split, and adding one moves no other."""
    given_splits = {split: examples([f"{split}/x"]) for split in existing}
    cut = cut_splits({"train": examples(sorted(names)), **given_splits})
    assert set(cut) == {"train", "validation", "test"}
    for split in existing:
        assert cut[split] is given_splits[split]
    place = {n: s for s, part in cut.items() if s not in existing for n in part.names}
    assert sorted(place) == sorted(names)
    assert sum(len(part) for s, part in cut.items() if s not in existing) == len(names)
    more = cut_splits({"train": examples(sorted(names | {new}, reverse=True)), **given_splits})
    moved = {n: s for s, part in more.items() if s not in existing for n in part.names}
    assert {n: moved[n] for n in names} == place


def test_one_picture_is_told_in_the_singular(tmp_path):
    for i in range(4):
        (tmp_path / f"{i}.png").touch()
    names = ["0.png", "1.png", "2.png"]
    (one,) = _left_out.beside(tmp_path, names, [], "no row")
    assert one.message.startswith("1 picture is in no row and left out: 3.png")
    (more,) = _left_out.beside(tmp_path, names[:2], [], "no row")
    assert more.message.startswith("2 pictures are in no row and left out")
