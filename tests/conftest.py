"""What tests share: places apart from the user's, real data, photos that can be learned, a trained run, its bundle."""

import atexit
import colorsys
import contextlib
import fcntl
import gc
import itertools
import os
import shutil
import tempfile
import zlib
from pathlib import Path

# Set before TFDS is imported, which reads its variable then. Workers and child processes inherit
# the place, so that what takes long is made once for all of them.
if "PIPELINES_TEST_SCRATCH" not in os.environ:
    os.environ["PIPELINES_TEST_SCRATCH"] = tempfile.mkdtemp(prefix="pipelines-tests-")
    atexit.register(shutil.rmtree, os.environ["PIPELINES_TEST_SCRATCH"], ignore_errors=True)
SCRATCH = Path(os.environ["PIPELINES_TEST_SCRATCH"])
os.environ["XDG_CACHE_HOME"] = str(SCRATCH / "cache")
os.environ["TFDS_DATA_DIR"] = str(SCRATCH / "tfds")
# What XLA has compiled for one process of JAX is read by the next.
os.environ["JAX_COMPILATION_CACHE_DIR"] = str(SCRATCH / "jax")
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import hypothesis  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402
import zygote  # noqa: E402
from PIL import Image  # noqa: E402

from pipelines import cli, progress  # noqa: E402
from pipelines.engine.export import convert  # noqa: E402

hypothesis.settings.register_profile("unhurried", deadline=None)  # a busy machine is no defect
hypothesis.settings.load_profile("unhurried")

ROOT = Path(__file__).resolve().parents[1]
SMALL = dict(backbone="compact_8", image_size=16, batch_size=8)  # a net that trains in seconds
CLASSES = ("apple", "grün", "sky")
TINY = [f"--set={name}={value}" for name, value in (SMALL | {"epochs": 1}).items()]


def pytest_collection_modifyitems(config, items):
    """Lets the exceptions in setup.cfg stand if `-W error` is given on the command line as well, and
    puts the longest files first."""
    items[:] = _longest_first(items)
    for line in config.getini("filterwarnings"):
        if line.startswith("ignore:"):
            for item in items:
                item.add_marker(pytest.mark.filterwarnings(line))


def pytest_collection_finish():
    """What is loaded by now stays: Python need not look through TensorFlow for what is in cycles."""
    gc.freeze()


def _longest_first(items):
    """The same tests, file by file, files with most slow tests first in either half.

    Each of two workers gets one half of the list, and takes from the end of the other's if it is
    done, so that both end with short tests.
    """
    files = {}
    for item in items:
        files.setdefault(item.path, []).append(item)

    def weight(tests):
        slow = sum(item.get_closest_marker("slow") is not None for item in tests)
        return (-slow, -len(tests))

    ordered = sorted(files.values(), key=weight)
    return list(itertools.chain(*ordered[::2], *ordered[1::2]))


@pytest.fixture(scope="session", autouse=True)
def quick_converters():
    """Converters of TFLite are forks of a process that has loaded TensorFlow already."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convert, "subprocess", zygote)
        yield


@pytest.fixture(scope="session")
def real_data():
    """The folder of small public data sets; see README.md there."""
    folder = Path(os.environ.get("PIPELINES_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real data: PIPELINES_TEST_DATA is not set, and there is no {folder}")
    return folder


@pytest.fixture
def photos(tmp_path):
    """Makes a folder of photos: photos({"train/cat": 3}, size=(width, height)) -> Path; see `write_photos`."""
    made = []

    def make(counts, size=(40, 30), seed=0):
        made.append(tmp_path / f"photos{len(made)}")
        return write_photos(made[-1], counts, size, seed)

    return make


@pytest.fixture(scope="session")
def trained():
    """A finished Run on photos of three classes, made once for all workers. Copy its folder before you change it."""
    import pipelines

    def make(folder):
        counts = {
            f"{s}/{c}": n
            for s, n in (("train", 24), ("validation", 6), ("test", 8))
            for c in CLASSES
        }
        data = write_photos(folder / "photos", counts)
        pipelines.train(
            "classification",
            data=data,
            run=folder / "run",
            epochs=3,
            ema=0.9,
            learning_rate=5e-3,
            **SMALL,
        )

    return pipelines.load(once("trained", make) / "run")


@pytest.fixture(scope="session")
def on_arrays():
    """A finished Run on `held.photos()`, arrays, made once for all workers. Do not change its folder."""
    import held

    import pipelines

    def make(folder):
        settings = dict(method="scratch", epochs=1, backbone="compact_8", image_size=16)
        pipelines.train("classification", held.photos(), folder / "run", **settings)

    return pipelines.load(once("on_arrays", make) / "run", data=held.photos())


@pytest.fixture(scope="session")
def exported(trained):
    """The Bundle of `trained`, all formats. Copy its folder before you change it."""
    import pipelines

    return pipelines.load(
        once("exported", lambda folder: trained.export(folder / "bundle")) / "bundle"
    )


@pytest.fixture
def command(capfd, monkeypatch):
    """Runs a verb in this process -> (exit code, lines of standard output, lines of standard error)."""
    # A machine that is slow today says more of what it is at.
    monkeypatch.setattr(progress, "PATIENCE", 600)

    def run(*words):
        capfd.readouterr()
        try:
            code = cli.main([str(word) for word in words])
        except SystemExit as exit:  # --help and --version
            code = exit.code or 0
        out, err = capfd.readouterr()
        return code, out.splitlines(), err.splitlines()

    return run


@pytest.fixture
def refused(command):
    """Runs a verb that must fail -> (exit code, its one line); nothing else is printed but with `--json`."""

    def run(*words):
        code, out, err = command(*words)
        assert code in (1, 2)
        assert len(err) == 1, err
        assert err[0].startswith("pipelines: ")
        if "--json" not in words:
            assert out == []
        return code, err[0].removeprefix("pipelines: ")

    return run


def once(name, make):
    """The folder that `make(folder)` filled, once for all workers of this session; another one waits for it."""
    folder = SCRATCH / name
    with _locked(SCRATCH / f"{name}.lock"):
        if not folder.exists():
            folder.mkdir()
            try:
                make(folder)
            except BaseException:
                shutil.rmtree(folder)
                raise
    return folder


def write_photos(folder, counts, size=(40, 30), seed=0):
    """Fills `folder`: {"SPLIT/CLASS": count} JPEGs, all different; a class has a colour of its own, with noise."""
    classes = sorted({path.rpartition("/")[2] for path in counts})
    for path, count in counts.items():
        hue = classes.index(path.rpartition("/")[2]) / len(classes)
        colour = np.multiply(colorsys.hsv_to_rgb(hue, 0.8, 0.8), 255)
        (folder / path).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            random = np.random.default_rng(zlib.crc32(f"{seed}/{path}/{i}".encode()))
            pixels = colour + random.normal(0, 25, 3) + random.normal(0, 20, (size[1], size[0], 3))
            Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(
                folder / path / f"{i:03d}.jpg", quality=90
            )
    return folder


def two_classes(photos, **more):
    return photos(
        {f"{s}/{c}": n for s, n in (("train", 6), ("val", 2), ("test", 2)) for c in "ab"} | more
    )


@contextlib.contextmanager
def _locked(path):
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def page_says(task, text, manifest):
    """What a recommender's page answers, as JSON, or its message; items 2 and 1 score as much."""
    import node

    script = """
const [task, text, manifest] = JSON.parse(await new Response(process.stdin).text());
const {predict} = await import(`./${task}.js`);
const data = {items: [2, 1], scores: [2, 1], ratings: manifest.learned.items.map((_, i) => i)};
const run = async () => Object.fromEntries(Object.entries(data).map(([name, own]) => [name, {data: own}]));
const said = await predict(text, run, manifest).then(({answer}) => JSON.stringify(answer), (e) => e.message);
console.log(said);
"""
    return node.said(script, [task, text, manifest])
