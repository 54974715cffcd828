"""Several labels and numbers of an example: what data says, loss, thresholds, scores, answers."""

import dataclasses
import json
import types

import browser
import numpy as np
import pytest
from conftest import once
from PIL import Image

import pipelines
from pipelines import catalog
from pipelines.edge import classification as edge
from pipelines.engine.training import setup
from pipelines.errors import PipelineError
from pipelines.families import target_kinds
from pipelines.families.target_kinds import reading
from pipelines.formats.examples import COLUMN, Data, Examples
from pipelines.formats.memory import labels

EVERY = (target_kinds.CLASS, target_kinds.LABELS, target_kinds.NUMBERS)


def data(labels=(), ids=(), **columns):
    """Data of one split, of labels and of columns of a table."""
    count = len(ids) or len(next(iter(columns.values())))
    own = {COLUMN + name: list(cells) for name, cells in columns.items()}
    own |= {"label": list(ids)} if ids else {}
    names = [f"e{i}" for i in range(count)]
    part = Examples(names, own, [f"a.csv:{i + 2}" for i in range(count)])
    return Data("a.csv", "table", {"train": part}, {"label": list(labels)} if labels else {})


def settings(learned=None, **given):
    return target_kinds.Config(**given).having(learned or {})


def adapted(made, **given):
    return reading.adapted(made, settings(**given), EVERY)


# What is learned.


def test_cells_with_several_names_become_lists_of_labels():
    made = adapted(data(["a", "b|a", "c"], ids=[1, 0, 2, 1]))
    assert made.labels == {"label": ["a", "b", "c"]}
    assert made.splits["train"].columns["label"] == [[0, 1], [0], [2], [0, 1]]
    assert adapted(made) is made
    assert adapted(data(["a", "b"], ids=[0, 1])).splits["train"].columns["label"] == [0, 1]


def test_a_column_for_each_label():
    made = adapted(data(upper=["1", "0", "true"], long=[0, 1, 1.0]), target=("upper", "long"))
    assert made.labels == {"label": ["upper", "long"]}
    assert made.splits["train"].columns["label"] == [[0], [1], [0, 1]]
    with pytest.raises(PipelineError, match="a.csv:3: column 'b' must hold 1 or 0.*got '7'"):
        adapted(data(a=[1, 0], b=[1, 7]), target=("a", "b"), answer="labels")


def test_labels_that_are_quantities_become_numbers():
    made = adapted(data(["0.5", "2", "7"], ids=[2, 0, 1]))
    assert made.labels == {}
    assert made.splits["train"].columns["value"] == [(7.0,), (0.5,), (2.0,)]
    many = [str(i) for i in range(120)]
    assert adapted(data(many, ids=range(120))).labels == {}
    assert adapted(data(["1", "2", "5"], ids=[0, 1, 2])).labels == {"label": ["1", "2", "5"]}
    # 120 classes of two examples each; and 102 folders with one picture.
    assert "label" in adapted(data(many, ids=[*range(120)] * 2)).labels
    folders = dataclasses.replace(data(many, ids=range(120)), format="image_folder")
    assert adapted(folders).labels == {"label": many}
    forced = adapted(data(["1", "2", "5"], ids=[0, 1, 2]), answer="numbers")
    assert forced.splits["train"].columns["value"] == [(1.0,), (2.0,), (5.0,)]


def test_one_odd_cell_leaves_numbers_numbers():
    names = ["x", *(f"{i}.5" for i in range(20))]
    made = adapted(data(names, ids=range(21)))
    assert [(p.kind, p.example) for p in made.problems] == [("no-target", "e0")]
    assert made.splits["train"].columns["value"][3] == (2.5,)


def test_a_method_that_learns_classes_alone_takes_each_label_as_one():
    config = types.SimpleNamespace(learned={})
    taken = reading.adapted(data(["c|d", "e"], ids=[0, 1]), config, (target_kinds.CLASS,))
    assert taken.splits["train"].columns["label"] == [0, 1]
    assert [p.kind for p in taken.problems] == ["taken-as-class"]
    again = reading.adapted(taken, config, (target_kinds.CLASS,))
    assert again.problems == taken.problems


def test_no_answer_is_not_the_same_as_no_label():
    made = adapted(data(["a", "b"], ids=[[0, 1], -1, []]))
    assert made.splits["train"].columns["label"][2] == []
    assert [(p.severity, p.kind, p.example) for p in made.problems] == [
        ("error", "no-target", "e1")
    ]


def test_words_that_often_say_nothing_are_classes_among_words():
    made = adapted(data(job=["none", "smith", "", "-"]), target="job")
    assert made.labels == {"label": ["-", "none", "smith"]}
    assert [p.example for p in made.problems] == ["e2"]
    made = adapted(data(stars=["1", "2", "NA"]), target="stars")
    assert made.labels == {"label": ["1", "2"]}
    assert [p.example for p in made.problems] == ["e2"]


def test_a_run_says_what_is_learned():
    learned = {"answer": ["numbers"], "numbers": ["age", "turn"]}
    assert target_kinds.said(settings(learned)) == "numbers (age, turn) for each example"
    assert target_kinds.said(settings()) == "one class for each example"


def test_a_number_that_is_none_is_an_error_of_its_line():
    made = adapted(data(age=["3", "x", "4.5"]), target="age", answer="numbers")
    assert [(p.kind, p.where, p.example) for p in made.problems] == [("no-target", "a.csv:3", "e1")]
    assert "'age', which is learned, is no number: 'x'" in made.problems[0].message


def test_a_class_out_of_a_column_that_is_named():
    made = adapted(data(["x", "y"], ids=[0, 1, 0], job=["smith", "", "baker"]), target="job")
    assert made.labels == {"label": ["baker", "smith"]}
    assert made.splits["train"].columns["label"] == [1, 0, 0]
    assert [p.example for p in made.problems] == ["e1"]
    assert adapted(made, target="job").problems == made.problems


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"target": "aage"}, "no column 'aage' to be learned. Did you mean 'age'"),
        ({"target": "age", "angles": "turn"}, "angles names 'turn', which is not learned"),
        ({}, "no column that is called label; it has age.*target=age"),
    ],
)
def test_what_cannot_be_learned_is_one_line(given, message):
    with pytest.raises(PipelineError, match=message):
        adapted(data(age=["3.5", "4"]), **given)


def test_a_method_of_classes_refuses_the_rest():
    with pytest.raises(
        PipelineError, match="has several labels for each example.*learns one class"
    ):
        reading.adapted(data(["a|b", "c"], ids=[0, 1]), settings(), (target_kinds.CLASS,))


def test_objects_of_a_picture_are_its_labels_if_that_is_asked_for():
    part = Examples(["a"], {"image": ["a.jpg"], "objects/label": [[2, 0, 2]]}, ["a"], ("image",))
    boxes = Data("x", "coco", {"train": part}, {"objects/label": ["dog", "cat", "cow"]})
    made = adapted(boxes, answer="labels")
    assert made.labels == {"label": ["dog", "cat", "cow"]}
    assert made.splits["train"].columns == {"image": ["a.jpg"], "label": [[0, 2]]}
    assert "label" not in adapted(boxes).labels


def test_labels_and_numbers_in_memory():
    def where(i):
        return f"data[{i}]"

    assert labels.single([["a", "b"], "c"], where) == ["a|b", "c"]
    assert labels.single([1.5, 2], where) == ["1.5", "2.0"]
    assert labels.single([1.0, 2], where) == [1, 2]
    with pytest.raises(PipelineError, match="must be a name, a list of names or a number"):
        labels.single([[], "c"], where)


def test_a_method_of_classes_keeps_its_own_scores():
    for name in ("adaptation", "scratch"):
        method = catalog.method(name)
        assert method.for_target(method.Config()) is method
    several = catalog.method("scratch").for_target(settings({"answer": ["labels"]}))
    assert several.scores[0].name == "macro_f1"
    assert catalog.method("scratch").scores[0].name == "accuracy"


# Answers.


def test_answers_in_words():
    manifest = {"labels": ["a", "b"], "learned": {"numbers": ["age", "turn"], "angles": ["turn"]}}
    outputs = {"probabilities": np.array([[0.7, 0.4]]), "thresholds": np.array([[0.8, 0.3]])}
    answer = edge.named(outputs, manifest)
    assert answer == {"labels": ["b"], "probabilities": {"a": 0.7, "b": 0.4}}
    assert edge.line(answer) == edge.short(answer) == "b 0.40"
    assert edge.line({"labels": [], "probabilities": {}}) == "none"
    answer = edge.named({"value": np.array([[31.24, 0.0, -1.0]])}, manifest)
    assert answer["numbers"] == pytest.approx({"age": 31.24, "turn": 270.0})
    assert edge.line(answer) == "age 31.24, turn 270"
    assert edge.line({"numbers": {"age": 31.236}}) == "31.24"
    assert edge.line({"numbers": {"price": 231450.2}}) == "231450"
    one = {"label": "a", "probability": 0.7, "top": [["a", 0.7], ["b", 0.3]]}
    assert (edge.line(one), edge.short(one)) == ("a 0.70  (b 0.30)", "a 0.70")


# The whole way.


def write_pictures(folder):
    """96 grey pictures of 16 px, bright above or below or both, in a table with both forms."""
    chance = np.random.default_rng(0)
    lines = ["path,label,up,down,bright,turn"]
    (folder / "p").mkdir(parents=True)
    for i in range(96):
        up, down = bool(i % 2), bool(i // 2 % 2)
        picture = chance.integers(0, 60, (16, 16, 3))
        picture[:8] += 150 * up
        picture[8:] += 150 * down
        Image.fromarray(picture.astype(np.uint8)).save(folder / f"p/{i:02d}.png")
        named = "|".join(name for name, there in (("up", up), ("down", down)) if there) or "dark"
        turn = {(0, 0): 0, (1, 0): 90, (1, 1): 180, (0, 1): 270}[up, down]
        lines.append(f"p/{i:02d}.png,{named},{up:d},{down:d},{picture.mean():.2f},{turn}")
    (folder / "a.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def pictures():
    return once("labelled_pictures", write_pictures) / "a.csv"


SMALL = dict(
    method="scratch", backbone="compact_8", batch_size=8, epochs=6, learning_rate=1e-2,
    shift=0.0, zoom=0.0, rotate=0.0,
)  # fmt: skip


@pytest.fixture(scope="module")
def several(pictures):
    def make(folder):
        run = pipelines.train("classification", pictures, run=folder / "run", **SMALL)
        run.export(folder / "bundle", files=["float32"], max_drop=0.3)

    folder = once("several_labels", make)
    return pipelines.load(folder / "run"), pipelines.load(folder / "bundle")


def test_a_table_of_pictures_with_several_labels(several, pictures):
    run, bundle = several
    assert run.labels == ["dark", "down", "up"]
    result = run.evaluate("train")
    assert result["macro_f1"] > max(0.8, result["floor"])
    assert set(result["per_class"]) == {"dark", "down", "up"}
    picture = str(pictures.parent / "p/03.png")
    (here,), (there,) = run.predict([picture]), bundle.predict([picture])
    assert here["labels"] == there["labels"] == ["down", "up"]
    assert [score.name for score in bundle.method.scores][:2] == ["macro_f1", "micro_f1"]
    assert bundle.manifest["proof"]["score"] == "macro_f1"


@pytest.mark.slow
def test_the_page_names_several_labels_as_python_does(several, pictures):
    _, bundle = several
    files = [pictures.parent / f"p/0{i}.png" for i in range(4)]
    browser.agrees(bundle, files)


def test_numbers_and_angles_of_pictures(pictures, tmp_path):
    given = {**SMALL, "target": ("bright", "turn"), "angles": "turn", "epochs": 8}
    run = pipelines.train("classification", pictures, run=tmp_path / "run", **given)
    result = run.evaluate("train")
    assert result["rmse"] < result["floor"]
    assert set(result["per_class"]) == {"bright", "turn"}
    assert run.config.flip == "off"
    (answer,) = run.predict([str(pictures.parent / "p/03.png")])
    assert set(answer["numbers"]) == {"bright", "turn"}
    assert 0 <= answer["numbers"]["turn"] < 360


def test_texts_with_several_labels(tmp_path):
    lines = []
    for i in range(60):
        named = [name for j, name in enumerate(("cold", "wet")) if i >> j & 1] or ["dry"]
        text = f"today number {i} is {' and '.join(named)}"
        lines.append(json.dumps({"text": text, "labels": named}))
    file = tmp_path / "a.jsonl"
    file.write_text("\n".join(lines))
    given = dict(epochs=1, word_size=4, filters=2, batch_size=16)
    made = setup.set_up("text_classification/cnn", file, given)
    assert made.config.labels == ("cold", "dry", "wet")
    assert made.method.scores[0].name == "macro_f1"
    assert next(iter(made.source.train(0, None)))[1].shape == (16, 3)
    method, _ = catalog.task("text_classification").default(made.read, {})
    assert method in ("bert", "cnn")
