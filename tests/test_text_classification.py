import json
import subprocess
import sys

import bare
import browser
import keras
import numpy as np
import pytest
from test_mediapipe import classified

import pipelines
from pipelines import catalog
from pipelines.edge import text_classification as edge
from pipelines.edge import wordpiece
from pipelines.errors import PipelineError
from pipelines.families import fine_tuning
from pipelines.models import bert, pretrained

method = catalog.method("text_classification/bert")

VOCABULARY = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "cat",
    "dog",
    "the",
    "a",
    "runs",
    "sleep",
    "##s",
    ".",
    "big",
]


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    """A saved BERT small enough to be exported within a test."""
    import keras_hub

    folder = tmp_path_factory.mktemp("preset") / "tiny"
    keras.utils.set_random_seed(0)
    net = keras_hub.models.BertBackbone(
        vocabulary_size=len(VOCABULARY), num_layers=2, num_heads=2, hidden_dim=16, intermediate_dim=16,
        max_sequence_length=32,
    )  # fmt: skip
    net.save_to_preset(str(folder))
    keras_hub.models.BertTokenizer(vocabulary=VOCABULARY, lowercase=True).save_to_preset(
        str(folder)
    )
    return f"hub:{folder}"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Which animal it is, said in many ways: train, validation, test."""
    folder = tmp_path_factory.mktemp("texts")
    for split, count in (("train", 48), ("val", 12), ("test", 12)):
        chance = np.random.default_rng(count)
        rows = []
        for i in range(count):
            animal = ("cat", "dog")[i % 2]
            others = [
                str(chance.choice(["the", "a", "big", "runs", "sleeps", "."])) for _ in range(3)
            ]
            place = chance.integers(len(others))
            rows.append(
                {
                    "text": " ".join([*others[:place], animal, *others[place:], f"{split}{i}"]),
                    "label": animal,
                }
            )
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def config(preset, **settings):
    return method.Config().replace(
        backbone=preset, labels=("cat", "dog"), steps_per_epoch=1, max_length=16, **settings
    )


# Word pieces.


def test_pieces_of_a_text_by_hand():
    words = wordpiece.WordPiece(VOCABULARY)
    assert words.text("The CAT\nsleeps.") == [7, 5, 10, 11, 12]
    assert words.text("\u200b ") == []
    assert words.text("a zebra") == [8, 1]
    assert (
        wordpiece.joined([VOCABULARY[i] for i in words.text("The CAT\nsleeps.")])
        == "the cat sleeps ."
    )


def test_pieces_lie_between_a_start_and_an_end():
    assert edge.encoded([5, 6], 6, (2, 3)).tolist() == [2, 5, 6, 3, 0, 0]
    assert edge.encoded([5, 6, 7, 8], 5, (2, 3)).tolist() == [2, 5, 6, 7, 3]


def test_the_mean_is_over_pieces_that_are_there():
    features = np.array([[[3.0, 4.0], [3.0, 4.0], [99.0, 99.0]]])
    found = keras.ops.convert_to_numpy(bert.Mean()(features, np.array([[2, 3, 0]])))
    # (3, 4) has the length 5, and the mean is given the length sqrt(2).
    np.testing.assert_allclose(found, [[3 / 5 * 2**0.5, 4 / 5 * 2**0.5]], rtol=1e-6)


def test_the_vector_of_a_sentence_is_that_of_sentence_transformers():
    # Cosines of "a cat sits on the mat" to the two others, by sentence-transformers 6.2, as in
    # test_pretrained.py.
    sentences = [
        "a cat sits on the mat",
        "a kitten lies on the rug",
        "the bank raised interest rates",
    ]
    words = wordpiece.WordPiece(pretrained.minilm_vocabulary())
    rows = np.stack([edge.encoded(words.text(s), 16, (words.start, words.end)) for s in sentences])
    pieces = keras.Input((None,), dtype="int32")
    net = keras.Model(
        pieces, bert.Mean()(bert.sequence(pretrained.text_backbone("minilm"), pieces), pieces)
    )
    vectors = net.predict(rows, verbose=0) / 384**0.5
    assert vectors @ vectors[0] == pytest.approx([1, 0.553835, -0.021818], abs=5e-4)


# The method.


def test_texts_become_pieces_once(preset, data):
    made = config(preset)
    once = method.adapt(catalog.load(data), made)
    assert set(once.splits["train"].columns) == {"text", "label", "items"}
    again = method.adapt(once, made)
    assert again.splits["train"].columns == once.splits["train"].columns
    assert again.problems == once.problems
    assert not [p for p in once.problems if p.kind == "long"]
    short = method.adapt(catalog.load(data), config(preset).replace(max_length=6))
    (problem,) = [p for p in short.problems if p.kind == "long" and p.where.startswith("test")]
    assert problem.message.startswith("12 texts have more than 4 word pieces")


def test_what_will_not_do_is_one_line(preset, data, tmp_path):
    with pytest.raises(
        PipelineError, match="unknown backbone 'minlm' of text. Did you mean 'minilm'"
    ):
        method.adapt(catalog.load(data), config("minlm"))
    with pytest.raises(PipelineError, match="'nowhere' cannot be had here as a BERT"):
        pretrained.text_backbone("hub:nowhere")
    with pytest.raises(
        PipelineError, match="has no 'text or sentence' with a label; it has .*image"
    ):
        method.adapt(catalog.load("digits"), config(preset))
    with pytest.raises(PipelineError, match="has no 'title' with a label"):
        method.adapt(catalog.load(data), config(preset, text="title"))
    facts = type("A", (), {"longest": {"items": 600}, "class_counts": {}})
    with pytest.raises(
        PipelineError, match="max_length must be from 3 to 512 word pieces; got 600"
    ):
        method.resolve(config(preset).replace(max_length=600), facts)
    assert method.resolve(config(preset).replace(max_length=0), facts).max_length == 128


def test_what_a_bert_never_trains_is_said(preset):
    made = config(preset, unfreeze=["all"], phase_epochs=[1])
    model = method.model(made)
    (phase,) = method.phases(made)
    rows = {line.split()[0]: line.split()[1:3] for line in phase.begin(model).splitlines()[3:]}
    net = fine_tuning.trunk(model)
    assert not net.get_layer("token_embedding").trainable_variables
    # Positions (32), segments (2) and a norm (2), of 16 features each, without the table of 13
    # pieces.
    assert rows["stem"] == ["800", "576"]
    assert rows["top"][1] == "0"
    assert net.get_layer("transformer_layer_1").trainable_variables


def test_files_that_a_head_cannot_have(preset):
    assert set(method.unsupported(config(preset))) == {"int8"}
    assert set(method.unsupported(config(preset, head="svm"))) == {"int8", "dynamic"}


def test_batches_are_cut_to_their_longest_text(preset):
    pieces = np.zeros((2, 64), np.int32)
    pieces[0, :20] = 5
    inputs, _ = method.augment({"pieces": pieces}, np.eye(2), None, 0.0, config(preset))
    assert inputs["pieces"].shape == (2, 32)


@pytest.mark.slow
def test_from_training_to_the_device(preset, data, tmp_path):
    phases = dict(unfreeze="none,all", phase_epochs="2,40", phase_rates="0.01,0.003", batch_size=8)
    run = pipelines.train(
        "text_classification", data=data, run=tmp_path / "run", backbone=preset, **phases
    )
    assert run.config.max_length == 16  # of 6 pieces at most, with a start and an end
    result = run.evaluate("test")
    assert result["accuracy"] >= 0.9
    assert {"macro_f1", "matrices", "per_class"} <= set(result)
    report = run.report().read_text(encoding="utf-8")
    assert "<small>read</small>" in report
    bundle = run.export(tmp_path / "bundle", files=["float32", "dynamic"], max_drop=0.3)
    assert (bundle.path / "learned/pieces.txt").read_text().splitlines() == VOCABULARY
    assert bundle.verify()["passed"]
    (tmp_path / "long.txt").write_text("a dog runs. the big " * 20)
    inputs = ["The big cat sleeps.", str(tmp_path / "long.txt")]
    code = "import runpy, sys; sys.modules.update(tensorflow=None, keras=None); del sys.argv[0]; "
    code += (
        "sys.path.insert(0, sys.argv[0].rpartition('/')[0]); runpy.run_path(sys.argv[0],"
        " run_name='__main__')"
    )
    words = [sys.executable, "-c", code, str(bundle.path / "predict.py"), *inputs, "--json"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    device = json.loads(done.stdout.splitlines()[-1])["predictions"]
    here = run.predict(inputs)
    assert (
        [answer["label"] for answer in device]
        == [answer["label"] for answer in here]
        == ["cat", "dog"]
    )
    assert device[0]["probability"] == pytest.approx(here[0]["probability"], abs=1e-3)
    assert device[0]["unread"] == 0
    assert device[1]["unread"] == 0  # it is read in windows
    assert device[1]["probability"] == pytest.approx(here[1]["probability"], abs=1e-3)
    with pytest.raises(PipelineError, match="there is no text in it"):
        run.predict([" "])
    assert bundle.manifest["extra"]["mediapipe"]["max_difference"] < 1e-5
    # MediaPipe reads the beginning of a text that is longer; we read it in windows.
    texts = ["The big CAT, a\t cat!", "dog-dog zebra", "a dog runs. the big"]
    for answer, found in zip(
        run.predict(texts), classified(bundle.path / "model_mediapipe.tflite", *texts), strict=True
    ):
        assert found == pytest.approx(dict(answer["top"]), abs=1e-4)
    for client in (bare, browser):
        client.agrees(bundle, ["The big cat sleeps.", "a dog runs. the big " * 20])
