"""Data that a program holds: whatever its form, it is the same examples as those of files."""

import io

import held
import numpy as np
import pytest
from PIL import Image

import pipelines
from pipelines.formats import image_folder
from pipelines.formats.memory import pictures, reading

PHOTOS = {"image": "picture", "label": "label"}
TEXTS = {"text": "text", "label": "label"}
BOXES = {"image": "picture", "objects/bbox": "boxes", "objects/label": "labels"}
MASKS = {"image": "picture", "segmentation_mask": "mask"}


def read(value, features=PHOTOS, names=()):
    return reading.read(value, features, "the task", names)


def rows(data, feature="label"):
    """{name: what the label is called} over all splits."""
    found = {}
    for examples in data.splits.values():
        for name, value in zip(examples.names, examples.columns[feature], strict=True):
            found[name] = data.labels[feature][value] if feature in data.labels else value
    return found


def pixels(data):
    """{name: pixels} over all splits, decoded by Pillow."""
    return {
        name: np.asarray(Image.open(io.BytesIO(value)))
        for examples in data.splits.values()
        for name, value in zip(examples.names, examples.columns["image"], strict=True)
    }


def forms():
    """Every form in which ten photos with names may be given."""
    x, y = held.photos(10)
    tf = pytest.importorskip("tensorflow")
    yield "tuple", (x, y)
    yield "lists", (list(x), y.tolist())
    yield "floats", (x / 255, y)
    yield "floats to 255", (x.astype(np.float32), list(y))
    yield "columns", {"picture": x, "category": y}
    yield "rows", list(zip(x, y, strict=True))
    yield "dicts", [{"image": a, "label": b} for a, b in zip(x, y, strict=True)]
    yield "pillow", ([Image.fromarray(a) for a in x], y)
    yield "numbers", (x, np.array([held.CLASSES.index(name) for name in y]))
    yield "columns of one", (x, np.array([[held.CLASSES.index(name)] for name in y]))
    yield "one-hot", (x, np.eye(3)[[held.CLASSES.index(name) for name in y]])
    yield "tensors", (tf.constant(x), tf.constant(y))
    stream = tf.data.Dataset.from_tensor_slices({"image": x, "label": y})
    yield "stream", stream
    yield "batches", tf.data.Dataset.from_tensor_slices((x, y)).batch(4)
    yield "frame", Frame({"img": list(x), "class": list(y)})
    yield "hugging face", hugging_face(x, y)


class Frame(dict):
    """What is used of a pandas DataFrame."""

    iloc = ()

    @property
    def columns(self):
        return list(self)

    def __getitem__(self, name):
        return np.array(dict.__getitem__(self, name) + [None], object)[:-1]


def hugging_face(x, y):
    """What is used of a Dataset of Hugging Face."""

    class ClassLabel:
        def int2str(self, i):
            return held.CLASSES[i]

    class Image:
        def __init__(self, decode=True):
            self.decode = decode

    class Dataset:
        def __init__(self, decode=True):
            self.features = {"img": Image(decode), "label": ClassLabel()}
            self.column_names = list(self.features)

        def cast_column(self, name, feature):
            return Dataset(feature.decode)

        def __getitem__(self, name):
            if name == "label":
                return [held.CLASSES.index(label) for label in y]
            assert not self.features["img"].decode
            return [{"bytes": pictures.one(a), "path": None} for a in x]

    Dataset.__module__ = "datasets.arrow_dataset"
    return Dataset()


def test_every_form_gives_the_same_examples():
    x, y = held.photos(10)
    for name, form in forms():
        data = read(
            form, names=held.CLASSES if name in ("numbers", "columns of one", "one-hot") else ()
        )
        assert data.labels == {"label": ["cat", "dog", "owl"]}, name
        assert rows(data) == {f"data[{i}]": label for i, label in enumerate(y)}, name
        for i in range(10):
            assert np.array_equal(pixels(data)[f"data[{i}]"], x[i]), name


def test_arrays_are_the_pixels_of_the_same_files(tmp_path):
    x, y = held.photos(6)
    for i, (picture, label) in enumerate(zip(x, y, strict=True)):
        (tmp_path / "train" / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(tmp_path / "train" / label / f"{i}.png")
    files = image_folder.read(tmp_path)
    listed = sorted((str(file), file.parent.name) for file in tmp_path.rglob("*.png"))
    for data in (read(listed), read({"train": [list(pair) for pair in listed]})):
        names = [name for part in data.splits.values() for name in part.names]
        assert sorted(names) == [path for path, _ in listed]
        assert sorted(rows(data).values()) == sorted(rows(files).values())
    assert read(listed).fingerprint() != read(listed[1:]).fingerprint()
    assert read((x, y)).fingerprint() == read((list(x), list(y))).fingerprint()
    assert read((x, y)).fingerprint() != read((x[::-1], y)).fingerprint()


def test_splits_as_they_are_given():
    x, y = held.photos(9)
    keras = read(((x[:6], y[:6]), (x[6:], y[6:])))
    named = read({"train": (x[:6], y[:6]), "test": (x[6:], y[6:])})
    column = read({"image": x, "label": y, "split": ["train"] * 6 + ["TEST"] * 3})
    for data in (keras, named, column):
        assert len(data.splits["test"]) == 3
        assert len(data.splits["train"]) + len(data.splits["validation"]) == 6
        assert len({name for part in data.splits.values() for name in part.names}) == 9
    with pytest.raises(pipelines.PipelineError, match="must be train, validation or test; got 'x'"):
        read({"image": x, "label": y, "split": ["x"] * 9})


def test_texts_boxes_and_masks():
    data = read((["one", "two", "one"] * 4, ["a", "b", "a"] * 4), TEXTS)
    where = {}
    for split, part in data.splits.items():
        for text in part.columns["text"]:
            where.setdefault(text, set()).add(split)
    assert all(len(splits) == 1 for splits in where.values())  # a text is in one split alone
    x, _ = held.photos(2)
    given = (x, [[[0, 0, 0.5, 1]], []], [["cell"], []])
    data = read({"train": given, "validation": given, "test": given}, BOXES)
    boxes = data.splits["train"]
    assert [len(b) for b in boxes.columns["objects/bbox"]] == [1, 0]
    assert boxes.columns["objects/label"][0].tolist() == [0]
    two = np.zeros((2, 20, 24), bool)
    two[:, 5:] = True
    data = read((x, two), MASKS)
    assert data.labels == {"segmentation_mask": ["background", "foreground"]}
    for part in data.splits.values():
        assert part.masks == {"segmentation_mask": {0: 0, 255: 1}}
    three = two.astype(int) + np.eye(20, 24, dtype=int)
    assert read((x, three), MASKS).labels["segmentation_mask"] == ["0", "1", "2"]


X, Y = held.photos(6)
BAD = {
    "an example more": ((X, Y[:5]), PHOTOS, "equally long; got image 6, label 5"),
    "negative": ((X / 127.5 - 1, Y), PHOTOS, "values from -1 to .*Undo the normalisation"),
    "too bright": ((X * np.float32(2), Y), PHOTOS, "must be 0 to 255, or floats 0 to 1"),
    "nan": ((np.where(X.max() == X, np.nan, X), Y), PHOTOS, r"image of data\[\d\] holds NaN"),
    "channels first": ((np.moveaxis(X, -1, 1), Y), PHOTOS, "np.moveaxis"),
    "flat": ((np.zeros((6, 784)), Y), PHOTOS, r"x.reshape\(-1, 28, 28\)"),
    "no labels": ((X,), PHOTOS, "the task learns from image, label, and .* label is missing"),
    "too many": ((X, Y, Y), PHOTOS, "a tuple of 3, and this task learns from image, label"),
    "missing label": ((X, [*Y[:5], float("nan")]), PHOTOS, r"the label of data\[5\] is missing"),
    "half a label": ((X, [0, 1, 0, 1, 0, 0.5]), PHOTOS, r"the label of data\[5\] is 0.5"),
    "names and numbers": ((X, [*Y[:5], 3]), PHOTOS, "names and numbers: 'cat' and 3"),
    "no picture": (([*X[:5], 7], Y), PHOTOS, r"image of data\[5\] must be a picture.* got int"),
    "no text": ((["a", None], ["b", "c"]), TEXTS, r"text of data\[1\] must be text; got None"),
    "pixels": ((X[:1], [[[0, 0, 9, 9]]], [["a"]]), BOXES, r"boxes / \[height, width"),
    "logits": ((X, np.zeros((6, 20, 24, 3))), MASKS, r"mask.argmax\(-1\)"),
    "nothing": (([], []), PHOTOS, "no example"),
    "a number": ((X, 7), PHOTOS, "label must hold a value for each example; got 7"),
    "an odd row": ([(X[0], "a"), X[1]], PHOTOS, r"data\[1\] is not a tuple of 2"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_learned_is_one_clear_line(name):
    value, features, message = BAD[name]
    with pytest.raises(pipelines.PipelineError, match=message) as raised:
        read(value, features)
    assert "\n" not in str(raised.value)


def test_what_cannot_be_held_in_memory_is_to_be_written_to_a_file():
    with pytest.raises(pipelines.PipelineError, match="frame.to_csv"):
        read({"boxes": Y}, {"boxes": "boxes"})


def test_numbers_are_named_by_the_setting():
    with pytest.raises(pipelines.PipelineError, match="label 2 has no name: labels has 2"):
        read((X, [0, 1, 2] * 2), names=("a", "b"))
    assert set(rows(read((X, [0, 1] * 3), names=("a", "b"))).values()) == {"a", "b"}
    assert read((X, [10, 9] * 3)).labels == {"label": ["9", "10"]}


def test_a_run_on_arrays_goes_on_if_the_same_are_given_again(on_arrays):
    x, y = held.photos()
    assert on_arrays.data_name == "memory:arrays"
    result = on_arrays.evaluate()
    again = pipelines.load(on_arrays.path, data=(list(x), y.tolist()))
    assert again.source.fingerprint() == on_arrays.source.fingerprint()
    assert on_arrays.evaluate(data={"train": (x, y), "test": (x, y)})["examples"] == len(x)
    assert result["examples"] == again.source.parts()["test"]
    with pytest.raises(pipelines.PipelineError, match=r"again: pipelines.load\('.*data=..."):
        pipelines.load(on_arrays.path).evaluate()
    with pytest.raises(pipelines.PipelineError, match="has changed since the run started"):
        _ = pipelines.load(on_arrays.path, data=(x[1:], y[1:])).source


def test_an_audit_of_arrays_reads_each():
    x, y = held.photos(30)
    x[7] = x[4]  # a dog, and so is 4
    found = pipelines.audit((x, y), task="classification")
    assert sum(found.counts.values()) == 30
    with pytest.raises(pipelines.PipelineError, match=r"Name it: audit\(data, task="):
        pipelines.audit((x, y))
    assert any(problem.where == "data[7]" for problem in found.problems)


def test_names_that_are_numbers_are_not_taken_for_ids():
    made = read((X, [3, 1, 2] * 2), names=("1", "2", "3"))
    assert sorted(rows(made).values()) == ["1", "1", "2", "2", "3", "3"]
    assert rows(made)["data[0]"] == "3"
    with pytest.raises(pipelines.PipelineError, match="label 0 is not among labels, 1, 2, 3"):
        read((X, [0, 1, 2] * 2), names=("1", "2", "3"))
    assert rows(read((X, [0, 1] * 3), names=("1", "a")))["data[1]"] == "a"
    assert rows(read((X, ["a", "1"] * 3), names=("1", "a")))["data[1]"] == "1"


@pytest.mark.parametrize(
    "value",
    [
        {"test": (X, Y), "train": {"image": X, "label": Y, "split": ["train", "test"] * 3}},
        {"val": (X, Y), "train": (X, Y), "validation": (X, Y)},
    ],
)
def test_a_split_that_is_given_twice_loses_no_example(value):
    with pytest.raises(pipelines.PipelineError, match="the data gives (test|validation) twice"):
        read(value)


@pytest.mark.parametrize(
    ("value", "features", "reason"),
    [
        ((i for i in range(3)), PHOTOS, r"the type generator cannot"),
        (5, PHOTOS, r"the type int cannot"),
        (
            [{"image": 1, "label": 1}, {"image": 1, "label": 1, "b": 1}],
            PHOTOS,
            r"data\[1\] has 'b'",
        ),
        ({"1": [1], 1: [1]}, PHOTOS, r"2 columns are called '1'"),
    ],
)
def test_what_is_no_data_or_would_lose_something(value, features, reason):
    with pytest.raises(pipelines.PipelineError, match=reason):
        read(value, features)


def test_boxes_without_a_label_each():
    x, _ = held.photos(2)
    boxes = [[[0, 0, 0.5, 0.5]]] * 2
    with pytest.raises(pipelines.PipelineError, match=r"data\[0\] has 1 boxes and 2 labels"):
        read({"image": x, "bbox": boxes, "label": [["a", "b"]] * 2}, BOXES)


def test_streams_that_cannot_be_taken_apart():
    tf = pytest.importorskip("tensorflow")
    x, _ = held.photos(2)
    nested = tf.data.Dataset.from_tensor_slices({"image": {"a": x}, "label": [0, 1]})
    ragged = tf.data.Dataset.from_tensor_slices((tf.ragged.constant([[1, 2], [3]]), [0, 1]))
    for stream, features in ((nested, PHOTOS), (ragged, TEXTS)):
        with pytest.raises(pipelines.PipelineError, match=r"the tf.data.Dataset cannot be read: "):
            read(stream, features)
