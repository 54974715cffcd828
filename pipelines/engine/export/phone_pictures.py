"""Code for phones that makes an input of a picture: a Bitmap in Kotlin, a CGImage or a
CVPixelBuffer in Swift."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipelines.edge.pictures import METHODS, PADDING

CHANNELS = 3


def inputs(programs: Mapping, fit: str) -> dict[str, tuple[int, int]]:
    """{input: (height, width)} of the pictures that programs take whole.

    fit: how the device half makes a picture fit; none is taken whole if it cuts tiles, say.
    """
    if fit not in METHODS:
        return {}
    return {name: size for specs in programs.values() for name, size in _pictures(specs["inputs"])}


def _pictures(specs: Mapping) -> Iterator[tuple[str, tuple[int, int]]]:
    for name, spec in specs.items():
        shape = spec["shape"]
        is_fixed = len(shape) == 4 and -1 not in shape
        if is_fixed and shape[-1] == CHANNELS and spec["dtype"] == "uint8":
            yield name, (shape[1], shape[2])


def kotlin(found: Mapping[str, tuple[int, int]], fit: str) -> str:
    """Functions of a class in Kotlin, one for each picture; "" if there is none."""
    if not found:
        return ""
    own = [_kotlin(name, *size, fit) for name, size in found.items()]
    return "\n".join([*own, KOTLIN])


def swift(found: Mapping[str, tuple[int, int]], fit: str) -> str:
    """The same in Swift."""
    if not found:
        return ""
    own = [_swift(name, *size, fit) for name, size in found.items()]
    return "\n".join([*own, SWIFT])


def _kotlin(name: str, height: int, width: int, fit: str) -> str:
    body = f"        return bytes(scaled(bitmap, {width}, {height}))\n"
    if fit == "letterbox":
        body = f"""\
        val scale = minOf({width}f / bitmap.width, {height}f / bitmap.height)
        val wide = maxOf(1, Math.round(bitmap.width * scale))
        val high = maxOf(1, Math.round(bitmap.height * scale))
        val square = Bitmap.createBitmap({width}, {height}, Bitmap.Config.ARGB_8888)
        square.eraseColor(Color.rgb({PADDING}, {PADDING}, {PADDING}))
        val left = ({width} - wide) / 2
        val top = ({height} - high) / 2
        Canvas(square).drawBitmap(scaled(bitmap, wide, high), left.toFloat(), top.toFloat(), null)
        return bytes(square)
"""
    return f"""\
    /** {_said(name, height, width, fit)} */
    fun {name}(bitmap: Bitmap): ByteBuffer {{
{body}    }}
"""


def _swift(name: str, height: int, width: int, fit: str) -> str:
    place = f"CGRect(x: 0, y: 0, width: {width}, height: {height})"
    made = f"    return Model.bytes(picture, {width}, {height}, {place})\n"
    if fit == "letterbox":
        made = f"""\
    let scale = min({width} / Double(picture.width), {height} / Double(picture.height))
    let wide = max(1, (Double(picture.width) * scale).rounded())
    let high = max(1, (Double(picture.height) * scale).rounded())
    let left = (({width} - wide) / 2).rounded(.down)
    let below = {height} - high - (({height} - high) / 2).rounded(.down)
    let place = CGRect(x: left, y: below, width: wide, height: high)
    return Model.bytes(picture, {width}, {height}, place)
"""
    return f"""\
  /// {_said(name, height, width, fit)}
  static func {name}(_ picture: CGImage) -> Data {{
{made}  }}

  /// The same of a frame of the camera; nil if it has no picture.
  static func {name}(_ frame: CVPixelBuffer) -> Data? {{
    var picture: CGImage?
    VTCreateCGImageFromCVPixelBuffer(frame, options: nil, imageOut: &picture)
    return picture.map {{ {name}($0) }}
  }}
"""


def _said(name: str, height: int, width: int, fit: str) -> str:
    how = "between grey bars" if fit == "letterbox" else "whatever its ratio"
    return f"An upright picture as `{name}`: RGB, {height} x {width}, {how}."


KOTLIN = """\
    /** Other sides; a large bitmap is halved before, so that no pixel is passed over. */
    private fun scaled(bitmap: Bitmap, width: Int, height: Int): Bitmap {
        var found = bitmap
        while (found.width >= 2 * width && found.height >= 2 * height) {
            found = Bitmap.createScaledBitmap(found, found.width / 2, found.height / 2, true)
        }
        return Bitmap.createScaledBitmap(found, width, height, true)
    }

    /** Red, green and blue of each pixel, row by row. */
    private fun bytes(bitmap: Bitmap): ByteBuffer {
        val pixels = IntArray(bitmap.width * bitmap.height)
        bitmap.getPixels(pixels, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height)
        val found = ByteBuffer.allocateDirect(3 * pixels.size).order(ByteOrder.nativeOrder())
        for (pixel in pixels) {
            found.put((pixel shr 16).toByte()).put((pixel shr 8).toByte()).put(pixel.toByte())
        }
        found.rewind()
        return found
    }
"""
SWIFT = f"""\
  /// Red, green and blue of each pixel, row by row; what `place` does not cover is grey.
  private static func bytes(
    _ picture: CGImage, _ width: Int, _ height: Int, _ place: CGRect
  ) -> Data {{
    var pixels = [UInt8](repeating: {PADDING}, count: 4 * width * height)
    pixels.withUnsafeMutableBytes {{ memory in
      let context = CGContext(
        data: memory.baseAddress, width: width, height: height, bitsPerComponent: 8,
        bytesPerRow: 4 * width, space: CGColorSpaceCreateDeviceRGB(),
        bitmapInfo: CGImageAlphaInfo.noneSkipLast.rawValue)!
      context.interpolationQuality = .high
      context.draw(picture, in: place)
    }}
    var found = Data(capacity: 3 * width * height)
    for start in stride(from: 0, to: pixels.count, by: 4) {{
      found.append(contentsOf: pixels[start..<start + 3])
    }}
    return found
  }}
"""
