import types

import numpy as np
import pytest

from pipelines import catalog
from pipelines.engine.proof import doubts, verify

scratch = catalog.method("scratch")
CONFIG = scratch.Config(labels=("hat", "shoe"))
ADVICE = (
    "Try more epochs, learning_rate=find, another method (adaptation, transfer) or a look at the"
    " data (`pipelines audit`)."
)


class Part:
    """So many examples, half of them hats."""

    def __init__(self, count):
        labels = [i % 2 for i in range(count)]
        self.examples = types.SimpleNamespace(columns={"label": labels})

    def __len__(self):
        return len(self.examples.columns["label"])


def judged(count, **result):
    return doubts.of_result(Part(count), result, scratch, CONFIG)


def trained(*rows, count=20, look=dict):
    """What is said of a history of (loss, accuracy on validation)."""
    history = [{"loss": loss, "val_accuracy": accuracy} for loss, accuracy in rows]
    return doubts.of_training(history, Part(count), scratch, CONFIG, look).get("doubts", [])


def test_a_good_model_has_no_doubts():
    confusion = [[9, 1], [1, 9]]
    assert judged(20, accuracy=0.9, matrices={"confusion": confusion}) == {"floor": 0.5}
    assert trained((1.0, 0.6), (0.5, 0.8), (0.4, 0.7)) == []
    assert doubts.text({}) == ""


def test_one_answer_for_everything_is_named():
    said = judged(20, accuracy=0.5, matrices={"confusion": [[0, 10], [0, 10]]})
    assert said["doubts"] == [
        "The model has not learned: accuracy is 0.500, and a constant answer reaches 0.500.",
        "Everything is taken for 'shoe', whatever it is.",
        ADVICE,
    ]
    assert doubts.text(said) == " ".join(said["doubts"])


def test_examples_of_one_class_have_one_answer():
    assert "doubts" not in judged(20, accuracy=1.0, matrices={"confusion": [[0, 0], [0, 20]]})


def test_a_detector_that_finds_nothing_has_no_one_answer():
    # Rows and columns are hat, shoe and "no object".
    nothing = [[0, 0, 10], [0, 0, 10], [0, 0, 0]]
    assert "doubts" not in judged(20, accuracy=0.9, matrices={"confusion": nothing})
    shoes = [[0, 10, 0], [0, 10, 0], [0, 3, 0]]
    said = judged(20, accuracy=0.9, matrices={"confusion": shoes})["doubts"]
    assert said[0] == "Everything is taken for 'shoe', whatever it is."


@pytest.mark.parametrize(("count", "is_few"), [(9, True), (10, False)])
def test_few_examples_are_no_fault_of_the_model(count, is_few):
    line = f"There are {count} examples to judge by, so chance decides much. Add some, at least 10."
    assert judged(count, accuracy=0.9).get("doubts", []) == [line] * is_few
    assert trained((1.0, 0.6), (0.5, 0.9), count=count) == [line] * is_few


def test_windows_of_one_text_are_one_example():
    """Ten rows of five texts."""
    texts = (np.arange(10) // 2, np.full(10, 0.5))
    config = types.SimpleNamespace(labels=())
    method = types.SimpleNamespace(
        scores=scratch.scores,
        parts=lambda part, config: texts,
        floor=lambda part, config: None,
        doubts=lambda result, config: [],
    )
    said = doubts.of_result(Part(10), {"accuracy": 0.9}, method, config)["doubts"]
    assert said[0].startswith("There are 5 examples to judge by")
    method.parts = lambda part, config: part.examples.columns["whole"]  # which no empty part has
    assert doubts.of_training([], Part(0), method, config) == {}
    method.parts = lambda part, config: texts
    proven = {"split": "test", "examples": 6}
    bundle = types.SimpleNamespace(
        manifest={"proof": proven}, split=lambda *a: Part(10), method=method, config=config
    )
    assert verify._part(bundle, None, "auto")[1] == [
        "the test split has 5 examples, not 6 as at export"
    ]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            [(1.0, 0.9), (0.9, 0.8), (0.8, 0.85)],
            "The first of 3 epochs was the best on the validation split: accuracy was 0.900, and"
            " 0.850 after the last.",
        ),
        (
            [(0.6931, 0.6), (0.6931, 0.6), (0.6928, 0.6)],
            "The training loss stood still: 0.6931 at first, 0.6928 at the end.",
        ),
        ([(0.7, 0.6), (1.5, 0.6), (90.0, 0.6)], "The training loss rose from 0.7 to 90."),
    ],
)
def test_curves_that_lead_nowhere(rows, sentence):
    assert trained(*rows) == [sentence, ADVICE]


@pytest.mark.parametrize(
    "rows",
    [
        [(1.0, 0.9), (0.5, 0.8)],  # too few epochs to tell
        [(1.0, 0.9), (0.5, 0.9), (0.4, 0.9)],  # as good as at first, and the loss fell
        [(0.69, 0.6), (0.69, 0.7), (0.69, 0.6)],  # it got better
    ],
)
def test_curves_that_say_nothing(rows):
    assert trained(*rows) == []


def test_an_evaluation_is_asked_for_only_below_the_floor():
    asked = []

    def look():
        asked.append(1)
        return {"matrices": {"confusion": [[10, 0], [10, 0]]}}

    assert trained((1.0, 0.6), (0.9, 0.7), look=look) == asked == []
    said = trained((1.0, 0.4), (0.9, 0.5), look=look)
    assert (said[1], asked) == ("Everything is taken for 'hat', whatever it is.", [1])


def test_a_rate_is_not_to_be_found_if_the_first_phase_takes_no_steps():
    transfer = catalog.method("transfer")
    config = transfer.Config(labels=("hat", "shoe"), epochs=5)
    said = doubts.of_result(Part(20), {"accuracy": 0.5}, transfer, config)["doubts"]
    assert said[-1].startswith("Try more epochs, another method (adaptation, scratch) or")


def test_what_a_method_doubts_is_asked_of_the_best_epoch():
    class Odd(type(scratch)):
        """A method that doubts whatever it is shown."""

        def doubts(self, result, config):
            return [f"{result}"]

    history = [{"loss": 1.0}, *({"loss": 1.0, "val_accuracy": a} for a in (0.6, 0.9, 0.8))]
    said = doubts.of_training(history, Part(20), Odd("classification", "scratch"), CONFIG)
    assert said["doubts"] == ["{'accuracy': 0.9}", ADVICE]
    said = doubts.of_training(history[:1], Part(20), Odd("classification", "scratch"), CONFIG)
    assert said["doubts"] == ["{}", ADVICE]
