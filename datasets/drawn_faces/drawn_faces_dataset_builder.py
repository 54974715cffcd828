"""Drawn faces of people who do not exist; nothing is downloaded, and no one is in two splits."""

import numpy as np
import tensorflow_datasets as tfds

from pipelines.ops import drawn_faces

SIDE = 64  # px
SEED = 20_263
PEOPLE = {"train": 80, "validation": 20, "test": 30}
PICTURES = 10  # of each


class Builder(tfds.core.GeneratorBasedBuilder):
    """Three splits; every picture follows from the person's number and its own alone."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First."}

    def _info(self):
        names = [_name(number) for number in range(sum(PEOPLE.values()))]
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "id": tfds.features.Text(),
                    "image": tfds.features.Image(
                        shape=(SIDE, SIDE, 3), dtype=np.uint8, encoding_format="png"
                    ),
                    "label": tfds.features.ClassLabel(names=names),
                }
            ),
            homepage="https://pillow.readthedocs.io/",
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split) for split in PEOPLE}

    def _generate_examples(self, split):
        splits = list(PEOPLE)
        before = sum(PEOPLE[name] for name in splits[: splits.index(split)])
        for number in range(before, before + PEOPLE[split]):
            who = drawn_faces.person(np.random.default_rng([SEED, number]))
            for i in range(PICTURES):
                chance = np.random.default_rng([SEED, number, i + 1])
                picture = drawn_faces.drawn(who, drawn_faces.look(chance), SIDE, chance)
                key = f"{_name(number)}_{i:04d}"
                yield key, {"id": key, "image": picture, "label": number}


def _name(number):
    return f"person_{number:03d}"
