"""Schemes of tags: detected, checked, converted; spans as seqeval reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB1, IOB2, IOBES, Entities

from pipelines.edge.spans import spans
from pipelines.ops import schemes

ANY = st.lists(
    st.sampled_from(["O", *(f"{p}-{k}" for p in "BIES" for k in ("x", "y"))]), max_size=9
)
BIO = st.lists(st.sampled_from(["O", *(f"{p}-{k}" for p in "BI" for k in ("x", "y"))]), max_size=9)


@given(ANY)
def test_spans_are_those_of_seqeval(tags):
    assert spans(tags) == [(start, end + 1, kind) for kind, start, end in get_entities(tags)]


@given(ANY, st.sampled_from(["bio", "bioes"]))
def test_conversion_keeps_the_spans_and_fits_the_scheme(tags, to):
    made = schemes.convert(tags, to)
    assert spans(made) == spans(tags)
    assert schemes.breaks(made, to) == []
    first, follow, last = schemes.allowed(names := schemes.labels(["x", "y"], to), to)
    ids = [names.index(tag) for tag in made]
    assert all(follow[a, b] for a, b in zip(ids, ids[1:], strict=False))
    assert not ids or (first[ids[0]] and last[ids[-1]])


@given(BIO)
def test_what_breaks_is_what_strict_seqeval_does_not_count(tags):
    for scheme, peer in (("bio", IOB2), ("iob1", IOB1)):
        strict = {(e.start, e.end, e.tag) for e in Entities([tags], peer).entities[0]}
        whole = strict == set(spans(tags)) and all(t == "O" or any(s <= i < e for s, e, _ in strict)
                                                   for i, t in enumerate(tags))  # fmt: skip
        assert not whole or not schemes.breaks(tags, scheme) or scheme == "iob1"
        if not schemes.breaks(tags, scheme):
            assert strict == set(spans(tags))


@given(ANY)
def test_a_whole_bioes_sentence_is_counted_whole(tags):
    if not schemes.breaks(tags, "bioes"):
        assert {(e.start, e.end, e.tag) for e in Entities([tags], IOBES).entities[0]} == set(
            spans(tags)
        )


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [
        (["B-x", "I-x", "O", "B-y"], "bio"),
        (["I-x", "I-x", "B-x", "O", "I-y"], "iob1"),
        (["B-x", "E-x", "S-y", "O"], "bioes"),
        (["B-x", "L-x", "U-y", "O"], "bilou"),
        (["NN", "VB", "O"], "plain"),
        (["B", "I", "O"], "bio"),
        (["O", "O"], "bio"),
    ],
)
def test_schemes_are_detected(tags, wanted):
    assert schemes.scheme([tags]) == wanted


def test_breaks_say_where_and_what():
    assert schemes.breaks(["O", "I-x", "I-x", "I-y"], "bio") == [
        (1, "I-x after O: a span begins with B-x"),
        (3, "I-y after I-x: a span begins with B-y"),
    ]
    assert schemes.breaks(["I-x"], "bio") == [(0, "I-x at the start: a span begins with B-x")]
    assert schemes.breaks(["B-x", "I-x", "B-x", "O", "B-y"], "iob1") == [
        (0, "B-x at the start: B only separates two spans of one type"),
        (4, "B-y after O: B only separates two spans of one type"),
    ]
    assert schemes.breaks(["B-x", "O", "E-y", "B-x"], "bioes") == [
        (1, "O after B-x: that span has no last token"),
        (2, "E-y after O: a span begins with B-y"),
        (4, "the end after B-x: that span has no last token"),
    ]
    assert schemes.breaks(["B-x", "L-x", "U-y"], "bilou") == []
    assert schemes.breaks(["NN", "I-x"], "plain") == []


def test_plain_tags_are_spans_of_one_token():
    assert spans(["NN", "O", "VB"], plain=True) == [(0, 1, "NN"), (2, 3, "VB")]
    first, follow, last = schemes.allowed(["NN", "B-x"], "plain")
    assert first.all() and follow.all() and last.all()  # noqa: PT018


def test_bio_allows_what_it_should():
    first, follow, last = schemes.allowed(["O", "B-x", "I-x", "B-y", "I-y"], "bio")
    assert first.tolist() == [True, True, False, True, False]
    assert follow.astype(int).tolist() == [
        [1, 1, 0, 1, 0],
        [1, 1, 1, 1, 0],
        [1, 1, 1, 1, 0],
        [1, 1, 0, 1, 1],
        [1, 1, 0, 1, 1],
    ]
    assert last.all()
