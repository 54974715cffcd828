"""The nearest of the mean pictures of the classes."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as shared
from pipelines.config import setting
from pipelines.models.fitted import Fitted
from pipelines.task import Phase
from pipelines.tasks.classification import Classification

with epy.lazy_imports():
    import numpy as np

    from stranger import nearest_on_device


@dataclass(frozen=True, kw_only=True)
class _Config(shared.FittedConfig):
    """The settings of a fitted model, and the picture's size."""

    image_size: int = setting(8, "side of the square picture the model sees", "px", low=1)


class NearestMean(Classification):
    """Means by class, found in one pass."""

    Config = _Config
    fitted = "nearest"

    def model(self, config):
        """The means, which are not known yet."""
        return Fitted(nearest_on_device.run)

    def phases(self, config):
        """One, in which the means are taken."""

        def solve(net, source):
            part = source.held_out("train")
            pictures, labels = [], []
            for inputs, targets in part.batches():
                pictures.append(np.asarray(inputs["image"], np.float32))
                labels.append(np.asarray(targets).argmax(-1))
            pictures, labels = np.concatenate(pictures), np.concatenate(labels)
            means = [pictures[labels == i].mean(0) for i in range(len(config.labels))]
            net.assign({"means": np.stack(means)})
            return f"{len(means)} means"

        return [Phase("means", config, solve=solve)]
