"""What happens to picture files: each function takes a folder of data and a random generator."""

import io
import random
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from damaging.clean import save


def files(folder: Path, *words: str) -> list[Path]:
    """Pictures in which one of `words` is part of the path, but no masks."""
    found = [p for p in sorted(folder.rglob("p*.*")) if p.suffix in (".png", ".jpg")]
    found = [p for p in found if "masks" not in p.parts]
    return [p for p in found if not words or any(word in p.as_posix() for word in words)]


def pick(folder: Path, chance: random.Random, suffix: str = "") -> Path:
    return chance.choice([p for p in files(folder) if p.suffix.endswith(suffix)])


def opened(file: Path) -> np.ndarray:
    with Image.open(file) as picture:
        return np.array(picture.convert("RGB"))


def truncated(folder: Path, chance: random.Random) -> None:
    file = pick(folder, chance)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * chance.uniform(0.3, 0.8))])


def png_without_end(folder: Path, chance: random.Random) -> None:
    file = pick(folder, chance, "png")
    file.write_bytes(file.read_bytes()[: -chance.randrange(4, 30)])


def zero_tail(folder: Path, chance: random.Random) -> None:
    file = pick(folder, chance)
    content = file.read_bytes()
    keep = int(len(content) * chance.uniform(0.5, 0.95))
    file.write_bytes(content[:keep] + bytes(len(content) - keep))


def empty_file(folder: Path, chance: random.Random) -> None:
    pick(folder, chance).write_bytes(b"")


def page(folder: Path, chance: random.Random) -> None:
    pick(folder, chance).write_text("<!doctype html><title>404 Not Found</title>")


def noise(folder: Path, chance: random.Random) -> None:
    pick(folder, chance).write_bytes(chance.randbytes(3000))


def flipped_bits(folder: Path, chance: random.Random) -> None:
    file = pick(folder, chance, "png")
    content = bytearray(file.read_bytes())
    for _ in range(8):
        content[chance.randrange(60, len(content) - 20)] ^= 1 << chance.randrange(8)
    file.write_bytes(content)


def bomb(folder: Path, chance: random.Random) -> None:
    """A PNG of a few bytes that says it has 3.6 thousand million pixels."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    content = b"\x89PNG\r\n\x1a\n"
    for name, body in parts:
        content += struct.pack(">I", len(body)) + name + body
        content += struct.pack(">I", zlib.crc32(name + body))
    pick(folder, chance, "png").write_bytes(content)


def dangling_link(folder: Path, chance: random.Random) -> None:
    file = pick(folder, chance)
    file.unlink()
    file.symlink_to("/nowhere/at/all.png")


def folder_for_file(folder: Path, chance: random.Random) -> None:
    file = pick(folder, chance)
    file.unlink()
    file.mkdir()


def constant(folder: Path, chance: random.Random) -> None:
    file = pick(folder, chance)
    save(np.full_like(opened(file), chance.randrange(256)), file)


def grey(folder: Path, chance: random.Random) -> None:
    file = pick(folder, chance)
    save(opened(file).mean(-1).astype(np.uint8), file)


def deep(folder: Path, chance: random.Random) -> None:
    """16 bits in one picture of otherwise 8."""
    file = pick(folder, chance, "png")
    Image.fromarray(opened(file)[..., 0].astype(np.uint16) * 200).save(file)


def missing_picture(folder: Path, chance: random.Random) -> None:
    pick(folder, chance).unlink()


def upside_down(folder: Path, chance: random.Random) -> None:
    """One picture turned by 180 degrees after it was marked."""
    file = pick(folder, chance)
    save(opened(file)[::-1, ::-1], file)


def other_size(folder: Path, chance: random.Random) -> None:
    """One picture scaled after it was marked."""
    file = pick(folder, chance)
    with Image.open(file) as picture:
        width, height = picture.size
        small = picture.convert("RGB").resize((width * 2 // 3, height // 2))
    small.save(file)


def turned(folder: Path, chance: random.Random) -> None:
    """One picture turned by 90 degrees after it was marked."""
    file = pick(folder, chance)
    save(np.rot90(opened(file)), file)


def _copied(folder: Path, chance: random.Random, change) -> None:
    """The pixels of a picture of train, changed, in place of one that judges the model."""
    source = chance.choice(files(folder, "train", "source", "p000", "p001", "p002", "p003"))
    judged = files(folder, "test/", "testA", "testB", "target", "p020", "p021", "p022", "p023")
    judged = [p for p in judged if p != source and _same_side(p, source)]
    target = chance.choice(judged)
    if "LR" in target.parts or "HR" in target.parts:
        other = "HR" if "LR" in target.parts else "LR"
        second = Path(str(target).replace(f"/{target.parts[-2]}/", f"/{other}/"))
        first = Path(str(source).replace(f"/{source.parts[-2]}/", f"/{other}/"))
        change(first, second)
    change(source, target)


def _same_side(one: Path, two: Path) -> bool:
    return all((side in one.parts) == (side in two.parts) for side in ("LR", "HR"))


def leak(folder: Path, chance: random.Random) -> None:
    _copied(folder, chance, shutil.copyfile)


def leak_reencoded(folder: Path, chance: random.Random) -> None:
    def change(source: Path, target: Path) -> None:
        buffer = io.BytesIO()
        Image.fromarray(opened(source)).save(buffer, "JPEG", quality=chance.randrange(60, 90))
        target.write_bytes(buffer.getvalue())

    _copied(folder, chance, change)


def leak_resized(folder: Path, chance: random.Random) -> None:
    scale = chance.uniform(0.6, 1.6)

    def change(source: Path, target: Path) -> None:
        picture = Image.fromarray(opened(source))
        size = [max(4, int(side * scale) // 4 * 4) for side in picture.size]
        picture.resize(size).save(target)

    _copied(folder, chance, change)


def leak_nearly(folder: Path, chance: random.Random) -> None:
    """A little brighter, and with noise: the next frame of a film."""

    def change(source: Path, target: Path) -> None:
        pixels = opened(source).astype(float) + chance.randrange(4, 12)
        pixels += np.random.default_rng(chance.randrange(10**6)).normal(0, 3, pixels.shape)
        save(np.clip(pixels, 0, 255).astype(np.uint8), target)

    _copied(folder, chance, change)


def doubled(folder: Path, chance: random.Random) -> None:
    """One picture twice in train, under two names."""
    first, second = chance.sample(files(folder, "train", "source/", "p004", "p006"), 2)
    second.write_bytes(first.read_bytes())
