"""Three methods that need what a classifier does not: counts, an environment, two programs in a file."""

import itertools
import json
import subprocess
import sys

import browser
import numpy as np
import pytest
import zygote

import pipelines
from pipelines import catalog, entries
from pipelines.environments import dynamics
from pipelines.environments.grid_world import GridWorld

SMALL_QUEST = dict(
    epochs=2, steps_per_epoch=3, batch_size=64, checkpoint_steps=1, environments=2, warmup=0, updates=4,
    minibatch=8, replay=100, priority=0.6, target_steps=2, normalise="on", width=8, validation_episodes=2,
)  # fmt: skip


# Counted n-grams; how they are counted and smoothed is in test_language_model.py.


@pytest.fixture(scope="module")
def ngrams(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ngram")
    run = pipelines.train("ngram", run=folder / "run", order=2)
    return run, run.export(folder / "bundle")


def test_a_model_of_counts_is_trained_proven_and_predicts_without_a_net(ngrams):
    run, bundle = ngrams
    assert run.info["status"] == "finished"
    assert run.info["parameters"] > 100
    result = run.evaluate("validation")
    assert result["perplexity"] < result["floor"]
    assert list(bundle.files) == ["numpy"]
    assert bundle.verify()["passed"]
    script = [sys.executable, str(bundle.path / "predict.py"), "--json", "the house"]
    done = subprocess.run(script, capture_output=True, text=True, check=True)
    (own,) = json.loads(done.stdout.splitlines()[-1])["predictions"]
    (ours,) = run.predict("the house")
    assert own["perplexity"] == pytest.approx(ours["perplexity"])


def test_what_needs_a_net_is_refused_in_one_line(ngrams, quest):
    for run in (ngrams[0], quest[0]):
        with pytest.raises(pipelines.PipelineError, match="is not trained by gradients"):
            run.benchmark()
    (_, finding) = pipelines.preflight("ngram", target="micro")
    assert (finding.passed, "made of arrays" in finding.text) == (False, True)


def test_an_environment_is_audited_and_judged_by_its_name(quest):
    run, bundle = quest
    assert pipelines.audit("grid", task="q_learning").errors == 0
    result = run.evaluate(data="grid")
    assert result["mean_return"] == bundle.evaluate(data="grid")["mean_return"]


def test_fewer_bits_are_better(ngrams):
    run, _ = ngrams
    assert [score.better for score in run.method.scores] == ["lower", "lower"]
    with pytest.raises(pipelines.Refused, match="perplexity is .* at most 1"):
        run.export(run.path.parent / "no", most={"perplexity": 1})


# A table of Q; its environment and its updates are in test_environments.py and test_reinforcement.py.


@pytest.fixture(scope="module")
def quest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quest")
    given = dict(epochs=4, steps_per_epoch=50, validation_episodes=50)
    run = pipelines.train("q_learning", run=folder / "run", **given)
    return run, run.export(folder / "bundle", files=["float32"])


def test_q_learning_comes_near_the_optimum_and_its_files_earn_as_much(quest):
    run, bundle = quest
    known = dynamics.of(GridWorld(), "grid")
    policy = run.model.get_layer("table").get_weights()[0].argmax(1)
    best = dynamics.optimum(known, 0.99).argmax(1)
    assert dynamics.expected(known, policy, 60) >= 0.9 * dynamics.expected(known, best, 60)
    result = run.evaluate()
    assert result["mean_return"] > 10 * result["floor"]
    for record in bundle.files.values():
        assert record["metrics"]["mean_return"] == result["mean_return"]
    assert bundle.verify()["passed"]
    (answer,) = bundle.predict("14")
    assert answer["action"] in GridWorld.actions


def test_a_browser_acts_as_the_policy_and_plays_an_episode(quest):
    _, bundle = quest
    browser.agrees(bundle, ["0", "14"])


KILLED = """
import json, os, signal, sys
import pipelines
from pipelines.engine.training import loop

steps = 0
inner = loop.Loop.on_train_batch_end

def counted(self, batch, logs=None):
    global steps
    inner(self, batch, logs)
    steps += 1
    if steps == 4:
        os.kill(os.getpid(), signal.SIGKILL)

loop.Loop.on_train_batch_end = counted
pipelines.train("dueling_dqn", run=sys.argv[1], **json.loads(sys.argv[2]))
"""


def test_dqn_resumes_exactly_in_the_middle_of_an_epoch_and_of_episodes(tmp_path):
    whole = pipelines.train("dueling_dqn", run=tmp_path / "whole", **SMALL_QUEST)
    command = [sys.executable, "-c", KILLED, str(tmp_path / "killed"), json.dumps(SMALL_QUEST)]
    assert zygote.run(command).returncode == -9
    resumed = pipelines.resume(tmp_path / "killed")
    assert resumed.info["weights_sha256"] == whole.info["weights_sha256"]

    def history(run):
        rows = [row.split(",") for row in (run.path / "history.csv").read_text().splitlines()]
        timed = {"seconds", "examples_per_second", "elapsed"}
        kept = [i for i, name in enumerate(rows[0]) if name not in timed]
        return [[row[i] for i in kept] for row in rows]

    assert history(resumed) == history(whole)


# Several programs over the same weights.


@pytest.fixture(scope="module")
def autoencoder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("autoencoder")
    run = pipelines.train(
        "autoencoder", run=folder / "run", epochs=3, image_size=8, width=32, latent_size=8
    )
    return run, run.export(folder / "bundle", files=["float32", "int8"])


def test_an_autoencoder_has_three_programs_in_each_file(autoencoder):
    run, bundle = autoencoder
    assert list(bundle.manifest["programs"]) == ["encode", "decode", "reconstruct"]
    assert bundle.manifest["programs"]["encode"]["outputs"] == {
        "latent": {"shape": [1, 8], "dtype": "float32"}
    }
    result = run.evaluate()
    assert result["reconstruction_mse"] < result["floor"]
    for record in bundle.files.values():
        assert record["metrics"]["reconstruction_mse"] == pytest.approx(
            result["reconstruction_mse"], rel=0.05
        )
    assert bundle.verify()["passed"]


def test_a_code_is_the_same_in_the_run_and_in_its_file(autoencoder, photos):
    run, bundle = autoencoder
    picture = next(photos({"train/cat": 1}).rglob("*.jpg"))
    (ours,), (theirs,) = run.predict(str(picture)), bundle.predict(str(picture))
    np.testing.assert_allclose(ours["latent"], theirs["latent"], atol=1e-4)


def test_a_browser_makes_the_same_code_and_picture(autoencoder, photos):
    _, bundle = autoencoder
    browser.agrees(bundle, list(photos({"train/cat": 1}).rglob("*.jpg")))


# None of the three is known to the engine.


def test_the_engine_names_no_task_and_no_method():
    names = [*catalog.tasks(), *(entry.name for entry in catalog.methods().values())]
    plain = {"scratch", "fast", "transfer", "generation", "tagging", "detection", "segmentation"}
    sources = sorted((entries.PACKAGE / "engine").rglob("*.py"))
    for file, name in itertools.product(sources, set(names) - plain):
        assert f'"{name}"' not in file.read_text(encoding="utf-8"), (file, name)
