"""Masks, pictures with a class per pixel: what their values mean, and the pixels as class ids."""

import collections
import csv
import io
from pathlib import Path

import numpy as np
from PIL import Image

from pipelines.edge.pictures import FORMATS
from pipelines.errors import PipelineError
from pipelines.formats.examples import IGNORE, Problem

BINARY = {0: 0, 255: 1}
BINARY_NAMES = ("background", "foreground")
CLEAN = 0.9  # a binary mask that was smoothed or went through JPEG still has this share of pixels near 0 and 255
NEAR = 32  # grey levels that JPEG moves a pixel by
SMOOTH = 16  # different values between the ends that tell a smoothed mask from ids
MOST = 64  # classes that can be inferred; more values are a photo, or ids that only a table of classes explains
TABLES = (
    "classes.csv",
    "class_dict.csv",
    "labels.csv",
    "classes.txt",
    "labels.txt",
    "labelmap.txt",
)


def pixels(source):
    """A file path or encoded bytes -> values as the file has them: (H, W) integers, or uint8 (H, W,
    3) where coloured.

    A palette PNG gives its indices, not its colours. Raises ValueError with a reason in one line.
    """
    try:
        with Image.open(
            io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS
        ) as picture:
            if picture.mode in ("1", "L", "P") or picture.mode.startswith("I"):
                return np.asarray(picture).astype(
                    np.int32 if picture.mode.startswith("I") else np.uint8
                )
            values = np.asarray(picture.convert("L" if picture.mode == "LA" else "RGB"))
    except Exception as error:  # Pillow raises nearly anything on a damaged file
        raise ValueError(
            f"cannot be read as a mask: {' '.join(str(error).split())}. Restore it"
        ) from error
    is_grey = values.ndim == 3 and (values == values[:, :, :1]).all()
    return values[:, :, 0] if is_grey else values


def ids(values, table):
    """Values of `pixels` -> (ids uint8 (H, W), {unknown value: pixels}); unknown pixels become
    IGNORE.

    table: {value: id}, see `Examples.masks`; empty means that the values are the ids. With a binary
    table, values in between, as a smoothed mask or JPEG has them, go to the nearer end.
    """
    coloured = values.ndim == 3
    if table.keys() == BINARY.keys() and not coloured:
        return np.where(values >= 128, table[255], table[0]).astype(np.uint8), {}
    meaning = {
        _pack(key, coloured): i for key, i in (table or {i: i for i in range(IGNORE)}).items()
    }
    meaning.setdefault(_pack(IGNORE, coloured), IGNORE)
    found, inverse, counts = np.unique(_packed(values), return_inverse=True, return_counts=True)
    found = found.tolist()
    out = np.array([meaning.get(value, IGNORE) for value in found], np.uint8)
    unknown = {
        _unpacked(v, coloured): n
        for v, n in zip(found, counts.tolist(), strict=True)
        if v not in meaning
    }
    return out[inverse].reshape(values.shape[:2]), unknown


def between(values):
    """Share of the pixels of a binary mask that are neither 0 nor 255; 0 for a coloured one."""
    return 0.0 if values.ndim == 3 else float(((values > 0) & (values < 255)).mean())


def classes(sources, where, names=(), table=None):
    """What the values of masks mean -> (class names, table, [Problem]), from all files and what is
    known of them.

    names, table: what a file of classes says, see `read_table`; empty infers both from the values.
    0 and 255 alone, or nearly so, are a binary mask; else 255 is IGNORE and each other value a
    class. Raises PipelineError where the values tell of no classes. Files that cannot be read are
    left to the audit.
    """
    if table:
        return list(names), table, []
    counts, coloured, grey = collections.Counter(), [], 0
    for source in sources:
        try:
            values = pixels(source)
        except ValueError:
            continue
        if values.ndim == 3:
            coloured.append(where if isinstance(source, bytes) else source)
            continue
        grey += 1
        found, number = np.unique(values, return_counts=True)
        counts.update(dict(zip(found.tolist(), number.tolist(), strict=True)))
    if len(coloured) > grey:  # a few among grey ones are wrong each by itself, which the audit says
        raise PipelineError(
            f"{where}: {len(coloured)} of {len(coloured) + grey} masks are coloured, the first"
            f" {coloured[0]}, and nothing says which colour is which class. Put a file classes.csv"
            " with lines NAME,R,G,B beside the folders."
        )
    if _is_binary(counts) and len(names) in (0, 2):
        return list(names) or list(BINARY_NAMES), dict(BINARY), []
    if names:
        return list(names), {i: i for i in range(len(names))}, []
    values = sorted(value for value in counts if value != IGNORE)
    if len(values) > MOST:
        raise PipelineError(
            f"{where}: the masks have {len(values)} different values, which are no class ids: were"
            " they saved as JPEG, or are they photos? Save them as PNG, or put a file classes.txt"
            " with a name a line beside the folders."
        )
    listed = ", ".join(map(str, values))
    note = Problem(
        "note",
        "inferred-classes",
        where,
        f"each value is a class: {listed}. Name them in classes.txt.",
    )
    return [str(value) for value in values], {value: i for i, value in enumerate(values)}, [note]


def read_table(folder):
    """(names, table or None) of a file of classes in `folder`, one of TABLES; ((), None) where
    there is none.

    `classes.txt`: a name a line, in the order of ids. `classes.csv`: NAME,R,G,B or NAME,VALUE, with
    or without a line of headings. `labelmap.txt` as CVAT writes it: NAME:R,G,B::. Raises
    PipelineError naming file and line.
    """
    file = next((Path(folder) / name for name in TABLES if (Path(folder) / name).is_file()), None)
    if file is None:
        return (), None
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PipelineError(f"{file} cannot be read as UTF-8 text. Save it as such.") from error
    rows = [
        (n, line.strip())
        for n, line in enumerate(lines, 1)
        if line.strip() and not line.startswith("#")
    ]
    if not any("," in line for _, line in rows):
        names, table = [line for _, line in rows], None
    else:
        parsed = [(n, _row(line)) for n, line in rows]
        if parsed and not _numbers(parsed[0][1][1:]):  # headings
            parsed = parsed[1:]
        names, table = [], {}
        for n, (name, *cells) in parsed:
            value = _numbers(cells)
            if not value or len(value) not in (1, 3):
                raise PipelineError(
                    f"{file}:{n}: a class is NAME,VALUE or NAME,R,G,B with numbers 0 to 255."
                )
            value = value[0] if len(value) == 1 else value
            if value in table:
                raise PipelineError(
                    f"{file}:{n}: {name!r} has the value of {names[table[value]]!r}. Give it"
                    " another."
                )
            table[value] = len(names)
            names.append(name)
    twice = [name for name, count in collections.Counter(names).items() if count > 1]
    if twice or not 1 < len(names) < IGNORE:
        said = f"{twice[0]!r} is there twice" if twice else f"there are {len(names)} classes"
        raise PipelineError(f"{file}: {said}; 2 to {IGNORE - 1} different ones are needed.")
    return tuple(names), table


def shown(value):
    """A value of a mask as people write it: 7, or #ff0080."""
    return "#{:02x}{:02x}{:02x}".format(*value) if isinstance(value, tuple) else str(value)


def _is_binary(counts):
    """{value: pixels} of all masks -> whether they hold 0 and 255, clean, smoothed, or after JPEG."""
    if not counts[255] or counts.keys() <= {0, 255}:
        return bool(counts[255])
    ends = sum(n for value, n in counts.items() if value <= NEAR or value >= 255 - NEAR)
    # Ids with an ignored border lie at these ends too, but they do not fill the range between.
    is_filled = sum(NEAR < value < 255 for value in counts) > SMOOTH
    return is_filled and ends >= CLEAN * sum(counts.values())


def _row(line):
    if ":" in line:  # CVAT
        name, colour, *_ = line.split(":")
        return [name.strip(), *colour.split(",")]
    return [cell.strip() for cell in next(csv.reader([line]))]


def _numbers(cells):
    """Cells -> a tuple of integers in 0..255, or None."""
    try:
        values = tuple(int(cell) for cell in cells if cell.strip())
    except ValueError:
        return None
    return values if values and all(0 <= v <= 255 for v in values) else None


def _packed(values):
    """(H, W) or (H, W, 3) -> one integer a pixel, (H * W,)."""
    if values.ndim == 2:
        return values.reshape(-1).astype(np.int64)
    r, g, b = (values[:, :, c].astype(np.int64).reshape(-1) for c in range(3))
    return r << 16 | g << 8 | b


def _pack(key, coloured):
    """A key of a table as `_packed` has it in a grey or a coloured file; a colour is nowhere in a grey one."""
    r, g, b = key if isinstance(key, tuple) else (key, key, key)
    if coloured:
        return r << 16 | g << 8 | b
    return r if r == g == b else -1


def _unpacked(value, coloured):
    return (value >> 16, value >> 8 & 255, value & 255) if coloured else value
