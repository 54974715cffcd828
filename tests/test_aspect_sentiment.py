"""Aspects found and judged: data, scores by hand, both device halves, and files that are proven."""

import json

import node
import numpy as np
import presets
import pytest
from conftest import once

import pipelines
from pipelines import catalog
from pipelines.edge import aspect_sentiment as edge
from pipelines.edge import given_aspects, litert
from pipelines.engine.export import convert, saved_model
from pipelines.errors import PipelineError
from pipelines.formats.examples import Data, Examples
from pipelines.metrics import aspects

found, given = catalog.method("aspect_sentiment/bilstm"), catalog.method("bert_given")
WORDS = {"good": "positive", "bad": "negative", "there": "neutral"}
THINGS = ("fan", "screen", "hard drive", "case")
PIECES = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "the",
    "fan",
    "is",
    "hard",
    "drive",
    "good",
    "##s",
    ",",
]


def data(*rows, names=("negative", "neutral", "positive", "conflict")):
    """(text, [(start, end, polarity)]) of the training split -> Data."""
    columns = {"text": [text for text, _ in rows]}
    for i, name in enumerate(("start", "end")):
        columns[f"aspects/{name}"] = [[one[i] for one in own] for _, own in rows]
    columns["aspects/polarity"] = [[names.index(one[2]) for one in own] for _, own in rows]
    examples = Examples(
        list(map(str, range(len(rows)))), columns, [f"a:{i + 1}" for i in range(len(rows))]
    )
    return Data("made", "aspect_jsonl", {"train": examples}, {"aspects/polarity": list(names)})


def tags(adapted):
    names = adapted.labels["tags"]
    return [[names[i] for i in row] for row in adapted.splits["train"].columns["tags"]]


BOTH = ("The hard drive and fan.", [(4, 14, "positive"), (19, 22, "conflict")])


def test_aspects_become_tags_whose_type_is_the_polarity():
    adapted = found.adapt(data(BOTH), found.Config())
    assert adapted.splits["train"].columns["tokens"] == [
        ["The", "hard", "drive", "and", "fan", "."]
    ]
    assert tags(adapted) == [["O", "B-positive", "I-positive", "O", "O", "O"]]
    assert [p.kind for p in adapted.problems] == ["conflict"]
    assert tags(found.adapt(adapted, found.Config())) == tags(adapted)


@pytest.mark.parametrize(
    ("rule", "labels"),
    [
        ("drop", ["positive"]),
        ("keep", ["positive", "conflict"]),
        ("neutral", ["neutral", "positive"]),
    ],
)
def test_conflict_is_what_is_set(rule, labels):
    adapted = given.adapt(data(BOTH), given.Config(conflict=rule))
    assert adapted.labels == {"label": labels}
    kept = found.adapt(data(BOTH), found.Config(conflict=rule))
    assert {tag[2:] for tag in tags(kept)[0] if tag != "O"} == set(labels)


def test_each_aspect_is_a_text_with_a_mark_of_its_own():
    nested = ("The [[fan]] case.", [(6, 9, "positive"), (6, 16, "negative")])
    adapted = given.adapt(data(nested), given.Config())
    part = adapted.splits["train"]
    assert part.columns["text"] == ["The (([[fan]])) case.", "The (([[fan)) case]]."]
    assert [adapted.labels["label"][i] for i in part.columns["label"]] == ["positive", "negative"]
    assert len(set(given.together(part, given.Config()))) == 1


def test_of_aspects_over_others_the_longest_is_learned_and_it_is_said():
    nested = ("The fan case hums.", [(4, 7, "positive"), (4, 12, "negative"), (13, 17, "neutral")])
    adapted = found.adapt(data(nested), found.Config())
    assert tags(adapted) == [["O", "B-negative", "I-negative", "B-neutral", "O"]]
    [warning] = adapted.problems
    assert (warning.kind, warning.where) == ("overlap", "a:1")


def test_an_aspect_beyond_its_text_is_an_error():
    [error] = found.adapt(data(("Hi.", [(1, 9, "neutral")])), found.Config()).problems
    assert (error.severity, error.kind, error.where) == ("error", "offsets", "a:1")


def test_scores_by_hand():
    """Three true aspects, three found: two at the right place, one of them of the right polarity."""
    labels = ["O", "B-negative", "I-negative", "B-positive", "I-positive"]
    metric = aspects.Aspects(labels)
    true = [[3, 0, 0, 1, 2, 0, 0], [3, 4, 0, 0, 0, 0, 0]]
    guessed = [[1, 0, 0, 1, 2, 0, 3], [0, 0, 0, 0, 0, 0, 0]]
    targets = {
        "gold": np.array(true),
        "sentence": np.array([0, 1]),
        "keep": np.array([[0, 7], [0, 7]]),
        "text": np.full((2, 7, 3), ord("a")),
    }
    metric.update_state(targets, {"tags": np.array(guessed)})
    result = metric.result()
    assert result["joint_f1"] == pytest.approx(1 / 3)
    for name in ("f1", "precision", "recall"):
        assert result[name] == pytest.approx(2 / 3)
    assert result["polarity_accuracy"] == 0.5
    assert (result["missed"], result["invented"], result["type_errors"]) == (1, 1, 1)


def test_places_of_nothing_are_no_division():
    assert set(aspects.of_places(np.zeros((3, 3), int)).values()) == {0.0}


def test_marks_are_taken_out_and_their_places_kept():
    plain, places = given_aspects.parted("the [[fan]] and [[hard drive]].")
    assert plain == "the fan and hard drive."
    assert [plain[a:b] for a, b in places] == ["fan", "hard drive"]
    for wrong in ("no mark", "half a [[mark", "an [[ ]] empty one", "[[a]] and b]]"):
        with pytest.raises(ValueError, match="the \\[\\[battery life\\]\\] is great"):
            given_aspects.parted(wrong)


def test_pieces_and_their_roles_by_hand():
    encoder = given_aspects.Pieces({"max_length": 12}, {"pieces": PIECES})
    made = encoder.inputs("The hard drive is good", 4, 14)
    assert made["pieces"].tolist() == [2, 4, 7, 8, 6, 9, 3, 7, 8, 3, 0, 0]
    assert made["roles"].tolist() == [0, 0, 2, 2, 0, 0, 0, 1, 1, 1, 0, 0]
    long = "good " * 9 + "fan" + " is" * 9
    made = encoder.inputs(long, 45, 48)  # of what is too long, what stands around the aspect
    assert made["pieces"].tolist() == [2, 9, 9, 9, 9, 5, 6, 6, 6, 3, 5, 3]
    assert made["roles"].tolist() == [0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 1]


def test_the_line_that_an_aspect_stands_in_is_read_in_training_too():
    config = given.Config(max_length=16).having({"pieces": PIECES})
    texts = ["good\nthe [[fan]] is\nhard", "the [[fan]] is", "[[\nfan]]"]
    examples = Examples(list("abc"), {"text": texts, "label": [0] * 3}, ["a:1"] * 3)
    first, second, _ = given.expand(examples, config).columns["pieces"]
    assert first.tolist() == second.tolist() == [2, 4, 5, 6, 3, 5, 3] + [0] * 9
    assert given_aspects.sentence("\nfan", 0, 4) == ("\nfan", 0, 4)


def test_terms_by_hand():
    assert given_aspects.around("One two fan is it.", 8, 11, 1) == [
        *("one", "two", "fan", "is", "it", "."),
        *("one two", "two fan", "fan is", "is it", "it ."),
        *("~two", "~is", "=fan"),
    ]  # fmt: skip


TEXTS = [
    "The hard drive is good, the [[fan]] is bad.",
    "[[Fans]]" + " the" * 30,
    "😀 é ﬁne [[hard\u00a0drive]] is Über good — 7 times",
    "good " * 20 + "[[the hard drive fan is]]",
]  # fmt: skip
SAME = """
import {encoder, parted} from "./given_aspects.js";
import {readFileSync} from "node:fs";
const {texts, manifests} = JSON.parse(readFileSync(0));
const made = manifests.map((manifest) => texts.map((text) => {
  const {plain, places: [[start, end]]} = parted(text);
  const inputs = encoder(manifest)(plain, start, end);
  return Object.fromEntries(Object.entries(inputs).map(([name, {data}]) => [name, [...data]]));
}));
console.log(JSON.stringify(made));
"""


def test_the_browser_takes_the_same_as_python():
    known = ["the", "fan", "is", "~is", "=fan", "good", "hard drive", "~the", "=hard", "über good"]
    manifests = [
        {"config": {"max_length": 16}, "learned": {"pieces": PIECES}},
        {"config": {"max_length": 16, "near": 2}, "learned": {"terms": known}},
    ]
    expected = []
    for manifest in manifests:
        encoder = given_aspects.encoder(manifest["config"], manifest["learned"])
        rows = []
        for text in TEXTS:
            plain, [place] = given_aspects.parted(text)
            inputs = encoder.inputs(plain, *place)
            rows.append({name: values.tolist() for name, values in inputs.items()})
        expected.append(rows)
    assert node.found(SAME, {"texts": TEXTS, "manifests": manifests}) == expected


WHOLE = """
import {readFileSync} from "node:fs";
globalThis.document = {createElement: () => ({append() {}})};
const {line, predict} = await import("./aspect_sentiment.js");
const {texts, manifests, outputs} = JSON.parse(readFileSync(0));
const made = [];
for (const [i, manifest] of manifests.entries()) {
  const typed = ([name, values]) => [name, {data: Float32Array.from(values)}];
  const run = async () => Object.fromEntries(Object.entries(outputs[i]).map(typed));
  const {answer} = await predict(texts[i], run, manifest);
  made.push([answer, line(answer)]);
}
console.log(JSON.stringify(made));
"""


def test_answers_in_the_browser_are_those_of_python():
    labels = ["O", "B-positive", "I-positive"]
    config = {"max_length": 8, "scheme": "bio", "word_length": 4}
    manifests = [
        {"config": config, "labels": labels, "learned": {"words": [], "shapes": [], "letters": []}},
        {
            "config": {"max_length": 8, "near": 2, "given": True},
            "labels": ["negative", "positive"],
            "learned": {"terms": ["good"]},
        },
    ]
    texts = ["\U0001f600 so hard drive", "\U0001f600 ok:\nthe [[hard\ndrive]] and [[fan]]"]
    tags = [0, 0, 1, 2, 0, 0, 0, 0]
    outputs = [{"tags": tags}, {"probabilities": [0.25, 0.75]}]
    told_of = {"texts": texts, "manifests": manifests, "outputs": outputs}
    made = node.found(WHOLE, told_of)
    arrays = [{"tags": np.array([tags])}, {"probabilities": np.array([[0.25, 0.75]])}]
    for i, (answer, told) in enumerate(made):
        expected, _ = edge.predict(texts[i], lambda inputs, i=i: arrays[i], manifests[i])
        assert answer == expected
        assert told == edge.line(expected)
    assert [one["start"] for one in made[1][0]["aspects"]] == [10, 25]


def lines(numbers):
    """JSON lines of sentences with two aspects each."""
    made = []
    for i in numbers:
        text, own = "", []
        for j, thing in enumerate((THINGS[i % 4], THINGS[(i + 1) % 4])):
            word = list(WORDS)[(i // 4 + j) % 3]
            text += f"{', ' if j else ''}number {i} {thing} is {word}"
            at = text.rindex(thing)
            own.append({"start": at, "end": at + len(thing), "polarity": WORDS[word]})
        made.append(json.dumps({"text": text, "aspects": own}))
    return "\n".join(made) + "\n"


@pytest.fixture(scope="module")
def made():
    """(Run, Bundle) of counted words, made once for all workers."""

    def make(folder):
        (folder / "data").mkdir()
        for split, numbers in (
            ("train", range(60)),
            ("dev", range(60, 72)),
            ("test", range(72, 96)),
        ):
            (folder / "data" / f"{split}.jsonl").write_text(lines(numbers))
        run = pipelines.train(
            "aspect_sentiment/counted_words", data=folder / "data", run=folder / "run"
        )
        run.evaluate()
        run.export(folder / "bundle")

    folder = once("aspect_sentiment", make)
    return pipelines.load(folder / "run"), pipelines.load(folder / "bundle")


def test_given_aspects_are_judged_by_proven_files(made):
    run, bundle = made
    result = run.evaluate("test")
    assert result["accuracy"] > 0.9 > result["floor"]
    manifest = json.loads((bundle.path / "manifest.json").read_text())
    assert {"float32", "dynamic", "int8"} <= manifest["files"].keys()
    text = "number 8 [[fan]] is bad,\nnumber 9 [[hard drive]] is good"
    [answer] = bundle.predict([text])
    assert answer["text"] == text.replace("[", "").replace("]", "")
    shown = [(one["text"], one["polarity"]) for one in answer["aspects"]]
    assert shown == [("fan", "negative"), ("hard drive", "positive")]
    for one in answer["aspects"]:
        assert answer["text"][one["start"] : one["end"]] == one["text"]
        assert sum(one["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert edge.line(answer) == "fan negative; hard drive positive"
    with pytest.raises(PipelineError, match="mark each aspect"):
        bundle.predict(["the fan is bad"])


def test_the_report_marks_an_aspect_in_its_colour(made):
    run, _ = made
    method, config = run.method, run.config
    texts = ["the [[fan]] is bad"]
    examples = Examples(["0"], {"text": texts, "label": [0]}, ["a:1"])
    columns = method.expand(examples, config).columns
    inputs = {name: columns[name][0] for name in ("terms", "counts")}
    target = np.eye(3)[config.labels.index("negative")]
    drawn = method.draw(inputs, {"probabilities": np.eye(3)[0]}, config, target)
    marks = [part for _, parts in drawn.rows for part in parts if part[1]]
    assert marks == [["fan", "negative", "kind1"]] * 2
    wrong = method.draw(
        inputs, {"probabilities": np.eye(3)[config.labels.index("positive")]}, config, target
    )
    assert ["fan", "positive ✗", "kind2"] in wrong.rows[1][1]


def test_an_aspect_is_found_with_its_place():
    tags = {"the": 0, "hard": 1, "drive": 2, "is": 0, "good": 0}

    def run(inputs):
        return {
            "tags": np.array(
                [[tags.get(names[i - 2], 0) if i > 1 else 0 for i in inputs["words"][0]]]
            )
        }

    names = list(tags)
    manifest = {
        "config": {"max_length": 8, "scheme": "bio", "word_length": 4},
        "labels": ["O", "B-positive", "I-positive"],
        "learned": {"words": names, "shapes": [], "letters": []},
    }
    answer, _ = edge.predict("well:\nthe hard drive is good", run, manifest)
    assert answer["aspects"] == [
        {"start": 10, "end": 20, "polarity": "positive", "text": "hard drive"}
    ]
    assert edge.line(answer) == "hard drive positive"
    assert edge.line({"aspects": []}) == "no aspect"


def test_a_bert_reads_the_aspect_and_its_text(tmp_path):
    """The pieces of the aspect change the answer; what stands behind the last piece does not. Its
    files answer like it."""
    config = given.Config(backbone=presets.text("fan"), labels=("negative", "positive"))
    config = config.replace(max_length=16)
    model = given.model(config)
    encoder = given_aspects.Pieces({"max_length": 16}, {"pieces": presets.WORDS})
    text = "the big cat, a dog"
    cat, dog = (
        {name: values[None] for name, values in encoder.inputs(text, *place).items()}
        for place in ((8, 11), (15, 18))
    )
    first, second = (np.asarray(model(one, training=False)) for one in (cat, dog))
    assert np.abs(first - second).max() > 1e-4
    shorter = {name: values[:, :14] for name, values in cat.items()}
    np.testing.assert_allclose(model(shorter, training=False), first, atol=1e-5)
    programs = given.programs(model, config, cat)
    saved_model.write(model, programs, tmp_path / "saved_model")
    kinds = ["float32", "dynamic"]
    shared = {name: program.inputs for name, program in programs.items()}
    files = convert.convert(tmp_path / "saved_model", tmp_path, kinds, shared)
    for inputs, logits in ((cat, first), (dog, second)):
        odds = np.exp(logits)
        for path in files.values():
            found = litert.Model(path)(inputs)["probabilities"]
            np.testing.assert_allclose(found, odds / odds.sum(), atol=0.02)
