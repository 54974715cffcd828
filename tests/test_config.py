import dataclasses

import pytest
import yaml

from pipelines.config import Config, describe, setting, settings
from pipelines.errors import PipelineError
from pipelines.tasks.classification.scratch import Scratch


@dataclasses.dataclass(frozen=True, kw_only=True)
class Own(Config):
    side: int = setting(64, "side of the picture", "px", low=16, high=512, multiple_of=16)


def refusal(**values):
    with pytest.raises(PipelineError) as raised:
        Own().replace(**values)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("epochs", "12", 12),
        ("epochs", "1e2", 100),
        ("epochs", 3.0, 3),
        ("learning_rate", "1e-3", 0.001),
        ("learning_rate", 1, 1.0),
        ("schedule", "step", "step"),
        ("format", 7, "7"),
        ("jit_compile", "off", "off"),
        ("labels", "cat,dog", ("cat", "dog")),
        ("labels", ["cat", "dog"], ("cat", "dog")),
        ("labels", [0, 1], ("0", "1")),
        ("labels", "", ()),
    ],
)
def test_what_comes_becomes_the_type_of_the_field(name, given, kept):
    value = getattr(Own().replace(**{name: given}), name)
    assert value == kept
    assert type(value) is type(kept)


@pytest.mark.parametrize("word", ["true", "True", "yes", "on", "false", "No", "OFF"])
def test_words_for_yes_and_no(word):
    is_yes = word.lower() in ("true", "yes", "on")
    assert Scratch.Config(calibrated=word).calibrated is is_yes
    assert Scratch.Config(flip=word).flip == ("on" if is_yes else "off")  # and auto is a third


@pytest.mark.parametrize(("line", "kept"), [("jit_compile: off", "off"), ("jit_compile: on", "on")])
def test_yaml_reads_on_and_off_as_booleans_which_are_words_again(line, kept):
    values = yaml.safe_load(line)
    assert isinstance(values["jit_compile"], bool)
    assert Config().replace(**values).jit_compile == kept


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epochs": 2.5}, "epochs must be a whole number; got 2.5."),
        ({"epochs": "many"}, "epochs must be a whole number; got 'many'."),
        ({"epochs": True}, "epochs must be a whole number; got True."),
        ({"epochs": None}, "epochs must be a whole number; got None."),
        ({"epochs": "inf"}, "epochs must be a whole number; got 'inf'."),
        ({"epochs": 0}, "epochs must be at least 1 epochs; got 0."),
        ({"learning_rate": "nan"}, "learning_rate must be a finite number; got nan."),
        ({"learning_rate": "fast"}, "learning_rate must be a number; got 'fast'."),
        ({"learning_rate": 11}, "learning_rate must be at most 10; got 11."),
        ({"learning_rate": -1}, "learning_rate must be at least 0; got -1."),
        (
            {"optimizer": "adamx"},
            "optimizer must be one of adamw, adam, sgd, rmsprop, lion; got 'adamx'. Did you mean",
        ),
        ({"labels": 3}, "labels must be a list; got 3. Write labels=a,b,c."),
        ({"side": 100}, "side must be a multiple of 16; got 100. Try 96 or 112."),
        ({"side": 8}, "side must be at least 16 px; got 8."),
        ({"epoch": 3}, "unknown setting 'epoch'. Did you mean 'epochs'?"),
        ({"lerning_rate": 3}, "unknown setting 'lerning_rate'. Did you mean 'learning_rate'?"),
        ({"qqq": 3}, "unknown setting 'qqq'. Known: batch_size, cache,"),
    ],
)
def test_what_will_not_do_is_said(values, message):
    assert message in refusal(**values)


def test_yes_and_no_are_not_guessed():
    with pytest.raises(PipelineError, match="calibrated must be true or false; got 'maybe'"):
        Scratch.Config(calibrated="maybe")
    with pytest.raises(PipelineError, match="flip must be one of auto, on, off; got 'maybe'"):
        Scratch.Config(flip="maybe")


def test_each_number_of_a_list_is_checked():
    with pytest.raises(PipelineError, match="class_weight_values must be at least 0; got -1"):
        Scratch.Config(class_weight_values="1,-1")
    with pytest.raises(PipelineError, match="class_weight_values must be a number; got 'x'"):
        Scratch.Config(class_weight_values=[1, "x"])
    assert Scratch.Config(class_weight_values="1,2.5").class_weight_values == (1.0, 2.5)


def test_a_config_never_changes():
    config = Own()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.epochs = 3
    assert config.replace(epochs=3).epochs == 3
    assert config.epochs == 10


def test_plain_values_make_the_same_config_again():
    config = Scratch.Config(
        labels=("off", "1", "grün, blau"), class_weight_values=(0.5,), learning_rate=1e-5
    )
    read = yaml.safe_load(yaml.safe_dump(config.as_dict(), allow_unicode=True))
    assert Scratch.Config().replace(**read) == config


def test_a_help_line_has_meaning_choices_or_range_unit_and_default():
    fields = {field.name: field for field in settings(Own)}
    assert describe(fields["side"]) == "side of the picture [16..512 px; default 64]"
    assert describe(fields["epochs"]) == "passes over the training split [1.. epochs; default 10]"
    assert (
        describe(fields["jit_compile"])
        == "XLA compilation of the step [auto | on | off; default auto]"
    )
    assert describe(fields["labels"]).endswith("[default: none]")
