"""Microcontrollers: what a model takes, on the real interpreter of TensorFlow Lite Micro and without it."""

import json
import shutil

import autoencoder
import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from pipelines import catalog, cli
from pipelines.edge import litert
from pipelines.engine.export import (
    convert,
    cutting,
    micro,
    micro_interpreter,
    saved_model,
    tflite_file,
)
from pipelines.task import Program, Score

needs_interpreter = pytest.mark.skipif(
    not micro_interpreter.installed(), reason="needs the package tflite-micro"
)
PICTURE = 16 * 16 * 3  # bytes of the tiny model's input


def test_what_is_held_at_once_by_hand():
    # The picture beside its copy in other numbers, in float32 that beside the scaled one; all after
    # is smaller.
    assert tflite_file.live(tiny.converted()["int8"])[0] == 2 * PICTURE
    held, names = tflite_file.live(tiny.converted()["float32"])
    assert held == 2 * 4 * PICTURE
    assert len(names) == 2


@needs_interpreter
@pytest.mark.parametrize("kind", ["float32", "int8"])
def test_the_interpreter_says_what_litert_says(kind):
    path, pictures = tiny.converted()[kind], tiny.pictures(25, seed=3)
    arena, outputs = micro_interpreter.run(path, {"image": pictures})
    # LiteRT's reference kernels; XNNPACK's round an int8 otherwise, by 2 in 100 at most on these.
    exact = Interpreter(str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    exact.allocate_tensors()
    run = exact.get_signature_runner("serving_default")
    wanted = np.concatenate([run(image=picture[None])["probabilities"] for picture in pictures])
    np.testing.assert_allclose(
        outputs["probabilities"], wanted, rtol=0, atol=1e-6 if kind == "float32" else 0
    )
    assert arena["total"] == arena["head"] + arena["tail"]
    estimate = tflite_file.live(path)[0]
    assert estimate <= arena["head"] < estimate + 2048  # it plans in the same memory
    fit = micro.check_file(path, None)
    assert (fit.fits, fit.arena_bytes, fit.measured) == (True, arena["total"], True)


@needs_interpreter
def test_a_file_that_does_not_run_says_why():
    fit = micro.check_file(tiny.converted()["dynamic"], None)
    assert not fit.fits
    assert "Hybrid models are not supported" in fit.reason


def test_without_the_interpreter_there_is_an_estimate(monkeypatch):
    monkeypatch.setattr(micro_interpreter, "installed", lambda: False)
    fit = micro.check_file(tiny.converted()["int8"], None)
    assert (fit.fits, fit.arena_bytes, fit.measured) == (True, 2 * PICTURE, False)
    assert (
        str(fit)
        == "TensorFlow Lite Micro: 6 KB of flash, 2 KB of RAM or more: an estimate, as tflite-micro"
        " is not installed"
    )


def test_an_op_that_a_microcontroller_lacks_is_named(monkeypatch):
    monkeypatch.setattr(micro, "OPS", micro.OPS.replace("SOFTMAX", ""))
    fit = micro.check_file(tiny.converted()["int8"], None)
    assert fit.foreign[0][0] == "SOFTMAX"
    assert fit.reason.startswith("SOFTMAX (layer ")
    assert "does not run in TensorFlow Lite Micro" in fit.reason


def test_an_untrained_model_fits_or_says_what_to_change():
    method = catalog.method("scratch")
    config = method.Config().replace(
        labels=("a", "b"), image_size=32, backbone="compact_8", steps_per_epoch=1
    )
    inputs = {"image": np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)}
    fit = micro.check(method.model(config), method, config, inputs, ram=4096, flash=4096)
    assert not fit.fits
    assert fit.flash_bytes > 4096
    assert "and flash 4 KB: take a smaller net; its tensors need" in fit.reason
    side = int(fit.reason.partition("image_size of about ")[2].partition(",")[0])
    assert 8 <= side < 32


def test_a_model_without_int_8_says_so():
    method = catalog.method("bilstm_crf")
    fit = micro.check(None, method, method.Config(), {})
    assert fit.reason.startswith("a microcontroller needs an int8 file, and this model has none: ")


@pytest.fixture
def two_programs(tmp_path):
    """A copy of an int8 file with the programs encode and decode."""
    return shutil.copy(autoencoder.converted()["int8"], tmp_path / "model_int8.tflite")


def test_a_program_is_cut_out_of_a_file(two_programs):
    files = cutting.cut(two_programs)
    assert {name: file.name for name, file in files.items()} == {
        "encode": "model_int8_encode.tflite",
        "decode": "model_int8_decode.tflite",
    }
    whole, sizes = litert.Model(two_programs), []
    given = {"encode": {"image": tiny.pictures(1)}, "decode": {"code": autoencoder.codes(1)}}
    for name, file in files.items():
        assert litert.Model(file).programs == {name: whole.programs[name]}
        wanted, got = whole(given[name], name), litert.Model(file)(given[name], name)
        np.testing.assert_equal(got, wanted)
        sizes.append(file.stat().st_size)
    size = two_programs.stat().st_size  # they share no weights
    assert size <= sum(sizes) < 1.2 * size
    assert max(sizes) < 0.8 * size
    assert cutting.cut(files["encode"]) == {"encode": files["encode"]}


def test_a_loop_is_cut_out_with_its_body(tmp_path):
    net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])

    def tripled(count):
        def call(given):
            steps, sums = tf.constant(0), tf.zeros_like(given["x"])
            _, sums = tf.while_loop(
                lambda i, s: i < count, lambda i, s: (i + 1, s + given["x"]), (steps, sums)
            )
            return {"y": sums}

        return call

    numbers = {"x": np.array([[1.0, 2.0]], np.float32)}
    made = {"a": Program(tripled(2), numbers), "b": Program(tripled(3), numbers)}
    saved_model.write(net, made, tmp_path / "saved_model")
    calibration = dict.fromkeys(made, numbers)
    path = convert.convert(tmp_path / "saved_model", tmp_path, ["float32"], calibration)["float32"]
    for (name, file), factor in zip(cutting.cut(path).items(), (2, 3), strict=True):
        assert tflite_file.operators(file)["WHILE"] == 1
        assert litert.Model(file)(numbers, name)["y"].tolist() == [[factor, 2.0 * factor]]


def test_a_file_with_two_programs_takes_both_files_in_flash_and_one_arena(two_programs):
    parts = micro.check_files(cutting.cut(two_programs), None, None, None)
    fit = micro.check_file(two_programs, None)
    assert fit.flash_bytes == sum(part.flash_bytes for part in parts.values())
    assert fit.arena_bytes == max(part.arena_bytes for part in parts.values())
    assert fit.fits
    low = min(part.arena_bytes for part in parts.values())
    tight = micro.check_file(two_programs, None, ram=low, flash=fit.flash_bytes)
    assert tight.reason.startswith("decode: its tensors need ")
    assert "encode: " not in tight.reason
    large = micro.check_file(two_programs, None, flash=fit.flash_bytes - 1)
    assert large.reason.startswith("decode: the files of all programs have ")
    assert "encode: the files of all programs have " in large.reason


class Twice:
    """A method whose answer is a picture's code, and the code of the picture made of it."""

    scores = (Score("distance", "lower", tolerance=0.1),)

    def answer(self, run, inputs, config):
        code = run(inputs, "encode")["code"]
        return {"code": code, "picture": run({"code": code}, "decode")["picture"]}

    def evaluate(self, answer, part, config):
        found = answer({"image": part})
        wanted = autoencoder.encode({"image": part})["code"]
        return {
            "distance": float(np.abs(found["code"] - wanted).mean()),
            "shape": found["picture"].shape,
        }


@needs_interpreter
def test_programs_are_proven_together_on_the_interpreter(two_programs):
    fit, part = micro.check_file(two_programs, None), tiny.pictures(5, seed=4)
    judged = (part, Twice(), None, {"distance": 0.0}, None)
    record = micro.prove({"passed": True}, fit, two_programs, *judged)
    assert record["passed"]
    assert 0 < record["micro"]["distance"] < 0.1
    assert record["micro"]["files"] == {
        "encode": {"path": "model_int8_encode.tflite"},
        "decode": {"path": "model_int8_decode.tflite"},
    }
    worse = micro.prove({"passed": True}, fit, two_programs, *judged[:-1], 1e-6)
    assert "distance went from 0.0000" in worse["reason"]


@pytest.mark.slow
def test_export_for_a_microcontroller(trained, tmp_path, capsys):
    command = [
        "export",
        str(trained.path),
        "--max-drop",
        "0.2",
        "--for",
        "micro",
        "--out",
        str(tmp_path / "bundle"),
    ]
    assert cli.main([*command, "--ram", "1KB"]) == 1
    assert "export failed: model_int8.tflite: its tensors need" in capsys.readouterr().err
    assert cli.main([*command, "--ram", "256KB", "--flash", "1MB", "--json"]) == 0
    out = capsys.readouterr().out
    assert "note: model_int8.tflite on TensorFlow Lite Micro: " in out
    (record,) = json.loads(out.splitlines()[-1])["files"].values()
    assert record["micro"]["arena_bytes"] < 256 * 1024
    if record["micro"]["measured"]:
        assert record["micro"]["accuracy"] >= record["metrics"]["accuracy"] - 0.2
    assert [path.name for path in (tmp_path / "bundle").glob("*.tflite")] == ["model_int8.tflite"]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--ram", "1KB"], "ram and flash are budgets of a microcontroller: add --for micro"),
        (["--for", "micro", "--files", "int8"], "leave files, quantizer and target_size out"),
        (["--for", "micro", "--flash", "much"], "flash must be a number of bytes"),
        (["--for", "moon"], "invalid choice: 'moon'"),
    ],
)
def test_flags_that_cannot_be(trained, tmp_path, capsys, flags, says):
    assert cli.main(["export", str(trained.path), "--out", str(tmp_path / "bundle"), *flags]) == 2
    assert says in capsys.readouterr().err
