import numpy as np
import pytest

from pipelines.errors import PipelineError
from pipelines.formats import tfds as reader

CONTENT = {"train": 40, "val": 3, "holdout": 2}
PIXELS = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)


@pytest.fixture(scope="module")
def make_builder(tmp_path_factory):
    """A builder of a made-up data set with a feature of every kind, in a folder of its own."""
    import tensorflow_datasets as tfds

    kinds = tfds.features

    class Scenes(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        name = "scenes"
        VERSION = tfds.core.Version("1.0.0")
        pkg_dir_path = tmp_path_factory.mktemp("code")
        splits = CONTENT
        has_names = False

        def _info(self):
            features = {
                "image": kinds.Image(shape=(None, None, 3), encoding_format="png"),
                "depth": kinds.Image(shape=(None, None, 1), dtype=np.float32),
                "label": kinds.ClassLabel(names=["indoor", "outdoor"]),
                "image/filename": kinds.Text(),
                "score": np.float32,
                "corner": kinds.BBoxFeature(),
                "vector": kinds.Tensor(shape=(3,), dtype=np.int32),
                "tokens": kinds.Sequence(kinds.Text()),
                "ner": kinds.Sequence(kinds.ClassLabel(names=["O", "B"])),
                "objects": kinds.Sequence(
                    {
                        "bbox": kinds.BBoxFeature(),
                        "label": kinds.ClassLabel(names=["chair", "tree"]),
                        "crop": kinds.Image(shape=(1, 1, 3)),
                    }
                ),
                "ragged": kinds.Sequence(kinds.Tensor(shape=(None,), dtype=np.int32)),
                "clip": kinds.Video(shape=(None, 2, 2, 3)),
                "meta": {"where": kinds.Text()},
            }
            return tfds.core.DatasetInfo(builder=self, features=kinds.FeaturesDict(features))

        def _split_generators(self, dl_manager):
            return {split: self._generate_examples(split, n) for split, n in self.splits.items()}

        def _generate_examples(self, split, n):
            for i in range(n):
                boxes = [tfds.features.BBox(0.1, 0.2, 0.3, 0.5)] * (i % 3)
                yield (
                    i,
                    {
                        "image": PIXELS + i,
                        "depth": np.zeros((2, 2, 1), np.float32),
                        "label": i % 2,
                        "image/filename": f"{split}/{i:03d}.png" if self.has_names else "same.png",
                        "score": i / 2,
                        "corner": tfds.features.BBox(0.0, 0.0, 1.0, 1.0),
                        "vector": [i, i, i],
                        "tokens": ["grün"] * (i % 2),
                        "ner": [1] * (i % 2),
                        "objects": [{"bbox": b, "label": 1, "crop": PIXELS[:1, :1]} for b in boxes],
                        "ragged": [[1, 2], [3, 4]],
                        "clip": np.zeros((1, 2, 2, 3), np.uint8),
                        "meta": {"where": "x"},
                    },
                )

    def make(**attributes):
        cls = type(
            "Scenes", (Scenes,), {"__module__": __name__, **attributes}, skip_registration=True
        )
        cls.name = "scenes"
        return cls(data_dir=tmp_path_factory.mktemp("tfds"))

    return make


@pytest.fixture(scope="module")
def data(make_builder):
    return reader.read("scenes", make_builder(has_names=True))


def test_splits_by_the_names_people_give_them(data):
    names = [name for split in ("train", "test") for name in data.splits[split].names]
    assert sorted(names) == [f"train/{i:03d}.png" for i in range(40)]
    assert data.splits["validation"].names == [f"val/{i:03d}.png" for i in range(3)]
    assert set(data.splits) == {"train", "validation", "test"}


def test_features_become_columns(data):
    validation = data.splits["validation"]
    columns = validation.columns
    assert set(columns) == {
        *("image", "image/filename", "label", "score", "corner", "vector", "tokens", "ner"),
        *("objects/bbox", "objects/label"),
    }
    assert validation.pictures == ("image",)
    assert columns["image"][2].startswith(b"\x89PNG")
    assert columns["label"] == [0, 1, 0]
    assert columns["score"] == [0.0, 0.5, 1.0]
    assert columns["image/filename"] == validation.names
    assert columns["tokens"] == [[], ["grün"], []]
    assert [v.tolist() for v in columns["ner"]] == [[], [1], []]
    assert [v.tolist() for v in columns["vector"]] == [[0, 0, 0], [1, 1, 1], [2, 2, 2]]
    np.testing.assert_array_equal(columns["corner"][0], [0, 0, 1, 1])
    assert [v.shape for v in columns["objects/bbox"]] == [(0, 4), (1, 4), (2, 4)]
    np.testing.assert_allclose(
        columns["objects/bbox"][1], [[0.1, 0.2, 0.3, 0.5]]
    )  # ymin xmin ymax xmax
    assert [v.tolist() for v in columns["objects/label"]] == [[], [1], [1, 1]]
    assert data.labels == {
        "label": ["indoor", "outdoor"],
        "ner": ["O", "B"],
        "objects/label": ["chair", "tree"],
    }


def test_what_is_not_used_is_noted(data):
    assert all(p.severity == "note" for p in data.problems)
    assert sorted(p.message for p in data.problems) == [
        "clip is not used: no column holds a Video.",
        "depth is not used: no column holds a Image.",
        "meta is not used: no column holds a FeaturesDict.",
        "objects/crop is not used: no column holds a Image.",
        "ragged is not used: no column holds a Tensor.",
        "splits not used: holdout.",
    ]


def test_pixels_arrive_exactly(data):
    from pipelines.edge.pictures import read_picture

    np.testing.assert_array_equal(
        read_picture(data.splits["validation"].columns["image"][2]), PIXELS + 2
    )


def test_names_that_do_not_tell_examples_apart_are_not_used(make_builder):
    names = reader.read("scenes", make_builder()).splits["validation"].names
    assert len(set(names)) == 3
    assert all(name.startswith("scenes-val.tfrecord") for name in names)


def test_no_training_split(make_builder):
    with pytest.raises(PipelineError, match="scenes has no training split; it has holdout, test"):
        reader.read("scenes", make_builder(splits={"test": 1, "holdout": 1}))


def test_too_large_for_memory(make_builder, monkeypatch):
    monkeypatch.setattr(reader, "MAX_BYTES", 1000)
    with pytest.raises(PipelineError, match="encoded data; at most"):
        reader.read("scenes", make_builder())


def test_data_that_is_not_there_and_may_not_be_made(make_builder):
    with pytest.raises(PipelineError, match="Allow the download"):
        reader.read("scenes", make_builder(), download=False)


def test_a_builder_that_fails(make_builder):
    def fails(self, dl_manager):
        raise OSError("no\nnetwork")

    with pytest.raises(PipelineError, match="^scenes could not be prepared: no network$"):
        reader.read("scenes", make_builder(_split_generators=fails))


def test_unknown_names():
    with pytest.raises(PipelineError, match="no data set 'mnits'. Did you mean 'mnist'"):
        reader.read("tfds:mnits")
    with pytest.raises(PipelineError, match="no data set 'qqqqqqq'. The names are listed at"):
        reader.read("tfds:qqqqqqq")
    with pytest.raises(PipelineError, match="tfds:mnist:99.0.0 cannot be loaded"):
        reader.read("tfds:mnist:99.0.0")


def test_no_file_is_a_tfds_data_set(tmp_path):
    assert not reader.detect(tmp_path)
