"""Batches by a tf.data service: those that this process would make, in their order, whatever happens to workers."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
import zygote

import pipelines
from pipelines import catalog
from pipelines.engine.data import service as data_service
from pipelines.engine.data import source
from pipelines.errors import PipelineError

WORKER = """
import sys
import tensorflow as tf
service = tf.data.experimental.service
worker = service.WorkerServer(service.WorkerConfig(dispatcher_address=sys.argv[1]))
print("ready", flush=True)
worker.join()
"""


@pytest.fixture
def dispatcher():
    service = tf.data.experimental.service
    server = service.DispatchServer(service.DispatcherConfig(port=0))
    yield server.target.removeprefix("grpc://")
    server._stop()


@pytest.fixture
def workers(dispatcher):
    """Two of them, in processes of their own."""
    command = [sys.executable, "-c", WORKER, dispatcher]
    made = [
        zygote.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for _ in range(2)
    ]
    for process in made:
        process.stdout.readline()
    yield made
    for process in made:
        process.kill()
        process.communicate()


@pytest.fixture
def split():
    """60 digits, of which 15 steps of 4 are an epoch: `split(address)`."""

    def make(address=""):
        method, data = catalog.method("scratch"), catalog.load("digits")
        data = dataclasses.replace(data, splits={"train": data.splits["train"].take(range(60))})
        config = method.Config().replace(
            image_size=8,
            batch_size=4,
            cache="off",
            data_service=address,
            labels=data.labels["label"],
        )
        return source.split(data, "train", method, config)

    return make


def test_an_epoch_is_the_same_when_one_worker_is_killed_in_its_midst_and_then_the_other(
    dispatcher, workers, split, monkeypatch, capsys
):
    monkeypatch.setattr(data_service, "AHEAD", 4)
    monkeypatch.setattr(data_service, "PATIENCE", 2.0)
    found = []
    for i, batch in enumerate(split(dispatcher).train(3).take(200).as_numpy_iterator()):
        found.append(batch)
        if i in (10, 20):
            workers[i // 20].kill()
    for ours, theirs in zip(found, split().train(3).take(200).as_numpy_iterator(), strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, ours, theirs)
    assert "has not come; this process prepares it" in capsys.readouterr().err


def test_the_dispatcher_has_gone(split, monkeypatch, capsys):
    monkeypatch.setattr(data_service, "PATIENCE", 1.0)
    found = split("127.0.0.1:9").train().take(3).as_numpy_iterator()
    for ours, theirs in zip(found, split().train().take(3).as_numpy_iterator(), strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, ours, theirs)
    assert "batch 0 has not come; this process prepares it" in capsys.readouterr().err


def test_steps_that_come_twice_too_late_or_never(capsys, monkeypatch):
    """By hand: of the steps 5 to 12, number 7 never comes, 6 comes late, 8 comes twice."""
    monkeypatch.setattr(data_service, "AHEAD", 3)
    helped = []

    def steps(first):
        helped.append(first)
        return tf.data.Dataset.range(first, 100).map(lambda g: (g, g * 10))

    monkeypatch.setattr(data_service, "_dealt", lambda numbered, address: numbered)
    dealt = [(n, n * 10) for n in (5, 8, 9, 10, 6, 8, 11, 12, 13, 14)]
    ordered = data_service._ordered(dealt, "", data_service._Helper(steps), 5)
    assert [int(next(ordered)) for _ in range(8)] == [50, 60, 70, 80, 90, 100, 110, 120]
    assert helped == [6]  # 6 and then 7, out of one pass
    assert capsys.readouterr().err.startswith(
        "data service: batch 6 has not come; this process prepares it"
    )


@pytest.mark.parametrize("address", ["nowhere", "127.0.0.1:x", ":80"])
def test_an_address_that_is_none(address):
    with pytest.raises(PipelineError, match="data_service must be HOST:PORT"):
        data_service.check(address)


def test_nothing_listens(tmp_path):
    with pytest.raises(
        PipelineError, match="no tf.data service at 127.0.0.1:9: Connection refused. Start one"
    ):
        pipelines.train("classification", "digits", tmp_path / "run", data_service="127.0.0.1:9")
    assert not (tmp_path / "run").exists()
