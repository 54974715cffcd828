"""Pascal VOC: Annotations with one XML file a picture, JPEGImages, and ImageSets/Main/SPLIT.txt where it exists."""

import os
import xml.etree.ElementTree as ET
from pathlib import Path
from xml.parsers import expat

from pipelines.errors import PipelineError
from pipelines.files import write_text
from pipelines.formats import _boxes
from pipelines.formats.examples import PICTURE_SUFFIXES, SPLIT_NAMES

LINE = "line"  # attribute that keeps where an element began
FOLDERS = ("JPEGImages", "images", "Images", ".")


def detect(path):
    """Whether `path` is a folder with XML files in Annotations."""
    return path.is_dir() and any((path / "Annotations").glob("*.xml"))


def read(path):
    """Pictures with their boxes: Path -> Data.

    Coordinates are pixels as they stand, as TFDS reads them: x = 0 is the left edge of the picture.
    A picture of a split without an XML file is background. Raises PipelineError where there is no
    usable picture.
    """
    root = Path(path).resolve()
    if not detect(root):
        raise PipelineError(
            f"{path} has no Annotations/*.xml. Pass the folder that holds Annotations and"
            " JPEGImages."
        )
    folder = next(f for f in FOLDERS if (root / f).is_dir())
    stems, twice = {}, []
    for entry in sorted(os.scandir(root / folder), key=lambda e: e.name):
        if Path(entry.name).suffix.lower() in PICTURE_SUFFIXES:
            twice += [entry.name] if Path(entry.name).stem in stems else []
            stems.setdefault(Path(entry.name).stem, entry.name)
    scenes = _boxes.Scenes(root)
    for name in twice:
        scenes.note(
            "warning",
            "same-name",
            f"{folder}/{name}",
            "another picture has this name but for its suffix, and is taken. Rename one.",
        )
    listed = _splits(root)
    annotated = sorted(p.stem for p in (root / "Annotations").glob("*.xml"))
    _renamed(scenes, folder, annotated, stems)
    if not listed:
        listed = {
            "train": [(stem, f"Annotations/{stem}.xml") for stem in sorted({*annotated, *stems})]
        }
    prefix = "" if folder == "." else f"{folder}/"
    known = set(annotated)
    for split, items in listed.items():
        for stem, where in items:
            name = prefix + stems.get(stem, f"{stem}.jpg")
            if stem in known:
                _annotated(scenes, name, split, f"Annotations/{stem}.xml")
            else:
                scenes.picture(name, split, where)
    used = {stem for items in listed.values() for stem, _ in items}
    if left := sorted({*annotated, *stems} - used):
        message = (
            f"{len(left):,} pictures are in no split and left out: {_boxes.few(left)}. List them,"
            " or delete them."
        )
        scenes.note("warning", "unlisted", "ImageSets/Main", message)
    return scenes.data(root, "voc")


def write(data, folder):
    """Data with boxes -> the same as Pascal VOC in `folder`, with the order of the classes in
    classes.txt.

    A crowd is marked by <iscrowd>, which is not VOC's own, and which other readers pass over.
    """
    folder, sets, known = Path(folder), {}, set()
    for split, name, picture, (height, width), objects in _boxes.objects(data):
        stem = Path(name).stem
        if stem in known:
            raise PipelineError(f"two pictures are called {stem!r}: Pascal VOC needs a name each.")
        known.add(stem)
        sets.setdefault(split, []).append(stem)
        _boxes.place(picture, folder / "JPEGImages", Path(name).name)
        root = ET.Element("annotation")
        ET.SubElement(root, "filename").text = Path(name).name
        size = ET.SubElement(root, "size")
        for key, value in (("width", width), ("height", height), ("depth", 3)):
            ET.SubElement(size, key).text = str(value)
        for box, label, crowd, difficult in objects:
            item = ET.SubElement(root, "object")
            ET.SubElement(item, "name").text = data.labels["objects/label"][label]
            ET.SubElement(item, "difficult").text = str(int(difficult))
            if crowd:
                ET.SubElement(item, "iscrowd").text = "1"
            bounds = ET.SubElement(item, "bndbox")
            for key, value, side in zip(
                ("ymin", "xmin", "ymax", "xmax"), box, (height, width) * 2, strict=True
            ):
                ET.SubElement(bounds, key).text = repr(value * side)
        ET.indent(root)
        write_text(folder / "Annotations" / f"{stem}.xml", ET.tostring(root, "unicode") + "\n")
    for split, stems in sets.items():
        name = {"validation": "val"}.get(split, split)
        write_text(
            folder / "ImageSets" / "Main" / f"{name}.txt", "".join(f"{stem}\n" for stem in stems)
        )
    _boxes.write_class_names(data, folder)


def _splits(root):
    """{split: [(stem, file:line)]} of ImageSets/Main; {} where there is none."""
    files = {
        p.stem: p
        for p in (root / "ImageSets" / "Main").glob("*.txt")
        if p.stem in (*SPLIT_NAMES, "trainval")
    }
    if "trainval" in files and any(SPLIT_NAMES.get(name) == "train" for name in files):
        del files["trainval"]  # train and val list its pictures already
    found = {}
    for name, file in sorted(files.items()):
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise PipelineError(f"{file} cannot be read: {error}.") from error
        where = file.relative_to(root).as_posix()
        items = [
            (line.split()[0], f"{where}:{i}") for i, line in enumerate(lines, 1) if line.strip()
        ]
        found.setdefault(SPLIT_NAMES.get(name, "train"), []).extend(items)
    return found


def _renamed(scenes, folder, annotated, stems):
    """Lets <filename> name the picture of an XML file that no picture is called like; notes where
    the two differ.

    stems: {stem: name of the picture's file}, which is changed.
    """
    pictures, others = set(stems.values()), []
    for stem in annotated:
        try:
            root = _parsed((scenes.root / f"Annotations/{stem}.xml").read_bytes())
        except (OSError, ValueError, expat.ExpatError):
            continue  # reported where it is read
        claimed = (root.findtext("filename") or "").strip()
        if stem in stems and claimed in pictures - {stems[stem]}:
            others.append((f"Annotations/{stem}.xml", claimed))
        elif stem not in stems and claimed in pictures and Path(claimed).stem not in annotated:
            del stems[Path(claimed).stem]
            stems[stem] = claimed
    if others:
        where, claimed = others[0]
        message = (
            f"<filename> is {claimed!r}, and a picture has the name of the XML file: that one is"
            f" taken, in {len(others):,} files. Correct <filename>, or the names of the files."
        )
        scenes.note("warning", "other-name", where, message)


def _annotated(scenes, name, split, where):
    """One XML file and its picture."""
    try:
        root = _parsed((scenes.root / where).read_bytes())
    except expat.ExpatError as error:
        message = (
            f"this XML does not parse: {expat.ErrorString(error.code)}. Restore or delete the file."
        )
        return scenes.error("annotation", f"{where}:{error.lineno}", message, name)
    except (OSError, ValueError) as error:
        return scenes.error(
            "annotation", where, f"this file cannot be used: {error}. Restore or delete it.", name
        )
    if root.tag != "annotation":
        return scenes.error(
            "annotation",
            where,
            f"the root must be <annotation>; got <{root.tag}>. Restore it.",
            name,
        )
    claimed = (root.findtext("filename") or "").strip()
    if claimed and (".." in claimed.replace("\\", "/").split("/") or claimed.startswith("/")):
        line = root.find("filename").get(LINE)
        return scenes.error(
            "outside",
            f"{where}:{line}",
            f"<filename> {claimed!r} leads out of the data. Correct it.",
            name,
        )
    try:
        declared = _size(root.find("size"), where)
        found = [_object(item, where) for item in root.iter("object")]
    except ValueError as error:
        return scenes.error("annotation", *error.args, name)
    scene = scenes.picture(name, split, where, declared)
    for box, label, place, crowd, difficult in found if scene else ():
        scene.add(box, label, place, crowd, difficult)


def _size(size, where):
    """<size> -> (height, width) in pixels, or None where it is not said. Raises ValueError(file:line, message)."""
    if size is None:
        return None
    try:
        sides = tuple(int(float(size.findtext(side))) for side in ("height", "width"))
    except (TypeError, ValueError, OverflowError):
        message = "<size> needs a height and a width in pixels. Correct it."
        raise ValueError(f"{where}:{size.get(LINE)}", message) from None
    return sides if all(sides) else None  # some tools write 0 for "not known"


def _object(item, where):
    """<object> -> (box_yxyx in pixels, label, file:line, is_crowd, is_difficult).

    Raises ValueError(file:line, message).
    """
    place = f"{where}:{item.get(LINE)}"
    label = (item.findtext("name") or "").strip()
    if not label:
        raise ValueError(place, "this <object> has no <name>. Name its class.")
    box, bounds = [], item.find("bndbox")
    for key in ("ymin", "xmin", "ymax", "xmax"):
        text = None if bounds is None else bounds.findtext(key)
        try:
            box.append(float(text))
            if box[-1] - box[-1]:  # NaN and infinity
                raise ValueError
        except (TypeError, ValueError):
            raise ValueError(
                place, f"<{key}> must be a number of pixels; got {text!r}. Correct the box."
            ) from None
    crowd, difficult = (
        (item.findtext(mark) or "0").strip() == "1" for mark in ("iscrowd", "difficult")
    )
    return box, label, place, crowd, difficult


def _parsed(encoded):
    """XML -> its root element; every element keeps the line it began at. Entities of its own are refused."""
    builder, parser = ET.TreeBuilder(), expat.ParserCreate()

    def refuse(*_):
        raise ValueError("it declares a document type, which annotations have no use for")

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = lambda tag, attributes: builder.start(
        tag, {**attributes, LINE: str(parser.CurrentLineNumber)}
    )
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.Parse(encoded, True)
    return builder.close()
