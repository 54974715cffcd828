"""Question answering: data and its places, windows, scores, the device half and its twin in JavaScript."""

import json
import types

import node
import numpy as np
import pytest

from pipelines import catalog
from pipelines.edge import passages, wordpiece
from pipelines.edge import question_answering as edge
from pipelines.errors import PipelineError
from pipelines.families import word_pieces
from pipelines.formats import questions
from pipelines.formats import squad as reader
from pipelines.formats.memory import reading
from pipelines.metrics import answers, squad
from pipelines.models import replaced, span
from pipelines.ops import spans
from pipelines.tasks.question_answering import _data, _offsets, _thresholds, _windows

VOCABULARY = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "who", "where", "ada", "ben", "lives", "in", "rome", "-",
    "##s", ".", "?",
]  # fmt: skip
SETTINGS = {"max_length": 12, "overlap": 0.5, "question_length": 4, "no_answer": False}
MANIFEST = {"config": SETTINGS, "learned": {"pieces": VOCABULARY}}
PASSAGE = "Ada lives in Rome. Ben lives in-Rome."


@pytest.mark.parametrize(
    ("given", "right", "exact", "f1"),
    [
        ("The Eiffel Tower!", ["eiffel tower"], 1, 1),
        ("in the year 1889", ["1889", "the year 1889"], 0, 2 * 1 * (2 / 3) / (1 + 2 / 3)),
        ("1888", ["1889"], 0, 0),
        ("a a dog dog", ["dog"], 0, 2 / 3),  # one of two words, articles left out
        ("", [], 1, 1),
        ("Paris", [], 0, 0),
        ("", ["Paris"], 0, 0),
        ("U.S.", ["us"], 1, 1),
    ],
)
def test_scores_are_those_of_squad_by_hand(given, right, exact, f1):
    assert squad.scores(given, right) == pytest.approx((exact, f1))


def test_normal_text_has_no_articles_signs_or_double_spaces():
    assert squad.normal("An  apple, THE pear\nand a  (ripe) thea.") == "apple pear and ripe thea"


def test_the_best_span_is_the_one_that_brute_force_finds():
    random = np.random.default_rng(0)
    for places, longest in ((1, 3), (9, 4), (12, 1), (5, 30)):
        start, end = random.normal(size=(2, 3, places)).astype(np.float32)
        first, last, score = map(np.asarray, spans.best(start, end, longest))
        for row in range(3):
            pairs = [(i, j) for i in range(places) for j in range(i, min(places, i + longest))]
            wanted = max(pairs, key=lambda pair: start[row, pair[0]] + end[row, pair[1]])
            assert (first[row], last[row]) == wanted
            assert score[row] == pytest.approx(start[row, wanted[0]] + end[row, wanted[1]])


TEXT = "Café 😀 Müller was born in Köln, and Müller died in Köln."
PLACE = TEXT.index("born")


@pytest.mark.parametrize(
    ("start", "unit"),
    [
        (PLACE, "characters"),
        (len(TEXT[:PLACE].encode()), "bytes"),
        (len(TEXT[:PLACE].encode("utf-16-le")) // 2, "UTF-16 units"),
        (0, "moved"),
        (-1, "searched"),
    ],
)
def test_an_offset_is_read_as_what_it_counts(start, unit):
    assert _offsets.found(TEXT, "born", start) == (PLACE, unit)


def test_what_is_not_clear_is_not_mended():
    assert _offsets.found(TEXT, "Köln", 1) == (None, "nothing")  # which of the two?
    assert _offsets.found(TEXT, "Bonn", 1) == (None, "nothing")
    assert _offsets.found(TEXT, " ", 4) == (None, "nothing")


def _adapted(rows):
    features = {"context": "text", "question": "text", "answers": "answers"}
    data = reading.read(rows, features, "question_answering")
    return _data.adapt(data, catalog.method("question_answering/bert").Config())


def test_problems_of_answers_are_told():
    rows = [
        {"context": TEXT, "question": "What?", "answers": {"text": ["born"], "answer_start": [19]}},
        {"context": TEXT, "question": "Where?", "answers": [{"text": "Köln", "answer_start": 3}]},
        {"context": TEXT, "question": "Where?", "answers": ["Bonn"]},
        {"context": " ", "question": "Where?", "answers": []},
        {"context": "Rome", "question": " ", "answers": ["Rome"]},
        {"context": "Ada was " + "very " * 40 + "old.", "question": "?", "answers": ["very " * 40]},
    ]
    data = _adapted({"train": rows[:3], "validation": rows[3:], "test": rows[:1]})
    found = {problem.kind: problem for problem in data.problems}
    assert set(found) >= {
        "answer-units", "answer-offset", "answer-missing", "empty-passage", "empty-question",
        "long-answer", "leak",
    }  # fmt: skip
    assert found["answer-offset"].where == "train[1]"
    assert "is not at 3, where there is 'é 😀 '; the passage has it 2 times" in (
        found["answer-offset"].message
    )
    assert "the passage does not have the answer 'Bonn'" in found["answer-missing"].message
    assert data.splits["train"].columns["answers"][0] == [["born", PLACE]]
    assert _data.adapt(data, None) is data  # twice changes nothing


def _squad(count):
    asked = {"question": "Who?", "id": "q", "answers": [{"text": "Ada", "answer_start": 0}]}
    none = {"question": "Why?", "id": "n", "is_impossible": True, "answers": [], "x": 1}

    def paragraph(i, j):
        qas = [{**asked, "id": f"q{i}{j}"}, {**none, "id": f"n{i}{j}"}]
        return {"context": f"Ada {i} {j}", "qas": qas}

    return {
        "version": "v2.0",
        "data": [
            {"title": f"T{i}", "paragraphs": [paragraph(i, j) for j in (0, 1)]}
            for i in range(count)
        ],
    }


def test_squad_json_is_read_and_whole_articles_go_to_one_split(tmp_path):
    (tmp_path / "squad.json").write_text(json.dumps(_squad(40)), "utf-8")
    assert [module.__name__.rpartition(".")[2] for module in catalog._fitting(tmp_path)] == [
        "squad"
    ]
    data = reader.read(tmp_path)
    articles = [set(part.columns["article"]) for part in data.splits.values()]
    assert len(articles) == 3
    assert sum(map(len, articles)) == len(set().union(*articles)) == 40
    assert sum(map(len, data.splits.values())) == 160
    by_name = dict(
        zip(data.splits["train"].names, data.splits["train"].columns["answers"], strict=True)
    )
    assert {bool(own) for name, own in by_name.items() if name[0] == "n"} == {False}


def test_what_squad_json_lacks_is_named_by_its_place(tmp_path):
    content = _squad(2)
    del content["data"][1]["paragraphs"][0]["context"]
    content["data"][0]["paragraphs"][1]["qas"][0]["answers"] = [
        {"text": "Ada", "answer_start": "x"}
    ]
    (tmp_path / "train.json").write_text(json.dumps(content), "utf-8")
    told = {problem.where: problem.message for problem in reader.read(tmp_path).problems}
    assert "answer_start must be a whole number" in told["train.json: data[0].paragraphs[1].qas[0]"]
    assert "no passage that holds" in told["train.json: data[1].paragraphs[0].qas[1]"]


def test_json_lines_take_a_passage_by_any_name(tmp_path):
    lines = [
        {"passage": "Ada is old.", "question": "Who?", "answers": ["Ada"]},
        {"context": "Ben is.", "question": "Who?", "answer": {"text": "Ben", "answer_start": 0}},
        {"question": "Who?", "answers": ["Ada"]},
        {"context": "Ben is.", "question": "Why?", "answers": []},
    ]
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    assert [module.__name__.rpartition(".")[2] for module in catalog._fitting(file)] == [
        "questions"
    ]
    data = questions.read(file)
    assert [problem.where for problem in data.problems] == ["questions.jsonl:3"]
    assert "no passage that holds the answer" in data.problems[0].message
    found = sorted(_answers(data))
    assert found == [[], [["Ada", -1]], [["Ben", 0]]]


def _answers(data):
    return [own for part in data.splits.values() for own in part.columns["answers"]]


def test_windows_overlap_and_their_pieces_know_their_characters():
    encoder = passages.Encoder(SETTINGS, MANIFEST["learned"])
    windows = encoder.windows("Who?", PASSAGE)
    # 11 pieces (Ada lives in Rome . Ben lives in - Rome .), room for 12 - 3 - 2 = 7, a step of 4.
    assert len(windows) == 2
    assert passages.starts(11, 7, 0.5) == [0, 4]
    assert windows[0].pieces.tolist() == [2, 4, 14, 3, 6, 8, 9, 10, 13, 7, 8, 3]
    assert windows[0].segments.tolist() == [0] * 4 + [1] * 7 + [0]
    last = np.flatnonzero(windows[1].segments)
    texts = [PASSAGE[windows[1].begins[i] : windows[1].ends[i]] for i in last]
    assert texts == [".", "Ben", "lives", "in", "-", "Rome", "."]
    assert _windows.place(windows[0], [["Rome", PASSAGE.index("Rome")]]) == (7, 7)
    assert _windows.place(windows[1], [["Ada", 0]]) == (0, 0)


def _pointing(inputs):
    """A model that finds ben: the last piece of that id, or else a poor span."""
    found = np.flatnonzero(inputs["pieces"][0] == VOCABULARY.index("ben"))
    place, score = (found[-1], 2.0) if len(found) else (4, -1.0)
    return {"start": [place], "end": [place], "score": [score]}


def test_the_best_window_answers_at_its_characters():
    text = f"{PASSAGE}\nWho lives in Rome?"
    answer, _ = edge.predict(text, _pointing, MANIFEST)
    (own,) = answer["answers"]
    assert (own["answer"], own["question"]) == ("Ben", "Who lives in Rome?")
    assert PASSAGE[own["start"] : own["end"]] == "Ben"
    assert edge.line(answer) == "Ben"
    both, _ = edge.predict(PASSAGE, _pointing, MANIFEST, {"question": ("Who?", "Where?")})
    assert edge.line(both) == "Who? Ben; Where? Ben"


def test_there_may_be_no_answer():
    manifest = {**MANIFEST, "config": {**SETTINGS, "no_answer": True}}
    answer, _ = edge.predict("Ada lives in Rome.\nWho?", _pointing, manifest)
    assert answer["answers"][0]["answer"] == ""
    assert edge.line(answer) == "no answer"


def test_a_question_alone_is_no_input():
    with pytest.raises(ValueError, match="no passage that holds the answer"):
        edge.predict("Who lives in Rome?", _pointing, MANIFEST)
    with pytest.raises(ValueError, match="there is no question"):
        edge.predict(" ", _pointing, MANIFEST)


def test_a_language_that_the_model_does_not_know_is_told():
    answer, _ = edge.predict("Ψάχνω έναν φίλο στην πόλη\nΠού;", _pointing, MANIFEST)
    assert answer["unknown"] == 1
    assert "100% of the passage is unknown to the model" in edge.line(answer)


def test_a_passage_of_100_000_words_is_read_to_its_end():
    manifest = {**MANIFEST, "config": {**SETTINGS, "max_length": 256}}
    passage = "Ada lives in Rome. " * 20_000 + "Ben lives."
    (own,) = edge.predict(f"{passage}\nWho?", _pointing, manifest)[0]["answers"]
    assert own["start"] == passage.index("Ben")
    with pytest.raises(ValueError, match="Split it"):
        edge.predict(f"{passage}\nWho?", _pointing, MANIFEST)


def test_right_answers_are_kept_whole_and_once():
    assert _windows.lines(["in  Rome", "Rome", "in Rome", "Oslo"], 12) == "in Rome\nRome"
    assert _windows.lines(["in Rome", "a long one", "Oslo"], 12) == "in Rome\nOslo"
    assert _windows.lines([], 12) == ""


def test_metrics_take_the_best_window_of_a_question():
    def row(number, start, score, right):
        targets = {
            "question": number, "begins": [0, 0, 4], "ends": [0, 3, 7],
            "text": _windows.codes("Ada Ben", 8), "answers": _windows.codes(right, 8),
        }  # fmt: skip
        return targets, {"start": start, "end": start, "score": score}

    rows = [
        row(0, 1, 1.0, "Ben"),
        row(0, 2, 3.0, "Ben"),
        row(1, 1, 2.0, "Ben"),
        row(2, 1, -1.0, ""),
    ]
    targets = {name: np.array([own[name] for own, _ in rows]) for name in rows[0][0]}
    decoded = {name: np.array([own[name] for _, own in rows]) for name in rows[0][1]}
    judge = answers.Answers()
    judge.update_state(targets, decoded)
    assert judge.result() == pytest.approx({"f1": 1 / 3, "exact_match": 1 / 3})
    judge = answers.Answers(no_answer=True)
    judge.update_state(targets, decoded)
    wanted = {"f1": 2 / 3, "exact_match": 2 / 3, "f1_answerable": 1 / 2, "none_found": 1.0}
    assert judge.result() == pytest.approx(wanted)


def test_the_threshold_is_the_one_with_the_best_f1():
    scores, gains = np.array([3.0, 1.0, 2.0, -4.0]), np.array([1.0, -1.0, 0.5, 0.2])
    assert _thresholds.best(scores, gains) == 1.5  # 1.5 in all, above 1.0 and below 2.0
    assert _thresholds.best(scores, np.ones(4)) == -5.0
    assert _thresholds.best(scores, -np.ones(4)) == 4.0


JS = """
import {encoder, starts} from "./passages.js";
import {parted, predict} from "./question_answering.js";
import {places} from "./wordpiece.js";
import fs from "node:fs";
const {manifest, cases, sizes} = JSON.parse(fs.readFileSync(0));
const made = cases.map(([question, passage]) =>
  encoder(manifest).windows(question, passage).map(({inputs}) => [[...inputs.pieces], [...inputs.segments]]));
console.log(JSON.stringify({
  made, starts: sizes.map((own) => starts(...own)), places: cases.map(([, passage]) => places(passage)),
  parted: parted(" a b\\n\\n who? \\n"),
}));
"""


def test_windows_in_javascript_are_those_of_python():
    cases = [
        ("Who?", PASSAGE),
        ("", "mid-1990s “Köln”\u00a0😀 東京 1,000"),
        ("Where in Rome?", "a" * 300),
    ]
    sizes = [(11, 7, 0.5), (5, 9, 0.5), (100, 9, 0.5), (100, 9, 0.9), (0, 4, 0.0)]
    found = node.found(JS, {"manifest": MANIFEST, "cases": cases, "sizes": sizes})
    encoder = passages.Encoder(SETTINGS, MANIFEST["learned"])
    for (question, passage), windows in zip(cases, found["made"], strict=True):
        own = [[w.pieces.tolist(), w.segments.tolist()] for w in encoder.windows(question, passage)]
        assert windows == own
    assert found["starts"] == [passages.starts(*own) for own in sizes]
    assert found["places"] == [list(map(list, wordpiece.places(text))) for _, text in cases]
    assert found["parted"] == ["a b", "who?"]
    assert edge.parted(" a b\n\n who? \n") == ("a b", ["who?"])


def test_the_bundled_answers_stand_where_they_say():
    data = catalog.load("villagers")
    assert {split: len(part) for split, part in data.splits.items()} == {
        "train": 1200, "validation": 200, "test": 300,
    }  # fmt: skip
    for part in data.splits.values():
        columns = (part.columns[n] for n in ("context", "answers/text", "answers/answer_start"))
        for context, (text,), (start,) in zip(*columns, strict=True):
            assert context.startswith(text, start)


def test_json_that_is_none_names_its_file(tmp_path):
    file = tmp_path / "train.json"
    file.write_text('{"data": [{"paragraphs": [', "utf-8")
    with pytest.raises(PipelineError, match=r"train\.json is no JSON"):
        reader.read(file)


def test_the_threshold_of_a_net_makes_poor_answers_none():
    """Three windows, each of one question: a sure right answer, a doubtful wrong one, and none."""
    method = catalog.method("question_answering/bert")
    config = method.Config(no_answer="on")
    layer = span.Threshold(name="threshold")
    layer.build((None, 3))
    model = types.SimpleNamespace(get_layer={"threshold": layer}.__getitem__)
    start = np.array([[0, 4, 0], [0, 2, 0], [0, 1, 0]], np.float32)
    raw = {"start": start, "end": start, "threshold": np.zeros(3, np.float32)}
    targets = {
        "question": np.arange(3), "begins": np.array([[0, 0, 4]] * 3),
        "ends": np.array([[0, 3, 7]] * 3), "text": np.array([_windows.codes("Ada Ben", 8)] * 3),
        "answers": np.array([_windows.codes(own, 8) for own in ("Ada", "", "")]),
    }  # fmt: skip
    assert method.calibrate(model, [(raw, targets)], config) == {"threshold": 6.0}
    answer = method.decode({**raw, "threshold": layer(start)}, config)
    assert np.asarray(answer["score"]).tolist() == [2.0, -2.0, -4.0]


def test_pieces_are_learned_with_those_that_stand_for_something_first():
    pieces = word_pieces.learned(["Ada lives.", "Ada is old."] * 3, 40)
    assert pieces[: word_pieces.FIRST] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert pieces[wordpiece.WordPiece(pieces)("Ada")[0]] == "ada"


def test_the_pretraining_judges_what_was_put_in_place():
    net = replaced.backbone(12, 16, 1, 8, 0.0)
    model = replaced.pretrainer(net, seed=0)
    pieces = np.array([[2, 5, 6, 7, 3, 0]])
    masked = np.array([[2, 4, 6, 4, 3, 0]])
    inputs = {"pieces": pieces, "segments": np.zeros_like(pieces), "masked": masked}
    put = np.asarray(model(inputs)["put"])
    assert (put[0, [0, 2, 4, 5]] == pieces[0, [0, 2, 4, 5]]).all()
    # Even odds everywhere cost log 2 a piece; of 12 pieces that are as likely a masked one, log 12.
    guessed, odds = (np.zeros(shape, np.float32) for shape in ((1, 6, 12), (1, 6)))
    even = {"guessed": guessed, "put": put, "odds": odds}
    loss = model.compute_loss(inputs, None, even)
    assert float(loss) == pytest.approx(np.log(12) + 50 * np.log(2), rel=1e-5)


def test_a_share_of_the_epochs_is_pretraining():
    method = catalog.method("electra")
    parts = {
        (epochs, share): [
            (phase.name, phase.config.epochs)
            for phase in method.phases(method.Config(epochs=epochs, pretraining=share))
        ]
        for epochs, share in ((10, 0.2), (1, 0.9), (4, 0.0))
    }
    assert parts == {
        (10, 0.2): [("replaced pieces", 2), ("answers", 8)],
        (1, 0.9): [("answers", 1)],
        (4, 0.0): [("answers", 4)],
    }
