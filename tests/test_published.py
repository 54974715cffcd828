"""Data as well-known sites publish it: what archives, Roboflow, Kaggle, Excel and others write."""

import numpy as np
import pytest
from one_box import BOX, line, merged, said, save, write

from pipelines import catalog
from pipelines.engine.audit import audit
from pipelines.errors import PipelineError


def rows_of(name):
    """A row of a table of boxes: the one that BOX is."""
    ymin, xmin, ymax, xmax = BOX
    return f"{name},red,{xmin},{ymin},{xmax},{ymax}"


def splits(data):
    """{split: names}, of splits that are not empty."""
    return {split: part.names for split, part in data.splits.items() if len(part)}


def test_an_archive_in_a_folder_of_its_own(tmp_path, capsys):
    for name in ("cat/1.png", "cat/2.png", "dog/1.png"):
        save(tmp_path / "archive/PetImages" / name)
    write(tmp_path / "archive/readme[1].txt", "what lies here")
    write(tmp_path / "archive/LICENSE.pdf", "%PDF")
    data = catalog.load(tmp_path / "archive")
    assert data.labels == {"label": ["cat", "dog"]}
    assert capsys.readouterr().err.endswith(
        f"archive/PetImages, the only folder in {tmp_path / 'archive'}\n"
    )
    assert catalog.load(tmp_path).labels == data.labels  # one folder deeper


@pytest.mark.parametrize(
    ("loose", "inner", "wanted"),
    [
        (["cover.png"], ["cat/1.png", "cat/2.png", "dog/1.png"], ["cat", "dog"]),
        (["a.png", "b.png", "c.png", "d.png"], ["cat/1.png", "dog/1.png"], ["outer"]),
        (["cover.png"], ["1.png", "cat/1.png", "dog/1.png"], ["outer"]),
        (["cover.png"], ["young/1.png"], ["outer"]),
    ],
)
def test_a_cover_beside_the_folder_of_an_archive(tmp_path, loose, inner, wanted):
    for name in (*loose, *(f"outer/{name}" for name in inner)):
        save(tmp_path / name)
    assert catalog.load(tmp_path).labels == {"label": wanted}


def test_a_table_in_a_folder_of_its_own(tmp_path):
    write(tmp_path / "a/b/table.csv", "text,label\nfine,x\ndull,y\n")
    write(tmp_path / "a/README.md", "of what is within")
    assert catalog.load(tmp_path / "a").format == "text_table"


def test_one_class_is_no_folder_of_its_own(tmp_path):
    """The only folder has pictures right in it, a layout's name, or a neighbour that is data."""
    for name in ("one/cats/1.png", "one/cats/young/2.png", "split/train/cats/1.png"):
        save(tmp_path / name)
    assert catalog.load(tmp_path / "one").labels == {"label": ["cats"]}
    assert catalog.load(tmp_path / "split").splits["train"].names == ["train/cats/1.png"]


def test_voc_as_it_is_unpacked(tmp_path):
    root = tmp_path / "VOCdevkit/VOC2007"
    save(root / "JPEGImages/a.png")
    ymin, xmin, ymax, xmax = BOX
    box = f"<xmin>{xmin}</xmin><ymin>{ymin}</ymin><xmax>{xmax}</xmax><ymax>{ymax}</ymax>"
    box = f"<object><name>red</name><bndbox>{box}</bndbox></object>"
    write(root / "Annotations/a.xml", f"<annotation><filename>a.png</filename>{box}</annotation>")
    assert catalog.load(tmp_path).format == "voc"


@pytest.mark.parametrize("name", ["shapes.yaml", "coco128.yml", "data.yaml"])
def test_a_description_of_yolo_under_another_name(tmp_path, name):
    for stem in "abc":
        save(tmp_path / f"images/{stem}.png")
        write(tmp_path / f"labels/{stem}.txt", line())
    write(tmp_path / "train.txt", "./images/a.png\n./images/b.png\n")
    write(tmp_path / "val.txt", "./images/c.png\n")
    write(tmp_path / name, "path: ../shapes\ntrain: train.txt\nval: val.txt\nnames: [red]\n")
    write(tmp_path / "hyp.yaml", "lr0: 0.01\n")
    data = catalog.load(tmp_path)
    assert data.labels["objects/label"] == ["red"]
    assert splits(data)["validation"] == ["images/c.png"]
    assert len(merged(data)) == 3


def test_two_descriptions_of_yolo_are_asked_about(tmp_path):
    save(tmp_path / "images/a.png")
    write(tmp_path / "labels/a.txt", line())
    for name in ("a.yaml", "b.yaml"):
        write(tmp_path / name, "train: images\nnames: [red]\n")
    with pytest.raises(PipelineError, match=r"has several descriptions: a\.yaml, b\.yaml"):
        catalog.load(tmp_path)


def test_a_table_of_boxes_in_each_split(tmp_path):
    for split in ("train", "valid", "test"):
        save(tmp_path / split / "a.png")
        save(tmp_path / split / "b.png")
        head = "filename,class,xmin,ymin,xmax,ymax"
        write(
            tmp_path / split / "_annotations.csv",
            f"{head}\n{rows_of('a.png')}\n{rows_of('b.png')}\n",
        )
    data = catalog.load(tmp_path)
    assert (data.format, said(data)) == ("box_table", [])
    assert splits(data)["validation"] == ["valid/a.png", "valid/b.png"]
    assert set(map(tuple, (box for boxes in merged(data).values() for box in boxes))) == {
        tuple(BOX)
    }
    write(tmp_path / "valid/_annotations.csv", f"{head}\n{rows_of('a.png')}\nb.png,red,1\n")
    assert said(catalog.load(tmp_path)) == [
        ("error", "row", "valid/_annotations.csv:3"),
        ("warning", "unlisted", "valid/b.png"),
    ]


@pytest.mark.parametrize("names", [["train"], ["train", "test"]])
def test_a_table_of_pictures_in_each_split(tmp_path, names):
    for split in names:
        for i in range(4):
            save(tmp_path / split / f"{i}.png")
        rows = "".join(f"{i}.png,{'xy'[i % 2]}\n" for i in range(4))
        write(tmp_path / split / "metadata.csv", f"file_name,label\n{rows}")
    data = catalog.load(tmp_path)
    assert (data.format, data.labels) == ("table", {"label": ["x", "y"]})
    found = [name for part in data.splits.values() for name in part.names]
    assert sorted(found) == sorted(f"{split}/{i}.png" for split in names for i in range(4))
    assert said(data) == []


@pytest.mark.parametrize("mark", ["sep=;", '"sep=;"', "SEP=;"])
def test_the_line_with_which_excel_begins_a_table(tmp_path, mark):
    rows = "".join(f"a, b {i};{'xy'[i % 2]}\n" for i in range(6))
    write(tmp_path / "a.csv", f"{mark}\ntext;label\n{rows}one cell\n")
    data = catalog.load(tmp_path / "a.csv")
    assert (data.format, data.labels) == ("text_table", {"label": ["x", "y"]})
    assert [p.where for p in data.problems] == ["a.csv:9"]


def test_a_table_of_that_line_alone_is_empty(tmp_path):
    write(tmp_path / "a.csv", "sep=;")
    with pytest.raises(PipelineError, match="fits no known format"):
        catalog.load(tmp_path / "a.csv")
    with pytest.raises(PipelineError, match=r"a\.csv is empty"):
        catalog.load(tmp_path / "a.csv", "table")


def test_high_and_low_resolution_as_div2k_calls_them(tmp_path):
    for split, i in (("train", 1), ("train", 2), ("valid", 3)):
        save(tmp_path / f"DIV2K_{split}_HR/{i}.png", size=(16, 16))
        save(tmp_path / f"DIV2K_{split}_LR_bicubic/X2/{i}x2.png", size=(8, 8))
    data = catalog.load(tmp_path)
    assert (data.format, said(data)) == ("pairs", [])
    assert splits(data)["validation"] == ["DIV2K_valid_HR/3.png"]
    assert len(data.splits["train"].columns["low"] + data.splits["test"].columns["low"]) == 2


def test_a_column_called_as_a_feature_is_a_column(tmp_path):
    rows = "".join(f'{i},"[1.0, 2.0, 3.0, {i}.0]",usask\n' for i in range(12))
    write(tmp_path / "train.csv", f"image_id,bbox,source\n{rows}")
    data = catalog.load(tmp_path)
    assert data.format == "rows"
    assert [p for p in audit.audit(data).problems if p.severity == "error"] == []


def test_answers_to_a_contest_are_no_data(tmp_path):
    for name in ("train", "test"):
        write(tmp_path / f"{name}.csv", "id,age,note\n1,2,a\n2,3,b\n")
    write(tmp_path / "gender_submission.csv", "id,label\n1,0\n")
    data = catalog.load(tmp_path)
    assert (data.format, said(data)) == (
        "rows",
        [("warning", "unused-file", "gender_submission.csv")],
    )
    write(tmp_path / "alone/submission.csv", "text,label\na,x\nb,y\n")
    assert said(catalog.load(tmp_path / "alone")) == []


@pytest.mark.parametrize("inner", [False, True])
def test_splits_of_other_names_with_classes_deeper_are_asked_about(tmp_path, inner):
    for split in ("seg_train", "seg_test"):
        for label in ("sea", "forest"):
            save(tmp_path / split / (split if inner else "") / label / "1.png")
    save(tmp_path / "seg_pred/seg_pred/9.png")
    with pytest.raises(PipelineError, match="folders called forest, sea, and no picture themsel"):
        catalog.load(tmp_path)


@pytest.mark.parametrize(
    ("pictures", "masks"),
    [("PNGImages/{}.png", "PedMasks/{}_mask.png"), ("In_Input/{}.jpg", "GroundTruth/{}_seg.png")],
)
def test_folders_of_masks_under_other_names(tmp_path, pictures, masks):
    for i in range(4):
        save(tmp_path / pictures.format(i))
        save(tmp_path / masks.format(i), np.eye(12, 8, dtype=np.uint8))
    write(tmp_path / "Annotation/0.txt", "# of picture 0")
    data = catalog.load(tmp_path)
    assert data.format == "masks"
    assert sum(map(len, data.splits.values())) == 4


def test_faces_with_a_mask_are_a_class(tmp_path):
    for i in range(4):
        save(tmp_path / f"mask_worn/{i}.png")
        save(tmp_path / f"no_mask/face{i}.png")
    assert catalog.load(tmp_path).labels == {"label": ["mask_worn", "no_mask"]}


def test_pictures_that_no_column_names_are_told(tmp_path):
    save(tmp_path / "train/1.png")
    write(tmp_path / "trainLabels.csv", "id,label\n1,cat\n2,dog\n")
    assert said(catalog.load(tmp_path)) == [("warning", "unlisted", "train/1.png")]


@pytest.mark.parametrize(
    ("name", "says"), [("a.zip", "Unpack"), ("a.xlsx", "Save the sheet as CSV")]
)
def test_what_has_to_be_unpacked_is_told(tmp_path, name, says):
    write(tmp_path / name, "PK")
    for path in (tmp_path, tmp_path / name):
        with pytest.raises(PipelineError, match=says):
            catalog.load(path)
