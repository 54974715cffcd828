"""Pictures, good and bad, for tests of the audit."""

import io

import numpy as np
from PIL import Image

from pipelines.engine.audit import audit as auditing
from pipelines.formats.examples import Data, Examples


def noise(seed, size=(40, 30), mode="RGB"):
    """A picture of (width, height) that no other seed gives."""
    shape = (size[1], size[0], 3)
    return Image.fromarray(
        np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    ).convert(mode)


def encoded(picture, format="PNG", **options):
    buffer = io.BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()


def data(problems=(), labels=("cat", "dog"), **splits):
    """Data of encoded pictures: split -> [(name, picture or bytes, label id)]."""
    made = {}
    for split, rows in splits.items():
        names = [f"{split}/{name}" for name, _, _ in rows]
        pictures = [p if isinstance(p, bytes) else encoded(p) for _, p, _ in rows]
        columns = {"image": pictures, "label": [label for _, _, label in rows]}
        made[split] = Examples(
            names, columns, [f"file {name}" for name in names], pictures=("image",)
        )
    return Data("here", "made", made, {"label": list(labels)}, list(problems))


def healthy(seed=0, n=6):
    """Pictures of both classes, `n` of each."""
    return [(f"{seed}-{i}.png", noise(1000 * seed + i), i % 2) for i in range(2 * n)]


def of_kind(result, kind):
    return [p for p in result.problems if p.kind == kind]


def told(result, least="warning"):
    worst = auditing.SEVERITIES[: auditing.SEVERITIES.index(least) + 1]
    return sorted((p.severity, p.kind, p.where) for p in result.problems if p.severity in worst)
