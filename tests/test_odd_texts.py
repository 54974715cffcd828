"""Texts that no one would write: endless, empty, with characters that are none."""

import json

import numpy as np
import pytest

from pipelines import catalog
from pipelines.edge import plain_text as device_text
from pipelines.edge import text_classification as edge
from pipelines.edge import words
from pipelines.formats import plain_text
from pipelines.formats.examples import Examples

ODD = [
    "",
    " \n\t",
    "a\0b \x1b[31m",
    "half \ud800 of one",
    "x" * 5000,
    "\U0001f600 naïve\u2028end",
    "\ufeff\u200b",
]


def test_an_endless_line_is_one_example_that_is_told_of_and_no_text_for_one_answer(tmp_path):
    file = tmp_path / "train.txt"
    file.write_text("word " * 10_000_000)
    read = plain_text.read(file)
    assert len(read.splits["train"]) == 1
    (problem,) = (one for one in read.problems if one.where.startswith("train.txt"))
    assert "a line of 49,999,999 characters is one paragraph" in problem.message
    with pytest.raises(ValueError, match="is larger than 10 MB. Split it into several files"):
        device_text.read(file)


@pytest.mark.parametrize("name", ["bag_of_words", "cnn", "lexicon"])
def test_text_classification_reads_them(name):
    method = catalog.method(f"text_classification/{name}")
    config = method.Config().replace(labels=("negative", "positive"), max_length=64)
    if name == "bag_of_words":
        config = config.replace(order=2)
    if name == "lexicon":
        learned = {"lexicon": ["good", "bad"]}
    else:
        items = [method._items(config)(text) for text in [*ODD, "seen"]]
        columns = {"items": items, "label": [0] * len(items)}
        names = [str(i) for i in range(len(items))]
        learned = method.learn(Examples(names, columns, names), config)
    config = config.having(learned)
    lists = [own for own in learned.values() if isinstance(own, list)]
    json.dumps(lists, ensure_ascii=False).encode("utf-8")  # as a bundle keeps them
    encoder = edge.encoder(method.device(config), config.learned)
    size = words.FIRST + max(map(len, lists))
    for text in [*ODD, "never \u4e00 seen"]:
        for inputs, share in edge.parts(encoder, encoder.items(text))[0]:
            assert 0 < share <= 1
            for values in inputs.values():
                assert values.dtype == np.int32
                assert values.shape == (64,)
            first = inputs[method._inputs[0]]
            assert 0 <= first.min() <= first.max() < size
