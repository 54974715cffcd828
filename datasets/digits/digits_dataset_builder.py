"""Handwritten digits: the 1,797 scans of 8 x 8 pixels that come with scikit-learn, so nothing is downloaded."""

import numpy as np
import tensorflow_datasets as tfds
from sklearn.datasets import load_digits

INK = 16  # the scans count inked cells of 4 x 4 blocks: 0..16


class Builder(tfds.core.GeneratorBasedBuilder):
    """One split, `train`; others are cut by each example's `id`, which stays the same in whatever file TFDS puts it."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    def _info(self):
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "id": tfds.features.Text(),
                    "image": tfds.features.Image(
                        shape=(8, 8, 1), dtype=np.uint8, encoding_format="png"
                    ),
                    "label": tfds.features.ClassLabel(names=[str(digit) for digit in range(10)]),
                }
            ),
            supervised_keys=("image", "label"),
            homepage=(
                "https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits"
            ),
        )

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        digits = load_digits()
        pictures = np.round(digits.images * (255 / INK)).astype(np.uint8)
        for i, (picture, label) in enumerate(zip(pictures, digits.target, strict=True)):
            name = f"digit_{i:04d}"
            yield name, {"id": name, "image": picture[:, :, None], "label": int(label)}
