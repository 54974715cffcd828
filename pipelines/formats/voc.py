"""Pascal VOC: Annotations with one XML file a picture, JPEGImages, and ImageSets/Main/SPLIT.txt if it exists."""

import xml.etree.ElementTree as ET
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.files import write_text
from pipelines.formats import _box_writers, _boxes, _voc_xml
from pipelines.formats._picture_files import is_picture
from pipelines.formats.examples import SPLIT_NAMES, Data, Unusable

FOLDERS = ("JPEGImages", "images", "Images", ".")
LISTS = Path("ImageSets", "Main")

Items = list[tuple[str, str]]  # (stem of a picture, file:line that lists it)


def detect(path: Path) -> bool:
    """Whether `path` is a folder with XML files in Annotations."""
    return path.is_dir() and any((path / "Annotations").glob("*.xml"))


def read(path: str | Path) -> Data:
    """Pictures with their boxes.

    Coordinates are pixels as they stand, as TFDS reads them: x = 0 is the left edge of the picture.
    A picture of a split without an XML file is background. Raises PipelineError if there is no
    usable picture.
    """
    root = Path(path).resolve()
    if not detect(root):
        raise PipelineError(
            f"{path} has no Annotations/*.xml. Pass the folder that holds Annotations and"
            " JPEGImages."
        )
    reader = _reader(root)
    reader.find_pictures()
    listed = _splits(root)
    reader.rename_pictures()
    stems = sorted({*reader.annotated, *reader.stems})
    listed = listed or {"train": [(stem, _xml(stem)) for stem in stems]}
    for split, items in listed.items():
        reader.read(split, items)
    reader.note_unlisted(set(stems).difference(*map(dict, listed.values())))
    return reader.scenes.data(root, "voc")


def write(data: Data, folder: str | Path) -> None:
    """Data with boxes -> the same as Pascal VOC in `folder`, with the order of the classes in
    classes.txt.

    A crowd is marked by <iscrowd>, which is not VOC's own, and which other readers pass over.
    """
    folder, splits, labels = Path(folder), {}, data.labels["objects/label"]
    for picture in _box_writers.objects(data):
        path = Path(picture.name)
        if path.stem in splits:
            message = f"two pictures are called {path.stem!r}: Pascal VOC needs a name each."
            raise PipelineError(message)
        splits[path.stem] = picture.split
        _box_writers.place(picture.source, folder / "JPEGImages", path.name)
        root = _element(picture, labels)
        ET.indent(root)
        file = folder / _xml(path.stem)
        write_text(file, ET.tostring(root, "unicode") + "\n")
    for split in dict.fromkeys(splits.values()):
        name = {"validation": "val"}.get(split, split)
        lines = [f"{stem}\n" for stem, own in splits.items() if own == split]
        write_text(folder / LISTS / f"{name}.txt", "".join(lines))
    _box_writers.write_class_names(data, folder)


def _element(picture: _box_writers.Picture, labels: Sequence[str]) -> ET.Element:
    """The XML of one picture."""
    root = ET.Element("annotation")
    ET.SubElement(root, "filename").text = Path(picture.name).name
    height, width = picture.size
    size = ET.SubElement(root, "size")
    for key, value in {"width": width, "height": height, "depth": 3}.items():
        ET.SubElement(size, key).text = str(value)
    for box in picture.objects:
        item = ET.SubElement(root, "object")
        ET.SubElement(item, "name").text = labels[box.label]
        ET.SubElement(item, "difficult").text = str(int(box.is_difficult))
        if box.is_crowd:
            ET.SubElement(item, "iscrowd").text = "1"
        bounds = ET.SubElement(item, "bndbox")
        for side, pixels in zip(_voc_xml.SIDES, box.pixels(picture.size), strict=True):
            ET.SubElement(bounds, side).text = repr(pixels)
    return root


def _xml(stem: str) -> str:
    return f"Annotations/{stem}.xml"


def _splits(root: Path) -> dict[str, Items]:
    """The lists in ImageSets/Main; {} if there is none."""
    names = sorted(file.stem for file in (root / LISTS).glob("*.txt"))
    annotated = {file.stem for file in (root / "Annotations").glob("*.xml")}
    found: dict[str, Items] = {}
    for name, split in _known(names).items():
        items = _items(root, root / LISTS / f"{name}.txt", annotated)
        found.setdefault(split, []).extend(items)
    return found


def _known(names: Sequence[str]) -> dict[str, str]:
    """{name of a list: its split}."""
    known = {name: SPLIT_NAMES[name] for name in names if name in SPLIT_NAMES}
    if "trainval" in names and "train" not in known.values():
        known["trainval"] = "train"  # else train and val list its pictures already
    return known


def _items(root: Path, file: Path, annotated: Collection[str]) -> Items:
    """What a list names: a whole line if it is the name of an XML file, else its first word."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PipelineError(f"{file} cannot be read: {error}.") from error
    where = file.relative_to(root).as_posix()
    said = [(i, line.strip()) for i, line in enumerate(lines, 1) if line.strip()]
    names = (line if line in annotated else line.split()[0] for _, line in said)
    return [(name, f"{where}:{i}") for name, (i, _) in zip(names, said, strict=True)]


@dataclass(frozen=True)
class _Reader:
    """Gathers the scenes of one folder. What is wrong becomes a Problem."""

    scenes: _boxes.Scenes
    folder: str  # that holds the pictures
    annotated: list[str]  # stems of the XML files
    stems: dict[str, str] = field(default_factory=dict)  # stem -> name of the picture's file

    def find_pictures(self) -> None:
        """Fills `stems`. Warns of pictures that have another's name but for the suffix."""
        files = sorted((self.scenes.root / self.folder).iterdir())
        for file in filter(is_picture, files):
            if self.stems.setdefault(file.stem, file.name) != file.name:
                message = (
                    "another picture has this name but for its suffix, and is taken. Rename one."
                )
                where = f"{self.folder}/{file.name}"
                self.scenes.note("warning", "same-name", where, message)

    def rename_pictures(self) -> None:
        """Lets <filename> name the picture of an XML file that no picture is called like.

        Notes files in which the two differ.
        """
        claims = self._claims()
        others = [stem for stem, name in claims.items() if self.stems.get(stem, name) != name]
        for stem, name in claims.items():
            self._rename(stem, name)
        if others:
            said = (
                f"<filename> is {claims[others[0]]!r}, and a picture has the name of the XML file"
            )
            message = (
                f"{said}: that one is taken, in {len(others):,} files. Correct <filename>, or the"
                " names of the files."
            )
            self.scenes.note("warning", "other-name", _xml(others[0]), message)

    def _claims(self) -> dict[str, str]:
        """{stem of an XML file: the picture that its <filename> claims, if there is such a one}"""
        root, pictures = self.scenes.root, set(self.stems.values())
        names = {stem: _voc_xml.file_name(root / _xml(stem)) for stem in self.annotated}
        return {stem: name for stem, name in names.items() if name in pictures}

    def _rename(self, stem: str, claimed: str) -> None:
        """Lets an XML file without a picture of its name have the one that it claims."""
        other = Path(claimed).stem
        if stem not in self.stems and other not in self.annotated:
            self.stems.pop(other, None)
            self.stems[stem] = claimed

    def read(self, split: str, items: Items) -> None:
        """Makes a scene of each picture that a split lists."""
        known = set(self.annotated)
        for stem, where in items:
            name = self._prefix() + self.stems.get(stem, f"{stem}.jpg")
            if stem in known:
                self._annotated(name, split, _xml(stem))
            else:
                self.scenes.picture(name, split, where)

    def _prefix(self) -> str:
        return "" if self.folder == "." else f"{self.folder}/"

    def note_unlisted(self, stems: set[str]) -> None:
        """Warns of pictures that no split lists."""
        if stems:
            said = f"{len(stems):,} pictures are in no split and left out"
            message = f"{said}: {_boxes.few(sorted(stems))}. List them, or delete them."
            self.scenes.note("warning", "unlisted", LISTS.as_posix(), message)

    def _annotated(self, name: str, split: str, where: str) -> None:
        """One XML file and its picture."""
        try:
            found = _voc_xml.read(self.scenes.root / where, where)
        except Unusable as bad:
            self.scenes.problems.append(bad.problem(where, name))
            return
        scene = self.scenes.picture(name, split, where, found.size)
        if scene:
            scene.add_all(found.objects)


def _reader(root: Path) -> _Reader:
    annotated = sorted(file.stem for file in (root / "Annotations").glob("*.xml"))
    folder = next(name for name in FOLDERS if (root / name).is_dir())
    return _Reader(_boxes.Scenes(root), folder, annotated)
