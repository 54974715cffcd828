"""Neural language models: what goes on from a state, carried states, the same text on every client."""

import html
import json
import subprocess
import sys

import browser
import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT, once

import pipelines
from pipelines import catalog, cli
from pipelines.edge import continuing, sampling, text_ids
from pipelines.engine.data.split import Split
from pipelines.engine.proof import evaluate
from pipelines.errors import PipelineError
from pipelines.formats.examples import Examples
from pipelines.models import language, transformer

METHODS = ("feedforward", "rnn", "lstm", "gru", "gpt")
BODIES = {
    "rnn": lambda: language.Recurrence("rnn", 3, depth=2),
    "lstm": lambda: language.Recurrence("lstm", 3),
    "gru": lambda: language.Recurrence("gru", 3, depth=2),
    "feedforward": lambda: language.LastItems(5, 4, 3),
    "gpt": lambda: transformer.Decoder(12, 4, 2, 2),
}
TINY = {
    "epochs": 2, "batch_size": 4, "length": 16, "overlap": 8, "hidden": 12, "width": 8, "depth": 1,
    "order": 3, "heads": 2, "dropout": 0.0,
}  # fmt: skip
VERSE = "the cat sat on the mat and the rat sat on the cat. "


def tiny(name, **more):
    """A method and its config, small, with the letters of VERSE."""
    method = catalog.method(f"language_model/{name}")
    known = {key: value for key, value in TINY.items() if hasattr(method.Config(), key)}
    config = method.Config().replace(**{**known, "steps_per_epoch": 2, **more})
    letters = sorted({ord(letter) for letter in VERSE})
    return method, config.having({"items": [str(code) for code in letters]})


@pytest.mark.parametrize("name", METHODS)
def test_going_on_from_a_state_is_reading_the_whole(name):
    keras.utils.set_random_seed(0)
    body = BODIES[name]()
    x = np.random.default_rng(0).normal(size=(1, 9, 4)).astype(np.float32)
    whole = np.asarray(body(x))
    state, found = np.zeros((1, body.size), np.float32), []
    for start, stop in ((0, 4), (4, 7), (7, 8), (8, 9)):
        part, state = body.run(x[:, start:stop], state)
        found.append(np.asarray(part))
    np.testing.assert_allclose(np.concatenate(found, 1), whole, atol=1e-5)
    assert np.abs(np.diff(whole, axis=1)).max() > 1e-3
    noise = np.full_like(state, 12)  # what is timed: a state that says that it is full
    assert np.isfinite(body.run(x[:, :2], noise)[0]).all()
    earlier = x.copy()
    earlier[:, 5:] += 1.0  # what comes later changes nothing before
    np.testing.assert_allclose(np.asarray(body(earlier))[:, :5], whole[:, :5], atol=1e-6)


def test_a_recurrent_net_by_hand():
    body = language.Recurrence("rnn", 1)
    body(np.zeros((1, 2, 1), np.float32))
    body.inner[0].set_weights([np.array([[2.0]]), np.array([[-1.0]]), np.array([0.5])])
    found = np.asarray(body(np.array([[[0.1], [0.3]]], np.float32)))[0, :, 0]
    first = np.tanh(0.2 + 0.5)
    np.testing.assert_allclose(found, [first, np.tanh(0.6 - first + 0.5)], rtol=1e-6)


def test_the_last_items_by_hand():
    body = language.LastItems(1, 1, 2)
    body(np.zeros((1, 3, 1), np.float32))
    body.hidden.set_weights([np.array([[[10.0]], [[1.0]]]), np.array([0.5])])
    found = np.asarray(body(np.array([[[0.1], [0.2], [0.3]]], np.float32)))[0, :, 0]
    np.testing.assert_allclose(found, np.tanh([0.1 + 0.5, 1 + 0.2 + 0.5, 2 + 0.3 + 0.5]), rtol=1e-6)


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_states_are_carried_from_batch_to_batch(cell):
    body = language.Recurrence(cell, 3, depth=2, rows=2)
    x = np.random.default_rng(0).normal(size=(2, 6, 4)).astype(np.float32)
    whole = np.asarray(body(x))
    first = np.asarray(body(x[:, :4], training=True))
    second = np.asarray(body(x[:, 4:], training=True))
    np.testing.assert_allclose(np.concatenate([first, second], 1), whole, atol=1e-6)
    np.testing.assert_allclose(np.asarray(body(x)), whole)  # of no use outside training


@pytest.mark.parametrize(("overlap", "steps"), [(0, 0), (8, 0), (40, 1)])
def test_batches_that_carry_follow_each_other_in_the_text(overlap, steps):
    method, config = tiny("gru", overlap=overlap, batch_size=2, steps_per_epoch=steps)
    text = (VERSE * 3)[: 7 * 16 - 1]  # seven windows, so the second row begins with the fifth
    split = Split(method.expand(Examples(["a"], {"text": [text]}, ["a"]), config), method, config)
    batches = [inputs["ids"] for inputs, _ in split.train(0).take(5).as_numpy_iterator()]
    known = text_ids.opened("characters", config.learned)
    whole = np.array([text_ids.END, *known.ids(text)])
    for row, start in ((0, 0), (1, 4)):
        read = np.concatenate([batch[row, :-1] for batch in batches])[: 3 * 16]
        assert read[0] == -1  # the row begins
        np.testing.assert_array_equal(read[1:], whole[start * 16 + 1 : (start + 3) * 16])
    assert [batch[1, 0] for batch in batches[2:4]] == [whole[6 * 16], -1]  # the text begins anew
    np.testing.assert_array_equal(batches[4], batches[0])  # the next round


def test_a_row_that_begins_forgets_the_state():
    method, config = tiny("lstm", batch_size=2)
    model = method.model(config)
    ids = np.random.default_rng(0).integers(2, 9, (2, 17)).astype(np.int32)
    ids[:, 0] = 0
    new = np.asarray(model({"ids": ids}, training=True)["log_likelihood"])
    ids[0, 0] = -1
    again = np.asarray(model({"ids": ids}, training=True)["log_likelihood"])
    np.testing.assert_allclose(again[0], new[0], atol=1e-6)
    assert np.abs(again[1] - new[1]).max() > 1e-4


def test_what_is_judged_is_the_text_and_its_end():
    method, config = tiny("lstm")
    examples = Examples(["a", "b"], {"text": ["the cat sat on the mat", "é"]}, ["a:1", "a:3"])
    split = Split(method.expand(examples, config), method, config)
    ids, sizes = [], 0
    for inputs, targets in split.batches(1).as_numpy_iterator():
        ids += targets["ids"][targets["ids"] >= 0].tolist()
        sizes += targets["bytes"].sum()
        assert (
            inputs["ids"][:, 1:][targets["ids"] >= 0] == targets["ids"][targets["ids"] >= 0]
        ).all()
    assert (ids[22], ids[23], ids[24]) == (0, 1, 0)  # the end, a letter that is unknown, the end
    assert (len(ids), sizes) == (25, 22 + 1 + 2 + 1)
    assert split.names == ["a", "a+16"]


@pytest.mark.parametrize("units", ["characters", "words", "bpe"])
def test_odd_texts_are_learned_and_judged(units):
    method, config = tiny("rnn", units=units)
    odd = ["", "a\x00b \x1b[31m", "half \ud800 of one", "x" * 5000, "naïve \U0001f642\u2028end"]
    examples = Examples(list("abcde"), {"text": odd}, list("abcde"))
    config = config.having(method.learn(examples, config))
    expanded = method.expand(examples, config)
    judged = np.concatenate(method._judged(expanded.columns, config))
    known = text_ids.opened(units, config.learned)
    wanted = [i for text in odd for i in (*known.ids(text), text_ids.END)]
    assert judged[judged >= 0].tolist() == wanted
    shown = "".join(known.pieces(wanted, is_first=True))
    assert "x" * 5000 in shown
    assert "\ud800" not in shown  # so that it can be printed
    unseen = known.ids("\u4e00 is new")
    assert (text_ids.UNKNOWN in unseen) == (units != "bpe")


@pytest.mark.parametrize(
    ("given", "largest"),
    [({"clip_norm": 0.01}, 0.01), ({"clip_norm": 0, "clip_value": 0.001}, None)],
)
def test_gradients_are_clipped_by_norm_or_by_value(given, largest):
    method, config = tiny("rnn", **given)
    rule = method.model(config).optimizer
    gradients = [np.array([3.0, -0.0005]), np.array([4.0])]
    clipped = [np.asarray(g) for g in rule._clip_gradients(gradients)]
    if largest:
        np.testing.assert_allclose(np.concatenate(clipped), [0.006, -1e-6, 0.008], rtol=1e-3)
    else:
        np.testing.assert_allclose(np.concatenate(clipped), [0.001, -0.0005, 0.001])
    with pytest.raises(PipelineError, match="exclude each other. Set clip_norm=0"):
        method.model(config.replace(clip_norm=1.0, clip_value=0.1))


@pytest.mark.parametrize("name", METHODS)
def test_the_likelihood_of_a_window_is_that_of_its_steps(name):
    method, config = tiny(name)
    model = method.model(config)
    run = evaluate.Programs(model, method, config)
    ids = np.random.default_rng(0).integers(2, 9, (1, 25)).astype(np.int32)
    score = run({"ids": ids}, "score")["log_likelihood"][0]
    trained = np.asarray(model({"ids": ids})["log_likelihood"])[0]
    np.testing.assert_allclose(score, trained, atol=1e-5)
    state = np.zeros((1, method.device(config)["state"]), np.float32)
    for i in range(24):
        found = run({"ids": ids[:, i : i + 1], "state": state}, "step")
        scores = sampling.log_probabilities(found["logits"][0])
        assert scores[ids[0, i + 1]] == pytest.approx(score[i], abs=1e-4)
        assert np.exp(scores).sum() == pytest.approx(1)
        state = found["state"]


@pytest.mark.parametrize("name", METHODS)
def test_the_perplexity_of_a_text_is_the_product_of_its_steps(name):
    method, config = tiny(name)
    run = evaluate.Programs(method.model(config), method, config)
    manifest = {"config": method.device(config), "learned": config.learned}
    answer, _ = catalog.edge("language_model").predict("the cat sat", run, manifest)
    known = text_ids.opened("characters", config.learned)
    total, last, state = 0.0, text_ids.END, np.zeros((1, manifest["config"]["state"]), np.float32)
    for i in known.ids("the cat sat"):
        found = run({"ids": np.array([[last]], np.int32), "state": state}, "step")
        total -= sampling.log_probabilities(found["logits"][0])[i]
        last, state = i, found["state"]
    assert answer["perplexity"] == pytest.approx(np.exp(total / 11), rel=1e-4)
    split = Split(
        method.expand(Examples(["a"], {"text": ["the cat sat"]}, ["a"]), config), method, config
    )
    ((inputs, targets),) = split.batches(1).as_numpy_iterator()  # as `evaluate` judges it
    own = run(inputs, "score")["log_likelihood"][targets["ids"] >= 0]
    assert -own[:11].sum() == pytest.approx(total, rel=1e-4)
    assert targets["bytes"].sum() == 12


@pytest.mark.parametrize("name", ["gru", "gpt"])
def test_a_program_that_makes_text_makes_what_its_steps_make(name):
    method, config = tiny(name, generate=9)
    chance, model = np.random.default_rng(0), method.model(config)
    for variable in model.trainable_variables:
        variable.assign(chance.normal(size=variable.shape))
    run = evaluate.Programs(model, method, config)
    state = np.zeros((1, model.get_layer("body").size), np.float32)
    given = {"ids": np.array([[5]], np.int32), "state": state}
    found = run(given, "generate")["ids"]
    wanted = []
    for _ in range(9):
        after = run(given, "step")
        logits = np.array(after["logits"][0])
        logits[text_ids.UNKNOWN] = -np.inf
        wanted.append(int(logits.argmax()))
        given = {"ids": np.array([wanted[-1:]], np.int32), "state": after["state"]}
    assert found.tolist() == [wanted]
    assert len(set(wanted)) > 1
    assert "generate" not in evaluate.Programs(model, method, config.replace(generate=0)).names


@pytest.mark.exhaustive
def test_a_program_that_makes_text_is_made_of_builtin_operators(tmp_path):
    method, config = tiny("gpt", generate=9)
    model = method.model(config)
    empty = {"ids": np.zeros((1, config.overlap + config.length + 1), np.int32)}
    program = method.programs(model, config, empty)["generate"]
    specs = {n: tf.TensorSpec(v.shape, v.dtype, name=n) for n, v in program.inputs.items()}
    made = tf.function(program.call, input_signature=[specs]).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([made], model)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    assert len(converter.convert()) > 1000


# The same text on every client.


def verses(folder):
    (folder / "data").mkdir()
    lines = [f"{VERSE}line {i} ends here" for i in range(40)]
    (folder / "data/train.txt").write_text("\n\n".join(lines))
    for split in ("valid", "test"):
        (folder / f"data/{split}.txt").write_text(f"{VERSE}the end of {split}")
    settings = {**TINY, "epochs": 40, "learning_rate": 0.01, "hidden": 24, "units": "bpe"}
    settings |= {"vocabulary": 280, "carry": False, "monitor": "", "keep": "last", "patience": 0}
    settings = {key: value for key, value in settings.items() if key not in ("order", "heads")}
    run = pipelines.train("language_model/gru", folder / "data", run=folder / "run", **settings)
    run.export(folder / "bundle", files=["float32", "dynamic"])


@pytest.fixture(scope="module")
def told():
    folder = once("verses", verses)
    return pipelines.load(folder / "run"), pipelines.load(folder / "bundle")


GREEDY = {"length": 200, "temperature": 0}


def test_the_same_greedy_text_in_keras_litert_predict_py_and_chromium(told):
    run, bundle = told
    texts = [owner.predict("the cat", **GREEDY)[0]["generated"] for owner in told]
    assert texts[0] == texts[1]
    assert len(set(texts[0].split())) > 3
    command = [
        sys.executable,
        "predict.py",
        "the cat",
        "--length",
        "200",
        "--temperature",
        "0",
        "--json",
    ]
    done = subprocess.run(command, cwd=bundle.path, capture_output=True, text=True, check=True)
    (answer,) = json.loads(done.stdout.splitlines()[-1])["predictions"]
    assert answer["generated"] == texts[0]
    drawn = {"length": 60, "temperature": 0.8, "top_k": 40, "top_p": 0.9, "seed": 1}
    asked = [("the cat", GREEDY), ("naïve \U0001f642", drawn)]
    shown = browser.told(bundle.path, asked)
    wanted = [bundle.predict(text, **given)[0]["generated"] for text, given in asked]
    assert [answer["generated"] for answer, _ in shown] == wanted
    assert all(parts == answer["generated"] for answer, parts in shown)


def test_the_page_shows_text_as_it_is_made_and_its_button_stops_it(told):
    bundle = told[1]
    found = browser.stopped(bundle.path, "the cat", {"length": 5000, "temperature": 0})
    whole = "the cat" + bundle.predict("the cat", length=400, temperature=0)[0]["generated"]
    assert len(found["last"]) < 5000
    for text in (found["early"], found["last"]):
        assert text[:400] == whole[: min(400, len(text))]


def test_every_file_in_a_browser_gives_what_litert_gives(told):
    browser.agrees(told[1], [VERSE[:11], VERSE])


def test_a_report_has_text_that_the_model_wrote(told):
    run, _ = told
    texts = run.evaluate()["texts"]
    assert list(texts) == ["80 items, seed 1", "80 items, seed 2"]
    drawn = {"length": 80, "temperature": 0.8, "top_k": 40, "seed": 2}
    assert run.predict("", **drawn)[0]["generated"] == texts["80 items, seed 2"]
    page = run.report().read_text()
    assert "What it writes" in page
    assert html.escape(texts["80 items, seed 2"].splitlines()[0]) in page


def test_text_is_shown_as_it_is_made_and_ends_before_a_stop(told, capsys):
    run, _ = told
    command = [
        "predict",
        str(run.path),
        "the cat",
        "--length",
        "50",
        "--temperature",
        "0",
        "--stop",
        "mat",
    ]
    assert cli.main([*command, "--json"]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    (answer,) = json.loads(last)["predictions"]
    assert "mat" not in answer["generated"]
    assert answer["generated"]
    assert "\n".join(lines).endswith(answer["generated"])


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--temperature", "-1", "--length", "9"], "temperature must be a number from 0.0 to 100.0; got -1"),
        (["--top-p", "2"], "top_p must be a number from 0.0 to 1.0; got 2"),
        ([], "is empty. Give some text, or make some"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_one_line(told, flags, message, capsys):
    assert cli.main(["predict", str(told[0].path), " ", *flags]) == 2
    assert message in capsys.readouterr().err


def test_a_task_without_options_refuses_them():
    with pytest.raises(
        PipelineError, match="predict of classification has no option 'length'. Leave"
    ):
        pipelines.load(ROOT / "saved_models/digits").predict("x.jpg", length=5)


@pytest.mark.parametrize(("length", "overlap"), [(16, 8), (4, 1), (1, 0)])
def test_a_prompt_may_be_longer_than_the_context(length, overlap):
    method, config = tiny("gpt", length=length, overlap=overlap)
    run = evaluate.Programs(method.model(config), method, config)
    manifest = {"config": method.device(config), "learned": config.learned}
    half = catalog.edge("language_model")
    for text in ("", VERSE * 2):
        answer, _ = half.predict(text, run, manifest, {"length": 40, "seed": 2})
        assert len(answer["generated"].replace("\n\n", "\n")) == 40
        assert (answer["perplexity"] is None) == (not text)
    assert {option.name for option in half.OPTIONS} >= {"length", "beam", "stop"}
    assert half.OPTIONS == continuing.OPTIONS
