"""Text classification without a BERT: counted terms, a CNN, recurrent nets."""

import json
import types

import browser
import keras
import numpy as np
import pytest
from conftest import once
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB

import pipelines
from pipelines import catalog
from pipelines.edge import terms
from pipelines.edge import text_classification as edge
from pipelines.engine.data import split
from pipelines.engine.proof import evaluate, whole
from pipelines.engine.training import setup
from pipelines.errors import PipelineError
from pipelines.formats.examples import Examples
from pipelines.models import counted_terms, text

TEXTS = (
    "good film good", "a good cast", "bad film", "a bad bad plot", "good plot", "bad cast film",
    "very good film", "not bad",
)  # fmt: skip
LABELS = np.array([1, 1, 0, 0, 1, 0, 1, 0])
NET = {"epochs": 3, "steps_per_epoch": 32, "batch_size": 8}  # a pass takes 8
NET |= {"learning_rate": 2e-2, "word_size": 6, "patience": 0}
SMALL = {
    "bag_of_words": {"max_length": 12},
    "cnn": {**NET, "filters": 4},
    "lstm": {**NET, "units": 4},  # a GRU is the same but for its cell
}


# Terms.


def test_terms_by_hand():
    assert terms.items("It's 12 o'clock", "words") == ["it", "'s", "00", "o", "'", "clock"]
    assert terms.runs(["a", "b", "a"], "words", 2) == ["a", "b", "a", "a b", "b a"]
    assert terms.items(" A\t\n b ", "characters") == [" ", "a", " ", "b", " "]
    assert terms.items(" \n", "characters") == []
    assert terms.runs(list(" a "), "characters", 3) == [" ", "a", " ", " a", "a ", " a "]
    assert terms.counted(["b", "a", "?", "b"], {"a": 7, "b": 2}) == {2: 2, 7: 1}


def test_inputs_are_cut_and_the_rest_is_said():
    config = {"max_length": 2, "units": "words", "order": 1}
    encoder = edge.encoder(config, {"terms": ["x", "y", "z"]})
    inputs, unread = encoder.inputs(encoder.items("z z q y x"))
    assert inputs["terms"].tolist() == [4, 3]
    assert inputs["counts"].tolist() == [2, 1]
    assert unread == pytest.approx(1 / 3)
    inputs, unread = edge.encoder({"max_length": 4}, {"words": ["x", "y"]}).inputs(["y", "q"])
    assert (inputs["words"].tolist(), unread) == ([3, 1, 0, 0], 0)


def test_a_long_text_is_read_in_windows_and_answers_by_their_mean():
    manifest = {
        "config": {"max_length": 4}, "learned": {"words": list("abcdefgh")}, "labels": ["x", "y"],
    }  # fmt: skip
    seen = []

    def run(inputs):
        (ids,) = inputs["words"]
        seen.append(ids.tolist())
        share = ids[0] / 10
        return {"probabilities": np.array([[share, 1 - share]], np.float32)}

    answer, _ = edge.predict("a b c d e f g", run, manifest)
    # Windows of 4 that share one; the first has 3 words alone, the second 4: of 7 in all.
    assert seen == [[2, 3, 4, 5], [5, 6, 7, 8]]
    wanted = 0.2 * 3 / 7 + 0.5 * 4 / 7
    assert dict(answer["top"])["x"] == pytest.approx(wanted)
    assert answer["unread"] == 0
    long, _ = edge.predict("a " * 2000, run, manifest)
    assert long["unread"] == pytest.approx(1 - 256 * 3 / 2000)


def test_training_and_evaluation_read_the_windows_of_a_long_text():
    method = catalog.method("text_classification/cnn")
    config = method.Config().replace(labels=("x", "y"), max_length=4)
    config = config.having({"words": list("abcdefgh")})
    columns = {"items": [list("abcdefg"), ["a"]], "label": [0, 1]}
    made = method.expand(Examples(["s", "t"], columns, ["f:1", "f:2"]), config)
    assert made.names == ["s", "s+1", "t"]
    assert made.where == ["f:1", "f:1", "f:2"]
    rows = [ids.tolist() for ids in made.columns["words"]]
    assert rows == [[2, 3, 4, 5], [5, 6, 7, 8], [2, 0, 0, 0]]
    assert made.columns["label"] == [0, 0, 1]
    part = split.Split(made, method, config.replace(batch_size=2))
    assert method.floor(part, config) == 0.5  # by texts, not by windows

    def answer(inputs):
        share = np.asarray(inputs["words"])[:, :1] / 10
        return {"probabilities": np.concatenate([share, 1 - share], 1).astype(np.float32)}

    judged = evaluate.score(answer, part, method, config)
    assert judged["accuracy"] == 0.5
    assert [row["support"] for row in judged["per_class"].values()] == [1, 1]
    seen = []
    recorder = types.SimpleNamespace(update_state=lambda *given: seen.append(given))
    judge = whole.Judge([recorder], part, method, config)
    for inputs, targets in part.batches().as_numpy_iterator():
        judge.update(targets, answer(inputs))
    judge.finish()
    ((targets, decoded),) = seen
    np.testing.assert_array_equal(targets, [[1, 0], [0, 1]])
    shares = [0.2 * 3 / 7 + 0.5 * 4 / 7, 0.2]
    np.testing.assert_allclose(decoded["probabilities"][:, 0], shares, rtol=1e-6)


# Counted terms.


def counted(texts, names):
    """(ids, counts) of texts, int (N, 8)."""
    encoder = edge.encoder({"max_length": 8, "units": "words", "order": 1}, {"terms": names})
    rows = [encoder.inputs(encoder.items(text))[0] for text in texts]
    return np.stack([row["terms"] for row in rows]), np.stack([row["counts"] for row in rows])


def probabilities(head, strength=1.0):
    """What a head says of each of TEXTS, (N, 2), and of one with a word it does not know."""
    names = sorted({word for text in TEXTS for word in text.split()})
    values = counted_terms.VALUES[head]
    layer = counted_terms.CountedTerms(2 + len(names), 2, values)
    given = counted([*TEXTS, "good unheard film"], names)
    layer(*given)
    train = (*counted(TEXTS, names), LABELS)
    assert "8 terms" in counted_terms.solve(layer, head, train, strength=strength)
    return keras.ops.convert_to_numpy(keras.ops.softmax(layer(*given)))


def test_naive_bayes_is_scikit_learns():
    own = CountVectorizer(token_pattern=r"\w+").fit(TEXTS)
    peer = MultinomialNB().fit(own.transform(TEXTS), LABELS)
    wanted = peer.predict_proba(own.transform([*TEXTS, "good unheard film"]))
    np.testing.assert_allclose(probabilities("naive_bayes"), wanted, rtol=1e-4)


def test_logistic_regression_is_scikit_learns_on_its_own_tfidf():
    own = TfidfVectorizer(token_pattern=r"\w+", sublinear_tf=True).fit(TEXTS)
    peer = LogisticRegression(C=3.0, tol=1e-6).fit(own.transform(TEXTS), LABELS)
    wanted = peer.predict_proba(own.transform([*TEXTS, "good unheard film"]))
    np.testing.assert_allclose(probabilities("logistic_regression", 3.0), wanted, atol=2e-3)


def test_ratios_of_naive_bayes_by_hand():
    x = counted_terms._matrix(np.array([[2, 3], [3, 0]]), np.array([[1, 1], [1, 0]]), 4)
    # With one added to each of 4 terms: of the first class 1 1 2 2 of 6, of the other 1 1 1 2 of 5.
    wanted = np.log([5 / 6, 5 / 6, 2 * 5 / 6, 5 / 6])
    np.testing.assert_allclose(counted_terms._log_odds(x, np.array([True, False])), wanted)


def test_a_small_validation_split_leaves_the_usual_regularisation():
    # The standard error of 0.8 on 100 examples is 0.04, on 10,000 it is 0.004.
    found = {0.1: 0.8, 0.3: 0.795, 1.0: 0.77, 10.0: 0.7}
    assert counted_terms._plainest(found, 100) == 1.0
    assert counted_terms._plainest(found, 10_000) == 0.1


@pytest.mark.parametrize("head", ["nb_logistic", "svm"])
def test_every_head_learns_what_can_be_learned(head):
    found = probabilities(head, 10.0)
    assert (found[:8].argmax(1) == LABELS).all()
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-5)


@pytest.mark.parametrize("head", list(counted_terms.VALUES))
def test_a_class_without_examples_is_never_found(head):
    layer = counted_terms.CountedTerms(4, 3, counted_terms.VALUES[head])
    ids = np.array([[2], [3], [2], [3]])
    layer(ids, np.ones_like(ids))
    labels = np.array([0, 2, 0, 2])
    counted_terms.solve(layer, head, (ids, np.ones_like(ids), labels))
    logits = keras.ops.convert_to_numpy(layer(ids, np.ones_like(ids)))
    assert logits.argmax(1).tolist() == [0, 2, 0, 2]
    with pytest.raises(PipelineError, match="needs examples of two classes"):
        counted_terms.solve(layer, head, (ids, ids, np.zeros(4, int)))


# Nets.


@pytest.mark.parametrize("name", ["cnn", "lstm", "gru"])
def test_what_stands_behind_the_last_word_changes_nothing(name):
    keras.utils.set_random_seed(0)
    words = keras.Input((None,), dtype="int32")
    x = text.embedded(words, 9, 4, None, True)
    if name == "cnn":
        x = text.convolved(x, words, (2, 3), 5)
    else:
        x = text.recurrent(x, words, name, 3, 2, lambda features, name: features)
    net = keras.Model(words, x)
    net.set_weights([w + 0.3 for w in net.get_weights()])  # biases that are not 0
    short = np.array([[3, 4, 5, 0], [8, 2, 0, 0]])
    found = net.predict(short, verbose=0)
    assert found.shape == (2, 10 if name == "cnn" else 6)
    long = net.predict(np.pad(short, [(0, 0), (0, 9)]), verbose=0)
    np.testing.assert_allclose(found, long, atol=1e-6)


def test_a_filter_answers_where_its_words_are():
    words = keras.Input((None,), dtype="int32")
    x = text.embedded(words, 4, 1, np.array([[0], [0], [1], [-2]], np.float32), False)
    net = keras.Model(words, text.convolved(x, words, (3,), 1))
    net.set_weights(
        [np.array([[0], [0], [1], [-2]]), np.array([[[1]], [[2]], [[4]]]), np.array([0.5])]
    )
    # Around each word: 0 1 1 -> 6, 1 1 -2 -> -5, 1 -2 0 -> -3, and 0.5 more; then the largest.
    assert net.predict(np.array([[2, 2, 3, 0, 0]]), verbose=0).item() == 6.5


# Methods.


@pytest.fixture(scope="module")
def data():
    return once("animals_in_texts", _write)


def _write(folder):
    folder.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(0)
    for part, count in (("train", 60), ("validation", 12), ("test", 12)):
        rows = []
        for i in range(count):
            animal = ("cat", "dog")[i % 2]
            others = list(chance.choice(["the", "a", "big", "Runs", "sleeps", "."], 4))
            others.insert(chance.integers(5), animal)
            rows.append({"text": " ".join([*others, str(part), str(i)]), "label": animal})
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{part}.jsonl").write_text(lines)


@pytest.mark.parametrize("name", SMALL)
def test_each_method_learns_and_its_files_answer_alike(name, data, tmp_path):
    own = SMALL[name]
    run = pipelines.train(f"text_classification/{name}", data, run=tmp_path / "run", **own)
    assert run.evaluate("test")["accuracy"] == 1.0
    kinds = ["float32", "dynamic"]
    bundle = run.export(tmp_path / "bundle", files=kinds, max_drop=0.1)
    texts = ["a big cat", "Dog? the runs " * 14]
    here = run.predict(texts)
    assert [answer["label"] for answer in here] == ["cat", "dog"]
    for answer, device in zip(here, bundle.predict(texts), strict=True):
        assert device["probability"] == pytest.approx(answer["probability"], abs=1e-4)
        assert device["unread"] == answer["unread"]
    with pytest.raises(PipelineError, match="there is no text in it"):
        run.predict([" "])


@pytest.mark.slow
@pytest.mark.parametrize(("name", "units"), [("bag_of_words", "characters"), ("cnn", "")])
def test_the_page_answers_as_python_does(name, units, data, tmp_path):
    own = {"units": units} if units else {"epochs": 1, "filters": 4}
    run = pipelines.train(f"text_classification/{name}", data, run=tmp_path / "run", **own)
    bundle = run.export(tmp_path / "bundle", files=["float32"])
    browser.agrees(
        bundle, ["The big CAT\u00a0sleeps, 12\u2009times.", "ein Hund: " + "Ω the " * 40]
    )


def test_the_default_is_counted_words_if_no_bert_is_installed(data, monkeypatch):
    from pipelines.models import sources

    task = catalog.task("text_classification")
    monkeypatch.setattr(sources.Source, "installed", lambda self: None)
    name, why = task.default(catalog.load(data), {})
    assert (name, "pip install" in why) == ("bag_of_words", True)


def test_different_terms_are_counted_for_what_is_too_long():
    method = catalog.method("text_classification/bag_of_words")
    columns = {"items": [["a", "b"] * 5, ["a", "b", "c"]]}
    examples = Examples(["x", "y"], columns, ["f:1", "f:2"])
    # a, b, a b, b a; and a, b, c, a b, b c.
    assert not list(method._long(examples, method.Config(max_length=5)))
    (problem,) = method._long(examples, method.Config(max_length=4))
    assert problem.where == "f:2"
    assert (
        "1 text has more than 4 terms, as the one here with 5. What is beyond is not read."
        in problem.message
    )


def test_heads_follow_from_the_number_of_classes(data):
    made = setup.set_up("bag_of_words", catalog.load(data), {})
    assert (made.config.head, made.config.order) == ("nb_logistic", 2)
    made = setup.set_up("bag_of_words", catalog.load(data), {"units": "characters"})
    assert made.config.order == 4
