"""Recommenders on the device, and the whole way there."""

import json

import numpy as np
import pytest
from conftest import once, page_says
from liked import TASK

import pipelines
from pipelines import catalog
from pipelines.edge import predict
from pipelines.edge import recommendation as edge
from pipelines.families import held_interactions as held
from pipelines.families import interactions

# On the device.

LEARNED = {
    "items": ["1", "2", "3"],
    "titles": ["Heat (1995)", "Postman, The (1994)", "Alien"],
    "texts": ["", "", ""],
}
MANIFEST = {"learned": LEARNED, "config": {"lowest": -1e9}}


def scored(inputs, program=""):
    """Each item gets what items before it in the list add; those of the history are last."""
    history = inputs["history"][0]
    scores = np.array([history[1] * 2 + history[2], history[0], history[0] + history[1]])
    scores[history > 0] = -1e9
    order = np.argsort(-scores)
    return {"items": order[None], "scores": scores[order][None]}


def test_titles_are_found_with_their_commas_and_reasons_are_given():
    answer, _ = edge.predict("postman, the (1994), ALIEN", scored, MANIFEST)
    assert answer["liked"] == ["Postman, The (1994)", "Alien"]
    assert [item["title"] for item in answer["recommended"]] == ["Heat (1995)"]
    assert answer["recommended"][0]["because"] == ["Postman, The (1994)", "Alien"]
    assert edge.line(answer).startswith("Heat (1995) 3.00 because of Postman, The (1994) and Alien")
    answer, _ = edge.predict('{"liked": ["1", "nothing"], "top": 1}', scored, MANIFEST)
    assert len(answer["recommended"]) == 1
    assert answer["unknown"] == ["nothing"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Aliem", "no item of this model: 'Aliem'. It knows Alien"),
        ("", "names nothing that is liked"),
        ('{"liked": 3}', "must have a list"),
        ('{"liked": ["1"], "top": 0}', "top of 1 or more"),
        ("[1", "no JSON"),
        ('{"liked": ["1"], "top": 60}', "wants 60 items, and this model gives 2 at most"),
    ],
)
def test_what_cannot_be_used_is_told(text, message):
    def shorter(inputs, program=""):
        return {name: values[:, :2] for name, values in scored(inputs).items()}

    with pytest.raises(ValueError, match=message):
        edge.predict(text, shorter, MANIFEST)
    assert message in page_says("recommendation", text, MANIFEST)


@pytest.mark.parametrize(
    ("text", "liked"),
    [
        ("[REC] (2007)", ["[REC] (2007)"]),
        ("[REC] (2007); alien", ["[REC] (2007)", "Alien"]),
        ('["[REC] (2007)", "Alien"]', ["[REC] (2007)", "Alien"]),
        ('{"liked": "Alien"}', ["Alien"]),
    ],
)
def test_titles_that_begin_like_json_are_titles(text, liked):
    titles = ["[REC] (2007)", "Postman, The (1994)", "Alien"]
    manifest = {**MANIFEST, "learned": {**LEARNED, "titles": titles}}
    assert edge.predict(text, scored, manifest)[0]["liked"] == liked
    assert json.loads(page_says("recommendation", text, manifest))["liked"] == liked


def test_what_is_asked_for_may_be_more_than_there_is():
    answer, _ = edge.predict('{"liked": ["1"], "top": 1000}', scored, MANIFEST)
    assert len(answer["recommended"]) == 2


# The whole way.


@pytest.fixture(scope="module")
def bundle():
    def make(folder):
        settings = dict(factors=8, sweeps=3, keep_users=True)
        run = pipelines.train(f"{TASK}/als", data="tastes", run=folder / "run", **settings)
        run.export(folder / "bundle", files=["float32", "dynamic"])

    return pipelines.load(once("recommendation_als", make) / "bundle")


def test_files_rank_as_the_model_does_and_name_titles(bundle):
    files = bundle.manifest["files"]
    best = files["float32"]["metrics"]["ndcg_at_10"]
    assert best > 2 * 0.12  # the most popular items reach 0.12
    assert abs(files["dynamic"]["metrics"]["ndcg_at_10"] - best) < 0.005
    title = bundle.config.learned["titles"][0]
    answer = bundle.predict([title])[0]
    assert answer["liked"] == [title]
    assert len(answer["recommended"]) == 10
    assert title not in [item["title"] for item in answer["recommended"]]


def test_predict_py_takes_what_is_liked_by_flags(bundle, capsys):
    titles = bundle.config.learned["titles"]
    liked = f"{titles[3]}, {titles[5]}"
    assert predict.main(["--liked", liked, "--top", "2", "--json"], bundle.path) == 0
    (answer,) = json.loads(capsys.readouterr().out.splitlines()[-1])["predictions"]
    assert answer["liked"] == [titles[3], titles[5]]
    assert len(answer["recommended"]) == 2
    with pytest.raises(SystemExit):
        predict.main([], bundle.path)


def test_roles_cover_every_split():
    known = interactions.Interactions(
        "", ["a"] * 10, list("abcdefghij"), np.ones(10), None, [""] * 10, [""] * 10, {}, {}, False, []
    )  # fmt: skip
    roles = held.roles(known, interactions.Config())
    assert [roles["test"].count(held.ASKED), roles["validation"].count(held.ASKED)] == [1, 1]
    assert roles["train"].count(held.TOLD) == 8
    assert catalog.task(TASK).data == "tastes"
