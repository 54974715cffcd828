"""Metric learning: data of identities, batches of pairs, from training to the device."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import once, write_photos

import pipelines
from pipelines import catalog
from pipelines.edge import metric_learning as edge
from pipelines.errors import PipelineError
from pipelines.families import identities, identity_batches

PEOPLE = ("ann", "bob", "cy", "dee", "eve", "flo", "gus", "hal")


def read(folder, pairs=""):
    return identities.adapted(catalog.load(str(folder)), pairs)


def people(part):
    return set(part.columns["identity"])


def test_splits_that_are_cut_have_people_of_their_own(photos):
    data = read(photos({name: 4 for name in PEOPLE}))
    parts = [people(data.splits[name]) for name in ("train", "validation", "test")]
    assert [len(part) for part in parts] == [4, 2, 2]
    assert len(set().union(*parts)) == 8
    assert sum(map(len, data.splits.values())) == 32
    assert identities.adapted(data, "") is data


def _numbered(folder, people):
    """Pictures are called as in LFW."""
    for place in people:
        name = place.rpartition("/")[2]
        for number, path in enumerate(sorted((folder / place).iterdir()), 1):
            path.rename(path.with_name(f"{name}_{number:04d}{path.suffix}"))


def test_people_of_a_file_of_pairs_are_in_no_training(photos):
    folder = photos({f"{name}": 3 for name in PEOPLE})
    _numbered(folder, PEOPLE)
    (folder / "pairs.txt").write_text("ann\t1\t2\nann\t1\tbob\t2\n")
    data = read(folder)
    names = sorted(PEOPLE)
    assert {names.index("ann"), names.index("bob")} <= people(data.splits["test"])
    assert people(data.splits["train"]).isdisjoint(people(data.splits["test"]))


def test_people_of_the_test_may_be_others_than_those_of_training(photos):
    folder = photos(
        {
            **{f"train/{name}": 3 for name in ("ann", "bob")},
            **{f"test/{name}": 3 for name in ("cy", "dee")},
            **{f"validation/{name}": 2 for name in ("eve", "flo")},
        }
    )
    data = read(folder)
    assert people(data.splits["train"]).isdisjoint(people(data.splits["test"]))
    method = catalog.method("metric_learning/triplet")
    from pipelines.engine.data import source

    assert not source.audited(data, method).errors


def test_one_picture_makes_no_pair(photos):
    data = read(photos({"train/ann": 3, "train/bob": 1, "test/cy": 1, "test/dee": 1}))
    found = {problem.kind: problem for problem in data.problems}
    assert "'bob'" in found["one-picture"].message
    assert found["one-picture"].severity == "warning"
    assert (found["no-pairs"].severity, found["no-pairs"].where) == ("error", "test")


def test_a_split_of_one_class_makes_no_pair_of_two(photos):
    data = read(photos({"train/ann": 3, "train/bob": 2, "validation/cy": 3, "test/dee": 2}))
    found = [problem for problem in data.problems if problem.kind == "no-pairs"]
    assert {(problem.severity, problem.where) for problem in found} == {
        ("error", "validation"),
        ("error", "test"),
    }


@pytest.mark.parametrize(("names", "flip"), [("bd", "off"), (("ann", "bob"), "on")])
def test_letters_are_not_mirrored(names, flip, photos):
    from pipelines.engine.data import source

    method = catalog.method("metric_learning/triplet")
    folders = {f"{split}/{name}": 2 for split in ("train", "validation", "test") for name in names}
    data = read(photos(folders))
    config = method.Config(backbone="compact_8")
    assert method.resolve(config, source.audited(data, method)).flip == flip
    chosen = config.replace(flip="on")
    assert method.resolve(chosen, source.audited(data, method)).flip == "on"


def lfw(folder):
    """Pictures of three people in LFW's layout."""
    counts = {
        f"{split}/{name}": 3 for split, name in (("train", "ann"), ("test", "bob"), ("test", "cy"))
    }
    write_photos(folder, counts)
    _numbered(folder, counts)
    return folder


def test_pairs_of_a_file_are_those_that_are_judged(tmp_path):
    folder = lfw(tmp_path / "data")
    (folder / "pairs.txt").write_text("2\t1\nbob\t1\t2\nbob\t1\tcy\t2\ncy\t1\t3\ncy\t2\tbob\t3\n")
    table = read(folder).splits["test"].tables["pairs"]
    assert table["is_same"] == [True, False, True, False]
    assert table["fold"] == [0, 0, 1, 1]
    assert Path(table["left"][0]).stem == "bob_0001"
    assert Path(table["right"][1]).stem == "cy_0002"
    (folder / "pairs.txt").write_text("ann\t1\t2\nbob\t1\tcy\t2\nann\t1\tbob\t2\n")
    outside = [each for each in read(folder).problems if each.kind == "pairs-outside"]
    assert [each.message.split(" are")[0] for each in outside] == ["2 of 3 pairs"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bob\t1\t2\nbob\t1\tcy\t9\n", r"pairs.txt:2 names picture 9 of 'cy'"),
        ("bob\t1\n", r"pairs.txt:1 is no pair"),
        ("bob\tone\t2\n", r"pairs.txt:1 is no pair"),
        ("bob\t1\t2\n", "all of a sort"),
        ("", "it has 0 pairs"),
    ],
)
def test_a_broken_file_of_pairs_is_named(text, message, tmp_path):
    folder = lfw(tmp_path / "data")
    (folder / "pairs.txt").write_text(text)
    with pytest.raises(PipelineError, match=message):
        read(folder)


def test_a_batch_holds_pairs_and_an_epoch_all_people():
    labels = np.repeat(np.arange(7), 5)
    rows = identity_batches.drawn(labels, batch_size=8, each=2, seed=0)
    seen = []
    for step in range(14):
        own = rows(np.int64(step)).numpy()
        assert len(own) == 8
        kinds = labels[own].reshape(4, 2)
        assert (kinds[:, 0] == kinds[:, 1]).all()
        seen += kinds[:, 0].tolist()
    # Seven people come before one comes again, in another order each time.
    rounds = np.array(seen).reshape(-1, 7)
    assert all(sorted(turn) == list(range(7)) for turn in rounds.tolist())
    assert len({tuple(turn) for turn in rounds.tolist()}) > 4
    # And five pictures of a person before one of them does.
    first = np.concatenate([rows(np.int64(step)).numpy() for step in range(9)])
    own = [row for row in first if labels[row] == 0]
    assert len(set(own[:4])) == 4
    np.testing.assert_array_equal(rows(np.int64(3)), rows(np.int64(3)))


@pytest.fixture(scope="session")
def bundle():
    """A bundle of a small net that has learned drawn faces."""

    def make(folder):
        run = pipelines.train(
            "metric_learning/triplet",
            run=folder / "run",
            backbone="compact_8",
            image_size=32,
            epochs=2,
            steps_per_epoch=30,
            embedding_size=16,
            learning_rate=3e-3,
        )
        run.export(folder / "bundle", formats=("float32", "int8"))

    return once("metric_learning", make)


def faces(folder):
    data = catalog.load("drawn_faces")
    from PIL import Image

    test = data.splits["test"]
    for row in (0, 1, 10, 11):
        kind = data.labels["label"][test.columns["label"][row]]
        path = folder / kind / f"{row}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = test.columns["image"][row]
        path.write_bytes(picture) if isinstance(picture, bytes) else Image.open(picture).save(path)
    return sorted(folder.rglob("*.png"))


@pytest.mark.slow
def test_it_learns_and_its_files_say_the_same(bundle, tmp_path):
    run = pipelines.load(bundle / "run")
    result = run.evaluate()
    assert result["verification_accuracy"] > 0.65
    assert result["eer"] < 0.36
    assert result["curves"]["roc"]["y"][-1] == 1
    manifest = json.loads((bundle / "bundle/manifest.json").read_text())
    assert {"float32", "int8"} <= set(manifest["files"])
    given = faces(tmp_path / "people")
    made = pipelines.load(bundle / "bundle")
    one, two = made.predict([given[0], given[1]]), made.predict([given[0], given[2]])
    assert [len(one), len(two)] == [1, 1]
    assert one[0]["distance"] < two[0]["distance"]
    assert one[0]["same"] == (one[0]["distance"] <= one[0]["threshold"])


def fake(points):
    """What runs a model that gives a point for each picture, told apart by its first pixel."""

    def run(inputs, program="serving_default"):
        return {
            "embedding": np.array([points[int(inputs["image"][0, 0, 0, 0])]]),
            "threshold": np.array([0.5]),
        }

    return run


MANIFEST = {"inputs": {"image": {"shape": [1, 8, 8, 3]}}, "config": {}, "learned": {}}


@pytest.fixture
def people_of_two(tmp_path):
    from PIL import Image

    for name, value in (("ann/1", 10), ("ann/2", 11), ("bob/1", 20)):
        path = tmp_path / f"people/{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (value, 0, 0)).save(path)
    return tmp_path / "people"


POINTS = {10: [1.0, 0.0], 11: [0.96, 0.28], 20: [0.0, 1.0]}


def answers(inputs, options=None):
    found = []
    for item in edge.asked(inputs, options or {}):
        source = item[1] if isinstance(item, tuple) and item[0] != "" else item
        if isinstance(source, Exception):
            raise source
        found.append(edge.predict(source, fake(POINTS), MANIFEST, options or {})[0])
    return found


def test_two_pictures_are_compared_and_enrolled_ones_known(people_of_two, tmp_path):
    ann, other, bob = (people_of_two / name for name in ("ann/1.png", "ann/2.png", "bob/1.png"))
    same, different = answers([ann, other, bob])
    assert same["same"]
    assert same["distance"] == pytest.approx(np.hypot(0.04, 0.28))
    assert not different["same"]
    assert different["distance"] == pytest.approx(2**0.5)
    kept = tmp_path / "known.json"
    (said,) = answers([people_of_two / "ann"], {"enroll": (str(kept),)})
    assert said == {"file": str(kept), "pictures": 2, "names": ["ann"]}
    with pytest.raises(ValueError, match="none, the folder of --enroll, is not there"):
        answers([ann], {"enroll": (str(tmp_path / "none/known.json"),)})
    near, far = answers([other, bob], {"known": (str(kept),)})
    assert (near["name"], near["is_known"], near["distance"]) == ("ann", True, pytest.approx(0))
    assert not far["is_known"]
    assert "nobody known" in edge.line(far)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"points": {}}',
        '{"points": {"a": [[1, 2, 3]]}}',
        '{"points": {"a": [[1, "x"]]}}',
        '{"points": {"a": [[NaN, 1]]}}',
    ],
)
def test_a_file_of_known_ones_is_checked(text, tmp_path):
    path = tmp_path / "known.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="known.json"):
        edge.read(path, 2)


def test_a_picture_is_no_file_of_known_ones(people_of_two):
    with pytest.raises(ValueError, match="is no file of --enroll"):
        edge.read(people_of_two / "ann/1.png", 2)
