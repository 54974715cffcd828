"""Cascades of rectangle features: OpenCV's files and boxes, windows judged, a cascade found."""

import numpy as np
import pytest

from pipelines.errors import PipelineError
from pipelines.models import haar, haar_boosting, haar_scan, haar_xml

XML = """<?xml version="1.0"?>
<opencv_storage><cascade type_id="opencv-cascade-classifier">
<featureType>{kind}</featureType><height>20</height><width>20</width><stageNum>1</stageNum>
<stages><_><stageThreshold>0.5</stageThreshold><weakClassifiers><_>
<internalNodes>0 -1 0 0.01 </internalNodes><leafValues>1.0 0.0</leafValues></_>
</weakClassifiers></_></stages>
<features><_><rects><_>2 4 8 6 -1.</_><_>2 4 8 3 2.</_></rects><tilted>{tilted}</tilted></_></features>
</cascade></opencv_storage>"""


@pytest.fixture
def file(tmp_path):
    def write(text=XML, **more):
        path = tmp_path / "cascade.xml"
        path.write_text(text.format(**{"kind": "HAAR", "tilted": 0, **more}))
        return path

    return write


def picture(side=72):
    """A blurred face of rectangles on noise, uint8."""
    random = np.random.default_rng(0)
    grey = random.integers(90, 160, (side, side)).astype(np.uint8)
    grey[10:60, 15:55] = 190
    grey[24:30, 21:32] = grey[24:30, 39:50] = 60
    grey[48:52, 26:45] = 90
    return grey


def test_opencv_finds_the_same_windows_with_its_own_cascade():
    cv2 = pytest.importorskip("cv2")
    grey = picture()
    found = 0
    for name in ("frontalface_alt", "frontalface_alt2"):  # of stumps, and of trees
        path = f"{cv2.data.haarcascades}haarcascade_{name}.xml"
        cascade = haar_xml.read(path)
        # So few stages let a drawing pass.
        few = 4
        kept = cascade.stages < few
        short = haar.Cascade(
            *(cascade.window, cascade.rects, cascade.weights, cascade.thresholds),
            *(cascade.nodes[kept], cascade.below[kept], cascade.votes[kept]),
            *(cascade.stages[kept], cascade.limits[:few], cascade.shape),
        )
        assert len(haar_scan.boxes(short, grey, 1.1)) > 0
        ours = {(x, y, w, h) for y, x, h, w in haar_scan.boxes(cascade, grey, 1.1).tolist()}
        theirs = cv2.CascadeClassifier(path).detectMultiScale(grey, 1.1, 0)
        assert ours == {tuple(box) for box in np.reshape(theirs, (-1, 4)).tolist()}
        found += len(ours)
    assert found


def test_a_picture_is_resized_as_opencv_does_to_the_bit():
    cv2 = pytest.importorskip("cv2")
    grey = picture()
    for high, wide in ((40, 51), (72, 30), (90, 100), (1, 1)):
        wanted = cv2.resize(grey, (wide, high), interpolation=cv2.INTER_LINEAR_EXACT)
        assert (haar_scan.resized(grey, np.array((high, wide))) == wanted).all()


def test_a_feature_is_the_difference_of_two_halves_over_the_deviation(file):
    cascade = haar_xml.read(file())
    crop = np.random.default_rng(1).integers(0, 256, (1, 20, 20)).astype(np.uint8)
    pixels = crop[0].astype(float)
    value = 2 * pixels[4:7, 2:10].sum() - pixels[4:10, 2:10].sum()
    inner = pixels[1:19, 1:19]
    is_below = value / (inner.size * inner.std()) < 0.01
    passed, margin = haar.judged(cascade, haar.of_crops(crop))
    assert passed.tolist() == [int(is_below)]
    assert margin[0] == pytest.approx(float(is_below) - 0.5 + haar_xml.SLACK)
    kernel = cascade.kernels()[0]
    assert (kernel * pixels).sum() == pytest.approx(value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kind": "LBP"}, "type HAAR; got LBP"),
        ({"tilted": 1}, "turned by 45 degrees"),
        ({"text": XML[:-40]}, "no whole XML"),
        ({"text": XML.replace("2 4 8 6", "2 4 80 6")}, "leaves the window"),
        ({"text": XML.replace("<stageNum>1", "<stageNum>2")}, "says that it has 2 stages"),
        ({"text": XML.replace("0 -1 0 0.01", "0 -1 7 0.01")}, "names the feature 7 of 1"),
        ({"text": XML.replace("0 -1 0 0.01", "1 -1 0 0.01")}, "a tree is none"),
        ({"text": XML.replace("1.0 0.0", "nan 0.0")}, "numbers were needed"),
        ({"text": '<!DOCTYPE x [<!ENTITY a "b">]>' + XML[22:]}, "declares a document type"),
    ],
)
def test_a_file_that_is_no_such_cascade_is_refused_in_one_line(file, change, reason):
    with pytest.raises(PipelineError, match=reason) as caught:
        haar_xml.read(file(**change))
    assert "\n" not in str(caught.value)
    assert "cascade.xml" in str(caught.value)


def crops(count, is_face, random):
    """Windows of noise; faces have a dark upper half."""
    made = random.integers(60, 200, (count, 12, 12))
    made[:, :6] -= 50 * is_face
    return made.astype(np.uint8)


def test_a_cascade_is_found_that_tells_a_dark_upper_half():
    random = np.random.default_rng(0)
    plan = haar_boosting.Plan(0.99, 0.3, 3, 5, 200, 100, 150)

    def more(cascade, count):
        made = crops(2000, False, random)
        passed, _ = haar.judged(cascade, haar.of_crops(made))
        return made[passed == len(cascade.limits)][:count]

    faces, others = crops(150, True, random), crops(150, False, random)
    cascade = haar_boosting.found(faces, others, more, plan, (1.0, 1.0), 0)
    assert len(cascade.nodes_of(0)) <= 2  # one feature tells nearly all
    scores = []
    for is_face in (True, False):
        passed, _ = haar.judged(cascade, haar.of_crops(crops(400, is_face, random)))
        scores.append(np.mean(passed == len(cascade.limits)))
    assert scores[0] > 0.95
    assert scores[1] < 0.05


def test_random_features_weigh_as_much_dark_as_light():
    found = list(haar_boosting.features(np.array((19, 19)), 100, np.random.default_rng(0)))
    for rects, weights in found:
        assert (rects[:, 2] * rects[:, 3] * weights).sum() == 0
        assert (rects[:, :2] + rects[:, 2:] <= 19).all()
    assert {tuple(weights) for _, weights in found} == {(-1, 2, 0), (-1, 3, 0), (-1, 2, 2)}
