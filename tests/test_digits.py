import io
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import zygote
from PIL import Image
from sklearn.datasets import load_digits

from pipelines import catalog
from pipelines.formats import tfds

LOAD = "from pipelines import catalog; print(catalog.load('digits').fingerprint())"


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tfds")
    return tfds.read("digits", catalog.dataset_builder("digits", data_dir=folder))


def test_every_digit_is_there_and_exact(digits):
    wanted = load_digits()
    read = {}
    for examples in digits.splits.values():
        columns = examples.columns
        for name, encoded, label in zip(
            examples.names, columns["image"], columns["label"], strict=True
        ):
            read[name] = np.asarray(Image.open(io.BytesIO(encoded))), label
    assert sorted(read) == [f"digit_{i:04d}" for i in range(1797)]
    pixels = np.stack([read[name][0] for name in sorted(read)])
    assert pixels.dtype == np.uint8
    assert pixels.shape == (1797, 8, 8)
    np.testing.assert_array_equal(pixels, np.floor(wanted.images * 255 / 16 + 0.5))
    assert (pixels.min(), pixels.max()) == (0, 255)
    assert [read[name][1] for name in sorted(read)] == wanted.target.tolist()


def test_labels_splits_and_source(digits):
    assert digits.labels == {"label": [str(i) for i in range(10)]}
    assert {split: len(examples) for split, examples in digits.splits.items()} == {
        "train": 1451,
        "validation": 159,
        "test": 187,
    }
    assert digits.problems == []
    assert digits.source == "digits"  # what `catalog.load` takes again


def test_the_builder_tells_what_it_is():
    builder = catalog.dataset_builder("digits")
    assert builder.name == "digits"
    assert "43 people" in builder.info.description
    assert "10.24432/C50P49" in builder.info.citation
    assert catalog.dataset_builder("digits") is not builder
    assert type(catalog.dataset_builder("digits")) is type(builder)  # loaded once


def test_a_builder_made_before_another_one_prepared_the_data(digits, tmp_path):
    early, late = (catalog.dataset_builder("digits", data_dir=tmp_path) for _ in range(2))
    assert tfds.read("digits", early).fingerprint() == digits.fingerprint()
    assert tfds.read("digits", late).fingerprint() == digits.fingerprint()


def test_two_processes_at_once(tmp_path):
    environment = {
        **os.environ,
        "TFDS_DATA_DIR": str(tmp_path),
        "PYTHONPATH": str(Path(catalog.__file__).parents[1]),
    }
    started = [
        zygote.Popen(
            [sys.executable, "-c", LOAD],
            env=environment,
            cwd=tmp_path,
            stdout=zygote.PIPE,
            stderr=zygote.PIPE,
        )
        for _ in range(2)
    ]
    (first, first_error), (second, second_error) = (process.communicate() for process in started)
    assert [process.returncode for process in started] == [0, 0], first_error + second_error
    assert first == second
    assert len(first.strip()) == 64  # and nothing of TFDS's talk on standard output
    assert [p.name for p in (tmp_path / "digits").iterdir()] == ["1.0.0"]
