"""Users of the training, whose histories a run keeps if it is told to."""

import json

import pytest
from conftest import page_says
from liked import made, ratings
from test_recommendation_device import LEARNED, MANIFEST, bundle, scored  # noqa: F401

from pipelines.edge import kept_users, predict
from pipelines.edge import recommendation as edge
from pipelines.families import recommending

KEPT = {kept_users.USERS: ["ann", "42"], kept_users.HISTORIES: ["0", "1 2"]}
WITH_USERS = {**MANIFEST, "learned": {**LEARNED, **KEPT}}


def test_a_user_stands_for_what_the_user_has():
    for text in ('{"user": "42", "top": 1}', '{"user": 42, "top": 1}'):
        answer, _ = edge.predict(text, scored, WITH_USERS)
        assert answer["liked"] == LEARNED["titles"][1:]
        assert json.loads(page_says("recommendation", text, WITH_USERS))["liked"] == answer["liked"]
    liked = '{"user": "42", "liked": ["1"]}'  # what is said comes before what is kept
    assert len(edge.predict(liked, scored, WITH_USERS)[0]["liked"]) == 1


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (WITH_USERS, "knows no user 'bob': it keeps the histories of the 2 of its training. Of"),
        (MANIFEST, "keeps no histories of users. Give what is liked, or train it with --set keep_"),
    ],
)  # fmt: skip
def test_other_users_are_said_and_none_is_named(manifest, message):
    with pytest.raises(ValueError, match=message) as said:
        edge.predict('{"user": "bob"}', scored, manifest)
    assert "ann" not in str(said.value)
    on_page = page_says("recommendation", '{"user": "bob"}', manifest)
    assert message in on_page
    assert "ann" not in on_page


def test_histories_of_training_are_kept_if_they_are_to_be(tmp_path, monkeypatch):
    file = ratings(tmp_path / "ratings.csv")
    begun = made(file, keep_users=True)
    learned, part = begun.config.learned, begun.source.held_out("train").examples
    for user, items in zip(part.names, part.columns["history"], strict=True):
        own = kept_users.items(user, learned)
        assert own == [learned["items"][i] for i in items]
    assert not {*KEPT} & set(made(file).config.learned)
    monkeypatch.setattr(recommending, "KEPT", 3)
    assert not {*KEPT} & set(made(file, keep_users=True).config.learned)


def test_predict_py_takes_a_user(bundle, capsys):  # noqa: F811
    learned = bundle.config.learned
    user = learned[kept_users.USERS][3]
    items = "; ".join(kept_users.items(user, learned))
    told = []
    for flags in (["--user", user], ["--liked", items]):
        assert predict.main([*flags, "--top", "3", "--json"], bundle.path) == 0
        (answer,) = json.loads(capsys.readouterr().out.splitlines()[-1])["predictions"]
        told.append(answer["recommended"])
    assert told[0] == told[1]
    assert len(told[0]) == 3
