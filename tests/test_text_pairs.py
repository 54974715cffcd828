"""Pairs of texts as data: their formats, and what is wrong with them."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow_datasets as tfds

from pipelines import catalog
from pipelines.engine.audit import audit
from pipelines.engine.data import source
from pipelines.errors import PipelineError
from pipelines.formats import _tfds_features
from pipelines.formats.examples import Data, Examples

METHOD = catalog.method("translation/attention")
ENGLISH = ("The dog runs.", "A cat sleeps here.", "Two birds sing.", "We eat bread today.")
GERMAN = (
    "Der Hund rennt.",
    "Eine Katze schläft hier.",
    "Zwei Vögel singen.",
    "Wir essen heute Brot.",
)


def written(folder, **files):
    """A folder with files of lines; two underscores stand for the dot of a name."""
    folder.mkdir(exist_ok=True)
    for name, lines in files.items():
        text = "".join(f"{line}\n" for line in lines)
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def adapted(data, **settings):
    return METHOD.adapt(data, METHOD.Config(**settings))


def kinds(data):
    return {problem.kind: problem for problem in data.problems}


def test_parallel_lines_are_pairs_of_the_splits_that_files_say(tmp_path):
    folder = written(
        tmp_path / "a", train__en=ENGLISH, train__de=GERMAN, val__en=ENGLISH[:1], val__de=GERMAN[:1],
        test_2016__en=ENGLISH[1:3], test_2016__de=GERMAN[1:3], notes__txt=["nothing here to read"],
    )  # fmt: skip
    data = catalog.load(folder)
    assert data.format == "parallel_text"
    assert {split: len(part) for split, part in data.splits.items()} == {
        "train": 4, "validation": 1, "test": 2,
    }  # fmt: skip
    assert data.splits["test"].columns == {"en": [*ENGLISH[1:3]], "de": [*GERMAN[1:3]]}
    assert data.splits["test"].where == ["test_2016.de:1", "test_2016.de:2"]
    assert kinds(data)["unused-file"].where == "notes.txt"


def test_files_of_unequal_length_are_refused_by_name_and_count(tmp_path):
    folder = written(tmp_path / "a", train__en=ENGLISH, train__de=GERMAN[:3])
    with pytest.raises(PipelineError, match=r"train\.de has 3, train\.en has 4"):
        catalog.load(folder)


def test_splits_of_other_languages_are_refused(tmp_path):
    folder = written(
        tmp_path / "a", train__en=ENGLISH, train__de=GERMAN, test__en=ENGLISH, test__fr=GERMAN
    )
    with pytest.raises(PipelineError, match="test: en, fr; train: de, en"):
        catalog.load(folder)


def test_an_empty_line_on_one_side_is_an_error_and_on_both_a_note(tmp_path):
    folder = written(
        tmp_path / "a", train__en=[*ENGLISH, "", ""], train__de=[*GERMAN, "Ein Baum.", ""]
    )
    data = catalog.load(folder)
    problem = kinds(data)["empty-side"]
    assert (problem.severity, problem.where) == ("error", "train.de:5")
    assert "the side en is empty" in problem.message
    assert problem.example in {name for part in data.splits.values() for name in part.names}
    assert "1 lines are empty in all" in kinds(data)["empty-lines"].message
    found = audit.audit(adapted(data, source="en", target="de"), progress=False)
    assert problem.example in found.bad
    assert sum(own.kind == "empty-side" for own in found.problems) == 1


@pytest.mark.parametrize("header", [[], ["en\tde"], ["source\ttarget"]])
def test_pairs_by_tab_have_names_by_their_header(header, tmp_path):
    rows = [f"{a}\t{b}\tCC-BY" for a, b in zip(ENGLISH, GERMAN, strict=True)]
    file = written(tmp_path / "a", pairs__txt=[*header, *rows, "alone"]) / "pairs.txt"
    if not header:
        file.write_text("\n".join(rows), encoding="utf-8")
    data = catalog.load(file)
    assert data.format == "text_pairs"
    assert sum(map(len, data.splits.values())) == 4
    names = header[0].split("\t") if header else ["source", "target"]
    assert list(data.splits["train"].columns) == names


def test_files_by_tab_have_the_same_sides_whatever_their_order(tmp_path):
    rows = [f"{a}\t{b}" for a, b in zip(ENGLISH, GERMAN, strict=True)]
    turned = [f"{b}\t{a}" for a, b in zip(ENGLISH, GERMAN, strict=True)]
    given = dict(train__tsv=["en\tde", *rows], test__tsv=["de\ten", *turned])
    columns = {name: part.columns for name, part in
               catalog.load(written(tmp_path / "a", **given)).splits.items()}  # fmt: skip
    assert columns["test"] == columns["train"] == {"en": [*ENGLISH], "de": [*GERMAN]}
    other = written(tmp_path / "b", train__tsv=["en\tde", *rows], test__tsv=["en\tfr", *rows])
    with pytest.raises(PipelineError, match=r"test\.tsv:1 names the sides en and fr, .* en and de"):
        catalog.load(other)
    late = written(tmp_path / "c", train__tsv=rows, test__tsv=["en\tde", *rows])
    with pytest.raises(PipelineError, match=r"have source and target\. Head all files"):
        catalog.load(late)
    bare = written(tmp_path / "d", train__tsv=["en\tde", *rows], test__tsv=rows)
    assert list(catalog.load(bare).splits["test"].columns) == ["en", "de"]


def test_a_line_without_a_tab_is_an_error(tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    rows = [
        f"{a}\t{b}" for a, b in zip(ENGLISH, GERMAN, strict=True)
    ] * 300  # beyond the first look
    (folder / "pairs.tsv").write_text("\n".join([*rows, "alone"]), encoding="utf-8")
    found = kinds(catalog.load(folder / "pairs.tsv"))["row"]
    assert (found.severity, found.where) == ("error", "pairs.tsv:1201")


@pytest.mark.parametrize(
    "line", [{"source": "{0}", "target": "{1}"}, {"translation": {"en": "{0}", "de": "{1}"}}]
)
def test_pairs_of_json_lines(line, tmp_path):
    shape = json.dumps(line)
    lines = [
        shape.replace("{0}", a).replace("{1}", b) for a, b in zip(ENGLISH, GERMAN, strict=True)
    ]
    folder = written(tmp_path / "a", train__jsonl=[*lines, '{"source": "alone"}'])
    data = catalog.load(folder)
    assert data.format == "pairs_jsonl"
    sides = list(line.get("translation", line))
    texts = {text for part in data.splits.values() for text in part.columns[sides[1]]}
    assert texts == set(GERMAN)
    assert kinds(data)["row"].where == "train.jsonl:5"


def test_translation_features_of_tfds_are_columns():
    sides = tfds.features.Translation(("en", "de"))
    assert list(_tfds_features.columns(sides)[0]) == ["en", "de"]
    found, _ = _tfds_features.columns(tfds.features.FeaturesDict({"translation": sides}))
    assert list(found) == ["translation/en", "translation/de"]
    data = made(train=PAIRS)
    part = data.splits["train"]
    renamed = {f"translation/{name}": own for name, own in part.columns.items()}
    whole = dataclasses.replace(data, splits={"train": dataclasses.replace(part, columns=renamed)})
    assert adapted(whole).splits["train"].columns["source"] == [a for a, _ in PAIRS]


def made(**splits):
    """Data of {split: [(en, de)]}."""
    parts = {}
    for split, pairs in splits.items():
        names = [f"{split}/{i}" for i in range(len(pairs))]
        columns = {"en": [a for a, _ in pairs], "de": [b for _, b in pairs]}
        parts[split] = Examples(names, columns, list(names))
    return Data("here", "made", parts, {}, [])


PAIRS = [(f"The {i} dogs run home.", f"Die {i} Hunde rennen heim.") for i in range(30)]


def test_sides_are_chosen_by_settings_and_adapting_twice_changes_nothing():
    data = made(train=PAIRS)
    once = adapted(data, source="de", target="en")
    assert once.splits["train"].columns["source"][0] == PAIRS[0][1]
    assert adapted(data, source="de").splits == once.splits
    twice = adapted(once, source="de", target="en")
    assert (twice.splits, twice.problems) == (once.splits, once.problems)
    assert "from de to en" in kinds(once)["direction"].message


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"source": "fr"}, "no language 'fr'; it has en, de"),
        ({"source": "en", "target": "en"}, "must differ"),
    ],
)
def test_sides_that_are_not_there_are_refused(settings, said):
    with pytest.raises(PipelineError, match=said):
        adapted(made(train=PAIRS), **settings)


def test_three_languages_need_a_choice():
    data = made(train=PAIRS)
    data.splits["train"].columns["fr"] = data.splits["train"].columns["de"]
    with pytest.raises(PipelineError, match="here has en, de, fr"):
        adapted(data)
    assert adapted(data, source="en", target="fr").splits["train"].columns.keys() == {
        "source", "target",
    }  # fmt: skip


def test_splits_that_are_cut_share_no_source(tmp_path):
    pairs = [(source, f"{target} {n}") for source, target in PAIRS for n in range(3)]
    rows = "".join(f"{source}\t{target}\n" for source, target in pairs)
    (tmp_path / "pairs.tsv").write_text(rows, encoding="utf-8")
    cut = adapted(catalog.load(tmp_path / "pairs.tsv"))
    seen = {name: set(part.columns["source"]) for name, part in cut.splits.items()}
    assert all(seen.values())
    assert not seen["train"] & (seen["validation"] | seen["test"])
    assert sum(map(len, cut.splits.values())) == len(pairs)


@pytest.mark.parametrize(
    ("kind", "pair", "said"),
    [
        ("empty-side", ("", "Ein Baum."), "the source is empty"),
        ("copy", ("Just the same.", "Just the same."), "1 of 31 targets are copies"),
        ("script", ("Собака бежит домой.", "Der Hund rennt."), "not in latin letters"),
        ("ratio", ("A dog runs.", "Der Hund rennt " * 9), "11 and 135 characters"),
        ("long", ("a dog " * 40, "ein Hund " * 40), "64 words or more"),
    ],
)
def test_what_is_wrong_with_a_pair_is_told_by_its_place(kind, pair, said):
    found = kinds(adapted(made(train=[*PAIRS, pair]), source="en", target="de"))[kind]
    assert found.where == "train/30"
    assert said in found.message


def test_sound_pairs_have_no_problem_but_the_direction():
    data = adapted(made(train=PAIRS), source="en", target="de")
    assert [problem.kind for problem in data.problems] == ["direction"]


def test_a_source_in_two_splits_is_told():
    data = adapted(made(train=PAIRS, test=[(PAIRS[4][0], "Anders.")]), source="en", target="de")
    found = kinds(data)["leak"]
    assert found.where == "test/0"
    assert "at train/4" in found.message


def test_arrays_are_read_by_the_names_of_sides():
    data = source.held({"source": np.array(ENGLISH * 5), "target": list(GERMAN * 5)}, METHOD)
    assert sum(map(len, data.splits.values())) == 20
    assert adapted(data).splits["train"].columns.keys() == {"source", "target"}
