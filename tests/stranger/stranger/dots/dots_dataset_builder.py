"""Points on two rings around the origin."""

import numpy as np
import tensorflow_datasets as tfds

RADIUS = {"inner": 0.4, "outer": 1.0}


class Builder(tfds.core.GeneratorBasedBuilder):
    """One split, `train`; others are cut by each example's `id`."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {
            "id": tfds.features.Text(),
            "point": tfds.features.Tensor(shape=(2,), dtype=np.float32),
            "label": tfds.features.ClassLabel(names=list(RADIUS)),
        }
        return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        random = np.random.default_rng(0)
        for i in range(300):
            label = ("inner", "outer")[i % 2]
            angle = random.uniform(0, 2 * np.pi)
            point = np.array([np.cos(angle), np.sin(angle)]) * RADIUS[label]
            yield f"{i:03d}", {"id": f"{i:03d}", "point": point.astype(np.float32), "label": label}
