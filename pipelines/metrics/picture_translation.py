"""How well pictures are redrawn in another domain: the way back, the crowd, and known pairs."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
from skimage.metrics import structural_similarity

from pipelines.metrics import Tensor, Tensors, frechet
from pipelines.metrics.super_resolution import LUMA, bytes_of

DOMAINS = ("a", "b")
MIDDLE = 127.5  # of luma
OTHER = {"a": "b", "b": "a"}


class Cycle(keras.metrics.Metric):
    """`cycle_error`: the mean difference, in [0, 1], of a picture and its way there and back.

    It is the mean of both ways, `cycle_error_a` (A -> B -> A) and `cycle_error_b`.

    targets: {"a", "b": uint8 (B, S, S, 3), "index": int (B, 2)}, the pictures' numbers, of which
        each counts once.
    decoded: {"back_a", "back_b": (B, S, S, 3) in [0, 1]}.
    """

    def __init__(self, name: str = "cycle", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.reset_state()

    def reset_state(self) -> None:
        self.errors = {domain: {} for domain in DOMAINS}  # by picture

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        for domain, i, row in _new(targets, self.errors):
            truth = np.asarray(targets[domain][row], np.float64) / 255
            back = np.asarray(decoded[f"back_{domain}"][row])
            self.errors[domain][i] = np.abs(back - truth).mean()

    def result(self) -> dict:
        a, b = (_mean(list(errors.values())) for errors in self.errors.values())
        return {"cycle_error": (a + b) / 2, "cycle_error_a": a, "cycle_error_b": b}


class Frechet(keras.metrics.Metric):
    """`frechet_distance` of translated and real pictures on features, the mean of the directions.

    features: pictures (B, S, S, 3) in [0, 1] -> (B, F). targets and decoded as of `Cycle`, with
    "to_a" and "to_b" as far as they are among `domains`. For each: `frechet_distance_to_b`, and
    `relative_distance_to_b`, its share of the distance of A and B as they are, which is
    `frechet_distance_untranslated`. `frechet_pictures` is how many there are of the domain with
    fewer. Heusel et al. 2017 (arXiv:1706.08500, eq. 6) with other features than Inception's:
    compare within one table only, and at equal numbers of pictures.
    """

    def __init__(
        self,
        features: Callable[[Tensor], Tensor],
        domains: Sequence[str] = DOMAINS,
        name: str = "frechet",
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        self.features, self.domains = features, domains
        self.reset_state()

    def reset_state(self) -> None:
        self.real = {domain: {} for domain in DOMAINS}
        self.made = {domain: {} for domain in self.domains}

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        for domain, i, row in _new(targets, self.real):
            picture = np.asarray(targets[domain][row : row + 1], np.float32) / 255
            self.real[domain][i] = self._seen(picture)
            other = OTHER[domain]
            if other in self.made:
                drawn = np.asarray(decoded[f"to_{other}"][row : row + 1], np.float32)
                self.made[other][i] = self._seen(drawn)

    def _seen(self, picture: np.ndarray) -> np.ndarray:
        """The features of one picture, (F,)."""
        return keras.ops.convert_to_numpy(self.features(picture))[0].astype(np.float64)

    def result(self) -> dict:
        real, made = (
            {d: np.stack(list(v.values())) for d, v in x.items() if v}
            for x in (self.real, self.made)
        )
        found = {d: frechet.distance(real[d], made[d]) if d in made else 0.0 for d in self.domains}
        apart = frechet.distance(real["a"], real["b"]) if len(real) == 2 else 0.0
        relative = {d: value / max(apart, 1e-9) for d, value in found.items()}
        return {
            "relative_distance": sum(relative.values()) / len(relative),
            **{f"relative_distance_to_{d}": value for d, value in relative.items()},
            **{f"frechet_distance_to_{d}": value for d, value in found.items()},
            "frechet_distance": sum(found.values()) / len(found),
            "frechet_distance_untranslated": apart,
            "frechet_pictures": float(min(map(len, real.values()), default=0)),
        }


class Pairs(keras.metrics.Metric):
    """How near the translated picture is to the true one, if test pictures come in pairs.

    targets also: "paired", int (B,), 1 if the row's pictures belong together. By direction,
    `_to_a` and `_to_b`: `ssim` on luma with a Gaussian window; `pixel_accuracy`, the share of
    pixels whose luma is on the same side of the middle as the true one's; `mean_iou` of the two
    sides, over all pixels together.
    """

    def __init__(self, domains: Sequence[str] = DOMAINS, name: str = "pairs", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.domains = domains
        self.reset_state()

    def reset_state(self) -> None:
        self.ssim = {domain: [] for domain in self.domains}
        # true side, translated side
        self.counts = {domain: np.zeros((2, 2), np.int64) for domain in self.domains}

    def update_state(
        self, targets: Tensors, decoded: Tensors, sample_weight: Tensor = None
    ) -> None:
        for row in np.flatnonzero(np.asarray(targets["paired"])):
            for domain in self.domains:
                truth = luma(np.asarray(targets[domain][row]))
                guess = luma(bytes_of(decoded[f"to_{domain}"][row]))
                self.ssim[domain].append(similarity(truth, guess))
                sides = (truth > MIDDLE).astype(int), (guess > MIDDLE).astype(int)
                np.add.at(self.counts[domain], sides, 1)

    def result(self) -> dict:
        found = {}
        for domain in [d for d in self.domains if self.ssim[d]]:
            counts = self.counts[domain]
            same = np.diag(counts)
            joined = counts.sum(0) + counts.sum(1) - same
            found[f"ssim_to_{domain}"] = float(np.mean(self.ssim[domain]))
            found[f"pixel_accuracy_to_{domain}"] = float(same.sum() / counts.sum())
            found[f"mean_iou_to_{domain}"] = float((same / joined)[joined > 0].mean())
        return found


def luma(picture: np.ndarray) -> np.ndarray:
    """RGB (..., 3) in 0..255 -> luma in 0..255, float64 (...)."""
    return picture.astype(np.float64) @ (LUMA / LUMA.sum())


def similarity(truth: np.ndarray, guess: np.ndarray) -> float:
    """SSIM of two lumas (H, W) in 0..255."""
    return structural_similarity(
        truth, guess, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )


def _mean(values: list[float]) -> float:
    """0 without a value."""
    return float(np.mean(values)) if values else 0.0


def _new(targets: Tensors, kept: dict[str, dict]) -> Iterator[tuple[str, int, int]]:
    """(domain, number, row) of the pictures in a batch that are not among `kept` yet."""
    for row, numbers in enumerate(np.asarray(targets["index"])):
        for domain, i in zip(DOMAINS, numbers.tolist(), strict=True):
            if i not in kept[domain]:
                yield domain, i, row
