"""Word vectors learned from text: windows, noise, trees, counted pairs, and what they are judged by."""

import itertools

import bare
import browser
import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import once

import pipelines
from pipelines import catalog
from pipelines.edge import word_vectors as edge
from pipelines.engine.data import split
from pipelines.engine.proof import evaluate
from pipelines.errors import PipelineError
from pipelines.formats import _word_vectors
from pipelines.formats.examples import Examples
from pipelines.metrics import noise_contrast, word_similarity
from pipelines.models import cooccurrence, glove, huffman, word_windows

SMALL = {"word_size": 4, "min_count": 1, "epochs": 2, "batch_size": 4}
TEXTS = (
    "the cat sat on the mat",
    "a dog sat on a rug",
    "the cat and the dog ran",
    "a mat is a rug",
)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# Windows.


def test_windows_stay_within_their_text_and_reach():
    texts = np.array([[1, 1, 1, 2, 2, 0]])
    reach = np.array([[2, 1, 1, 5, 5, 5]])
    near = keras.ops.convert_to_numpy(word_windows.neighbours(texts, reach))[0]
    wanted = {(0, 1), (0, 2), (1, 0), (1, 2), (2, 1), (3, 4), (4, 3)}
    assert set(zip(*np.nonzero(near), strict=True)) == wanted


def batch():
    """Inputs and targets of two rows, and a net with random tables."""
    chance = np.random.default_rng(0)
    net = word_windows.net(word_windows.WordWindows, 7, 3, 0, negatives=4)
    for layer in ("vectors", "contexts"):
        net.get_layer(layer).set_weights([chance.normal(size=(7, 3))])
    inputs = {"words": np.array([[2, 3, 4, 5], [6, 2, 0, 0]])}
    targets = {
        "texts": np.array([[1, 1, 1, 2], [1, 1, 0, 0]]),
        "reach": np.array([[1, 2, 1, 2], [2, 2, 2, 2]]),
        "noise": np.array([[5, 6, 2], [3, 3, 4]]),
    }
    return net, inputs, targets


def by_pairs(inputs, targets):
    """(row, place, neighbours' places) of all words that have some."""
    for row, (texts, reach) in enumerate(zip(targets["texts"], targets["reach"], strict=True)):
        for i, text in enumerate(texts):
            near = [
                j for j in range(len(texts))
                if j != i and text and texts[j] == text and abs(i - j) <= reach[i]
            ]  # fmt: skip
            if near:
                yield row, i, near


@pytest.mark.parametrize("is_bag", [False, True])
def test_negative_sampling_by_hand(is_bag):
    net, inputs, targets = batch()
    net.is_bag = is_bag
    own, other = (net.get_layer(name).get_weights()[0] for name in ("vectors", "contexts"))
    words, total, count = inputs["words"], 0.0, 0
    for row, i, near in by_pairs(inputs, targets):
        noise = other[targets["noise"][row]]
        pairs = [(own[words[row, i]], words[row, j]) for j in near]
        if is_bag:
            pairs = [(own[words[row, near]].mean(0), words[row, i])]
        for vector, word in pairs:
            wrong = -np.log(sigmoid(-noise @ vector)).mean() * 4
            total += wrong - np.log(sigmoid(other[word] @ vector))
            count += 1
    loss = net.compute_loss(inputs, targets, net(inputs))
    assert float(loss) == pytest.approx(total / count, rel=1e-5)


def test_a_tree_has_short_paths_to_frequent_words_and_shares_that_sum_to_one():
    counts = [10, 1, 1, 2, 4]
    nodes, turns = huffman.paths(counts)
    lengths = np.abs(turns).sum(1)
    # Huffman's own example in all but names: 1, 4, 4, 3, 2 turns.
    assert lengths.tolist() == [1, 4, 4, 3, 2]
    scores = np.random.default_rng(0).normal(size=len(counts))
    shares = np.prod(np.where(turns == 0, 1, sigmoid(turns * scores[nodes])), 1)
    assert shares.sum() == pytest.approx(1)
    assert huffman.paths([3])[1].tolist() == [[0.0]]


@pytest.mark.parametrize("is_bag", [False, True])
def test_hierarchical_softmax_is_minus_log_of_those_shares(is_bag):
    net, inputs, targets = batch()
    net.is_bag = is_bag
    net.paths, net.turns = huffman.paths([1, 1, 5, 4, 3, 2, 2])
    own, other = (net.get_layer(name).get_weights()[0] for name in ("vectors", "contexts"))
    words, losses = inputs["words"], []
    for row, i, near in by_pairs(inputs, targets):
        pairs = [(own[words[row, i]], words[row, j]) for j in near]
        if is_bag:
            pairs = [(own[words[row, near]].mean(0), words[row, i])]
        for vector, word in pairs:
            turns = net.turns[word]
            scores = other[net.paths[word]] @ vector
            losses.append(-np.log(sigmoid(turns * scores)[turns != 0]).sum())
    loss = net.compute_loss(inputs, targets, net(inputs))
    assert float(loss) == pytest.approx(np.mean(losses), rel=1e-5)


def config(name="skip_gram", **given):
    method = catalog.method(f"word_vectors/{name}")
    rows = {} if name == "glove" else {"max_length": 8}
    made = method.Config(**{**SMALL, **rows, **given})
    return method, made.having({"words": list("abcd"), "counts": ["100", "10", "10", "5"]})


def test_frequent_words_are_left_out_at_times_and_rows_move_together():
    method, made = config(subsample=0.1, window=3)
    ids = np.tile([2, 3, 2, 4, 5, 0, 0, 0], (4000, 1)).astype(np.int32)
    texts = np.where(ids, 1, 0).astype(np.int32)
    targets = {"texts": texts, "reach": texts, "noise": np.zeros((4000, 64), np.int32)}
    inputs, changed = method.augment({"words": ids}, targets, tf.constant([1, 2]), 0.0, made)
    kept = inputs["words"].numpy()
    ratio = 0.1 / (100 / 125)
    assert (kept == 2).mean(1).sum() * 8 / 8000 == pytest.approx(ratio**0.5 + ratio, abs=0.03)
    assert (kept == 5).sum() == 4000  # rare words stay
    assert not ((kept[:, :-1] == 0) & (kept[:, 1:] != 0)).any()
    np.testing.assert_array_equal(changed["texts"].numpy() > 0, kept > 0)
    assert set(np.unique(changed["reach"])) == {1, 2, 3}
    drawn = np.bincount(np.ravel(changed["noise"]), minlength=6) / changed["noise"].numpy().size
    weights = np.array([0, 0, 100, 10, 10, 5]) ** 0.75
    np.testing.assert_allclose(drawn, weights / weights.sum(), atol=0.01)


def test_the_score_of_a_tree_is_that_of_its_probabilities():
    method, made = config(output="hierarchical_softmax", negatives=3)
    chance = np.random.default_rng(0)
    own, table = chance.normal(size=(2, 3)), chance.normal(size=(6, 3))
    nodes, turns = method._tree(made)
    scores = np.einsum("td,vld->tvl", own, table[nodes])
    shares = np.prod(np.where(turns == 0, 1, sigmoid(turns * scores)), -1)
    np.testing.assert_allclose(shares.sum(1), 1)
    ids = np.array([5, 2, 2, 3])
    weights = np.array([0, 0, 100, 10, 10, 5]) ** 0.75
    wanted = np.log(shares[:, ids]) - np.log(3 * weights[ids] / weights.sum())
    np.testing.assert_allclose(method._score(table, made)(own, ids), wanted, rtol=1e-4)


def test_a_batch_of_frequent_words_alone_is_learned_from():
    net, inputs, targets = batch()
    targets["texts"] = np.zeros_like(targets["texts"])  # subsampling has left no word
    assert float(net.compute_loss(inputs, targets, net(inputs))) == 0.0


# Counted pairs.


@pytest.mark.parametrize("most", [10**6, 40])  # in memory, and by way of the disk
def test_pairs_are_counted_as_by_a_dictionary(most):
    chance = np.random.default_rng(0)
    rows = [(chance.integers(2, 9, 30), chance.integers(1, 4, 30).cumsum()) for _ in range(6)]
    wanted = {}
    for ids, texts in rows:
        for i, j in itertools.permutations(range(30), 2):
            if texts[i] == texts[j] and abs(i - j) <= 3:
                key = ids[i], ids[j]
                wanted[key] = wanted.get(key, 0) + 1 / abs(i - j)
    first, second, weight = cooccurrence.counted(rows, 9, 3, most)
    found = dict(zip(zip(first.tolist(), second.tolist(), strict=True), weight, strict=True))
    assert len(found) == len(first)
    assert found == pytest.approx(wanted)


def test_the_loss_of_glove_by_hand():
    net = glove.net(4, 2, 0, 10.0, 0.75)
    chance = np.random.default_rng(0)
    for layer in net.layers:
        layer.set_weights([chance.normal(size=w.shape) for w in layer.get_weights()])
    tables = {name: net.get_layer(name).get_weights()[0] for name in
              ("vectors", "contexts", "vector_biases", "context_biases")}  # fmt: skip
    inputs = {"words": np.array([[2, 3, 0]])}
    targets = {"near": np.array([[3, 2, 0]]), "count": np.array([[20.0, 2.5, 0.0]])}
    total, mass = 0.0, 0.0
    for i, j, count in ((2, 3, 20.0), (3, 2, 2.5)):
        score = tables["vectors"][i] @ tables["contexts"][j]
        score += tables["vector_biases"][i, 0] + tables["context_biases"][j, 0]
        weight = min(count / 10, 1) ** 0.75
        total, mass = total + weight * (score - np.log(count)) ** 2, mass + weight
    loss = net.compute_loss(inputs, targets, net(inputs))
    assert float(loss) == pytest.approx(total / mass, rel=1e-5)


# What vectors are judged by.


def test_the_loss_of_held_out_windows_is_that_of_training_if_the_noise_is_all_words():
    net, inputs, targets = batch()
    own, other = (net.get_layer(name).get_weights()[0] for name in ("vectors", "contexts"))
    noise = noise_contrast.Noise(np.ones(7), 4, lambda v, ids: v @ other[ids].T)
    targets |= {"noise": np.tile(noise.words, (2, 1)), "reach": np.ones((2, 4), int)}
    rows = list(zip(inputs["words"], targets["texts"], strict=True))
    for is_bag in (False, True):
        net.is_bag = is_bag
        found = noise_contrast.of_windows(rows, own, noise, 1, np.ones(7), is_bag)
        assert found == pytest.approx(float(net.compute_loss(inputs, targets, net(inputs))))


def test_pairs_cost_what_their_windows_would():
    vectors = np.random.default_rng(0).normal(size=(5, 3))
    noise = noise_contrast.Noise(np.ones(5), 2, lambda v, ids: v @ vectors[ids].T)
    rows = [(np.array([2, 3, 2]), np.array([1, 1, 1]))]
    wanted = noise_contrast.of_windows(rows, vectors, noise, 1, np.ones(5), False)
    pairs = np.array([[2, 3], [3, 2], [3, 2], [2, 3]])
    found = noise_contrast.of_pairs(*pairs.T, np.ones(4), vectors, noise)
    assert found == pytest.approx(wanted)


def test_scores_of_pairs_are_scaled_by_the_best_two_numbers():
    chance = np.random.default_rng(0)
    first, second = chance.integers(0, 5, (2, 40))
    weights, table = chance.uniform(0.5, 2, 40), chance.normal(size=(5, 3))
    usual, vectors = chance.normal(size=5), chance.normal(size=(5, 3))
    noise = noise_contrast.Noise(np.ones(5), 2, lambda v, ids: v @ table[ids].T)
    given = (first, second, weights, vectors, noise, usual)
    scale = noise_contrast.scale_of_pairs(*given)
    found = noise_contrast.of_scaled_pairs(*given, scale)
    assert noise_contrast.of_scaled_pairs(*given, (0.5, 1.0)) > found
    near = []
    for factor, shift in itertools.product(np.linspace(-2, 2, 41), np.linspace(-2, 2, 41)):

        def scaled(v, ids, factor=factor, shift=shift):
            return factor * (v @ table[ids].T) + shift + usual[ids]

        other = noise_contrast.Noise(np.ones(5), 2, scaled)
        near.append(noise_contrast.of_pairs(first, second, weights, vectors, other))
    assert found <= min(near)
    assert found == pytest.approx(min(near), abs=2e-3)


# The whole way.


@pytest.fixture(scope="module")
def finished():
    """A run and a bundle of skip-gram, judged by a file as well."""

    def make(folder):
        (folder / "data").mkdir()
        for i, part in enumerate(("train", "valid", "test")):
            text = "\n\n".join(f"{text} {n}." for n in range(3) for text in TEXTS[i:] + TEXTS[:i])
            (folder / f"data/{part}.txt").write_text(text)
        (folder / "pairs.tsv").write_text("cat\tdog\t9\nmat\trug\t8\ncat\tmoon\t1\n")
        own = {**SMALL, "max_length": 16, "similarity": str(folder / "pairs.tsv")}
        run = pipelines.train("skip_gram", folder / "data", run=folder / "run", **own)
        run.evaluate()
        run.export(folder / "bundle", max_drop=1.0)
        run.report()

    folder = once("word_vectors", make)
    return pipelines.load(folder / "run"), pipelines.load(folder / "bundle")


def test_a_bundle_answers_with_nearest_words_and_has_the_vectors(finished):
    run, bundle = finished
    answer, unknown = bundle.predict(["Cat unheard", "unheard"])
    (word,) = answer["words"]
    assert (word["word"], answer["unknown"]) == ("cat", ["unheard"])
    names, vectors = _word_vectors.read(bundle.path / "vectors.bin", (), 100)
    np.testing.assert_allclose(word["vector"], vectors[names.index("cat")], rtol=1e-4, atol=1e-6)
    cosines = word_similarity.unit(vectors) @ word_similarity.unit(vectors)[names.index("cat")]
    best = [names[i] for i in np.argsort(-cosines) if names[i] != "cat"]
    assert [near for near, _ in word["nearest"]][:3] == best[:3]
    assert unknown["error"] == "'unheard' has no vector here"
    assert set(bundle.files) >= {"float32", "float16", "dynamic"}
    assert "vectors.txt" in bundle.manifest["sha256"]
    assert bundle.verify()


@pytest.mark.slow
@pytest.mark.parametrize("client", [bare, browser])
def test_clients_find_the_same_words(finished, client):
    client.agrees(finished[1], ["Cat and a dog, unheard", "the mat 1"])


def test_a_run_tells_coverage_and_its_report_has_a_map(finished):
    run, _ = finished
    result = run.evaluate()
    assert result["similarity_coverage"] == pytest.approx(2 / 3)
    assert np.isfinite(result["floor"])
    page = (run.path / "report.html").read_text()
    assert "pca of" in page
    assert ">cat</text>" in page


def test_texts_too_short_for_min_count_are_told(tmp_path):
    with pytest.raises(PipelineError, match="min_count=5 leaves 0 words; the most frequent one is"):
        pipelines.train("cbow", {"text": list(TEXTS) * 1}, run=tmp_path / "run")


@pytest.mark.parametrize("name", ["skip_gram", "cbow", "glove"])
def test_odd_texts_are_learned_from_or_passed_over(name):
    method, made = config(name)
    texts = ["", " \n", "a\0b \ud800 c", "a c", "\U0001f600 " * 3]
    examples = Examples([str(i) for i in range(5)], {"text": texts}, ["t"] * 5)
    learned = method.learn(examples, made)
    assert {"a", "c", "\U0001f600"} <= set(learned["words"])
    assert not [word for word in learned["words"] if "\ud800" in word]
    made = made.having(learned)
    rows = method.expand(examples, made)
    assert len(rows)
    empty = method.expand(examples.take([0, 1]), made)
    assert len(empty) == 0
    alone = Examples(["x", "y"], {"text": ["a", "c unheard"]}, ["t"] * 2)
    rows = method.expand(alone, made)  # words without neighbours
    assert len(rows) == 0
    with pytest.raises(PipelineError, match="there is nothing to measure"):
        evaluate.score(None, split.Split(rows, method, made), method, made)


def test_a_loss_without_pairs_is_no_number():
    noise = noise_contrast.Noise(np.ones(3), 2, lambda v, ids: v @ np.ones((len(ids), 1)).T)
    rows = [(np.array([2, 0]), np.array([1, 0]))]
    assert np.isnan(noise_contrast.of_windows(rows, np.ones((3, 1)), noise, 2, np.ones(3), False))


def test_glove_is_scaled_by_pairs_of_training_and_judged_by_others():
    method, made = config("glove")
    train = Examples(["x"], {"text": ["a b a b c"]}, ["t"])
    learned = method.learn(train, made.replace(window=1))
    assert set(learned["pairs"]) == {"2 3", "3 2", "3 4", "4 3"}  # the ids of a b, b a, b c, c b
    # Of 3 + 3 + 1 + 1 times that a pair is near.
    assert learned["pairs"].count("2 3") / len(learned["pairs"]) == pytest.approx(3 / 8, abs=0.02)


def test_glove_of_texts_of_one_word_is_refused():
    method, made = config("glove", min_count=1)
    train = Examples(["x", "y"], {"text": ["cat", "dog"]}, ["t", "t"])
    with pytest.raises(PipelineError, match="no text of the training split has two words that get"):
        method.learn(train, made)


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "no word in it"), ("\0", "has no vector here"), ("\ud800", "is not UTF-8")],
)
def test_what_has_no_word_is_told(text, said):
    with pytest.raises(ValueError, match=said):
        edge.predict(text, None, {"learned": {"words": ["a"]}})


def test_a_line_of_an_answer():
    answer = {"words": [{"word": "a", "nearest": [["b", 0.5]], "vector": []}], "unknown": ["x"]}
    assert edge.line(answer) == "a: b 0.50; no vector: x"
