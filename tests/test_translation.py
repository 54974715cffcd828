"""Translation: scores, nets, what files write, and the half in the browser."""

import itertools
import math

import keras
import node
import numpy as np
import pytest
import sacrebleu

from pipelines.edge import heat, text_ids, translation
from pipelines.metrics import bleu
from pipelines.models import attending_writing, recurrent_writing, writing
from pipelines.ops import ngram_overlap

MADE = (
    "the cat sat on the mat .", "It's 3,000.5 km - or 10-20 miles!", "", "a &amp; b <skipped> c",
    "Größe, Straße; \"so\" (he) said...", "the the the the",
)  # fmt: skip
TRUE = (
    "the cat is on the mat.", "It is 3,000.5 km, or 10-20 miles!", "nothing", "a & b c",
    "Größe, Straße: \"so\" (he) says...", "the cat",
)  # fmt: skip
WRITERS = {
    "encoder_decoder": lambda **given: recurrent_writing.RecurrentWriter("lstm", 6, "", **given),
    "luong": lambda **given: recurrent_writing.RecurrentWriter("gru", 6, "luong", **given),
    "bahdanau": lambda **given: recurrent_writing.RecurrentWriter("lstm", 6, "bahdanau", **given),
    "transformer": lambda **given: attending_writing.AttendingWriter(2, 2, **given),
}


def test_tokens_are_those_of_mteval():
    cut = sacrebleu.metrics.bleu.BLEU(tokenize="13a").tokenizer
    for text in (*MADE, *TRUE, "a.b,c 1.5,2 x-1 1-x &lt;b&gt; $5/6"):
        assert " ".join(ngram_overlap.tokens(text)) == cut(text)


@pytest.mark.parametrize("rows", [slice(0, 6), slice(0, 1), slice(2, 3), slice(5, 6), slice(1, 4)])
def test_bleu_and_chrf_are_those_of_sacrebleu(rows):
    made, true = list(MADE[rows]), list(TRUE[rows])
    assert ngram_overlap.bleu(made, true) == pytest.approx(
        sacrebleu.corpus_bleu(made, [true]).score, abs=1e-9
    )
    assert ngram_overlap.chrf(made, true) == pytest.approx(
        sacrebleu.corpus_chrf(made, [true]).score, abs=1e-9
    )


def test_bleu_by_hand():
    # Of four tokens three match, of three pairs two, of two triples one, of one quadruple none,
    # which the smoothing makes 1 / (2 * 1).
    wanted = 100 * (3 / 4 * 2 / 3 * 1 / 2 * 1 / 2) ** 0.25
    assert ngram_overlap.bleu(["a b c x"], ["a b c d"]) == pytest.approx(wanted)
    assert math.isnan(ngram_overlap.bleu([], []))


def test_the_metric_scores_texts_and_draws_a_curve():
    def text(ids):
        return " ".join(str(i) for i in ids if i)

    judge = bleu.Translated(text)
    reference = np.tile([[2, 3, 4, 5, 0]], (24, 1))
    made = reference.copy()
    made[12:, 3] = 9
    words = np.array([4] * 12 + [9] * 12)
    judge.update_state({"reference": reference, "words": words}, {"ids": made})
    found = judge.result()
    assert found["exact_match"] == 0.5
    curve = found["curves"]["BLEU by length"]
    assert curve["x"] == [3.0, 8.0]
    assert curve["y"][0] == pytest.approx(100)
    assert curve["y"][1] < found["bleu"] < 100


def small(name, **more):
    keras.utils.set_random_seed(1)
    given = {"size": 13, "width": 8, "longest": 6, "smoothing": 0.1, "name": "writer", **more}
    return writing.net(WRITERS[name](**given))


def a_batch():
    source = np.array([[3, 4, 5, 0, 0], [6, 7, 8, 9, 10]], np.int32)
    target = np.array([[2, 5, 0, -1], [4, 4, 9, 0]], np.int32)
    return {"source": source, "target": target}


@pytest.mark.parametrize("name", WRITERS)
def test_steps_say_what_teaching_says(name):
    net, given = small(name), a_batch()
    writer = net.get_layer("writer")
    found = net(given, training=False)
    read = writer.encode(given["source"])
    state, last = read["state"], np.zeros(2, np.int32)
    for at in range(4):
        features, state, attention = writer.follow(read, state, last)
        scores = keras.ops.log_softmax(writer.logits(features))
        last = np.maximum(given["target"][:, at], 0)
        own = np.asarray(scores)[[0, 1], last]
        np.testing.assert_allclose(own, np.asarray(found["log_likelihood"])[:, at], atol=2e-5)
        if name != "encoder_decoder":
            np.testing.assert_allclose(np.asarray(attention).sum(1), 1, atol=1e-5)
            np.testing.assert_allclose(np.asarray(attention)[0, 3:], 0, atol=1e-6)


@pytest.mark.parametrize("name", WRITERS)
def test_what_fills_a_source_changes_nothing_and_a_net_is_kept_whole(name, tmp_path):
    net, given = small(name), a_batch()
    wide = {**given, "source": np.pad(given["source"], ((0, 0), (0, 1)))}
    found, other = net(given, training=False), net(wide, training=False)
    for key in ("log_likelihood", "ids"):
        np.testing.assert_allclose(np.asarray(found[key]), np.asarray(other[key]), atol=2e-5)
    net.save(tmp_path / "net.keras")
    again = keras.saving.load_model(tmp_path / "net.keras")(given, training=False)
    np.testing.assert_allclose(again["log_likelihood"], found["log_likelihood"], atol=1e-6)


def test_the_loss_is_what_it_is_by_hand():
    net, given = small("luong"), a_batch()
    ids = given["target"]
    found = net(given, training=True)  # without dropout
    writer = net.get_layer("writer")
    loss = float(net.compute_loss(given, {"ids": ids}, found))
    read = writer.encode(given["source"])
    before = np.maximum(np.pad(ids[:, :-1], ((0, 0), (1, 0))), 0)
    scores = np.asarray(keras.ops.log_softmax(writer.logits(writer.teach(read, before))))
    wanted = []
    for row, at in zip(*np.nonzero(ids >= 0), strict=True):
        spread = np.full(13, 0.1 / 13)
        spread[ids[row, at]] += 0.9
        wanted.append(-(spread * scores[row, at]).sum())
    assert loss == pytest.approx(np.mean(wanted), rel=1e-4)


def chain(logits):
    """Programs of a made net: what follows depends on the number of items written."""

    def run(inputs, program):
        if program == "encode":
            return {"state": np.zeros((1, 1), np.float32)}
        at = int(inputs["state"][0, 0])
        own = logits[at, int(inputs["ids"][0, 0])]
        attention = np.full((1, 4), 0.25, np.float32)
        state = np.array([[at + 1]], np.float32)
        return {"logits": own[None], "state": state, "attention": attention}

    return run


def brute(logits, penalty):
    """The best translation of at most four items of all, its end counted."""
    best = (-np.inf, ())
    scores = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    for count in range(1, 5):
        for ids in itertools.product((0, 2, 3, 4), repeat=count):
            if 0 in ids[:-1] or ids[-1]:
                continue
            total = sum(scores[at, last, i] for at, (last, i) in
                        enumerate(zip((0, *ids), ids, strict=False)))  # fmt: skip
            best = max(best, (total / count**penalty, ids[:-1]))
    return list(best[1])


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_a_wide_beam_finds_the_best_of_all_and_a_beam_of_one_the_likeliest(penalty):
    logits = np.random.default_rng(3).normal(0, 1.5, (4, 5, 5)).astype(np.float32)
    logits[..., 1] = -50.0  # which must not come
    source = np.zeros((1, 4), np.int32)
    ids, _, weights = translation.written(chain(logits), source, 4, 64, penalty)
    assert ids == brute(logits, penalty)
    assert weights.shape == (len(ids), 4)
    greedy, last = [], 0
    for at in range(4):
        last = int(np.argmax(logits[at, last]))
        if not last:
            break
        greedy.append(last)
    assert translation.written(chain(logits), source, 4)[0] == greedy


LEARNED = {
    "pieces": [*(chr(c) for c in range(33, 127)), "Ġ", "ab"],
    "merges": ["a b"],
    "letters": list("abcdeä"),
}
CONFIG = {"length": 8, "source": "en", "target": "de", "looks": True}


def spelt(inputs, program):
    """Programs of a made net that copies its source, which is all of its state."""
    if program == "encode":
        return {"state": np.concatenate([[[0.0]], inputs["source"]], 1).astype(np.float32)}
    at, row = int(inputs["state"][0, 0]), inputs["state"][0, 1:]
    logits = np.zeros((1, 2 + len(LEARNED["pieces"])), np.float32)
    logits[0, int(row[at]) if at < len(row) else 0] = 9.0
    state = inputs["state"].copy()
    state[0, 0] += 1
    attention = np.eye(9, dtype=np.float32)[None, min(at, 7), :8]
    return {"logits": logits, "state": state, "attention": attention}


def test_a_text_is_translated_by_sentences_and_parts_of_long_ones():
    manifest = {"config": CONFIG, "learned": LEARNED}
    text = "ab cd. ba.\nabcd abcd abcd"
    answer, pictures = translation.predict(text, spelt, manifest, {"beam": 1})
    assert answer["translation"] == text
    assert [part["source"] for part in answer["sentences"]] == [
        "ab cd.",
        "ba.",
        "abcd abcd",  # seven items, with "ab" as one; a third word makes eleven
        "abcd",
    ]
    assert answer["unknown"] == 0
    assert "doubt" not in answer
    assert pictures["attention"].shape[2] == 3


def test_a_sentence_keeps_what_closes_it():
    model = translation.Model(spelt, CONFIG, LEARNED)
    assert list(translation.sentences("(ab.) cd!» a", model)) == ["(ab.)", "cd!»", "a"]


def test_a_language_never_seen_is_said():
    manifest = {"config": CONFIG, "learned": LEARNED}
    answer, _ = translation.predict("жук ab", spelt, manifest, {"beam": 1})
    assert answer["unknown"] == 0.6
    assert "60% of its letters were never in a en text" in translation.line(answer)


@pytest.mark.parametrize(
    ("text", "said"), [("  \n", "no text"), ("ab " * 100_000, "100,000 words")]
)
def test_no_text_and_too_much_are_refused(text, said):
    with pytest.raises(ValueError, match=said):
        translation.predict(text, spelt, {"config": CONFIG, "learned": LEARNED})


def test_heat_is_dark_by_weight():
    drawn = heat.drawn(np.array([[0.0, 1.0], [0.5, 0.0]]), ["aa", "b"], ["c", "d"])
    right, low = drawn.shape[1] - 6, drawn.shape[0] - 6
    cells = drawn[[low - 33, low - 33, low - 11], [right - 33, right - 2, right - 33]]
    assert (cells[0] > 250).all()
    assert cells[1].tolist() == [31, 82, 148]
    assert (cells[1] < cells[2]).all()


SCRIPT = """
import {predict} from "./translation.js";
import fs from "fs";
const [config, learned, texts, beam] = JSON.parse(fs.readFileSync(0, "utf8"));
const size = learned.pieces.length + 2;
async function run(inputs, program) {
  if (program === "encode") return {state: {data: Float32Array.from([0, ...inputs.source.data]), shape: [1, 9]}};
  const row = Float32Array.from(inputs.state.data);
  const logits = new Float32Array(size);
  logits[row[0] + 1 < row.length ? row[row[0] + 1] : 0] = 9;
  row[0] += 1;
  return {logits: {data: logits}, state: {data: row, shape: [1, 9]}, attention: {data: new Float32Array(8)}};
}
const answers = [];
for (const text of texts) answers.push((await predict(text, run, {config, learned}, {beam})).answer);
console.log(JSON.stringify(answers));
"""


@pytest.mark.parametrize("beam", [1, 3])
def test_the_browser_translates_as_python_does(beam):
    texts = ["ab cd. ba.\nabcd abcd abcd", "жук ab", "a", "(ab.) cd!» a"]
    config = {**CONFIG, "looks": False}
    found = node.found(SCRIPT, [config, LEARNED, texts, beam])
    manifest = {"config": config, "learned": LEARNED}
    for text, answer in zip(texts, found, strict=True):
        wanted, _ = translation.predict(text, spelt, manifest, {"beam": beam})
        for own in (*wanted["sentences"], *answer["sentences"]):
            own["score"] = round(own["score"], 4)
        assert answer == wanted


def test_ids_of_ends_and_of_what_is_unknown_are_the_texts_own():
    assert (writing.END, writing.UNKNOWN) == (text_ids.END, text_ids.UNKNOWN)


def as_file(writer):
    """The programs of a net, one example at a time, as a file has them."""

    def run(inputs, program):
        if program == "encode":
            found = writer.encode(inputs["source"])
        else:
            read = {name: own for name, own in inputs.items() if name not in ("ids", "state")}
            features, state, seen = writer.follow(read, inputs["state"], inputs["ids"][:, 0])
            found = {"logits": writer.logits(features), "state": state, "attention": seen}
        return {name: np.asarray(own) for name, own in found.items()}

    return run


@pytest.mark.parametrize("name", ["luong", "transformer"])
def test_programs_write_what_the_net_writes_by_itself(name):
    net, given = small(name, longest=4), a_batch()
    writer = net.get_layer("writer")
    writer.table.embeddings.assign(writer.table.embeddings * 40)  # so that no two ids are near
    writer.offsets.assign(-4.0 * np.eye(13)[0])  # and no end comes at once
    wanted = np.asarray(net(given, training=False)["ids"])
    assert wanted.any()
    for source, row in zip(given["source"], wanted, strict=True):
        ids, _, _ = translation.written(as_file(writer), source[None], writer.longest)
        assert ids == [i for i in row.tolist() if i]
