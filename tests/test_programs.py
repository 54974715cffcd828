"""Files with several programs: the same weights under several names, in every kind of file."""

import shutil

import autoencoder
import browser
import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny

from pipelines.edge import latency
from pipelines.edge.litert import Model
from pipelines.engine.export import (
    convert,
    flatbuffer,
    metadata,
    quantizer,
    saved_model,
    tflite_file,
)
from pipelines.engine.proof import proof
from pipelines.task import IN_FLOAT, SERVE, Program

TOLERANCES = {"float32": 1e-5, "float16": 2e-3, "dynamic": 3e-2, "int8": 6e-2}


def keras_says(call, name, values):
    (output,) = call({name: values}).values()
    return keras.ops.convert_to_numpy(output)


@pytest.mark.parametrize(("kind", "tolerance"), TOLERANCES.items())
def test_each_program_gives_what_keras_gives(kind, tolerance):
    path = autoencoder.converted()[kind]
    assert path.name == convert.FILES[kind]
    run = proof.predictor(path.parent, kind, None)
    pictures, codes = tiny.pictures(10, seed=2), autoencoder.codes(10, seed=2)
    got = run({"image": pictures}, "encode")["code"]
    wanted = keras_says(autoencoder.encode, "image", pictures)
    assert np.ptp(wanted, axis=0).min() > 0.5  # else anything would do
    np.testing.assert_allclose(got, wanted, atol=tolerance)
    got = run({"code": codes}, "decode")["picture"]
    np.testing.assert_allclose(got, keras_says(autoencoder.decode, "code", codes), atol=tolerance)


def test_the_saved_model_has_the_same_programs():
    folder = autoencoder.converted()["float32"].parent
    run = proof.predictor(folder, "saved_model", None)
    codes = autoencoder.codes(3, seed=2)
    got = run({"code": codes}, "decode")["picture"]
    np.testing.assert_allclose(got, keras_says(autoencoder.decode, "code", codes), atol=1e-6)
    with pytest.raises(ValueError, match="the programs are .*; got sharpen"):
        run({"code": codes}, "sharpen")


def test_specs_of_each_program():
    model = Model(autoencoder.converted()["int8"])
    picture = {"shape": [1, 16, 16, 3], "dtype": "uint8"}
    code = {"shape": [1, autoencoder.CODE], "dtype": "float32"}
    restored = {"shape": [1, 16, 16, 3], "dtype": "float32"}
    assert model.programs == {
        "encode": {"inputs": {"image": picture}, "outputs": {"code": code}},
        "decode": {"inputs": {"code": code}, "outputs": {"picture": restored}},
    }
    assert Model(tiny.converted()["float32"]).programs.keys() == {SERVE}


def test_an_unknown_program_is_refused_with_those_there_are():
    model, codes = Model(autoencoder.converted()["float32"]), {"code": autoencoder.codes(1)}
    with pytest.raises(ValueError, match="the programs are decode, encode; got serving_default"):
        model(codes)
    with pytest.raises(ValueError, match="the inputs must be image; got code"):
        model(codes, "encode")


def test_programs_share_their_weights(tmp_path):
    """`restore` has the weights of both others: with them a file is hardly larger."""
    whole = {SERVE: Program(autoencoder.restore, {"image": tiny.pictures(8, seed=1)})}
    kinds = list(convert.FILES)
    if quantizer.installed():
        kinds += quantizer.FILES
    made = {}
    for name, chosen in (("one", whole), ("three", whole | autoencoder.programs())):
        (tmp_path / name).mkdir()
        saved, calibration = autoencoder.write(chosen, tmp_path / name)
        made[name] = convert.convert(saved, tmp_path / name, kinds, calibration)
    for kind in kinds:
        one, three = (made[name][kind].stat().st_size for name in ("one", "three"))
        assert three < 1.3 * one, kind
        codes = {"code": autoencoder.codes(1)}
        alone = Model(made["three"]["float32"])(codes, "decode")["picture"]
        got = Model(made["three"][kind])(codes, "decode")["picture"]
        np.testing.assert_allclose(got, alone, atol=0.1, err_msg=kind)


def with_a_free_axis(folder):
    """(net, its examples, {kind: path}) of a program `smooth` with a free axis and one, `total`, without."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, 3), name="track")
    net = keras.Model({"track": inputs}, keras.layers.Conv1D(2, 3, padding="same")(inputs))

    def smooth(given):
        return {"smoothed": net(given, training=False)}

    def total(given):
        return {"total": tf.reduce_sum(net(given, training=False), 1)}

    tracks = {"track": np.random.default_rng(0).normal(size=(32, 20, 3)).astype(np.float32)}
    made = {"smooth": Program(smooth, tracks, {"track": (1,)}), "total": Program(total, tracks)}
    saved_model.write(net, made, folder / "saved_model")
    track, smoothed = ({"shape": [1, -1, width], "dtype": "float32"} for width in (3, 2))
    assert saved_model.signature(made["smooth"]) == {
        "inputs": {"track": track},
        "outputs": {"smoothed": smoothed},
    }
    calibration = {"smooth": tracks, "total": tracks}
    files = convert.convert(folder / "saved_model", folder, list(convert.FILES), calibration)
    return net, tracks, files


def test_a_free_axis_takes_any_length(tmp_path):
    net, tracks, files = with_a_free_axis(tmp_path)
    for kind, path in files.items():
        model = Model(path)
        assert model.programs["smooth"]["inputs"]["track"]["shape"] == [1, -1, 3]
        assert model.programs["smooth"]["outputs"]["smoothed"]["shape"] == [1, -1, 2]
        for length in (20, 7, 50, 1):
            track = np.random.default_rng(length).normal(size=(1, length, 3)).astype(np.float32)
            got = model({"track": track}, "smooth")["smoothed"]
            tolerance = 10 * TOLERANCES[kind]
            np.testing.assert_allclose(got, net({"track": track}), atol=tolerance, err_msg=kind)
        fixed = model({"track": tracks["track"][:1]}, "total")["total"]
        assert fixed.shape == (1, 2)
        with pytest.raises(ValueError, match=r"track must have shape \[1, 20, 3\]; got \[1, 7, 3"):
            model({"track": tracks["track"][:1, :7]}, "total")
        with pytest.raises(ValueError, match=r"track must have shape \[1, -1, 3\]; got \[1, 20, 2"):
            model({"track": tracks["track"][:1, :, :2]}, "smooth")
    run = proof.predictor(tmp_path, "saved_model", None)
    longer = {"track": np.zeros((2, 33, 3), np.float32)}
    assert run(longer, "smooth")["smoothed"].shape == (2, 33, 2)
    track = {"track": tracks["track"][:1]}
    found = browser.programs(files["float32"], [("smooth", track), ("total", track)])["outputs"]
    assert found[0] == "track has an axis of any length, which LiteRT.js cannot run"
    wanted = Model(files["float32"])(track, "total")["total"]
    np.testing.assert_allclose([found[1]["total"]["data"]], wanted, atol=1e-5)


@pytest.mark.parametrize("kind", list(TOLERANCES))
def test_metadata_changes_no_program(kind, tmp_path):
    path = shutil.copy(autoencoder.converted()[kind], tmp_path / "model.tflite")
    given = {"encode": {"image": tiny.pictures(1)}, "decode": {"code": autoencoder.codes(1)}}
    before = {name: Model(path)(inputs, name) for name, inputs in given.items()}
    facts = {"name": "codes", "description": "To a code and back.", "license": ""}
    metadata.attach_metadata(path, **facts, labels=list("abcd"))
    assert metadata.read_metadata(path) == {**facts, "labels": list("abcd")}
    after = {name: Model(path)(inputs, name) for name, inputs in given.items()}
    np.testing.assert_equal(after, before)


def test_metadata_names_the_tensors_of_each_program(tmp_path):
    """Read by the code that Google's own schema compiler made, which comes with MediaPipe."""
    generated = pytest.importorskip("mediapipe.tasks.metadata.metadata_schema_py_generated")
    path = shutil.copy(autoencoder.converted()["float32"], tmp_path / "model.tflite")
    metadata.attach_metadata(path, name="codes", description="", labels=list("abcd"))
    model = flatbuffer.read(path)
    (entry,) = [entry for entry in model.metadata if entry.name == metadata.METADATA]
    data = model.buffers[entry.buffer].data.tobytes()
    read = generated.ModelMetadataT.InitFromObj(generated.ModelMetadata.GetRootAs(data, 0))
    found = {}
    for signature in model.signatureDefs:
        graph = read.subgraphMetadata[signature.subgraphIndex]
        (source,), (result,) = graph.inputTensorMetadata, graph.outputTensorMetadata
        files = [file.name for file in result.associatedFiles or ()]
        found[signature.signatureKey] = (source.name, result.name, files)
    assert found == {
        b"encode": (b"image", b"code", [b"labels.txt"]),  # four numbers for four labels
        b"decode": (b"code", b"picture", []),
    }


def test_a_loop_beside_programs(tmp_path):
    """The body of a loop is a graph without a signature, which metadata and the checks pass over."""

    def doubled(given):
        times = tf.constant(0)
        _, values = tf.while_loop(
            lambda i, x: i < 3, lambda i, x: (i + 1, x + x), (times, given["x"])
        )
        return {"y": values}

    def halved(given):
        return {"y": given["x"] / 2}

    net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    numbers = {"x": np.array([[1.0, 2.0]], np.float32)}
    made = {"double": Program(doubled, numbers), "halve": Program(halved, numbers)}
    saved_model.write(net, made, tmp_path / "saved_model")
    calibration = dict.fromkeys(made, numbers)
    path = convert.convert(tmp_path / "saved_model", tmp_path, ["float32"], calibration)["float32"]
    assert tflite_file.operators(path)["WHILE"] == 1
    tflite_file.refuse_foreign(path)
    metadata.attach_metadata(path, name="n", description="", labels=["a", "b"])
    model = Model(path)
    assert model(numbers, "double")["y"].tolist() == [[8.0, 16.0]]
    assert model(numbers, "halve")["y"].tolist() == [[0.5, 1.0]]


def test_what_decodes_in_float_is_kept_so_in_its_program_alone(tmp_path):
    """A number that 256 steps cannot hold beside a large one: exact to float32 in one, not in the other."""

    def both(scope):
        def answer(given):
            code = autoencoder.encode(given)["code"]
            with tf.name_scope(scope):
                return {"both": tf.concat([tf.exp(code), 1000 * tf.sigmoid(code)], -1)}

        return answer

    inputs = {"image": tiny.pictures(64, seed=1)}
    made = {
        "exact": Program(both(IN_FLOAT), inputs),
        "rough": Program(both("decode"), inputs),
    }
    saved, calibration = autoencoder.write(made, tmp_path)
    path = convert.convert(saved, tmp_path, ["int8"], calibration)["int8"]
    run = proof.runner(path)
    pictures = tiny.pictures(10, seed=2)
    wanted = keras_says(both("decode"), "image", pictures)[:, 0]
    exact, rough = (run({"image": pictures}, name)["both"][:, 0] for name in made)
    np.testing.assert_allclose(exact, wanted, rtol=0.1)
    assert np.abs(rough - wanted).max() > 0.5


def test_the_time_of_a_file_is_that_of_all_its_programs():
    class Clock:
        programs = {
            "a": {"inputs": {"x": {"shape": [1, 2], "dtype": "float32"}}},
            "b": {"inputs": {"x": {"shape": [1, -1], "dtype": "int32"}}},
        }
        seen = []

        def __call__(self, inputs, program):
            self.seen.append((program, inputs["x"].shape, inputs["x"].dtype.name))

    assert len(latency._times_ms(Clock(), 0)) == 1
    assert Clock.seen[:2] == [("a", (1, 2), "float32"), ("b", (1, latency.LENGTH), "int32")]
    assert len(Clock.seen) == 2 * (latency.WARM_UP + 1)


def test_a_browser_runs_each_program():
    path = autoencoder.converted()["float32"]
    model = Model(path)
    calls = [
        ("encode", {"image": tiny.pictures(1, seed=2)}),
        ("decode", {"code": autoencoder.codes(1, seed=2)}),
        ("encode", {"image": tiny.pictures(1, seed=3)}),
        ("sharpen", {}),
        ("decode", {"code": np.zeros((1, 3), np.float32)}),
    ]
    found = browser.programs(path, calls)
    assert sorted(found["programs"]) == ["decode", "encode"]
    *outputs, unknown, misshapen = found["outputs"]
    for (program, inputs), output in zip(calls[:3], outputs, strict=True):
        for name, wanted in model(inputs, program).items():
            got = np.reshape(output[name]["data"], output[name]["shape"])
            np.testing.assert_allclose(got, wanted, atol=1e-6)
    assert unknown == "the programs are decode, encode; got sharpen"
    assert misshapen == "code must have shape 1,4; got 1,3"
