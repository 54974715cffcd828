"""The page of everyday expectations: each line that says yes is run, on small data and one shared run."""

import functools
import re
import shlex
import shutil
from pathlib import Path
from types import SimpleNamespace

import av
import held
import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT, write_photos
from test_memory import Frame
from test_own import net
from test_readme import _method

import pipelines.layers
from pipelines import cli
from pipelines.engine.training import callbacks, own, setup

TEXT = (ROOT / "docs" / "expectations.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.+?) \| (.+?) \| (?:`(.*)` )?\|$", TEXT, re.MULTILINE)[1:]
TINY = {"backbone": "compact_8", "image_size": 16, "batch_size": 12}
FULL = ("train", "tune", "export", "benchmark", "serve")  # verbs that other tests carry out


def test_the_table_is_long_and_says_no_where_it_must():
    answers = [answer.partition(",")[0] for _, answer, _ in ROWS]
    assert len(ROWS) == len({name for name, *_ in ROWS}) >= 30
    assert set(answers) == {"yes", "no"}
    assert all(bool(line) == (answer[:3] == "yes") for _, answer, line in ROWS)


@pytest.fixture(scope="module")
def place(exported, trained, tmp_path_factory):
    """A folder with what the lines name."""
    folder = tmp_path_factory.mktemp("expectations")
    shutil.copytree(trained.path, folder / "runs" / "photos")
    shutil.copytree(exported.path, folder / "saved_models" / "photos")
    write_photos(folder / "photos", {"apple": 3, "sky": 3})
    with av.open(str(folder / "clip.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=1)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8))))
        container.mux(stream.encode())
    return folder


def prepared(task, data, callbacks_=(), model=None, loss=None, metrics=(), **settings):
    """What `train` does before the first epoch, with a small net and without a folder."""
    callbacks.checked(callbacks_)
    brought = own.Own(model, loss, metrics)
    given = {"method": "scratch", **TINY, **settings}
    given = {k: v for k, v in given.items() if model is None or k != "image_size"}
    given = own.asked(brought, task, given) if brought.given else given
    made = setup.set_up(task, data, given)
    method = (
        own.checked(brought, made.method, made.config, made.source)
        if brought.given
        else made.method
    )
    setup._begun(method, made.config)


def carried_out(line):
    """A line of the shell: in this process, or read and its settings checked if it takes long."""
    words = shlex.split(line)
    words = words[1:] if "=" in words[0] else words
    assert words[0] in ("pipelines", "tensorboard"), line
    if words[0] == "tensorboard":
        assert any(Path(words[2]).rglob("events.out.tfevents.*"))
        return
    arguments = cli._parser().parse_args(words[1:])
    if words[1] not in FULL:
        assert cli.main(words[1:]) == 0
    if getattr(arguments, "set", None):
        given = dict(item.split("=") for item in arguments.set)
        _method(arguments.task, given).Config().replace(
            **{k: v for k, v in given.items() if v != "find"}
        )


@pytest.mark.parametrize("line", [line for *_, line in ROWS if line])
def test_the_line_does_it(line, place, monkeypatch):
    monkeypatch.chdir(place)
    if line.split()[0] in ("pipelines", "tensorboard") or "=" in line.split()[0].partition("(")[0]:
        carried_out(line)
        return
    x, y = held.photos(36)
    named = {"image": x, "label": y}
    run = pipelines.load("runs/photos")

    def train(task, data, callbacks=(), **settings):
        prepared(task, data, callbacks, **settings)

    public = SimpleNamespace(
        **{name: getattr(pipelines, name) for name in ("audit", "load")},
        train=train,
        prepare=functools.partial(pipelines.prepare, method="scratch", **TINY),
    )
    names = {
        "pipelines": public, "keras": keras, "run": run, "data": (x, y), "x": list(x), "y": y,
        "bundle": pipelines.load("saved_models/photos"), "net": net(),
        "frame": Frame({"image": list(x), "label": list(y)}),
        "stream": tf.data.Dataset.from_tensor_slices(named).batch(8),
        "Path": Path,
        "WandbMetricsLogger": keras.callbacks.Callback,  # which theirs is
    }  # fmt: skip
    exec(line, names)
