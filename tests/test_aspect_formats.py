"""Texts with aspects: SemEval's XML with its gold file, JSON lines, and what is wrong with them."""

import json

import pytest

from pipelines import catalog
from pipelines.errors import PipelineError
from pipelines.formats import _offsets as offsets
from pipelines.formats import _segments as segments

XML = """<?xml version="1.0" encoding="UTF-8"?>
<sentences>
  <sentence id="1"><text>The screen is fine, the fan is loud...</text><aspectTerms>
    <aspectTerm term="screen"{first} from="4" to="10"/>
    <aspectTerm term="fan"{second} from="24" to="27"/>
  </aspectTerms></sentence>
  <sentence id="2"><text>I like it.</text></sentence>
</sentences>"""
GOLD = "The $T$ is fine , the fan is loud .\nscreen\n1\nThe screen is fine , the $T$ is loud ...\nfan\n-1\n"


def xml(first="", second=""):
    told = [f' polarity="{name}"' if name else "" for name in (first, second)]
    return XML.format(first=told[0], second=told[1])


def polarities(data, split):
    names = data.labels["aspects/polarity"]
    rows = data.splits[split].columns["aspects/polarity"]
    return [[names[i] if i >= 0 else None for i in row] for row in rows]


def written(folder, *rows):
    """A folder with JSON lines of (text, [(start, end, polarity)])."""
    lines = []
    for text, found in rows:
        own = [dict(zip(("start", "end", "polarity", "term"), one, strict=False)) for one in found]
        lines.append(json.dumps({"text": text, "aspects": own}))
    (folder / "train.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return catalog.load(str(folder))


def test_polarities_of_a_test_file_come_from_its_gold_file(tmp_path):
    (tmp_path / "Train.xml").write_text(xml("positive", "conflict"))
    (tmp_path / "Test_phaseB.xml").write_text(xml())
    (tmp_path / "Test_Gold.xml.seg").write_text(GOLD)
    data = catalog.load(str(tmp_path))
    assert data.format == "semeval"
    assert polarities(data, "test") == [["positive", "negative"], []]
    assert data.splits["test"].columns["aspects/start"] == [[4, 24], []]
    assert data.splits["test"].columns["aspects/end"] == [[10, 27], []]
    train = [row for split in ("train", "validation") for row in polarities(data, split)]
    assert sorted(train) == [[], ["positive", "conflict"]]
    assert not data.problems
    alone = catalog.load(str(tmp_path / "Test_phaseB.xml"))
    found = [row for split in alone.splits for row in polarities(alone, split)]
    assert sorted(found) == [[], ["positive", "negative"]]


def test_a_file_without_any_polarity_is_told_and_one_with_some_is_noted(tmp_path):
    (tmp_path / "train.xml").write_text(xml())
    with pytest.raises(PipelineError, match=r"no polarity of any aspect.*\.seg"):
        catalog.load(str(tmp_path))
    (tmp_path / "train.xml").write_text(xml("positive"))
    [note] = catalog.load(str(tmp_path)).problems
    assert (note.severity, note.kind) == ("note", "no-polarity")
    assert "1 of 2" in note.message


def test_xml_with_entities_of_its_own_is_refused(tmp_path):
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
    )
    (tmp_path / "train.xml").write_text(bomb + "<sentences><sentence>&c;</sentence></sentences>")
    with pytest.raises(PipelineError, match="document type"):
        catalog.load(str(tmp_path))
    (tmp_path / "train.xml").write_text("<sentences><sentence></sentences>")
    with pytest.raises(PipelineError, match=r"train.xml:1: this XML does not parse"):
        catalog.load(str(tmp_path))


def test_an_unknown_polarity_is_an_error_with_the_nearest(tmp_path):
    (tmp_path / "train.xml").write_text(xml("postive", "negative"))
    [found] = catalog.load(str(tmp_path)).problems
    assert (found.severity, found.where) == ("error", "train.xml:3")
    assert "'postive' is no polarity" in found.message
    assert "positive" in found.message


@pytest.mark.parametrize(
    ("encoding", "width", "unit"), [("utf-8", 1, "bytes of UTF-8"), ("utf-16-le", 2, "UTF-16")]
)
def test_offsets_in_other_units_are_recognised_and_said(tmp_path, encoding, width, unit):
    rows = []
    for text in ("Très 😀 bien, the fan is fine.", "Ça 😀 the fan hums.", "The fan is here."):
        at = text.index("fan")
        count = len(text[:at].encode(encoding)) // width
        rows.append((text, [(count, count + 3, "neutral")]))
    data = written(tmp_path, *rows)
    for part in data.splits.values():
        for text, starts, ends in zip(*map(part.columns.get, COLUMNS), strict=True):
            assert text[starts[0] : ends[0]] == "fan"
    [warning] = data.problems
    assert (warning.kind, warning.severity) == ("offsets", "warning")
    assert unit in warning.message


COLUMNS = ("text", "aspects/start", "aspects/end")


def test_offsets_in_characters_stay():
    places = [offsets.Place("né: the fan", 8, 11), offsets.Place("a fan", 2, 5)]
    assert offsets.unit(places) == offsets.CHARACTERS
    assert offsets.moved(places, "bytes of UTF-8")[0][1:3] == (7, 10)


def test_a_term_at_another_place_is_found_if_it_is_there_once(tmp_path):
    good = ("The fan is loud.", [(4, 7, "negative", "fan")])
    moved = ("The big fan is loud.", [(4, 7, "negative", "fan")])
    data = written(tmp_path, good, good, moved)
    [warning] = data.problems
    assert "'fan' stands at 8, not at 4" in warning.message
    twice = ("A fan by a fan.", [(0, 3, "neutral", "fan")])
    data = written(tmp_path, good, good, twice)
    [error] = data.problems
    assert (error.severity, error.where) == ("error", "train.jsonl:3")
    assert "'fan' is not at 0 to 3 of the text, which has 'A f' there" in error.message


def test_a_line_that_is_no_aspect_is_named(tmp_path):
    good = ("The fan is loud.", [(4, 7, "negative")])
    data = written(tmp_path, good, ("The fan.", [("4", 7, "negative")]), ("Off", [(2, 9, "pos")]))
    told = {p.where: p.message for p in data.problems}
    assert "start and end are whole numbers" in told["train.jsonl:2"]
    assert "an aspect is not at 2 to 9 of the text, which has 3 characters" in told["train.jsonl:3"]


def test_the_key_of_an_aspect_forgets_how_a_sentence_was_cut_into_words():
    written_one = segments.key("It's ``fine'' (", "RAM", ") ...")
    assert written_one == segments.key("It 's \u201cfine\u201d -LRB- ", "ram", " -RRB- .....")
    assert written_one != segments.key("", "RAM", ") ...")
