"""How near pictures that were made are to real ones, as two crowds."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from pipelines.metrics import Tensor, Tensors, copies, frechet, manifold

MOST = 2000  # pictures of each side whose distances to all others are taken
SAME = 1e-12  # sum of variances, up to which pictures are all alike
KNOWN = 15  # real pictures of a class, from which on its share says something


class MadePictures(keras.metrics.Metric):
    """`frechet_distance` of made and real pictures, and what it does not tell.

    targets: {"image": (B, S, S, C) in [0, 1]}, decoded: {"made"}, alike: as many of one as of the
    other, `frechet_pictures`. features: pictures -> (B, F). `precision` and `recall` are those of
    `manifold`, on the same features; both look at MOST pictures.

    reduced: pictures -> (B, P), their pixels. `spread`: the mean squared distance of two made
    pictures over that of two real ones; near 0 if all that is made is alike. training: reduced
    training pictures, or None; with them `copied_share`, see `copies.share_near`.

    classes: pictures -> class ids, or None; labels: their names. `per_class` has the `share` of the
    made and the `real_share`, `rarest_class` the least of their ratios, of classes with at least
    KNOWN real pictures. `spread` is left out if real pictures do not differ, `rarest_class` if no
    class has so many.
    """

    def __init__(
        self,
        features: Callable[[Tensor], Tensor],
        reduced: Callable[[Tensor], np.ndarray],
        training: np.ndarray | None = None,
        classes: Callable[[Tensor], np.ndarray] | None = None,
        labels: Sequence[str] = (),
        name: str = "made_pictures",
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        self._features, self._reduced, self._training = features, reduced, training
        self._classes, self._labels = classes, list(labels)
        self.reset_state()

    def reset_state(self) -> None:
        self._real: dict[str, list] = {"features": [], "pixels": [], "classes": []}
        self._made: dict[str, list] = {"features": [], "pixels": [], "classes": []}

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        for kept, pictures in ((self._real, targets["image"]), (self._made, decoded["made"])):
            shown = np.asarray(pictures, np.float32)
            seen = keras.ops.convert_to_numpy(self._features(shown))
            kept["features"].append(seen.astype(np.float64))
            kept["pixels"].append(self._reduced(shown))
            if self._classes:
                kept["classes"].append(self._classes(shown))

    def result(self) -> dict:
        if not self._real["features"]:
            return {"frechet_distance": 0.0}
        real, made = (np.concatenate(kept["features"]) for kept in (self._real, self._made))
        precision, recall = manifold.precision_and_recall(real[:MOST], made[:MOST])
        return {
            "frechet_distance": frechet.distance(real, made),
            "frechet_pictures": float(len(real)),
            "precision": precision,
            "recall": recall,
            **self._of_pixels(),
            **self._of_classes(),
        }

    def _of_pixels(self) -> dict[str, float]:
        real, made = (np.concatenate(kept["pixels"]) for kept in (self._real, self._made))
        apart = real.var(0).sum()
        found = {"spread": float(made.var(0).sum() / apart)} if apart > SAME else {}
        if self._training is not None:
            near = [copies.nearness(self._training, x[:MOST]) for x in (real, made)]
            found["copied_share"] = copies.share_near(*near)
        return found

    def _of_classes(self) -> dict[str, Any]:
        if not self._classes:
            return {}
        count = len(self._labels)
        counts = [
            np.bincount(np.concatenate(kept["classes"]), minlength=count)
            for kept in (self._real, self._made)
        ]
        real, made = (own / own.sum() for own in counts)
        known = counts[0] >= KNOWN
        vectors = {"share": made, "real_share": real, "support": counts[0]}
        found = {"per_class": vectors, "labels": self._labels}
        if not known.any():
            return found
        return {"rarest_class": float((made[known] / real[known]).min()), **found}
