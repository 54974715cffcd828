"""Code for phones: a function for each program, which a compiler takes."""

import shutil
import subprocess

import pytest

from pipelines.engine.export import card, snippets

PICTURE = {"image": {"shape": [1, 8, 8, 3], "dtype": "uint8"}}
CODE = {"code": {"shape": [1, 4], "dtype": "float32"}, "count": {"shape": [1], "dtype": "int32"}}
TRACK = {"track": {"shape": [1, -1, 3], "dtype": "float32"}}
SERVE = {"inputs": PICTURE, "outputs": CODE}
ONE = {**SERVE, "labels": list("abcd"), "config": {"fit": "stretch"}}
BOXED = {**ONE, "config": {"fit": "letterbox"}}
TILED = {**ONE, "config": {"fit": "tile"}}
SEVERAL = {
    **ONE,
    "programs": {
        "serving_default": SERVE,
        "to_code": SERVE,
        "decode": {"inputs": CODE, "outputs": PICTURE},
        "smooth": {"inputs": TRACK, "outputs": TRACK},
    },
}
BITMAP = """
package android.graphics
class Bitmap(val width: Int, val height: Int) {
    enum class Config { ARGB_8888 }
    fun eraseColor(colour: Int) {}
    fun getPixels(p: IntArray, offset: Int, stride: Int, x: Int, y: Int, w: Int, h: Int) {}
    companion object {
        fun createBitmap(w: Int, h: Int, config: Config) = Bitmap(w, h)
        fun createScaledBitmap(b: Bitmap, w: Int, h: Int, smooth: Boolean) = Bitmap(w, h)
    }
}
class Paint
class Canvas(bitmap: Bitmap) {
    fun drawBitmap(b: Bitmap, left: Float, top: Float, paint: Paint?) {}
}
object Color { fun rgb(r: Int, g: Int, b: Int): Int = 0 }
"""
INTERPRETER = """
package org.tensorflow.lite
class Interpreter(f: java.io.File) : AutoCloseable {
    fun runSignature(i: Map<String, Any>, o: Map<String, Any>, s: String) {}
    override fun close() {}
}
"""


def test_each_program_has_its_function_in_kotlin():
    code = snippets.kotlin(SEVERAL)
    for line in (
        "fun run(image: ByteBuffer): Answer {",
        "fun to_code(image: ByteBuffer): ToCodeAnswer {",
        "fun decode(code: FloatBuffer, count: IntBuffer): DecodeAnswer {",
        "val image: ByteBuffer = ByteBuffer.allocate(192)",
        'run(mapOf<String, Any>("code" to code, "count" to count), outputs, "decode")',
        "// smooth has axes of any length",
    ):
        assert line in code
    assert snippets.kotlin(ONE) in snippets.kotlin({**ONE, "programs": {"serving_default": SERVE}})


def test_each_program_has_its_function_in_swift():
    code = snippets.swift(SEVERAL)
    for line in (
        'for program in ["serving_default", "to_code", "decode"] {',
        "func run(image: Data) throws -> Answer {",
        "func decode(code: Data, count: Data) throws -> DecodeAnswer {",
        'try runner.copy(code, toInputNamed: "code")',
        "// smooth has axes of any length",
    ):
        assert line in code


def test_the_card_lists_each_program():
    text = card._signatures(SEVERAL)
    for line in (
        "Signature `decode`",
        "- `image`: uint8 (1, 8, 8, 3)",
        "- `track`: float32 (1, -1",
    ):
        assert line in text
    assert "Signature `serving_default`, the same in every file.\n\n- `image`" in card._signatures(
        ONE
    )


def test_the_card_names_the_files_for_microcontrollers():
    files = {name: {"path": f"model_int8_{name}.tflite"} for name in ("encode", "decode")}
    one = {"path": "model_int8.tflite", "micro": {"says": "Micro: 6 KB"}}
    two = {**one, "micro": {**one["micro"], "files": files}}
    assert card._micro({"files": {"int8": one}}) == "`model_int8.tflite` on Micro: 6 KB.\n\n"
    assert card._micro({"files": {"int8": two}}) == (
        "`model_int8.tflite` on Micro: 6 KB. `model_int8_encode.tflite` is encode alone."
        " `model_int8_decode.tflite` is decode alone.\n\n"
    )


def test_a_picture_becomes_an_input_as_the_model_was_trained():
    for made, name in (
        (snippets.kotlin, "bitmap: Bitmap"),
        (snippets.swift, "frame: CVPixelBuffer"),
    ):
        whole, boxed, tiled = map(made, (ONE, BOXED, TILED))
        assert name in whole
        assert name in boxed
        assert name not in tiled
        assert "114" in boxed  # the grey of the bars
        assert "8 x 8, between grey bars" in boxed


def test_scores_are_joined_with_labels():
    assert "fun named(answer: Answer): List<Pair<String, Float>> =" in snippets.kotlin(ONE)
    assert "zip(labels, answer.code)" in snippets.swift(ONE)
    for made in (snippets.kotlin, snippets.swift):
        assert "Labels with" not in made({**ONE, "labels": ["a", "b"]})


@pytest.mark.slow
def test_the_code_for_android_compiles(tmp_path):
    compiler = shutil.which("kotlinc") or pytest.skip("needs kotlinc")
    (tmp_path / "Interpreter.kt").write_text(INTERPRETER)
    (tmp_path / "Bitmap.kt").write_text(BITMAP)
    names = []
    for name, manifest in (("one", ONE), ("boxed", BOXED), ("tiled", TILED), ("several", SEVERAL)):
        names.append(f"{name}.kt")
        code = f"package {name}\n{snippets.kotlin(manifest)}"
        (tmp_path / names[-1]).write_text(code)
    command = [compiler, "Interpreter.kt", "Bitmap.kt", *names, "-d", "out", "-nowarn"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
