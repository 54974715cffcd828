"""Text that goes on: byte pairs, windows, draws, beam search, stop texts, options."""

import itertools
import json
import math
from types import SimpleNamespace

import node
import numpy as np
import pytest

from pipelines.edge import continuing, ngram, options, predict, sampling, text_ids
from pipelines.edge.byte_pairs import BytePairs
from pipelines.families import byte_pairs
from pipelines.verbs import predict as verb

ODD = (
    "x²½ Ⅷ 12345  a\t\tb \n\n  c 日本語 🙂👍🏽 naïve e\u0301 ١٢٣ can't we'LL I'm",
    "   ",
    "\u00a0nbsp\u3000wide\u2028line",
    "",
    "aaaaaaaaaaaa\r\n'S 's",
    "\ud800 lone \udfff",
    "\x00\x1c\x85",
)
FIRST_DRAWS = [1144304738, 2693262067]  # by node
TEXTS = ["the theatre of the thing, then can't we thank them", "naïve 日本語 日本 12 123 1234"] * 4


@pytest.fixture(scope="module")
def merges():
    return byte_pairs.learned(TEXTS, 320, 1)


def test_byte_pairs_are_those_of_tokenizers(merges):
    texts = [*TEXTS[:2], *ODD]
    assert len(merges["pieces"]) == 256 + len(merges["merges"])
    wanted = byte_pairs.numbers(texts, **merges)
    own = BytePairs(**merges)
    assert [own.encode(text) for text in texts] == wanted
    assert max(map(max, filter(None, wanted))) >= 256  # some are merged


def test_byte_pairs_come_back_as_the_text(merges):
    known = text_ids.opened("bpe", merges)
    for text in (*TEXTS[:2], *ODD[:5]):
        ids = known.ids(text)
        assert "".join(known.pieces(ids)) == text
        assert sum(known.sizes(text)) == len(text.encode()) + 1
    first, *more = known.pieces(known.ids("\u00e9"))
    assert (first, "".join(more)) == ("", "\u00e9")  # its second byte is waited for


def test_merges_by_hand():
    # ab is merged first, so that nothing is left of bc; then ab with c.
    letters = ["a", "b", "c"]
    pairs = BytePairs([*letters, "ab", "bc", "abc"], ["a b", "b c", "ab c"])
    assert pairs.encode("abcbcabab") == [5, 4, 3, 3]


def test_words_come_with_their_spaces():
    known = text_ids.opened("words", {"items": ["a", "cat", "."]})
    ids = known.ids("a cat\na dog.")
    assert ids == [2, 3, 5, 2, 1, 4]
    assert "".join(known.pieces(ids, is_first=True)) == "a cat\na \ufffd ."
    assert "".join(known.pieces([3, text_ids.END, 2])) == " cat\n\na"


SPACED = [
    *ODD,
    " a cat \r\n\n\tb\n",
    "a\x1fb",
    "a\x85b",
    "a\ufeffb",
    "\ufeffa \x1f",
    "naïve \U0001f642.  end ",
]


@pytest.mark.parametrize("units", ["characters", "words", "tokens"])
def test_the_page_reads_and_measures_items_alike(units):
    texts = [text for text in SPACED if "\ud800" not in text]
    items = sorted({item for text in texts for item in ngram.split(text, units)} - {"\n"})
    learned = {"items": [str(ord(item)) for item in items] if units == "characters" else items}
    known = text_ids.opened(units, learned)
    wanted = []
    for text in texts:
        sizes = known.sizes(text)[:-1]
        assert sum(sizes) == (len(text.encode()) if known.ids(text) else 0)
        wanted.append([known.ids(text), sizes, text.strip(), not text or text[-1].isspace()])
    script = """
import {isOpen, opened, stripped} from "./text_ids.js";
const [units, learned, texts] = JSON.parse(await new Response(process.stdin).text());
const known = opened(units, learned);
const all = (text) => [known.ids(text), known.sizes(text), stripped(text), isOpen(text)];
console.log(JSON.stringify(texts.map(all)));
"""
    assert node.found(script, [units, learned, texts]) == wanted


@pytest.mark.parametrize(
    ("prompt", "wanted"), [("a", " cat"), ("a ", "cat"), ("a\n", "cat"), ("", "cat")]
)
def test_a_word_follows_the_space_of_a_prompt(prompt, wanted):
    known = text_ids.opened("words", {"items": ["a", "cat", "."]})
    table = np.eye(6)[[3] * 6] * 9.0  # a cat, always
    options = {"length": 1, "temperature": 0.0, "seed": 0, "beam": 1, "stop": ()}
    ids = [text_ids.END, *known.ids(prompt)]
    assert ids[-1] == {"a": 2, "\n": 5, "": 0}[prompt.strip(" ")[-1:]]
    is_open = continuing.is_open(prompt)
    assert "".join(continuing.made(Chain(table), ids, known, [1], options, is_open)) == wanted


@pytest.mark.parametrize(("count", "length", "overlap"), [(10, 4, 2), (3, 5, 0), (8, 4, 9)])
def test_windows_judge_each_id_once(count, length, overlap):
    judged = []
    for start, first, stop in text_ids.windows(count, length, overlap):
        assert first - start == 1 + min(overlap, first - 1)
        judged += range(first, stop)
    assert judged == list(range(1, count + 1))


def test_random_numbers_are_those_of_a_browser():
    # Of mulberry32 as V8 computes it, seeds 0 and 1.
    assert [int(sampling.Random(0)() * 2**32), int(sampling.Random(1)() * 2**32)] == FIRST_DRAWS


def draws(given, count=4000):
    random = sampling.Random(3)
    chosen = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, **given}
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05]))
    found = [sampling.chosen(logits, chosen, random) for _ in range(count)]
    return np.bincount(found, minlength=4) / count


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, [0.5, 0.3, 0.15, 0.05]),
        ({"temperature": 0.0}, [1, 0, 0, 0]),
        ({"top_k": 2}, [0.625, 0.375, 0, 0]),
        ({"top_p": 0.79}, [0.625, 0.375, 0, 0]),
        ({"top_p": 0.0}, [1, 0, 0, 0]),
        ({"top_k": 3, "top_p": 0.6}, [0.625, 0.375, 0, 0]),  # of 0.95, which are left
        ({"temperature": 0.5, "top_k": 2}, [25 / 34, 9 / 34, 0, 0]),
    ],
)
def test_draws_are_as_frequent_as_they_are_probable(given, wanted):
    np.testing.assert_allclose(draws(given), wanted, atol=0.03)


class Chain:
    """A reader whose next item follows from the last one alone: logits are a row of a table."""

    def __init__(self, table):
        self._table = table

    def read(self, ids):
        return self._table[ids[-1]]

    def copy(self):
        return self


def test_beam_search_finds_what_greedy_misses():
    random = np.random.default_rng(0)
    table = np.log(random.dirichlet(np.full(5, 0.4), 5))

    def total(ids):
        steps = itertools.pairwise([0, *ids])
        return sum(sampling.log_probabilities(_masked(table[a]))[b] for a, b in steps)

    def _masked(row):
        return np.where(np.arange(5) == 1, -np.inf, row)

    every = itertools.product((0, 2, 3, 4), repeat=3)
    best = max(every, key=total)
    assert continuing.searched(Chain(table), [0], [1], 3, 64) == list(best)
    values = {"length": 3, "temperature": 0.0, "seed": 0}
    greedy = list(continuing.drawn(Chain(table), [0], [1], values))
    assert total(greedy) <= total(best)
    assert continuing.searched(Chain(table), [0], [1], 3, 1) == greedy


@pytest.mark.parametrize(
    ("stops", "wanted"),
    [((), "one two three"), (("two",), "one "), (("e t",), "on"), (("x", "ee"), "one two thr")],
)
def test_a_text_ends_before_a_stop(stops, wanted):
    pieces = ["o", "ne", " t", "w", "o thr", "e", "e"]
    found = list(continuing.until(iter(pieces), stops))
    assert "".join(found) == wanted
    assert len(found) > 1 or stops


def test_options_are_checked():
    good = options.checked(continuing.OPTIONS, {"length": "5", "top_p": 0.5, "stop": "x"})
    assert (good["length"], good["top_p"], good["stop"], good["beam"]) == (5, 0.5, ("x",), 1)
    for name, value in (
        ("temperature", -1), ("temperature", math.nan), ("temperature", "hot"), ("top_p", 1.5),
        ("length", 2.5), ("seed", -1), ("top_k", math.inf), ("length", 10**400),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=f"{name} must be a .*; got {str(value)[:9]}"):
            options.checked(continuing.OPTIONS, {name: value})
    with pytest.raises(ValueError, match="there is no option 'warmth' here"):
        options.checked(continuing.OPTIONS, {"warmth": 1})
    json.dumps(good)


class Broken:
    """A half whose answer ends in the middle of its text."""

    OPTIONS = continuing.OPTIONS

    @staticmethod
    def predict(source, run, manifest, given, tell):
        tell(f"{source} and")
        raise ValueError("no more")


def test_an_error_in_the_middle_of_a_text_ends_its_line(monkeypatch, capsys):
    def answers(*given):
        found = predict.answered(["once"], Broken, None, {}, {}, given[-1])
        return Broken, (answer for answer, _ in found)

    monkeypatch.setattr(predict, "_half", lambda task: Broken)
    asked = SimpleNamespace(inputs=["once"], out=None, json=False)
    assert predict._answer(asked, None, {"task": "broken"}) == 2
    monkeypatch.setattr("pipelines.verbs.predict._of_run", answers)
    assert verb.run(SimpleNamespace(path="run", options=()))[1] == 2
    assert capsys.readouterr().out == "once and\n" * 2
