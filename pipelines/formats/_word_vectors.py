"""Files of word vectors: GloVe, word2vec in text and binary, fastText's .vec; any of them compressed by gzip."""

import gzip
import itertools
import re
import zlib

import numpy as np

from pipelines.edge.words import normal
from pipelines.errors import PipelineError

LONGEST = 1000  # bytes of a word in a binary file; a longer one is none
HEADER = re.compile(rb"(\d{1,10}) (\d{1,5})\r?\n")


def read(path, wanted, most):
    """(words, vectors (N, D) float32): those of `wanted`, and the first `most` of the file whatever
    they are.

    Words are as `edge.words.normal` makes them; of several that become the same the first counts.
    Raises PipelineError, with file and line, where the file is missing, broken, or holds numbers
    that are not finite.
    """
    found = {}
    try:
        with (gzip.open if str(path).endswith(".gz") else open)(path, "rb") as file:
            first = file.readline()
            header = HEADER.fullmatch(first)
            is_binary = header and str(path).removesuffix(".gz").endswith(".bin")
            if is_binary:
                rows = _binary(path, file, int(header[1]), int(header[2]))
            else:
                rows = _text(path, file, b"" if header else first)
            for i, (word, vector) in enumerate(rows):
                word = normal(word)
                if word not in found and (word in wanted or i < most):
                    found[word] = vector
    except (OSError, EOFError, zlib.error) as error:
        raise PipelineError(
            f"cannot read {path}: {getattr(error, 'strerror', None) or error}."
        ) from error
    if not found:
        raise PipelineError(
            f"{path} has no vector of a word that is needed. Look whether it is a file of word"
            " vectors."
        )
    table = np.stack(list(found.values()))
    if not np.isfinite(table).all():
        word = list(found)[int(np.flatnonzero(~np.isfinite(table).all(1))[0])]
        raise PipelineError(
            f"{path}: the vector of {word!r} has a number that is not finite. Use another file."
        )
    return list(found), table


def _text(path, file, first):
    """Yields (word, vector) of each line. A word may hold spaces, as in GloVe's largest files: numbers are counted."""
    width = None
    for i, line in enumerate(itertools.chain([first], file), 1):
        if line.strip():
            width = width or len(line.split()) - 1
            if width < 1:
                raise PipelineError(
                    f"{path}:{i} is no word with its numbers. Name a file of word vectors."
                )
            yield _parsed(path, i, line, width)


def _parsed(path, i, line, width):
    cells = line.rstrip().rsplit(b" ", width) if b"\t" not in line else line.split()
    try:
        if len(cells) != width + 1:
            raise ValueError
        return cells[0].decode("utf-8", "replace"), np.array(cells[1:], "S").astype(np.float32)
    except ValueError as error:
        raise PipelineError(
            f"{path}:{i} is no word with {width} numbers. Correct the line or delete it."
        ) from error


def _binary(path, file, count, width):
    """Yields (word, vector): the word, a space, float32 in the machine's usual order, and maybe a line break."""
    for i in range(count):
        word = bytearray()
        while (letter := file.read(1)) not in (b" ", b"") and len(word) < LONGEST:
            if letter != b"\n" or word:
                word += letter
        content = file.read(4 * width)
        if letter != b" " or len(content) != 4 * width:
            raise PipelineError(
                f"{path} ends or breaks at word {i + 1} of {count}. Get the file again."
            )
        yield word.decode("utf-8", "replace"), np.frombuffer(content, "<f4")
