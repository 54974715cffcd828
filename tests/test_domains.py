"""Pictures of two domains in folders."""

import numpy as np
import pytest

import pipelines
from pipelines import catalog
from pipelines import run as runs
from pipelines.engine.data import source
from pipelines.engine.data.split import Split
from pipelines.engine.proof import evaluate
from pipelines.formats import domains

adaptation = catalog.method("adaptation")


def by_split(data):
    return {
        split: sorted(zip(e.names, e.columns["label"], e.columns["domain"], strict=True))
        for split, e in data.splits.items()
    }


def test_a_target_in_no_class_folder_has_no_label(photos):
    root = photos(
        {"source/train/cat": 2, "source/train/dog": 1, "target/train": 2, "target/test/dog": 1}
    )
    data = catalog.load(root)
    assert data.format == "domains"
    assert data.labels == {"label": ["cat", "dog"], "domain": ["source", "target"]}
    found = by_split(data)
    assert [
        (name.split("/")[0], label, domain) for name, label, domain in found["train"] if domain == 1
    ] == [("target", -1, 1)] * len([row for row in found["train"] if row[2]])
    assert [row[1:] for row in found["test"] if row[2]] == [(1, 1)]
    every = [row for rows in found.values() for row in rows]
    assert sorted(row[1:] for row in every) == [(-1, 1), (-1, 1), (0, 0), (0, 0), (1, 0), (1, 1)]


def test_pictures_of_one_name_are_in_one_split(photos):
    root = photos({"source/cat": 30, "source/dog": 30, "target/cat": 30, "target/dog": 30})
    for split, rows in by_split(catalog.load(root)).items():
        own = [{name.partition("/")[2] for name, _, domain in rows if domain == d} for d in (0, 1)]
        assert own[0] == own[1], split


def test_a_class_that_the_source_lacks_is_an_error(photos):
    root = photos({"source/cat": 6, "source/dog": 6, "target/cat": 6, "target/bird": 2})
    data = catalog.load(root)
    (problem,) = [p for p in data.problems if p.severity == "error"]
    assert problem.message == "the source has no class 'bird', 2 pictures here. Known: cat, dog."
    assert not [name for e in data.splits.values() for name in e.names if "bird" in name]
    with pytest.raises(pipelines.Refused, match="the source has no class 'bird'"):
        source.usable(data, "refuse", catalog.method("adaptation"))


def test_one_folder_is_not_enough(photos):
    root = photos({"source/cat": 2, "target/cat": 1})
    with pytest.raises(
        pipelines.PipelineError,
        match="no folder source. Put pictures into source/CLASS/ and target/",
    ):
        domains.read(root / "source")
    for picture in (root / "target").rglob("*.*"):
        picture.unlink()
    with pytest.raises(pipelines.PipelineError, match="no usable picture in .*target"):
        domains.read(root)


def test_examples_without_a_label_are_an_error_to_other_tasks(photos):
    root = photos({"source/cat": 6, "source/dog": 6, "target": 6})
    assert pipelines.audit(root).errors == pipelines.audit(root, task="adaptation").errors == 0
    told = [
        p for p in pipelines.audit(root, task="classification").problems if p.severity == "error"
    ]
    assert {p.kind for p in told} == {"unknown-label"}
    data = catalog.load(root)
    with pytest.raises(pipelines.PipelineError, match="has no label, which this method needs"):
        source.split(
            data,
            "train",
            catalog.method("scratch"),
            catalog.method("scratch").Config().replace(labels=["cat", "dog"]),
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d, y: (d * 0, y), "no example of the target"),
        (lambda d, y: (d * 0 + 1, y), "no labelled example of the source"),
        (lambda d, y: (d + (np.arange(len(d)) == 3) * 2, y), "is of domain 2"),
        (lambda d, y: (d, y * 0 - 1), "no labelled example of the source"),
    ],
)
def test_data_that_cannot_be_adapted_between(change, message):
    data = catalog.load("digit_domains").splits["train"].take(range(1070, 1090))
    domain, label = change(np.array(data.columns["domain"]), np.array(data.columns["label"]))
    data.columns.update(domain=domain, label=label)
    with pytest.raises(pipelines.PipelineError, match=message):
        adaptation.learn(data, adaptation.Config())


def test_a_damaged_picture_is_the_audits_to_find(photos, tmp_path):
    root = photos({"source/cat": 12, "source/dog": 12, "target": 12})
    train = catalog.load(root).splits["train"]
    name = next(name for name in train.names if name.startswith("target"))
    (root / name).write_bytes((root / name).read_bytes()[:200])
    small = dict(alignment="importance", backbone="compact_8", image_size=16)
    with pytest.raises(pipelines.Refused, match=f"{name}: this file"):
        runs.start("adaptation", root, tmp_path / "run", small)
    run = runs.start("adaptation", root, tmp_path / "run", {**small, "on_bad_data": "skip"})
    assert run.info["left_out"] == [name]
    weighed, weights = (run.config.learned[key] for key in ("weighed", "weights"))
    assert sorted(weighed) == sorted(name for name in train.names if name.startswith("source"))
    assert weights.mean() == pytest.approx(1)


def test_an_empty_split_cannot_be_measured(trained):
    part = trained.split("test")
    empty = Split(part.examples.take([]), trained.method, trained.config)
    with pytest.raises(pipelines.PipelineError, match="the split is empty"):
        evaluate.score(None, empty, trained.method, trained.config)


def test_an_alignment_that_needs_labels_of_the_target_says_so(photos, tmp_path):
    root = photos({"source/cat": 12, "source/dog": 12, "target": 12})
    for alignment in ("target", "tradaboost"):
        with pytest.raises(
            pipelines.PipelineError, match=f"alignment={alignment} learns from labels of the target"
        ):
            runs.start("adaptation", root, tmp_path / "run", {"alignment": alignment})
    assert not (tmp_path / "run").exists()
