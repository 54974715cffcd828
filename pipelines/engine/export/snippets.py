"""Code for phones, ready to paste: exactly the inputs and outputs of one bundle, in Kotlin and in Swift."""

import math

KOTLIN = {"uint8": "ByteBuffer", "int32": "IntBuffer", "float32": "FloatBuffer"}
SWIFT = {"uint8": "UInt8", "int32": "Int32", "float32": "Float32"}


def kotlin(manifest):
    """A class for Android with LiteRT's Interpreter: one function that takes the inputs and gives all outputs."""
    inputs, outputs = manifest["inputs"], manifest["outputs"]
    parameters = ", ".join(f"{name}: {KOTLIN[spec['dtype']]}" for name, spec in inputs.items())
    given = ", ".join(f'"{name}" to {name}' for name in inputs)
    fields = "".join(
        f"        val {name}: {KOTLIN[spec['dtype']]} ="
        f" {KOTLIN[spec['dtype']]}.allocate({math.prod(spec['shape'])})\n"
        for name, spec in outputs.items()
    )
    filled = "".join(f'            "{name}" to answer.{name},\n' for name in outputs).removesuffix(
        ",\n"
    )
    return f"""\
// build.gradle: implementation("com.google.ai.edge.litert:litert:1.0.1")
import java.io.File
import java.nio.ByteBuffer
import java.nio.FloatBuffer
import java.nio.IntBuffer
import org.tensorflow.lite.Interpreter

class Model(file: File, labels: File) : AutoCloseable {{
    /**
{_shapes(outputs, "     * ")}
     */
    class Answer {{
{fields}    }}

    val labels: List<String> = labels.readLines()
    private val interpreter = Interpreter(file)

    /**
{_shapes(inputs, "     * ")}
     * Buffers of bytes are direct ones, in native order.
     */
    fun run({parameters}): Answer {{
        val answer = Answer()
        val outputs = mapOf<String, Any>(
{filled}
        )
        interpreter.runSignature(mapOf<String, Any>({given}), outputs, "serving_default")
        outputs.values.forEach {{ (it as java.nio.Buffer).rewind() }}
        return answer
    }}

    override fun close() = interpreter.close()
}}
"""


def swift(manifest):
    """A class for iOS with TensorFlowLiteSwift's SignatureRunner."""
    inputs, outputs = manifest["inputs"], manifest["outputs"]
    fields = "\n".join(
        f"    let {name}: [{SWIFT[spec['dtype']]}]" for name, spec in outputs.items()
    )
    parameters = ", ".join(f"{name}: Data" for name in inputs)
    copied = "\n".join(f'    try runner.copy({name}, toInputNamed: "{name}")' for name in inputs)
    values = ",\n".join(f'      {name}: try values("{name}")' for name in outputs)
    return f"""\
// Podfile: pod 'TensorFlowLiteSwift'
import Foundation
import TensorFlowLite

final class Model {{
{_shapes(outputs, "  /// ")}
  struct Answer {{
{fields}
  }}

  private let interpreter: Interpreter
  private let runner: SignatureRunner

  init(path: String) throws {{
    interpreter = try Interpreter(modelPath: path)
    runner = try interpreter.signatureRunner(with: "serving_default")
    try runner.allocateTensors()
  }}

{_shapes(inputs, "  /// ")}
  func run({parameters}) throws -> Answer {{
{copied}
    try runner.invoke()
    return Answer(
{values}
    )
  }}

  private func values<T>(_ name: String) throws -> [T] {{
    try runner.output(named: name).data.withUnsafeBytes {{ Array($0.bindMemory(to: T.self)) }}
  }}
}}
"""


def _shapes(specs, before):
    return "\n".join(
        f"{before}{name}: {spec['dtype']} {' x '.join(map(str, spec['shape']))}"
        for name, spec in specs.items()
    )
