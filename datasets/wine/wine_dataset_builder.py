"""Wine: 13 chemical measurements of 178 wines from three growers, that come with scikit-learn."""

import tensorflow_datasets as tfds
from sklearn.datasets import load_wine

from pipelines.ops import bundled_table


class Builder(tfds.core.GeneratorBasedBuilder):
    """One split, `train`; others are cut by each example's `id`."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    def _info(self):
        return self.dataset_info_from_configs(
            features=bundled_table.features(load_wine()),
            homepage="https://archive.ics.uci.edu/dataset/109/wine",
        )

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        yield from bundled_table.examples(load_wine(), "wine")
