"""Photographs that scikit-learn and scikit-image ship, so nothing is downloaded."""

import importlib.util
import io
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

# Held out by name. Textures and photos alike are in train; the right eye of `motorcycle` is left
# out: it is nearly the left one.
FILES = {
    "train": ("china.jpg", "astronaut.png", "camera.png", "brick.png", "grass.png", "gravel.png", "motorcycle_left.png",
              "ihc.png", "moon.png", "hubble_deep_field.jpg"),
    "validation": ("rocket.jpg", "coins.png"),
    "test": ("flower.jpg", "chelsea.png", "coffee.png"),
}  # fmt: skip
PACKAGES = ("sklearn/datasets/images", "skimage/data")


class Builder(tfds.core.GeneratorBasedBuilder):
    """Three splits, each of other photographs."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    def _info(self):
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "id": tfds.features.Text(),
                    "image": tfds.features.Image(
                        shape=(None, None, 3), dtype=np.uint8, encoding_format="png"
                    ),
                }
            ),
            homepage="https://scikit-image.org/docs/stable/api/skimage.data.html",
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(names) for split, names in FILES.items()}

    def _generate_examples(self, names):
        for name in names:
            with Image.open(_path(name)) as picture:
                pixels = np.asarray(picture.convert("RGB"))
            stream = io.BytesIO()
            Image.fromarray(pixels).save(stream, "PNG")
            yield name, {"id": name, "image": io.BytesIO(stream.getvalue())}


def _path(name):
    for place in PACKAGES:
        package, _, inner = place.partition("/")
        path = Path(importlib.util.find_spec(package).submodule_search_locations[0]) / inner / name
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"{name} is in none of {', '.join(PACKAGES)}. Install scikit-image and scikit-learn again."
    )
