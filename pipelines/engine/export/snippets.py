"""Code for phones, ready to paste: exactly the programs of one bundle, in Kotlin and in Swift."""

import math
from collections.abc import Mapping

from pipelines.engine.export import phone_pictures
from pipelines.task import SERVE

KOTLIN = {"uint8": "ByteBuffer", "int32": "IntBuffer", "float32": "FloatBuffer"}
KOTLIN_PICTURES = """\
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
"""
SWIFT_PICTURES = """\
import CoreGraphics
import CoreVideo
import VideoToolbox
"""
SWIFT = {"uint8": "UInt8", "int32": "Int32", "float32": "Float32"}


def programs(manifest: Mapping) -> dict[str, dict]:
    """{name: {"inputs": {name: {"shape", "dtype"}}, "outputs": the same}} of a bundle's files; an
    axis of -1 takes any length."""
    only = {"inputs": manifest["inputs"], "outputs": manifest["outputs"]}
    return manifest.get("programs") or {SERVE: only}


def kotlin(manifest: Mapping) -> str:
    """A class for Android with LiteRT's Interpreter: a function for each program, which takes its
    inputs and gives all its outputs; one that makes an input of a Bitmap; one that names scores."""
    found, fit = programs(manifest), _fit(manifest)
    pictures = phone_pictures.inputs(found, fit)
    own = [_kotlin_program(name, specs) for name, specs in found.items()]
    own += [phone_pictures.kotlin(pictures, fit), _kotlin_names(manifest)]
    functions = "\n".join(part for part in own if part)
    return f"""\
// build.gradle: implementation("com.google.ai.edge.litert:litert:1.0.1")
{KOTLIN_PICTURES if pictures else ""}import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.FloatBuffer
import java.nio.IntBuffer
import org.tensorflow.lite.Interpreter

class Model(file: File, labels: File) : AutoCloseable {{
    val labels: List<String> = labels.readLines()
    private val interpreter = Interpreter(file)

{functions}
    private fun run(inputs: Map<String, Any>, outputs: Map<String, Any>, program: String) {{
        interpreter.runSignature(inputs, outputs, program)
        outputs.values.forEach {{ (it as java.nio.Buffer).rewind() }}
    }}

    override fun close() = interpreter.close()
}}
"""


def _kotlin_program(name, specs):
    inputs, outputs = specs["inputs"], specs["outputs"]
    if _is_free(specs):
        return (
            f"    // {name} has axes of any length: call interpreter.runSignature with nested"
            " arrays"
            " of your shapes.\n"
        )
    fields = []
    for output, spec in outputs.items():
        kind, size = KOTLIN[spec["dtype"]], math.prod(spec["shape"])
        fields.append(f"        val {output}: {kind} = {kind}.allocate({size})\n")
    parameters = ", ".join(f"{n}: {KOTLIN[spec['dtype']]}" for n, spec in inputs.items())
    given = ", ".join(f'"{n}" to {n}' for n in inputs)
    filled = ",\n".join(f'            "{n}" to answer.{n}' for n in outputs)
    function, answer = _names(name)
    return f"""\
    /**
{_shapes(outputs, "     * ")}
     */
    class {answer} {{
{"".join(fields)}    }}

    /**
{_shapes(inputs, "     * ")}
     * Buffers of bytes are direct ones, in native order.
     */
    fun {function}({parameters}): {answer} {{
        val answer = {answer}()
        val outputs = mapOf<String, Any>(
{filled}
        )
        run(mapOf<String, Any>({given}), outputs, "{name}")
        return answer
    }}
"""


def swift(manifest: Mapping) -> str:
    """A class for iOS with TensorFlowLiteSwift's SignatureRunner, like `kotlin`."""
    found, fit = programs(manifest), _fit(manifest)
    pictures = phone_pictures.inputs(found, fit)
    own = [_swift_program(name, specs) for name, specs in found.items()]
    own += [phone_pictures.swift(pictures, fit), _swift_names(manifest)]
    functions = "\n".join(part for part in own if part)
    fixed = [name for name, specs in found.items() if not _is_free(specs)]
    names = ", ".join(f'"{name}"' for name in fixed)
    return f"""\
// Podfile: pod 'TensorFlowLiteSwift'
{SWIFT_PICTURES if pictures else ""}import Foundation
import TensorFlowLite

final class Model {{
  let labels: [String]
  private let interpreter: Interpreter
  private var runners: [String: SignatureRunner] = [:]

  init(path: String, labels: String) throws {{
    let text = try String(contentsOfFile: labels, encoding: .utf8)
    self.labels = text.split(separator: "\\n").map(String.init)
    interpreter = try Interpreter(modelPath: path)
    for program in [{names}] {{
      let runner = try interpreter.signatureRunner(with: program)
      try runner.allocateTensors()
      runners[program] = runner
    }}
  }}

{functions}
  private func values<T>(_ name: String, _ runner: SignatureRunner) throws -> [T] {{
    try runner.output(named: name).data.withUnsafeBytes {{ Array($0.bindMemory(to: T.self)) }}
  }}
}}
"""


def _swift_program(name, specs):
    inputs, outputs = specs["inputs"], specs["outputs"]
    if _is_free(specs):
        return (
            f"  // {name} has axes of any length: call resizeInput of its SignatureRunner first.\n"
        )
    fields = "\n".join(f"    let {n}: [{SWIFT[spec['dtype']]}]" for n, spec in outputs.items())
    parameters = ", ".join(f"{n}: Data" for n in inputs)
    copied = "\n".join(f'    try runner.copy({n}, toInputNamed: "{n}")' for n in inputs)
    values = ",\n".join(f'      {n}: try values("{n}", runner)' for n in outputs)
    function, answer = _names(name)
    return f"""\
{_shapes(outputs, "  /// ")}
  struct {answer} {{
{fields}
  }}

{_shapes(inputs, "  /// ")}
  func {function}({parameters}) throws -> {answer} {{
    let runner = runners["{name}"]!
{copied}
    try runner.invoke()
    return {answer}(
{values}
    )
  }}
"""


def _fit(manifest):
    """How a picture is made to fit; "" if it is not."""
    return manifest.get("config", {}).get("fit", "")


def _named(manifest):
    """The output of a bundle's only program that has a score for each label; "" if there is
    none."""
    for name, spec in manifest["outputs"].items():
        if spec["dtype"] == "float32" and spec["shape"] == [1, len(manifest["labels"])]:
            return name
    return ""


def _kotlin_names(manifest):
    output = _named(manifest)
    return (
        output
        and f"""\
    /** Labels with `{output}` of an answer, the largest first. */
    fun named(answer: Answer): List<Pair<String, Float>> =
        labels.mapIndexed {{ i, label -> label to answer.{output}.get(i) }}
            .sortedByDescending {{ it.second }}
"""
    )


def _swift_names(manifest):
    output = _named(manifest)
    return (
        output
        and f"""\
  /// Labels with `{output}` of an answer, the largest first.
  func named(_ answer: Answer) -> [(String, Float32)] {{
    zip(labels, answer.{output}).map {{ ($0, $1) }}.sorted {{ $0.1 > $1.1 }}
  }}
"""
    )


def _names(program):
    """(function, class of its answer) of a program."""
    if program == SERVE:
        return "run", "Answer"
    return program, f"{program.title().replace('_', '')}Answer"


def _is_free(specs):
    shapes = [spec["shape"] for part in specs.values() for spec in part.values()]
    return any(-1 in shape for shape in shapes)


def _shapes(specs, before):
    return "\n".join(
        f"{before}{name}: {spec['dtype']} {' x '.join(map(str, spec['shape']))}"
        for name, spec in specs.items()
    )
