import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import catalog
from pipelines.errors import PipelineError
from pipelines.families.target_kinds import reading
from pipelines.formats import table
from pipelines.formats.examples import Data


@pytest.fixture
def folder(tmp_path):
    """A folder with three files that only need to exist: readers open no picture."""
    for folder in ("pics", "rest"):
        (tmp_path / folder).mkdir()
    for name in ("pics/a.jpg", "pics/b.jpg", "rest/c.jpg"):
        (tmp_path / name).touch()
    return tmp_path


def write(folder, text, name="labels.csv", encoding="utf-8"):
    file = folder / name
    file.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
    return file


def rows(data):
    """{name: (label, where)} over all splits."""
    names = data.labels["label"]
    return {
        name: (names[label], where)
        for examples in data.splits.values()
        for name, label, where in zip(
            examples.names, examples.columns["label"], examples.where, strict=True
        )
    }


def only(data):
    (problem,) = data.problems
    return problem.severity, problem.kind, problem.where


def test_a_table(folder):
    file = write(
        folder,
        "path,label,split\npics/b.jpg,dog,train\npics/a.jpg,cat,train\nrest/c.jpg,cat,test\n",
    )
    data = table.read(file)
    assert data.labels == {"label": ["cat", "dog"]}
    assert rows(data) == {
        "pics/a.jpg": ("cat", "labels.csv:3"),
        "pics/b.jpg": ("dog", "labels.csv:2"),
        "rest/c.jpg": ("cat", "labels.csv:4"),
    }
    assert data.splits["test"].names == ["rest/c.jpg"]
    assert data.splits["test"].columns["image"] == [str(folder / "rest/c.jpg")]
    assert data.splits["test"].pictures == ("image",)
    assert (data.problems, data.format, data.source) == ([], "table", str(file))


@pytest.mark.parametrize(
    "text",
    [
        "File;Class\npics/a.jpg;cat\n./pics/b.jpg;dog\n",
        "filename\tTARGET\r\npics\\a.jpg\tcat\r\npics/b.jpg\tdog\r\n",
        "\ufeffimage_path,category\n\n pics/a.jpg ,cat\n\npics/../pics/b.jpg,dog",
        '"label","image"\n"cat","pics/a.jpg"\n"dog","pics/b.jpg"\n',
        "path,label\rpics/a.jpg,cat\rpics/b.jpg,dog\r",
    ],
)
def test_dialects(folder, text):
    data = table.read(write(folder, text))
    assert {name: label for name, (label, _) in rows(data).items()} == {
        "pics/a.jpg": "cat",
        "pics/b.jpg": "dog",
    }
    assert data.problems == []


def test_a_label_may_hold_the_delimiter_and_a_line_break(folder):
    data = table.read(write(folder, 'path,label\npics/a.jpg,"cat, big\nor so"\npics/b.jpg,dog\n'))
    assert rows(data) == {
        "pics/a.jpg": ("cat, big\nor so", "labels.csv:2"),
        "pics/b.jpg": ("dog", "labels.csv:4"),
    }


def test_an_absolute_path_inside_the_folder(folder):
    data = table.read(write(folder, f"path,label\n{folder}/pics/a.jpg,cat\n"))
    assert list(rows(data)) == ["pics/a.jpg"]


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("pics/b.jpg,", "empty-label"),
        ("pics/b.jpg,  ", "empty-label"),
        (",cat", "missing-file"),
        ("pics/none.jpg,cat", "missing-file"),
        ("pics,cat", "missing-file"),
        ("a\0b.jpg,cat", "missing-file"),
        (f"{'x' * 5000}.jpg,cat", "missing-file"),
        ("../secret.jpg,cat", "outside"),
        ("/etc/passwd,cat", "outside"),
        ("pics/b.jpg", "row"),
        ("pics/b.jpg,cat,big", "row"),
    ],
)
def test_a_bad_row_is_an_error_with_its_line(folder, row, kind):
    (folder.parent / "secret.jpg").touch()
    data = table.read(write(folder, f"path,label\npics/a.jpg,cat\n{row}\nrest/c.jpg,dog\n"))
    assert only(data) == ("error", kind, "labels.csv:3")
    assert data.problems[0].example == "labels.csv:3"
    assert sorted(rows(data)) == ["pics/a.jpg", "rest/c.jpg"]


def test_a_link_out_of_the_folder_is_refused(folder):
    (folder / "pics/link.jpg").symlink_to("/etc/passwd")
    data = table.read(write(folder, "path,label\npics/a.jpg,cat\npics/link.jpg,cat\n"))
    assert only(data) == ("error", "outside", "labels.csv:3")


def test_an_unknown_split(folder):
    data = table.read(
        write(folder, "path,label,split\npics/a.jpg,cat,Train\npics/b.jpg,cat,holdout\n")
    )
    assert only(data) == ("error", "unknown-split", "labels.csv:3")
    assert "'holdout'" in data.problems[0].message


def test_a_picture_listed_twice(folder):
    same = table.read(
        write(folder, "path,label\npics/a.jpg,cat\n./pics/a.jpg,cat\npics/b.jpg,dog\n")
    )
    assert only(same) == ("warning", "duplicate", "labels.csv:3")
    other = table.read(write(folder, "path,label\npics/a.jpg,cat\npics/a.jpg,dog\n"))
    assert only(other) == ("error", "conflict", "labels.csv:3")
    assert other.problems[0].example == "pics/a.jpg"
    assert "'dog' here and 'cat' at labels.csv:2" in other.problems[0].message
    leak = table.read(
        write(folder, "path,label,split\npics/a.jpg,cat,train\npics/a.jpg,cat,test\n")
    )
    assert only(leak) == ("error", "leak", "labels.csv:3")


def test_other_columns_are_noted(folder):
    data = table.read(write(folder, "id,path,label,size\n1,pics/a.jpg,cat,9\n2,pics/b.jpg,cat,9\n"))
    assert only(data) == ("note", "unused-column", "labels.csv:1")
    assert data.problems[0].message == "not used: id, size."


def test_columns_that_a_table_of_another_split_lacks_are_left_out(tmp_path):
    """Both tables are train: one has the age, one the site, both the sex."""
    for place, name in (("train", "age"), ("training", "site")):
        (tmp_path / place).mkdir()
        (tmp_path / place / "a.jpg").touch()
        write(tmp_path / place, f"path,label,sex,{name}\na.jpg,{place},f,9\n")
    data = table.read(tmp_path)
    columns = {name for part in data.splits.values() for name in part.columns}
    assert columns == {"image", "label", "column/sex"}
    said = [(p.where, p.message) for p in data.problems if p.severity == "warning"]
    assert [where for where, _ in said] == ["train/labels.csv:1", "training/labels.csv:1"]
    assert said[0][1].startswith("not in all tables, so left out: age.")
    config = catalog.method("classification/scratch").Config().replace(target=("age",))
    with pytest.raises(PipelineError, match=r"no column 'age'.*\n.*not in all tables") as error:
        reading.adapted(data, config, ("numbers",))
    assert len(error.value.lines) == 3


def test_pictures_among_others_that_are_in_no_row(folder):
    data = table.read(write(folder, "path,label\npics/a.jpg,cat\nrest/c.jpg,dog\n"))
    assert only(data) == ("warning", "unlisted", "pics/b.jpg")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "labels.csv is empty"),
        ("path\npics/a.jpg\n", "labels.csv:1 has no column for the label; it has path"),
        ("a,b\n", "labels.csv:1 has no column for the path; it has a, b"),
        ("path,label,class\n", "labels.csv:1 has 2 columns that could be the label: label, class"),
        ("path,label\n", "lists no usable picture"),
        (
            "path,label\nnone.jpg,cat\n",
            "lists no usable picture. labels.csv:2: there is no picture 'none.jpg'",
        ),
        ('path,label\npics/a.jpg,cat\npics/b.jpg,"dog\n', "labels.csv:3 cannot be read"),
        (b"path,label\npics/a.jpg,cat\npics/b.jpg,caf\xe9\n", "labels.csv:3 is not UTF-8"),
    ],
)
def test_a_table_that_cannot_be_read(folder, text, message):
    with pytest.raises(PipelineError) as raised:
        table.read(write(folder, text))
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_detect_and_a_folder_with_one_table(folder):
    assert not table.detect(folder)
    file = write(folder, "path,label\npics/a.jpg,cat\n")
    assert table.detect(file)
    assert table.detect(folder)
    assert rows(table.read(folder)) == rows(table.read(file))
    write(folder, "a,b\n", "other.tsv")
    assert not table.detect(folder)
    with pytest.raises(PipelineError, match=r"found labels\.csv, other\.tsv"):
        table.read(folder)
    file.unlink()
    assert not table.detect(folder)  # its header names no picture
    assert not table.detect(folder / "pics/a.jpg")


pieces = st.sampled_from(
    [
        "path",
        "label",
        "split",
        "pics/a.jpg",
        "cat",
        "..",
        ",",
        ",",
        ";",
        "\t",
        "\n",
        "\n",
        "\r",
        '"',
        "\0",
    ]
)
tables = st.one_of(
    st.binary(max_size=200),
    st.lists(pieces, max_size=30).map(lambda words: "".join(words).encode()),
    st.lists(pieces, max_size=30).map(
        lambda words: ("path,label,split\n" + "".join(words)).encode()
    ),
)


@settings(max_examples=300, deadline=None)
@given(tables)
def test_any_bytes_are_read_or_refused_in_one_line(tmp_path_factory, raw):
    folder = tmp_path_factory.getbasetemp() / "any"
    (folder / "pics").mkdir(parents=True, exist_ok=True)
    (folder / "pics/a.jpg").touch()
    file = write(folder, raw)
    table.detect(folder)
    try:
        data = table.read(file)
    except PipelineError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert isinstance(data, Data)
        assert all("\n" not in p.message for p in data.problems)
