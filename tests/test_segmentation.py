import dataclasses
import io

import bare
import browser
import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pipelines import catalog
from pipelines.engine.audit import audit
from pipelines.engine.data import source
from pipelines.engine.data.split import Split
from pipelines.engine.training import setup
from pipelines.errors import PipelineError
from pipelines.formats.examples import Data, Examples

method = catalog.method("unet")


def _config(**settings):
    return method.Config(
        **{"labels": ("a", "b"), "image_size": 16, "depth": 2, "width": 2, "steps_per_epoch": 1}
        | {"encoder": "", "patch": 1}
        | settings
    )


def _png(array):
    stream = io.BytesIO()
    Image.fromarray(np.asarray(array, np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def _examples(*sizes):
    """Pictures whose red channel is the row, green the column and mask (row + column) % 2."""
    pictures, masks = [], []
    for height, width in sizes:
        rows, columns = np.mgrid[:height, :width]
        pictures.append(_png(np.stack([rows, columns, 0 * rows], -1)))
        masks.append(_png((rows + columns) % 2))
    names = [f"p{i}" for i in range(len(sizes))]
    columns = {"image": pictures, "segmentation_mask": masks}
    return Examples(names, columns, names, ("image",), {"segmentation_mask": {}})


def test_tiles_of_a_picture_own_each_pixel_once():
    config = _config()
    expanded = method.expand(_examples((40, 16), (10, 30)), config)
    assert expanded.names == [
        "p0 at 0, 0",
        "p0 at 16, 0",
        "p0 at 24, 0",
        "p1 at 0, 0",
        "p1 at 0, 14",
    ]
    split = Split(expanded, method, config)
    seen = {"p0": np.zeros((40, 16), int), "p1": np.zeros((10, 30), int)}
    for inputs, targets in split.batches(1):
        image, mask = inputs["image"][0].numpy(), targets[0].numpy()
        assert image.shape == (16, 16, 3)
        rows, columns = image[:, :, 0].astype(int), image[:, :, 1].astype(int)
        # The place is read off the picture itself.
        name = "p0" if rows.max() > 10 or columns.max() < 13 else "p1"
        counted = mask < 255
        assert ((rows + columns) % 2 == mask)[counted].all()
        np.add.at(seen[name], (rows[counted], columns[counted]), 1)
    assert (seen["p0"] == 1).all()
    assert (seen["p1"] == 1).all()


def test_a_picture_smaller_than_the_net_is_mirrored_and_the_margin_ignored():
    image, mask = method.parse(
        {"image": tf.reshape(tf.range(12, dtype=tf.int32), (2, 2, 3)) * 0 + [[[1], [2]], [[3], [4]]],
         "segmentation_mask": tf.ones((2, 2, 1), tf.uint8)}, _config(image_size=4)
    )  # fmt: skip
    np.testing.assert_array_equal(
        image["image"][:, :, 0], [[1, 2, 2, 1], [3, 4, 4, 3], [3, 4, 4, 3], [1, 2, 2, 1]]
    )
    np.testing.assert_array_equal(mask, [[1, 1, 255, 255], [1, 1, 255, 255], [255] * 4, [255] * 4])


def test_stretch_resizes_masks_by_the_nearest_pixel():
    config = _config(fit="stretch")
    examples = _examples((64, 32))
    assert method.expand(examples, config) is examples
    ((inputs, targets),) = Split(examples, method, config).batches(1)
    assert inputs["image"].shape == (1, 16, 16, 3)
    assert set(np.unique(targets)) <= {0, 1}


def test_border_weights_move_with_the_mask():
    config = _config(
        border_weight=10.0, border_sigma=2.0, turn=True, rotate=0.0, shift=0.0, zoom=0.0, colour=0.0
    )
    mask = np.zeros((16, 16, 1), np.uint8)
    mask[2:7, 2:14], mask[9:14, 2:14] = 1, 1
    image, targets = method.parse(
        {"image": np.repeat(mask, 3, 2), "segmentation_mask": tf.constant(mask)}, config
    )
    assert targets.shape == (16, 16, 2)
    assert float(targets[7, 8, 1]) == pytest.approx(
        1 + 10 * np.exp(-9 / 8)
    )  # 1 and 2 pixels from the two
    assert float(targets[3, 3, 1]) == 1
    batch = {"image": tf.repeat(image["image"][None], 8, 0)}, tf.repeat(targets[None], 8, 0)
    moved, weights = method.augment(*batch, tf.constant([1, 2]), 0.0, config)
    assert weights.shape == (8, 16, 16, 2)
    for i in range(8):
        np.testing.assert_array_equal(moved["image"][i, :, :, 0] == 1, weights[i, :, :, 0] == 1)
        assert sorted(np.unique(weights[i, :, :, 1])) == sorted(np.unique(targets[..., 1]))


def test_augment_is_the_same_for_a_seed():
    config = _config(elastic=1.0)
    batch = (
        {"image": tf.constant(np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), np.uint8))},
        tf.zeros((2, 16, 16), tf.uint8),
    )
    first, again, other = (
        method.augment(*batch, tf.constant(s), 0.0, config)[0]["image"]
        for s in ((1, 2), (1, 2), (1, 3))
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).numpy().any()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            dict(image_size=100, depth=4),
            "image_size must be a multiple of 16 .* got 100. Try 96 or 112.",
        ),
        (dict(image_size=8, depth=4), "at least 16; got 8. Try 16."),
        (dict(image_size=96, depth=4, unpadded=True), "at least 112; got 96. Try 112."),
        (
            dict(cross_entropy=0, dice=0),
            "one of cross_entropy, dice, jaccard and focal must be above 0",
        ),
        (dict(encoder="MobileNetV3Small", unpadded=True), "leave encoder empty"),
        (dict(fit="squeeze"), "fit must be one of tile, stretch; got 'squeeze'"),
    ],
)
def test_settings_that_will_not_do(settings, said):
    with pytest.raises(PipelineError, match=said):
        method.Config(**settings)


@dataclasses.dataclass
class _Facts:
    median_side: int
    pixel_counts: dict
    counts: dict = dataclasses.field(default_factory=lambda: {"train": 100})
    picture_sizes: dict = dataclasses.field(default_factory=dict)


@pytest.mark.parametrize(
    ("side", "settings", "size"),
    [
        (128, {}, 128),
        (100, {}, 112),
        (3000, {}, 512),
        (5, {}, 16),
        (50, {"unpadded": True}, 112),
        (50, {"depth": 2}, 52),
        (50, {"depth": 2, "patch": 4}, 64),
        (50, {"depth": 3, "patch": 4, "encoder": "MobileNetV3Small"}, 56),
        (50, {"depth": 2, "patch": 2, "unpadded": True}, 56),
    ],
)
def test_the_size_follows_the_data(side, settings, size):
    assert method.resolve(method.Config(**settings), _Facts(side, {})).image_size == size


def test_balanced_class_weights_by_hand():
    facts = _Facts(16, {"train": {"a": 300, "b": 100, "c": 0}})
    config = method.resolve(method.Config(labels=("a", "b", "c"), class_weights="balanced"), facts)
    assert config.class_weight_values == pytest.approx((400 / 900, 400 / 300, 0))


def test_decode_gives_ids_confidence_and_probabilities():
    decoded = method.decode({"logits": tf.constant([[[[0.0, np.log(3)], [2.0, 0.0]]]])}, _config())
    assert decoded["mask"].dtype == tf.int32
    np.testing.assert_array_equal(decoded["mask"], [[[1, 0]]])
    np.testing.assert_allclose(decoded["confidence"], [[[0.75, 1 / (1 + np.exp(-2))]]], rtol=1e-6)
    np.testing.assert_allclose(np.sum(decoded["probabilities"], -1), 1, rtol=1e-6)


def test_draw_shows_prediction_and_truth():
    mask = np.zeros((16, 16), np.int32)
    decoded = {"mask": mask, "probabilities": np.zeros((16, 16, 2))}
    inputs = {"image": np.full((16, 16, 3), 9, np.uint8)}
    alone = method.draw(inputs, decoded, _config())
    both = method.draw(inputs, decoded, _config(), np.full((16, 16), 1, np.uint8))
    assert alone.dtype == both.dtype == np.uint8
    assert both.shape[1] > alone.shape[1]


def _data(part, labels=("a", "b")):
    splits = {"train": part, "validation": part, "test": part}
    return Data("here", "test", splits, {"objects/label": ["x"], "segmentation_mask": list(labels)})


def test_classes_of_other_data_are_matched_by_name():
    config = _config(labels=("b", "a"))
    split = source.split(_data(_examples((16, 16))), "test", method, config)
    ((_, targets),) = split.batches(1)
    rows, columns = np.mgrid[:16, :16]
    np.testing.assert_array_equal(targets[0], 1 - (rows + columns) % 2)
    with pytest.raises(
        PipelineError,
        match="class 'a' of segmentation_mask is not among the labels of training: b, c",
    ):
        source.split(_data(_examples((16, 16))), "test", method, _config(labels=("b", "c")))


def test_data_without_masks_is_refused():
    with pytest.raises(
        PipelineError,
        match="here has no segmentation_mask, which segmentation learns; it has label",
    ):
        source.feature(Data("here", "test", {}, {"label": ["x"]}), method)


def test_an_epoch_goes_over_all_tiles():
    data = _data(_examples((40, 16), (10, 30)))
    config = _config(steps_per_epoch=0, batch_size=2, epochs=1)
    assert (
        setup.resolved(method, config, data, audit.audit(data, progress=False)).steps_per_epoch == 3
    )  # 5 tiles


def test_the_audit_counts_the_classes_of_the_task():
    part = _examples((16, 16), (16, 18))
    result = audit.audit(_data(part), progress=False, feature="segmentation_mask")
    assert result.class_counts["train"] == {"a": 2, "b": 2}
    assert result.pixel_counts["test"] == {"a": 272, "b": 272}


@pytest.mark.slow
def test_from_data_to_bundle_and_back(tmp_path):
    import pipelines

    random, parts = np.random.default_rng(0), {}
    for split, count in (("train", 24), ("validation", 4), ("test", 8)):
        pictures, masks = [], []
        for _ in range(count):
            mask = np.zeros((32, 32), np.uint8)
            top, left = random.integers(0, 20, 2)
            mask[top : top + 12, left : left + 12] = 1
            pictures.append(
                _png(np.clip(mask[..., None] * 120 + random.integers(0, 100, (32, 32, 3)), 0, 255))
            )
            masks.append(_png(mask))
        names = [f"{split}{i}" for i in range(count)]
        columns = {"image": pictures, "segmentation_mask": masks}
        parts[split] = Examples(names, columns, names, ("image",), {"segmentation_mask": {}})
    data = Data("squares", "test", parts, {"segmentation_mask": ["ground", "square"]})
    run = pipelines.train(
        "segmentation",
        data=data,
        run=tmp_path / "run",
        epochs=6,
        depth=2,
        width=8,
        batch_size=4,
        learning_rate=1e-2,
    )
    result = run.evaluate()
    assert result["mean_iou"] > 0.9
    bundle = run.export(tmp_path / "bundle", max_drop=0.05)
    assert {kind: record["passed"] for kind, record in bundle.files.items()} == dict.fromkeys(
        bundle.files, True
    )
    assert bundle.broken() == []
    assert "model_mediapipe.tflite" in bundle.manifest["sha256"]
    large = np.zeros((100, 70, 3), np.uint8)
    large[40:60, 30:60] = 170
    Image.fromarray(large).save(tmp_path / "large.png")
    (kept,) = run.predict(str(tmp_path / "large.png"), tmp_path / "keras")
    (filed,) = bundle.predict(str(tmp_path / "large.png"), tmp_path / "files")
    assert kept["size"] == filed["size"] == [100, 70]
    assert kept["shares"]["square"] == pytest.approx(filed["shares"]["square"], abs=1e-3)
    assert kept["shares"]["square"] == pytest.approx(600 / 7000, abs=0.03)
    assert {p.name for p in (tmp_path / "files").iterdir()} == {
        f"0000_large{end}" for end in (".json", "_mask.png", "_confidence.png", "_overlay.png")
    }
    assert run.report().stat().st_size > 10_000
    for client in (bare, browser):
        client.agrees(bundle, [tmp_path / "large.png"])


@pytest.mark.parametrize("encoder", ["", "efficientnet_lite0"])
def test_training_looks_at_parts_and_prediction_at_the_whole(encoder):
    config = _config(image_size=32, crop=16, flip=True, encoder=encoder)
    inputs = {"image": tf.zeros((3, 32, 32, 3), tf.uint8)}
    image, mask = method.augment(
        inputs, tf.ones((3, 32, 32), tf.uint8), tf.constant([1, 2]), 0.5, config
    )
    assert image["image"].shape == (3, 16, 16, 3)
    assert mask.shape == (3, 16, 16)
    net = method.model(config)
    assert np.isfinite(net.train_on_batch(image, mask))
    assert net.predict_on_batch(inputs)["logits"].shape == (3, 32, 32, 2)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"crop": 18}, "crop must be a multiple of 4 and at most image_size; got 18"),
        (
            {"image_size": 16, "crop": 32},
            "crop must be a multiple of 4 and at most image_size; got 32",
        ),
        (
            {"patch": 4, "encoder": "MobileNetV3Small"},
            "patch must be smaller than the bottom's cell, 4 px; got 4",
        ),
        ({"crop": 16, "unpadded": True}, "crop is for padded convolutions"),
    ],
)
def test_a_part_that_will_not_do_is_refused(settings, said):
    with pytest.raises(PipelineError, match=said):
        method.Config(depth=2, **settings)


def test_a_part_needs_an_encoder_that_takes_every_size():
    config = _config(image_size=64, crop=32, encoder="MobileNetV3Small", depth=2)
    with pytest.raises(
        PipelineError, match="MobileNetV3Small is made for 64 px alone. Leave crop 0"
    ):
        method.model(config)


def test_dropout_is_heeded_with_an_encoder_too():
    config = _config(image_size=32, encoder="efficientnet_lite0", depth=3, dropout=0.5)
    (layer,) = [
        layer for layer in method.model(config).layers if isinstance(layer, keras.layers.Dropout)
    ]
    assert (layer.rate, layer.output.shape[1:]) == (0.5, (4, 4, 40))
