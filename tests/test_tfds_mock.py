"""Data sets of TFDS's own catalog, with examples made up by TFDS's mock: nothing is downloaded."""

import numpy as np
import pytest
import tensorflow_datasets as tfds

from pipelines import catalog
from pipelines.engine.data import source
from pipelines.formats import tfds as reader

SIZES = {"train": 40, "test": 12}


def mocked(name):
    """A builder of TFDS's under `tfds.testing.mock_data`, told its splits as a download would."""
    builder = tfds.builder(name)
    template = (
        builder.info.splits.filename_template
        if hasattr(builder.info.splits, "filename_template")
        else None
    )
    splits = [
        tfds.core.SplitInfo(name=split, shard_lengths=[n], num_bytes=0, filename_template=template)
        for split, n in SIZES.items()
    ]
    builder.info.set_splits(tfds.core.splits.SplitDict(splits))
    return builder


@pytest.fixture(params=["mnist", "cifar10"])
def data(request):
    with tfds.testing.mock_data(num_examples=40, policy=tfds.testing.MockPolicy.USE_CODE):
        return reader.read(request.param, builder=mocked(request.param))


def test_reads_every_example_with_its_label(data):
    assert (
        sum(len(examples) for examples in data.splits.values()) == 40 + 40
    )  # the mock gives 40 to each split
    assert len(data.labels["label"]) == 10
    train = data.splits["train"]
    assert train.pictures == ("image",)
    assert all(isinstance(picture, bytes) for picture in train.columns["image"])
    assert {int(label) for label in train.columns["label"]} <= set(range(10))
    assert len(data.splits["validation"]) > 0  # cut out of train: neither has one of its own


def test_becomes_batches(data):
    method = catalog.method("scratch")
    config = method.Config(image_size=16, labels=data.labels["label"])
    inputs, targets = source.split(data, "train", method, config).sample(4)
    assert inputs["image"].shape == (4, 16, 16, 3)
    assert inputs["image"].dtype == np.uint8
    np.testing.assert_array_equal(targets.sum(1), 1)
