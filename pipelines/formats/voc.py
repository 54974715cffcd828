"""Pascal VOC: one XML file a picture, in Annotations or beside it, and ImageSets/Main/SPLIT.txt if
it exists."""

import collections
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.errors import PipelineError
from pipelines.files import write_text
from pipelines.formats import _box_writers, _boxes, _voc_files, _voc_xml
from pipelines.formats._folders import pictures_are, root_of
from pipelines.formats._lines import lines_of
from pipelines.formats.examples import SPLIT_NAMES, Data, Unusable, inside, own_file

ALSO = {"segmentation_mask": "masks"}  # a feature that the files hold -> its format
LISTS = Path("ImageSets", "Main")
PLACES = (LISTS, LISTS.parent, Path())  # of lists

Items = list[tuple[_voc_files.Key, str]]  # (key of a picture, file:line that lists it)


def detect(path: Path) -> bool:
    """Whether `path` is a folder with XML files of this kind in it or in one of the usual
    folders."""
    return path.is_dir() and _voc_files.has_annotations(path)


def read(path: str | Path) -> Data:
    """Pictures with their boxes.

    XML files lie in a folder such as Annotations or beside their pictures. Splits are lists of
    names, or folders called train, validation or test. Coordinates are pixels as they stand, as
    TFDS reads them: x = 0 is the left edge of the picture. A picture of a split without an XML
    file is background. Raises PipelineError if there is no usable picture.
    """
    root = root_of(path, "the XML files and the pictures")
    _refuse_outer(root)
    reader = _Reader(_boxes.Scenes(root), _voc_files.found(root))
    if not reader.files.annotations:
        raise PipelineError(
            f"{path} has no XML file with <annotation>. Pass the folder that holds Annotations and"
            " JPEGImages, or XML files beside their pictures."
        )
    reader.choose_pictures()
    reader.name_pictures()
    listed = reader.lists() or reader.folders()
    for split, items in listed.items():
        reader.read(split, items)
    reader.note_unlisted(listed)
    return reader.scenes.data(root, "voc")


def _refuse_outer(root: Path) -> None:
    """Raises PipelineError if `root` holds the folder of the data, such as VOC2007, with its
    lists."""
    inner = sorted(folder.parent.name for folder in root.glob("*/ImageSets"))
    if inner and not (root / "ImageSets").is_dir():
        raise PipelineError(f"{root} holds {_boxes.few(inner)}. Pass {root / inner[0]}.")


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


@dataclass(frozen=True)
class _Reader:
    """Gathers the scenes of one folder. What is wrong becomes a Problem."""

    scenes: _boxes.Scenes
    files: _voc_files.Files
    chosen: dict[_voc_files.Key, str] = field(default_factory=dict)  # key -> picture

    def choose_pictures(self) -> None:
        """Fills `chosen`. Warns of pictures that have another's name but for the suffix.

        If the XML file names one of them, it is taken, else the first.
        """
        for key, names in self.files.pictures.items():
            claimed = self._claim(key) if len(names) > 1 else ""
            self.chosen[key] = next((n for n in names if Path(n).name == claimed), names[0])
            for name in names:
                if name != self.chosen[key]:
                    message = (
                        f"{self.chosen[key]} has this name but for its suffix or folder, and is"
                        " taken. Rename one."
                    )
                    self.scenes.note("warning", "same-name", name, message)

    def name_pictures(self) -> None:
        """Lets <filename> name the picture of an XML file that no picture is called like.

        Warns of files in which the two differ.
        """
        named = _by_name(self.chosen.values())
        keys = {name: key for key, name in self.chosen.items()}
        differing: list[tuple[str, str]] = []
        for key, xmls in self.files.annotations.items():
            claimed = self._claim(key)
            names = named.get(claimed, [])
            own = self.chosen.get(key)
            if own is None and len(names) == 1 and keys[names[0]] not in self.files.annotations:
                self.chosen.pop(keys[names[0]], None)
                self.chosen[key] = names[0]
            elif own and names and Path(own).name != claimed:
                differing.append((claimed, xmls[0]))
        if differing:
            self._note_other_names(differing)

    def lists(self) -> dict[str, Items]:
        """The lists of names; {} if there is none."""
        root = self.scenes.root
        for place in PLACES:
            files = {file.stem: file for file in sorted((root / place).glob("*.txt"))}
            found: dict[str, Items] = {}
            for name, split in _known(list(files)).items():
                found.setdefault(split, []).extend(self._items(files[name]))
            if found:
                return found
        return {}

    def folders(self) -> dict[str, Items]:
        """All pictures and XML files, by the splits that their folders are called by."""
        found: dict[str, Items] = {}
        for key in sorted({*self.files.annotations, *self.chosen}):
            xmls = self.files.annotations.get(key)
            name = xmls[0] if xmls else self.chosen[key]
            split = _voc_files.split(self.chosen.get(key, name)) or _voc_files.split(name)
            found.setdefault(split or "train", []).append((key, name))
        return found

    def read(self, split: str, items: Items) -> None:
        """Makes a scene of each picture that a split lists."""
        for key, where in items:
            xmls = self.files.annotations.get(key, [])
            for other in xmls[1:]:
                message = f"{xmls[0]} is of the same picture. Delete one, or rename it."
                self.scenes.error("conflict", other, message, self._name(key))
            if xmls:
                self._annotated(self._name(key), split, xmls[0])
            else:
                self.scenes.picture(self._name(key), split, where)

    def note_unlisted(self, listed: Mapping[str, Items]) -> None:
        """Warns of pictures that no split lists, and of folders of pictures without XML files."""
        known = {key for items in listed.values() for key, _ in items}
        left = sorted({*self.files.annotations, *self.chosen} - known)
        if left:
            said = f"{pictures_are(len(left))} in no split and left out"
            message = f"{said}: {_boxes.few(left)}. List them, or delete them."
            self.scenes.note("warning", "unlisted", LISTS.as_posix(), message)
        for folder, names in self.files.others.items():
            message = (
                f"none of the {len(names):,} pictures here has an XML file, so they are left out:"
                f" {_boxes.few(names)}."
            )
            self.scenes.note("warning", "unlisted", folder or ".", message)

    def _claim(self, key: _voc_files.Key) -> str:
        """The name of the picture that <filename> says, without folders; "" if it says none."""
        xmls = self.files.annotations.get(key)
        said = _voc_xml.file_name(self.scenes.root / xmls[0]) if xmls else ""
        return said.replace("\\", "/").rpartition("/")[2]

    def _name(self, key: _voc_files.Key) -> str:
        """The picture of a key; if there is none, what it might be called."""
        if key in self.chosen:
            return self.chosen[key]
        folder = next(iter(self.chosen.values()), "").rpartition("/")[0]
        return f"{folder}/{key}.jpg" if folder else f"{key}.jpg"

    def _note_other_names(self, differing: Sequence[tuple[str, str]]) -> None:
        claimed, xml = differing[0]
        message = (
            f"<filename> is {claimed!r}, and a picture has the name of the XML file: that one is"
            f" taken, in {len(differing):,} files. Correct <filename>, or the names of the files."
        )
        self.scenes.note("warning", "other-name", xml, message)

    def _items(self, file: Path) -> Items:
        """What a list names: a whole line if it is the name of a file, else its first word."""
        where = file.relative_to(self.scenes.root).as_posix()
        return [
            (self.files.key(line) or line.split()[0], f"{where}:{i}")
            for i, line in enumerate(lines_of(own_file(self.scenes.root, file)), 1)
            if line.strip()
        ]

    def _annotated(self, name: str, split: str, where: str) -> None:
        """One XML file and its picture."""
        try:
            if inside(self.scenes.root, where) is None:
                raise Unusable("outside", "this link leads out of the data. Copy the file here.")
            found = _voc_xml.read(self.scenes.root / where, where)
        except Unusable as bad:
            self.scenes.problems.append(bad.problem(where, name))
            return
        scene = self.scenes.picture(name, split, where, found.size)
        if scene:
            scene.add_all(found.objects)


def _known(names: Sequence[str]) -> dict[str, str]:
    """{name of a list: its split}."""
    known = {name: SPLIT_NAMES[name.lower()] for name in names if name.lower() in SPLIT_NAMES}
    if "trainval" in names and "train" not in known.values():
        known["trainval"] = "train"  # else train and val list its pictures already
    return known


def _by_name(pictures: Iterable[str]) -> dict[str, list[str]]:
    """{name without folders: pictures}."""
    found = collections.defaultdict(list)
    for picture in pictures:
        found[Path(picture).name].append(picture)
    return found
