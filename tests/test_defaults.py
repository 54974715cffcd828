"""What is found in the data if nothing is set."""

import dataclasses
import types

import pytest

from pipelines import catalog
from pipelines.engine.audit import audit as auditing
from pipelines.engine.training import setup, summary
from pipelines.errors import PipelineError
from pipelines.families import duration, mirroring
from pipelines.formats.examples import Data, Examples
from pipelines.models import sources

transfer, scratch = catalog.method("transfer"), catalog.method("scratch")


@pytest.mark.parametrize(
    ("labels", "flip"),
    [
        (("dress", "t-shirt", "two-piece"), "off"),
        (("dress", "t-shirt", "xylophone"), "on"),
        (("hat", "pants", "trousers"), "on"),
        (("0", "1", "10"), "off"),
        (("a", "b"), "off"),
        (("ä", "ö"), "off"),
        (("turn_left", "turn_right"), "off"),
        (("Left", "other"), "off"),
        (("digit 3", "digit 4"), "off"),
        (("bright", "cleft"), "on"),
        (("class1", "class2"), "on"),
    ],
)
def test_pictures_are_mirrored_unless_classes_have_sides(labels, flip):
    for method in (scratch, transfer):
        config = method.Config().replace(labels=labels, epochs=1)
        assert mirroring.chosen(config) == {"flip": flip}
        for given in ("on", "off"):
            assert mirroring.chosen(config.replace(flip=given)) == {}


def resolved(examples, **settings):
    audit = types.SimpleNamespace(class_counts={}, counts={"train": examples})
    config = transfer.Config().replace(labels=("hat", "shoe"), **settings)
    return transfer.resolve(config, audit)


@pytest.mark.parametrize(
    ("examples", "epochs"), [(96, 11), (1600, 11), (2000, 9), (3068, 6), (4000, 5), (10**6, 5)]
)
def test_epochs_follow_the_number_of_pictures(examples, epochs):
    """16,000 / examples, 4 to 10, and one for the head."""
    assert resolved(examples).epochs == epochs


@pytest.mark.parametrize(
    ("settings", "rate"),
    [
        ({}, 4e-4),
        ({"epochs": 1}, 3e-3),
        ({"unfreeze": "none"}, 3e-3),
        ({"unfreeze": "all"}, 4e-4),
        ({"learning_rate": 0.5}, 0.5),
    ],
)
def test_the_learning_rate_follows_what_is_trained(settings, rate):
    assert resolved(96, **settings).learning_rate == rate


@pytest.mark.parametrize(
    ("settings", "stages", "head"),
    [
        ({"epochs": 1}, [("head", 1)], "logistic_regression"),
        ({"epochs": 2}, [("head", 1), ("all", 1)], "logistic_regression"),
        ({"epochs": 9}, [("head", 1), ("all", 8)], "logistic_regression"),
        ({"epochs": 9, "augment_frozen": True}, [("head", 1), ("all", 8)], "linear"),
        ({"epochs": 9, "head": "mlp"}, [("head", 1), ("all", 8)], "mlp"),
        ({"epochs": 9, "unfreeze": "none"}, [("head", 9)], "logistic_regression"),
        ({"epochs": 9, "unfreeze": "3"}, [("top 3", 9)], "linear"),
    ],
)
def test_phases_follow_the_epochs(settings, stages, head):
    found = transfer.phases(resolved(96, **settings))
    assert [(phase.name, phase.config.epochs) for phase in found] == stages
    assert {phase.config.head for phase in found} == {head}


def test_auto_is_for_methods_that_know_what_it_means():
    with pytest.raises(PipelineError, match="unfreeze takes none, all, or a number"):
        catalog.method("yolo").Config(unfreeze="auto")


def test_the_first_lines_say_what_follows_from_the_data(photos):
    """Photos are 40 x 30; sides are multiples of 16. What the user sets is no news."""
    data = photos({f"{split}/{c}": 1 for split in ("train", "validation") for c in ("hat", "pot")})
    made = setup.set_up("scratch", data, {"epochs": 3})
    model = types.SimpleNamespace(layers=[], name="net", input=[], count_params=lambda: 7)
    lines = summary.text(made, made.config, model, "runs/one").splitlines()
    assert "  by the data flip on, image_size 32" in lines


def following(config, counts, **facts):
    """An audit of photos of 480 x 640, and a Config with classes."""
    sizes = {"height": {"median": 480}, "width": {"median": 640}}
    audit = types.SimpleNamespace(
        class_counts={}, pixel_counts={}, counts={"train": counts}, picture_sizes=sizes, **facts
    )
    return config.replace(labels=("hat", "shoe")), audit


@pytest.mark.parametrize(
    ("settings", "examples", "found"),
    [
        ({}, 205, {"epochs": 10, "steps_per_epoch": 100}),  # 39 passes, 800 pictures an epoch
        ({}, 800, {"epochs": 10}),
        ({}, 1000, {"epochs": 8}),
        ({}, 10**6, {"epochs": 4}),
        ({}, 2, {"epochs": 10, "steps_per_epoch": 12}),  # 500 passes at most
        ({"epochs": 3}, 205, {}),
        ({"steps_per_epoch": 100}, 205, {"epochs": 10}),
    ],
)
def test_a_training_reads_about_as_much_whatever_the_data(settings, examples, found):
    config = catalog.method("yolo").Config(batch_size=8, **settings)
    assert duration.found(config, examples, 8_000) == found


@pytest.mark.parametrize(
    ("median", "share", "side"),
    [
        (480, 0.0625, 320),  # 20 px / 0.0625
        (480, 0.0, 480),
        (480, 0.01, 480),  # no larger than the pictures
        (4000, 0.001, 640),
        (480, 0.5, 96),
    ],
)
def test_a_letterbox_shows_the_smallest_class_with_20_pixels(median, share, side):
    yolo = catalog.method("yolo")
    facts = dict(median_side=median, small_side=share, longest={"objects/bbox": 3})
    config, audit = following(yolo.Config(), 100, **facts)
    assert yolo.resolve(config, audit).image_size == side


@pytest.mark.parametrize(
    ("installed", "settings", "taken"),
    [
        (True, {}, ("efficientnet_lite0", ("14",), "pico", 0.2)),
        (True, {"image_size": 128}, ("csp", (), "nano", 1.0)),
        (True, {"unfreeze": "none"}, ("efficientnet_lite0", ("none",), "pico", 0.2)),
        (True, {"backbone_rate": 0.5}, ("efficientnet_lite0", ("14",), "pico", 0.5)),
        (True, {"backbone": "csp"}, ("csp", (), "nano", 1.0)),
        (True, {"size": "small"}, ("efficientnet_lite0", ("14",), "small", 0.2)),
        (None, {}, ("csp", (), "nano", 1.0)),
    ],
)
def test_a_detector_begins_with_a_pretrained_net_if_there_is_one(
    installed, settings, taken, monkeypatch
):
    monkeypatch.setattr(sources.Source, "installed", lambda self: installed)
    yolo = catalog.method("yolo")
    facts = dict(median_side=480, small_side=0.0, longest={"objects/bbox": 3})
    config, audit = following(yolo.Config(**settings), 100, **facts)
    made = yolo.resolve(config, audit)
    assert (made.backbone, made.unfreeze, made.size, made.backbone_rate) == taken
    assert ("pip install" in yolo.learns(made)) == (installed is None)


@pytest.mark.parametrize(
    ("installed", "settings", "taken"),
    [
        (True, {}, ("efficientnet_lite0", ("all",), 2, 480, 0)),
        (True, {"image_size": 512}, ("efficientnet_lite0", ("all",), 2, 512, 256)),
        (True, {"image_size": 128}, ("", (), 1, 128, 0)),
        (True, {"depth": 1}, ("efficientnet_lite0", ("all",), 1, 480, 0)),
        (True, {"unpadded": True}, ("", (), 1, 480, 0)),  # as in the original
        (True, {"encoder": ""}, ("", (), 2, 480, 0)),
        (True, {"encoder": "", "image_size": 272}, ("", (), 1, 272, 0)),  # no multiple of 32
        (True, {"encoder": "", "crop": 272}, ("", (), 1, 480, 272)),
        (True, {"encoder": "", "image_size": 496, "patch": 1}, ("", (), 1, 496, 0)),
        (None, {"image_size": 512, "crop": 512}, ("", (), 2, 512, 512)),
    ],
)
def test_segmentation_begins_with_a_pretrained_encoder_if_there_is_one(
    installed, settings, taken, monkeypatch
):
    monkeypatch.setattr(sources.Source, "installed", lambda self: installed)
    unet = catalog.method("unet")
    config, audit = following(unet.Config(**settings), 100, median_side=480)
    made = unet.resolve(config, audit)
    assert (made.encoder, made.unfreeze, made.patch, made.image_size, made.crop) == taken


def test_an_audit_knows_how_large_the_smallest_class_is(photos):
    """Boxes of 8 x 8 and of 20 x 40 on pictures of 80 x 40: shares of 0.1 and 0.354.

    Those of a split that is to judge, though smaller, choose nothing.
    """
    folder = photos({"scene": 10}, size=(80, 40))
    pictures = sorted(map(str, folder.rglob("*.*")))
    small, large = (0.0, 0.0, 0.2, 0.1), (0.5, 0.0, 1.0, 0.5)
    columns = {
        "image": pictures,
        "objects/bbox": [[small, large]] * 10,
        "objects/label": [[0, 1]] * 10,
    }
    names = [str(i) for i in range(10)]
    part = Examples(names, columns, pictures, ("image",))
    tiny = dataclasses.replace(
        part, columns={**columns, "objects/bbox": [[(0.0, 0.0, 0.02, 0.01), large]] * 10}
    )
    splits = {"train": part, "validation": tiny, "test": tiny}
    data = Data("here", "made", splits, {"objects/label": ["small", "large"]})
    found = auditing.audit(data)
    assert found.small_side == pytest.approx(0.1)
    assert found.side_range == pytest.approx((0.1, 0.125**0.5))
