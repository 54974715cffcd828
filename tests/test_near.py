"""Pictures that are nearly the same in two splits, and resolutions that do not go together."""

import io

import numpy as np
import pytest
from PIL import Image

from pipelines.engine.audit import audit, near
from pipelines.engine.audit.pictures import _look
from pipelines.formats.examples import Data, Examples


def smooth(seed, size=(64, 48)):
    """A picture of (width, height) without sharp edges, as most are."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


def encoded(picture, format="PNG", **options):
    buffer = io.BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()


def data(train, test, column="image"):
    splits = {}
    for split, pictures in (("train", train), ("test", test)):
        names = [f"{split}/{i}" for i in range(len(pictures))]
        columns = {column: pictures, "label": [i % 2 for i in range(len(names))]}
        splits[split] = Examples(names, columns, names, (column,))
    return Data("here", "made", splits, {"label": ["a", "b"]})


def found(made, kind="near-duplicate"):
    problems = audit.audit(made, progress=False).problems
    return [(p.severity, p.where) for p in problems if p.kind == kind]


def noisy(picture):
    pixels = np.asarray(picture, float) + 8
    pixels += np.random.default_rng(0).normal(0, 3, pixels.shape)
    return encoded(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)))


CHANGES = {
    "JPEG": lambda picture: encoded(picture, "JPEG", quality=60),
    "half": lambda picture: encoded(picture.resize((32, 24))),
    "larger": lambda picture: encoded(picture.resize((96, 72))),
    "brighter, with noise": noisy,
    "grey": lambda picture: encoded(picture.convert("L").convert("RGB")),
}
PICTURES = [encoded(smooth(seed)) for seed in range(8)]


@pytest.mark.parametrize("change", CHANGES)
def test_a_picture_that_was_saved_again_is_warned_of(change):
    other = CHANGES[change](
        smooth(3).convert("L").convert("RGB") if change == "grey" else smooth(3)
    )
    own = [*PICTURES[:3], encoded(smooth(3)), *PICTURES[4:6]]
    if change == "grey":
        own[3] = encoded(smooth(3).convert("L"), "JPEG", quality=70)
    made = data(own, [*PICTURES[6:], other])
    assert found(made) == [("warning", "train/3")]


def test_other_pictures_and_the_very_same_are_not():
    assert found(data(PICTURES[:4], PICTURES[4:])) == []
    same = data(PICTURES[:4], [PICTURES[2], PICTURES[5]])
    assert (found(same), found(same, "leak")) == ([], [("error", "train/2")])


def test_like_things_differ_in_details():
    backdrop = np.asarray(smooth(0)).copy()
    one, other = backdrop.copy(), backdrop.copy()
    one[20:28, 10:18], other[20:28, 40:48] = 255, 0
    assert found(data([encoded(Image.fromarray(one))], [encoded(Image.fromarray(other))])) == []


def test_the_hash_is_of_the_lowest_frequencies():
    wave = np.cos(np.pi / 32 * (np.arange(32) + 0.5) * 3)  # frequency 3 along each row
    picture = np.clip(128 + 100 * np.tile(wave, (32, 1)), 0, 255).astype(np.uint8)
    bits = f"{near.hashed(np.repeat(picture[..., None], 3, 2)):064b}"
    assert bits[0] == bits[3] == "1"  # the mean, and that frequency


def test_a_low_resolution_of_another_picture_is_warned_of():
    high = [encoded(smooth(seed)) for seed in range(4)]
    low = [encoded(smooth(seed).resize((16, 12))) for seed in range(4)]
    made = data(high[:3], high[3:])
    made.splits["train"].columns["low"] = [low[0], low[2], low[2]]
    made.splits["test"].columns["low"] = [encoded(smooth(3).resize((16, 12)).rotate(180))]
    parts = {}
    for split, part in made.splits.items():
        parts[split] = Examples(part.names, part.columns, part.where, ("image", "low"))
    made = Data("here", "made", parts, made.labels)
    wanted = [("warning", "test/0"), ("warning", "train/1")]
    assert sorted(found(made, "other-picture")) == wanted


def test_pictures_that_all_look_alike_are_compared_with_the_nearest_alone(monkeypatch):
    backdrop = np.asarray(smooth(0))
    looks = []
    for seed in range(40):
        noise = np.random.default_rng(seed).integers(0, 9, backdrop.shape)
        looks.append(np.minimum(backdrop.astype(int) + noise, 255).astype(np.uint8))
    own = [_look(encoded(Image.fromarray(pixels))) for pixels in looks]
    pairs = list(near._candidates(own[:30], own[30:], np.arange(30)))
    assert len(pairs) == 30 * near.CANDIDATES
    bits = [[(a.hash ^ b.hash).bit_count() for b in own[30:]] for a in own[:30]]
    for row in range(30):
        found = [bits[row][j] for i, j in pairs if i == row]
        assert found == sorted(bits[row])[: near.CANDIDATES]
    made = data(
        *(list(map(encoded, map(Image.fromarray, part))) for part in (looks[:30], looks[30:]))
    )
    assert found_notes(made) == []
    monkeypatch.setattr(near, "LOOKED_AT", 4 * near.CANDIDATES)
    assert found_notes(made) == ["4 of the 30 pictures"]
    monkeypatch.setattr(near, "MOST", 20)
    assert found_notes(made) == ["2 of the 30 pictures"]


def found_notes(made):
    problems = audit.audit(made, progress=False).problems
    return [p.message.partition(" were")[0] for p in problems if p.kind == "not-compared"]
