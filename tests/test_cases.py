"""Data as people have it that once was read wrong in silence: small sets of each kind."""

import numpy as np
import pytest
from PIL import Image

from pipelines import catalog
from pipelines.errors import PipelineError
from pipelines.formats import image_folder, masks, pictures, unpaired


def photo(seed):
    return np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)


def save(file, array, **options):
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(file, **options)


def names_of(data):
    return sorted(name for part in data.splits.values() for name in part.names)


def said(data):
    return [(p.severity, p.kind, p.where) for p in data.problems]


@pytest.mark.parametrize(
    ("suffix", "format"), [(".jfif", "JPEG"), (".img", "JPEG"), ("", "PNG"), (".dat", "WEBP")]
)
def test_a_picture_is_told_by_its_content(tmp_path, suffix, format):
    for i, kind in enumerate(("cat", "bird")):
        save(tmp_path / "classes" / kind / f"a{suffix}", photo(i), format=format)
    for i, folder in enumerate(("train", "trainA", "trainB", "images", "masks")):
        save(tmp_path / folder / f"a{suffix}", photo(i), format=format)
    data = image_folder.read(tmp_path / "classes")
    assert data.labels == {"label": ["bird", "cat"]}
    assert names_of(data) == [f"bird/a{suffix}", f"cat/a{suffix}"]
    assert names_of(pictures.read(tmp_path / "train")) == [f"a{suffix}"]
    assert names_of(unpaired.read(tmp_path)) == [f"trainA/a{suffix}", f"trainB/a{suffix}"]
    assert masks.detect(tmp_path)


def test_what_may_be_a_picture_is_warned_of(tmp_path):
    for folder in ("flat", "classes/cat", "classes/dog", "two/trainA", "two/trainB"):
        save(tmp_path / folder / "a.jpg", photo(len(folder)))
    for folder in ("flat", "classes/cat", "two/trainA"):
        for name in ("b.heic", "c.heic"):
            (tmp_path / folder / name).write_bytes(b"\0\0\0\x18ftypheic")
    for data, where in (
        (pictures.read(tmp_path / "flat"), "."),
        (image_folder.read(tmp_path / "classes"), "cat"),
        (unpaired.read(tmp_path / "two"), "trainA"),
    ):
        assert said(data) == [("warning", "not-a-picture", where)]
        assert (
            "passed over 2 files that are no pictures: b.heic, c.heic." in data.problems[0].message
        )
    (tmp_path / "flat/b.heic").rename(tmp_path / "flat/README.md")
    (tmp_path / "flat/c.heic").unlink()
    assert said(pictures.read(tmp_path / "flat")) == [("note", "not-a-picture", ".")]


@pytest.mark.parametrize(
    "splits", [("training_set", "test_set"), ("Train-Set", "testset"), ("train set", "Testing_set")]
)
def test_sets_are_splits_and_said_to_be(tmp_path, splits):
    for i, split in enumerate(splits):
        for kind in ("cats", "dogs"):
            for j in range(12):
                save(tmp_path / split / kind / f"{j}.png", photo(10 * i + j))
    data = catalog.load(tmp_path)
    assert data.labels == {"label": ["cats", "dogs"]}
    assert len(data.splits["test"]) == 24
    assert {name.split("/")[0] for name in data.splits["train"].names} == {splits[0]}
    assert said(data) == [("note", "split-name", split) for split in sorted(splits)]
    assert data.problems[0].message == (
        f"this folder is read as the split {('train', 'test')[splits.index(sorted(splits)[0])]}."
        " Rename it if it is a class."
    )


def test_classes_below_other_folders_are_refused(tmp_path):
    for outer in ("set1", "set2", "set3"):
        for kind in ("cats", "dogs"):
            save(tmp_path / outer / kind / "a.png", photo(len(outer)))
    with pytest.raises(PipelineError, match="set1, set2, set3 all hold folders called cats, dogs"):
        image_folder.read(tmp_path)
    save(tmp_path / "set1/a.png", photo(1))
    assert image_folder.read(tmp_path).labels == {"label": ["set1", "set2", "set3"]}


@pytest.mark.parametrize("inner", [("2020", "2021"), ("deeper",)])
def test_folders_within_classes_that_are_no_classes(tmp_path, inner):
    for kind in ("cats", "dogs"):
        for name in inner:
            save(tmp_path / kind / name / "a.png", photo(len(name)))
    assert image_folder.read(tmp_path).labels == {"label": ["cats", "dogs"]}


def test_splits_below_classes_are_refused(tmp_path):
    for kind in ("cats", "dogs"):
        for split in ("train", "test"):
            save(tmp_path / kind / split / "a.png", photo(len(split)))
    with pytest.raises(PipelineError, match="cats, dogs all hold folders called test, train"):
        image_folder.read(tmp_path)
