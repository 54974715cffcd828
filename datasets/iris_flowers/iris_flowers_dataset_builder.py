"""Iris: length and width of sepals and petals of 150 flowers of three species, that come with scikit-learn."""

import tensorflow_datasets as tfds
from sklearn.datasets import load_iris

from pipelines.ops import bundled_table


class Builder(tfds.core.GeneratorBasedBuilder):
    """One split, `train`; others are cut by each example's `id`."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    def _info(self):
        return self.dataset_info_from_configs(
            features=bundled_table.features(load_iris()),
            homepage="https://archive.ics.uci.edu/dataset/53/iris",
        )

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        yield from bundled_table.examples(load_iris(), "iris_flowers")
