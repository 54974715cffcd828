import itertools
import json
import types

import keras
import numpy as np
import pytest
from conftest import SMALL, write_photos

import pipelines
from pipelines import catalog, cli, optimization
from pipelines.config import Config
from pipelines.engine.training import learning_rate
from pipelines.errors import PipelineError, Refused
from pipelines.task import Phase


def test_losses_are_smoothed_without_a_bias_to_zero():
    # 0.1 * 4 / 0.1, then (0.9 * 0.4 + 0.1 * 2) / 0.19
    np.testing.assert_allclose(learning_rate.smoothed([4.0, 2.0]), [4.0, 0.56 / 0.19])


def test_a_tenth_of_the_rate_with_the_least_loss_is_chosen():
    assert learning_rate.chosen(
        [1e-3, 1e-2, 1e-1, 1.0], np.array([3.0, 2.0, 1.0, 9.0])
    ) == pytest.approx(1e-2)
    with pytest.raises(Refused, match="the loss falls at no learning rate"):
        learning_rate.chosen([1e-3, 1e-2], np.array([1.0, 2.0]))


def test_find_sets_the_rate_and_shows_its_curve(tmp_path, capsys):
    counts = {
        f"{s}/{c}": n
        for s, n in (("train", 16), ("validation", 4), ("test", 4))
        for c in ("cat", "dog")
    }
    photos = write_photos(tmp_path / "photos", counts, size=(20, 16))
    words = [f"--set={k}={v}" for k, v in {**SMALL, "epochs": 1, "learning_rate": "find"}.items()]
    assert (
        cli.main(
            [
                "train",
                "classification",
                "--data",
                str(photos),
                "--run",
                str(tmp_path / "run"),
                *words,
            ]
        )
        == 0
    )
    shown = capsys.readouterr().out
    assert "a tenth of where the loss is least" in shown
    run = pipelines.load(tmp_path / "run")
    curve = json.loads((run.path / "learning_rate.json").read_text())
    best = curve["x"][int(np.argmin(curve["y"]))]
    assert run.config.learning_rate == pytest.approx(10**best / 10, rel=0.05)
    assert 1e-5 <= run.config.learning_rate <= 0.1
    run.evaluate()
    assert "learning rate range test" in run.report().read_text(encoding="utf-8").lower()


def test_a_model_that_is_fitted_at_once_has_no_rate_to_find():
    method = catalog.method("linear_crf")
    with pytest.raises(
        PipelineError, match="learning_rate=find needs a phase that is trained by steps"
    ):
        learning_rate.find(None, method, method.Config(), None)


def test_a_phase_that_is_solved_comes_before(monkeypatch):
    """As the head of a frozen net does, which transfer finds first by default."""
    done, config = [], Config(seed=0)
    stages = [Phase("none", config, solve=lambda *given: done.append(given)), Phase("all", config)]
    net = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    net.compile(optimization.optimizer(config.replace(steps_per_epoch=1)), loss="mse")
    x = np.linspace(-1, 1, 8)[:, None]
    parts = types.SimpleNamespace(train=lambda *_: ((x, 3 * x) for _ in itertools.count()))

    def begin(model, stages, index, source, told):
        done.append(index)
        return net, parts

    monkeypatch.setattr(learning_rate.train, "phases", lambda *_: stages)
    monkeypatch.setattr(learning_rate.train, "begin", begin)
    rate, _ = learning_rate.find(net, None, config, None)
    assert done == [0, (net, parts), 1]
    assert 1e-4 < rate < 1


def test_a_phase_without_steps_has_no_rate_to_find(tmp_path):
    photos = write_photos(
        tmp_path / "photos", {f"{s}/{c}": 2 for s in ("train", "val", "test") for c in "ab"}
    )
    settings = dict(image_size=32, epochs=1, head="svm", learning_rate="find")
    with pytest.raises(
        PipelineError, match="learning_rate=find needs a phase that is trained by steps"
    ):
        pipelines.train("transfer", data=photos, run=tmp_path / "run", **settings)
    assert not (tmp_path / "run").exists()
