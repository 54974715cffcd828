"""Data as people have it that once was read wrong in silence: small sets of each kind."""

import numpy as np
import pytest
from PIL import Image

from pipelines import catalog
from pipelines.edge import tables as edge_tables
from pipelines.engine.audit import audit
from pipelines.errors import PipelineError
from pipelines.formats import _mask_files as mask_files
from pipelines.formats import (
    box_table,
    image_folder,
    masks,
    pictures,
    table,
    text_table,
    unpaired,
    voc,
)
from pipelines.ops import schemes


def photo(seed):
    return np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)


def save(file, array, **options):
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(file, **options)


def names_of(data):
    return sorted(name for part in data.splits.values() for name in part.names)


def said(data):
    return [(p.severity, p.kind, p.where) for p in data.problems]


@pytest.mark.parametrize(
    ("suffix", "format"), [(".jfif", "JPEG"), (".img", "JPEG"), ("", "PNG"), (".dat", "WEBP")]
)
def test_a_picture_is_told_by_its_content(tmp_path, suffix, format):
    for i, kind in enumerate(("cat", "bird")):
        save(tmp_path / "classes" / kind / f"a{suffix}", photo(i), format=format)
    for i, folder in enumerate(("train", "trainA", "trainB", "images", "masks")):
        save(tmp_path / folder / f"a{suffix}", photo(i), format=format)
    data = image_folder.read(tmp_path / "classes")
    assert data.labels == {"label": ["bird", "cat"]}
    assert names_of(data) == [f"bird/a{suffix}", f"cat/a{suffix}"]
    assert names_of(pictures.read(tmp_path / "train")) == [f"a{suffix}"]
    assert names_of(unpaired.read(tmp_path)) == [f"trainA/a{suffix}", f"trainB/a{suffix}"]
    assert masks.detect(tmp_path)


def test_what_may_be_a_picture_is_warned_of(tmp_path):
    for folder in ("flat", "classes/cat", "classes/dog", "two/trainA", "two/trainB"):
        save(tmp_path / folder / "a.jpg", photo(len(folder)))
    for folder in ("flat", "classes/cat", "two/trainA"):
        for name in ("b.heic", "c.heic"):
            (tmp_path / folder / name).write_bytes(b"\0\0\0\x18ftypheic")
    for data, where in (
        (pictures.read(tmp_path / "flat"), "."),
        (image_folder.read(tmp_path / "classes"), "cat"),
        (unpaired.read(tmp_path / "two"), "trainA"),
    ):
        assert said(data) == [("warning", "not-a-picture", where)]
        assert (
            "passed over 2 files that are no pictures: b.heic, c.heic." in data.problems[0].message
        )
    (tmp_path / "flat/b.heic").rename(tmp_path / "flat/README.md")
    (tmp_path / "flat/c.heic").unlink()
    assert said(pictures.read(tmp_path / "flat")) == [("note", "not-a-picture", ".")]


@pytest.mark.parametrize(
    "splits", [("training_set", "test_set"), ("Train-Set", "testset"), ("train set", "Testing_set")]
)
def test_sets_are_splits_and_said_to_be(tmp_path, splits):
    for i, split in enumerate(splits):
        for kind in ("cats", "dogs"):
            for j in range(12):
                save(tmp_path / split / kind / f"{j}.png", photo(10 * i + j))
    data = catalog.load(tmp_path)
    assert data.labels == {"label": ["cats", "dogs"]}
    assert len(data.splits["test"]) == 24
    assert {name.split("/")[0] for name in data.splits["train"].names} == {splits[0]}
    assert said(data) == [("note", "split-name", split) for split in sorted(splits)]
    assert data.problems[0].message == (
        f"this folder is read as the split {('train', 'test')[splits.index(sorted(splits)[0])]}."
        " Rename it if it is a class."
    )


def test_classes_below_other_folders_are_refused(tmp_path):
    for outer in ("set1", "set2", "set3"):
        for kind in ("cats", "dogs"):
            save(tmp_path / outer / kind / "a.png", photo(len(outer)))
    with pytest.raises(PipelineError, match="set1, set2, set3 hold folders called cats, dogs"):
        image_folder.read(tmp_path)
    save(tmp_path / "set1/a.png", photo(1))
    assert image_folder.read(tmp_path).labels == {"label": ["set1", "set2", "set3"]}


@pytest.mark.parametrize("inner", [("2020", "2021"), ("deeper",)])
def test_folders_within_classes_that_are_no_classes(tmp_path, inner):
    for kind in ("cats", "dogs"):
        for name in inner:
            save(tmp_path / kind / name / "a.png", photo(len(name)))
    assert image_folder.read(tmp_path).labels == {"label": ["cats", "dogs"]}


def test_splits_below_classes_are_refused(tmp_path):
    for kind in ("cats", "dogs"):
        for split in ("train", "test"):
            save(tmp_path / kind / split / "a.png", photo(len(split)))
    with pytest.raises(PipelineError, match="cats, dogs hold folders called test, train"):
        image_folder.read(tmp_path)


@pytest.mark.parametrize("delimiter", ["\t", ",", ";"])
@pytest.mark.parametrize("header", [("text", "label"), ("label", "text")])
def test_a_quotation_over_rows_is_an_error(tmp_path, delimiter, header):
    rows = [
        ("one", "a"),
        ("two", "b"),
        ('"three', "a"),
        ("four", "b"),
        ('five"', "a"),
        ("six", "b"),
    ]
    lines = [header, *(row if header[0] == "text" else row[::-1] for row in rows)]
    file = tmp_path / ("t.tsv" if delimiter == "\t" else "t.csv")
    file.write_text("".join(f"{delimiter.join(line)}\n" for line in lines))
    data = text_table.read(file)
    assert said(data) == [("error", "quotes", f"{file.name}:4")]
    texts = {text for part in data.splits.values() for text in part.columns["text"]}
    assert texts == {"one", "two", "six"}


def test_quoted_texts_of_several_lines_are_read(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text(
        'text,label\n"Dear Sir, or\nMadam,\nhow are you",a\nfine,b\n"so, so\nindeed",b\n'
    )
    data = text_table.read(file)
    assert data.problems == []
    texts = {text for part in data.splits.values() for text in part.columns["text"]}
    assert texts == {"Dear Sir, or\nMadam,\nhow are you", "fine", "so, so\nindeed"}


def test_a_quotation_over_rows_of_pictures_and_boxes(tmp_path):
    for name in "abcd":
        save(tmp_path / f"{name}.png", photo(1))
    lines = ["path\tlabel", "a.png\tx", 'b.png\t"x', 'c.png\ty"', "d.png\ty"]
    (tmp_path / "t.tsv").write_text("\n".join(lines))
    assert said(table.read(tmp_path / "t.tsv")) == [("error", "quotes", "t.tsv:3")]
    boxes = ["path\txmin\tymin\txmax\tymax\tlabel"]
    sides = "0\t0\t4\t4"
    boxes += [f"a.png\t{sides}\tx", f'b.png\t{sides}\t"x', f'c.png\t{sides}\ty"']
    (tmp_path / "boxes.tsv").write_text("\n".join(boxes))
    assert ("error", "quotes", "boxes.tsv:3") in said(box_table.read(tmp_path / "boxes.tsv"))


@pytest.mark.parametrize("every", [1, 3])  # all masks are 1-bit, or every third
def test_1_bit_masks_among_8_bit(tmp_path, every):
    mask = np.zeros((8, 8), bool)
    mask[2:5, 2:5] = True
    for i in range(6):
        save(tmp_path / f"images/{i}.png", photo(i))
        saved = mask if i % every == 0 else mask * np.uint8(255)
        save(tmp_path / f"masks/{i}.png", saved)
    data = masks.read(tmp_path)
    assert data.labels == {"segmentation_mask": ["background", "foreground"]}
    assert data.problems == []
    for part in data.splits.values():
        for file in part.columns["segmentation_mask"]:
            values = mask_files.pixels(file)
            ids, unknown = mask_files.ids(values, part.masks["segmentation_mask"])
            assert ids.tolist() == mask.astype(int).tolist()
            assert (unknown, mask_files.between(values)) == ({}, 0)


def test_1_bit_masks_whose_classes_are_0_and_1(tmp_path):
    save(tmp_path / "mask.png", np.array([[False, True]]))
    values = mask_files.pixels(tmp_path / "mask.png")
    assert mask_files.ids(values, {0: 1, 1: 0})[0].tolist() == [[1, 0]]
    assert mask_files.ids(values, {255: 0, 0: 1})[0].tolist() == [[1, 0]]
    assert mask_files.ids(values, {})[0].tolist() == [[0, 1]]


def _write_masks(root, values):
    for i in range(3):
        save(root / f"images/{i}.png", photo(i))
        mask = np.resize(np.array(values, np.uint8), (8, 8)) if i else np.zeros((8, 8), np.uint8)
        save(root / f"masks/{i}.png", mask)


@pytest.mark.parametrize("values", [(0, 127, 255), (0, 128, 255), (0, 85, 170, 255)])
def test_255_may_be_a_class(tmp_path, values):
    _write_masks(tmp_path, values)
    with pytest.raises(PipelineError, match=f"values {', '.join(map(str, values))}, so 255 may be"):
        masks.read(tmp_path)
    (tmp_path / "classes.csv").write_text("".join(f"c{value},{value}\n" for value in values))
    data = masks.read(tmp_path)
    assert data.labels == {"segmentation_mask": [f"c{value}" for value in values]}
    kinds = {problem.kind for problem in audit.audit(data, progress=False).problems}
    assert not kinds & {"ignored", "unknown-value"}


def test_what_is_ignored_is_said(tmp_path):
    _write_masks(tmp_path, (0, 1, 2, 255))
    data = masks.read(tmp_path)
    found = [p for p in audit.audit(data, progress=False).problems if p.kind == "ignored"]
    assert {p.severity for p in found} == {"note"}
    assert sum("255 is ignored in segmentation_mask: " in p.message for p in found) == len(found)
    looked = sum(int(p.message.split(", in ")[1].split()[0]) for p in found)
    assert looked == 2  # of the three masks, the first has none


def _two_folders(root, lists):
    for camera, names in {"left": ("0", "1 a", "2"), "right": ("0", "1 a", "3")}.items():
        for name in names:
            save(root / "images" / camera / f"{name}.png", photo(len(camera)))
            mask = np.eye(8, dtype=np.uint8) * 255
            save(root / "masks" / camera / f"{name}.png", mask)
    for split, lines in lists.items():
        (root / f"{split}.txt").write_text("\n".join(lines))


def test_lists_keep_equal_names_in_two_folders_apart(tmp_path):
    listed = {
        "train": ["left/0.png", "right/1 a.png", "3"],
        "val": ["images/left/1 a", "/old/machine/left/2.png -1"],
        "test": ["right/0"],
    }
    _two_folders(tmp_path, listed)
    data = masks.read(tmp_path)
    assert data.problems == []
    names = {split: sorted(part.names) for split, part in data.splits.items()}
    assert names == {
        "train": ["images/left/0.png", "images/right/1 a.png", "images/right/3.png"],
        "validation": ["images/left/1 a.png", "images/left/2.png"],
        "test": ["images/right/0.png"],
    }


def test_pictures_in_no_list_are_warned_of(tmp_path):
    _two_folders(tmp_path, {"train": ["left/0", "left/2"], "test": ["left/1 a"]})
    data = masks.read(tmp_path)
    assert said(data) == [("warning", "unlisted", "images/right/0.png")]
    assert data.problems[0].message.startswith("3 pictures are in no list and left out: images/")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0.png", r"test.txt:1: '0.png' could be images/left/0.png, images/right/0.png"),
        ("left/3.png", r"test.txt:1: there is no picture 'left/3.png'"),
        ("left/2", r"test.txt:1: 'left/2' is in train already"),
    ],
)
def test_lines_that_tell_no_picture(tmp_path, line, message):
    _two_folders(tmp_path, {"train": ["left/2.png"], "test": [line]})
    with pytest.raises(PipelineError, match=message):
        masks.read(tmp_path)


@pytest.mark.parametrize("line", ["slide 1", "slide 1 ", "plain  -1"])
def test_lists_of_voc_may_have_spaces_in_names(tmp_path, line):
    name = line.removesuffix("-1").strip()
    save(tmp_path / f"JPEGImages/{name}.jpg", photo(1))
    file = tmp_path / f"Annotations/{name}.xml"
    file.parent.mkdir()
    box = "<xmin>1</xmin><ymin>1</ymin><xmax>4</xmax><ymax>4</ymax>"
    file.write_text(
        f"<annotation><object><name>a</name><bndbox>{box}</bndbox></object></annotation>"
    )
    listed = tmp_path / "ImageSets/Main/train.txt"
    listed.parent.mkdir(parents=True)
    listed.write_text(f"{line}\n")
    data = voc.read(tmp_path)
    assert said(data) == []
    assert names_of(data) == [f"JPEGImages/{name}.jpg"]


PER = ["B-PER", "I-PER", "O", "B-PER", "O", "O"]


def test_bmes_is_bioes():
    tags = ["B-PER", "M-PER", "M-PER", "E-PER", "O", "S-ORG"]
    assert schemes.scheme([tags]) == "bioes"
    assert schemes.breaks(tags, "bioes") == []
    assert schemes.convert(tags, "bio") == ["B-PER", "I-PER", "I-PER", "I-PER", "O", "B-ORG"]
    assert schemes.breaks(["B-PER", "M-PER", "O"], "bioes") == [
        (2, "O after M-PER: that span has no last token")
    ]


@pytest.mark.parametrize(
    ("tags", "change"),
    [
        ([tag.lower() for tag in PER], "b-per is B-per, i-per is I-per, o is O"),
        ([tag.replace("-", "_") for tag in PER], "B_PER is B-PER, I_PER is I-PER"),
        ([tag.replace("O", "0") for tag in PER], "0 is O"),
        (PER, ""),
        (["NN", "VB", "O", "0"], ""),
        (["i", "o", "b", "o"], ""),
    ],
)
def test_tags_that_are_nearly_of_a_scheme(tmp_path, tags, change):
    assert schemes.alike([tags]) == change
    lines = "".join(f"word{i} {tag}\n" for i, tag in enumerate(tags))
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.conll").write_text(lines)
    data = catalog.load(tmp_path)
    wrong = [p for p in audit.audit(data, progress=False).problems if p.kind == "scheme"]
    assert len(wrong) == bool(change)
    tagging = catalog.method("linear_crf")
    assert tagging.adapt(data, tagging.Config(scheme="plain")).labels
    if change:
        with pytest.raises(PipelineError, match=f"written as usual: {change}"):
            tagging.adapt(data, tagging.Config())


def test_pictures_without_masks_that_no_list_names_are_passed_over(tmp_path):
    for i in range(6):
        save(tmp_path / f"JPEGImages/{i}.png", photo(i))
        if i < 4:
            save(tmp_path / f"SegmentationClass/{i}.png", np.eye(8, dtype=np.uint8))
    lists = tmp_path / "ImageSets/Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_bytes("\ufeff0\r\n1\r\n".encode())
    (lists / "val.txt").write_text("2\n3\n")
    data = catalog.load(tmp_path)
    assert said(data)[0] == ("warning", "unlisted", "JPEGImages/4.png")
    assert [len(data.splits[split]) for split in ("train", "validation")] == [2, 2]
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "Annotations/0.xml").write_text("<annotation></annotation>")
    assert catalog.load(tmp_path).format == "voc"
    assert catalog.load(tmp_path, feature="segmentation_mask").format == "masks"
    (lists / "val.txt").write_text("2\n3\n4\n")
    errors = [p.where for p in masks.read(tmp_path).problems if p.severity == "error"]
    assert errors == ["JPEGImages/4.png"]


def test_a_folder_that_is_called_as_a_picture_is_warned_of(tmp_path):
    for folder in ("classes/cat", "classes/dog", "flat", "two/trainA", "two/trainB"):
        save(tmp_path / folder / "a.jpg", photo(len(folder)))
        (tmp_path / folder / "b.jpg").mkdir()
    for reader, folder, count in ((image_folder, "classes", 2), (unpaired, "two", 2)):
        found = [p for p in reader.read(tmp_path / folder).problems if p.severity == "warning"]
        assert [p.where.rpartition("/")[2] for p in found] == ["b.jpg"] * count
    assert said(pictures.read(tmp_path / "flat")) == [("warning", "not-a-picture", "b.jpg")]


def test_a_quoted_list_that_looks_like_rows_is_read(tmp_path):
    file = tmp_path / "t.csv"
    steps = "Steps:\n1, mix it\n2, bake it"
    file.write_text(f'id,text,label\n1,one,a\n2,two,b\n3,"{steps}",a\n')
    data = text_table.read(file)
    texts = {text for part in data.splits.values() for text in part.columns["text"]}
    assert texts == {"one", "two", steps}
    file.write_text('id,text,label\n1,one,a\n2,"two,b\n3,three",a\n4,four,b\n')
    assert ("error", "quotes", "t.csv:3") in said(text_table.read(file))


def test_a_text_may_be_very_long(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text(f"text,label\n{'long ' * 30_000},a\nshort,b\n")
    data = text_table.read(file)
    assert max(len(t) for part in data.splits.values() for t in part.columns["text"]) == 149_999
    assert len(edge_tables.rows(file)) == 2
