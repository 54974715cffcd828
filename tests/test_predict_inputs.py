"""What predict takes: each form gives the same inputs, in order, and a bad one loses none."""

import http.server
import threading
import time
from types import SimpleNamespace

import held
import numpy as np
import pytest
from PIL import Image

import pipelines
from pipelines.edge.pictures import read_picture
from pipelines.engine.serving import download, inputs, result
from pipelines.task import Feature

PICTURES = SimpleNamespace(features={"image": Feature("picture")})
TEXTS = SimpleNamespace(features={"text": Feature("text")})


def named(given, method=PICTURES, seconds=1.0):
    """[(name, source)] of `several`."""
    found = inputs.several(given, method, seconds)
    return [item if isinstance(item, tuple) else (str(item), item) for item in found]


@pytest.fixture
def folder(tmp_path):
    """Three pictures, a text, and a hidden copy."""
    x, _ = held.photos(3)
    for name, picture in zip(("b.png", "a.png", "in/c.png"), x, strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(picture).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("words")
    (tmp_path / ".thumbs").mkdir()
    Image.fromarray(x[0]).save(tmp_path / ".thumbs" / "b.png")
    return tmp_path


def test_folders_and_patterns_are_their_files_in_order(folder):
    inside = [str(folder / name) for name in ("a.png", "b.png", "in/c.png")]
    assert [name for name, _ in named(folder)] == inside
    assert [name for name, _ in named(f"{folder}/*.png")] == inside[:2]
    assert [name for name, _ in named(f"{folder}/**/*.png")] == inside
    assert [name for name, _ in named([folder / "in", str(folder / "a.png")])] == [
        inside[2],
        inside[0],
    ]
    assert named("/no/*.png") == [("/no/*.png", "/no/*.png")]  # its file is missing, says the half
    (folder / "empty").mkdir()
    (name, reason), _ = named([folder / "empty", folder / "a.png"])
    assert (name, str(reason)) == (str(folder / "empty"), "is a folder without a picture")


def test_what_is_in_memory_has_the_same_pixels(folder):
    x, _ = held.photos(3)
    with Image.open(folder / "b.png") as opened:
        opened.load()
        forms = [x[0], x[0] / 255, Image.fromarray(x[0]), (folder / "b.png").read_bytes(), opened]
    found = named(forms)
    assert [name for name, _ in found] == [*(f"input {i}" for i in range(4)), str(folder / "b.png")]
    for _, source in found:
        assert np.array_equal(read_picture(source), x[0])
    assert [name for name, _ in named(x)] == ["input 0", "input 1", "input 2"]
    assert [name for name, _ in named([x, x[0]])] == [f"input {i}" for i in range(4)]
    grey = np.zeros((4, 20, 24), np.uint8)
    assert len(named(grey)) == 4
    assert len(named(grey[0])) == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.full((5, 5, 3), np.nan), "holds NaN"),
        (np.full((5, 5, 3), -1.0), "values from -1"),
        (np.zeros((3, 5, 5, 5)), "must be a picture .*shape"),
        ({"a": 1}, "is no picture: dict"),
    ],
)
def test_a_bad_one_is_a_reason(given, message):
    found = named([given, np.zeros((5, 5), np.uint8)])
    assert isinstance(found[0][1], ValueError)
    with pytest.raises(ValueError, match=message):
        raise found[0][1]
    assert isinstance(found[-1][1], bytes)


def test_texts_stay_texts(folder):
    said = ["is it [odd]? *yes*", "", "a\0b", "x" * 5000, "https://spam.example"]
    assert [source for _, source in named(said, TEXTS)] == said
    assert named("notes", TEXTS) == [("notes", "notes")]
    assert [name for name, _ in named(folder, TEXTS)] == [str(folder / "notes.txt")]
    assert [source for _, source in named(np.array(["a", "b"]), TEXTS)] == ["a", "b"]
    assert [source for _, source in named(np.str_("two words"), TEXTS)] == ["two words"]
    with pytest.raises(pipelines.PipelineError, match="got int"):
        named(7)


def test_a_name_of_numpy_is_a_path(folder):
    path = np.str_(folder / "a.png")
    for given in (path, np.array([path]), [path]):
        assert [name for name, _ in named(given)] == [str(path)]


@pytest.fixture
def server(folder):
    """An address that gives a.png, one of 100 kB, one that leads to ftp, and else 404."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/ftp":
                self.send_response(302)
                self.send_header("Location", "ftp://127.0.0.1/a.png")
                self.end_headers()
                return
            pages = {
                "/a.png": (folder / "a.png").read_bytes(),
                "/large": bytes(100_000),
                "/slow": b"",
            }
            self.send_response(200 if self.path in pages else 404)
            self.end_headers()
            self.wfile.write(pages.get(self.path, b""))
            for _ in range(20 * (self.path == "/slow")):
                self.wfile.write(b".")
                time.sleep(0.05)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


def test_addresses_are_fetched_within_limits(server, folder):
    (name, source), (_, reason) = named([f"{server}/a.png", f"{server}/b.png"])
    assert (name, source) == (f"{server}/a.png", (folder / "a.png").read_bytes())
    assert "the server says 404" in str(reason)
    with pytest.raises(ValueError, match="larger than 0.05 MB"):
        download.fetch(f"{server}/large", limit=50_000)
    with pytest.raises(ValueError, match="neither http nor https"):
        download.fetch(f"{server}/ftp")
    with pytest.raises(ValueError, match="did not come within 0.2 s"):
        download.fetch(f"{server}/slow", seconds=0.2)


def test_a_video_is_its_frames(tmp_path):
    av = pytest.importorskip("av")
    path = str(tmp_path / "clip.mp4")
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=4)
        stream.width, stream.height, stream.pix_fmt = 32, 16, "yuv420p"
        for i in range(10):  # 2.5 s, ever brighter
            frame = np.full((16, 32, 3), 20 * i, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(stream.encode())
    found = named(path)
    assert [name for name, _ in found] == [f"{path}@{at}.00s" for at in range(3)]
    for second, (_, source) in enumerate(found):
        picture = read_picture(source)
        assert picture.shape == (16, 32, 3)
        assert abs(picture.mean() - 80 * second) < 6  # what the codec loses
    assert len(named(path, seconds=0)) == 10
    assert len(named(path, seconds=0.5)) == 5
    (tmp_path / "bad.mp4").write_text("no video")
    bad, good = named([tmp_path / "bad.mp4", path], seconds=9)
    assert "cannot be read as a video" in str(bad[1])
    assert isinstance(good[1], bytes)


def test_answers_are_dicts_that_print_as_lines():
    half = SimpleNamespace(line=lambda answer: f"{answer['label']} <1>")
    good = result.made({"input": "<a>.png", "label": "cat"}, half, {"mask": 1})
    bad = result.made({"input": "b\x1b.png", "error": "is damaged"}, half, {})
    assert good == {"input": "<a>.png", "label": "cat"}
    assert (good.label, good["label"], good.pictures) == ("cat", "cat", {"mask": 1})
    assert repr(good) == "<a>.png  cat <1>"
    assert repr(bad) == "b\\x1b.png  cannot be used: is damaged"
    assert repr(result.Answers([good, bad])) == f"\n{good!r}\n{bad!r}"
    html = result.Answers([good])._repr_html_()
    assert "&lt;a&gt;.png" in html
    assert "<a>" not in html
    with pytest.raises(AttributeError, match="no 'score'; it has input, label"):
        _ = good.score


def test_runs_and_bundles_answer_arrays_alike(on_arrays, exported, photos):
    x, _ = held.photos(4)
    answers = on_arrays.predict(x)
    assert [answer.input for answer in answers] == [f"input {i}" for i in range(4)]
    assert repr(answers[0]).startswith(f"input 0  {answers[0].label} 0.")
    data = photos({"train/apple": 2, "train/sky": 1})
    found = exported.predict([data, "/no.jpg", np.full((9, 9, 3), np.nan)])
    files = sorted(map(str, data.rglob("*.jpg")))
    assert [answer["input"] for answer in found] == [*files, "/no.jpg", "input 2"]
    assert ["error" in answer for answer in found] == [False] * 3 + [True] * 2
    arrays = exported.predict([np.asarray(Image.open(file)) for file in files])
    for ours, theirs in zip(arrays, found, strict=False):
        assert ours["top"] == theirs["top"]
