"""Files of word vectors, read and written: GloVe, word2vec in text and binary, fastText's .vec;
gzip or not."""

import gzip
import io
import itertools
import re
import zlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np

from pipelines.edge.words import normal
from pipelines.errors import PipelineError

LONGEST = 1000  # bytes of a word in a binary file; a longer one is none
HEADER = re.compile(rb"(\d{1,10}) (\d{1,5})\r?\n")

WordAndVector = tuple[str, np.ndarray]  # vector: (D,) float32


def read(path: str | Path, wanted: Collection[str], most: int) -> tuple[list[str], np.ndarray]:
    """(words, vectors (N, D) float32): those of `wanted`, and the first `most` of the file whatever
    they are.

    Words are as `edge.words.normal` makes them; of several that become the same the first counts.
    Raises PipelineError, with file and line, if the file is missing, broken, or holds numbers
    that are not finite.
    """
    try:
        found = _found(path, wanted, most)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise PipelineError(f"cannot read {path}: {reason}.") from error
    if not found:
        raise PipelineError(
            f"{path} has no vector of a word that is needed. Look whether it is a file of word"
            " vectors."
        )
    words, table = list(found), np.stack(list(found.values()))
    broken = np.flatnonzero(~np.isfinite(table).all(axis=1))
    if len(broken):
        message = f"{path}: the vector of {words[broken[0]]!r} has a number that is not finite."
        raise PipelineError(f"{message} Use another file.")
    return words, table


def _found(path: str | Path, wanted: Collection[str], most: int) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for i, (word, vector) in enumerate(_rows(path)):
        word = normal(word)
        if i < most or word in wanted:
            found.setdefault(word, vector)
    return found


def _rows(path: str | Path) -> Iterator[WordAndVector]:
    """Yields each word of a file, which its suffixes say to be binary, compressed, or neither."""
    name = str(path)
    with _opened(name) as file:
        first = file.readline()
        header = HEADER.fullmatch(first)
        if header and name.removesuffix(".gz").endswith(".bin"):
            yield from _binary(path, file, int(header[1]), int(header[2]))
        else:
            yield from _text(path, file, b"" if header else first)


def _opened(name: str) -> io.BufferedIOBase:
    return gzip.open(name, "rb") if name.endswith(".gz") else open(name, "rb")


def _text(path: str | Path, file: io.BufferedIOBase, first: bytes) -> Iterator[WordAndVector]:
    """Yields the word of each line.

    A word may hold spaces, as in GloVe's largest files: numbers are counted.
    """
    width = None
    for i, line in enumerate(itertools.chain([first], file), 1):
        if line.strip():
            width = width or _width(path, i, line)
            yield _parsed(path, i, line, width)


def _width(path: str | Path, i: int, line: bytes) -> int:
    """How many numbers the first line with a word has."""
    width = len(line.split()) - 1
    if width < 1:
        raise PipelineError(f"{path}:{i} is no word with its numbers. Name a file of word vectors.")
    return width


def _parsed(path: str | Path, i: int, line: bytes, width: int) -> WordAndVector:
    cells = line.split() if b"\t" in line else line.rstrip().rsplit(b" ", width)
    try:
        word, *numbers = cells
        vector = np.array(numbers, "S").astype(np.float32).reshape(width)
    except ValueError as error:
        raise PipelineError(
            f"{path}:{i} is no word with {width} numbers. Correct the line or delete it."
        ) from error
    return word.decode("utf-8", "replace"), vector


def _binary(
    path: str | Path, file: io.BufferedIOBase, count: int, width: int
) -> Iterator[WordAndVector]:
    """Yields each word, a space, float32 in the machine's usual order, and maybe a line break."""
    for i in range(count):
        word = _word(file)
        content = file.read(4 * width)
        if word is None or len(content) != 4 * width:
            raise PipelineError(
                f"{path} ends or breaks at word {i + 1} of {count}. Get the file again."
            )
        yield word, np.frombuffer(content, "<f4")


def _word(file: io.BufferedIOBase) -> str | None:
    """A word up to the space behind it, without line breaks before it; None if it has no end."""
    word = bytearray()
    while (letter := file.read(1)) not in (b" ", b"") and len(word) < LONGEST:
        if letter != b"\n" or word:
            word += letter
    return word.decode("utf-8", "replace") if letter == b" " else None


def write_text(path: str | Path, words: Sequence[str], vectors: np.ndarray) -> None:
    """Writes vectors (N, D) as word2vec does in text: sizes, then a word and its numbers a line."""
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(f"{len(words)} {vectors.shape[1]}\n")
        for word, vector in zip(words, vectors, strict=True):
            numbers = " ".join(f"{value:.6g}" for value in vector)
            file.write(f"{_one(word)} {numbers}\n")


def write_binary(path: str | Path, words: Sequence[str], vectors: np.ndarray) -> None:
    """The same in binary: each word, a space, its numbers as little-endian float32."""
    with open(path, "wb") as file:
        file.write(f"{len(words)} {vectors.shape[1]}\n".encode())
        for word, vector in zip(words, vectors, strict=True):
            file.write(_one(word).encode("utf-8") + b" " + vector.astype("<f4").tobytes() + b"\n")


def _one(word: str) -> str:
    """A word without the space that parts it from its numbers."""
    return "_".join(word.split()) or "_"
