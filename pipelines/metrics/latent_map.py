"""A map of the latent space: where pictures lie, in two dimensions, with their classes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from pipelines.metrics.word_map import places

MOST = 400  # points of a map
UNNAMED = "•"


def of_part(answer: Callable, part: Any, config: Any) -> dict[str, list]:
    """Points as `report` draws them: {"x", "y", "names", "groups"}.

    answer: gives {"latent": (B, N)}. More than two dimensions become the two of most variance.
    names: of the classes; groups: their ids, which have colours.
    """
    latents, labels = [], []
    for inputs, targets in part.batches().as_numpy_iterator():
        latents.append(answer(inputs)["latent"])
        labels.append(targets.get("label", np.full(len(latents[-1]), -1)))
        if sum(map(len, latents)) >= MOST:
            break
    found, ids = np.concatenate(latents)[:MOST], np.concatenate(labels)[:MOST].tolist()
    known = config.learned.get("classes", ())
    names = [known[i] if 0 <= i < len(known) else UNNAMED for i in ids]
    x, y = np.round(places(np.asarray(found, np.float64)), 4).T.tolist()
    return {"x": x, "y": y, "names": names, "groups": ids}
