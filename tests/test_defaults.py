"""What classification finds in the data where nothing is set."""

import types

import pytest

from pipelines import catalog
from pipelines.engine.training import setup, summary
from pipelines.errors import PipelineError
from pipelines.families import labelled

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
        assert labelled.mirrored(config) == {"flip": flip}
        for given in ("on", "off"):
            assert labelled.mirrored(config.replace(flip=given)) == {}


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
