"""Settings as people type them on the command line."""

import pytest

from pipelines import cli, typed
from pipelines.errors import PipelineError

NAMES = ("--data", "--set", "--run", "--method", "--data-service", "--minutes", "--task")
FLAGS = {**dict.fromkeys(NAMES, True), "--json": False}


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("train scratch --epochs 5", "train scratch --set epochs=5"),
        ("train scratch --image-size 96 --run r", "train scratch --set image_size=96 --run r"),
        ("train scratch --epochs=5 x=1", "train scratch --set epochs=5 x=1"),
        ("train scratch epochs=5 data=x", "train scratch --set epochs=5 --data x"),
        ("train scratch --set a=1 epochs=5", "train scratch --set a=1 epochs=5"),
        ("train --epochs 5 scratch", "train --set epochs=5 scratch"),
        ("train scratch --dat x", "train scratch --dat x"),  # argparse knows it
        ("audit data=photos/ --task scratch --seed 3", "audit photos/ --task scratch --set seed=3"),
        ("train scratch --json epochs=5", "train scratch --json --set epochs=5"),
        ("evaluate run --epochs 5", "evaluate run --epochs 5"),
        ("train scratch --data epochs=5", "train scratch --data epochs=5"),
    ],
)
def test_settings_are_put_behind_set(words, wanted):
    assert typed.understood(words.split(), lambda verb: FLAGS) == wanted.split()


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("--epoch", "unknown flag --epoch. Did you mean 'epochs'? A setting is written --set NAME"),
        ("imagesize=9", "unknown setting imagesize. Did you mean 'image_size'?"),
    ],
)
def test_what_is_nearly_a_setting_shows_the_right_line(word, message):
    with pytest.raises(PipelineError) as caught:
        typed.understood(["train", "scratch", word, "5"], lambda verb: FLAGS)
    assert str(caught.value).startswith(message)


def test_the_command_line_knows_its_own_flags():
    flags = cli._flags(cli._parser(), "train")
    assert (flags["--data"], flags["--minutes"], flags["--json"]) == (True, True, False)
