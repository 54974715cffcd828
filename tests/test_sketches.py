"""What a net makes after its epochs, kept with a run and shown in its report."""

import types

import numpy as np
from PIL import Image

from pipelines.engine.report import report
from pipelines.engine.training import sketches


def drawn(folder, epochs, picture):
    config = types.SimpleNamespace(epochs=epochs)
    method = types.SimpleNamespace(sketch=lambda answer, part, config: picture)
    for epoch in range(1, epochs + 1):
        sketches.draw(None, method, config, None, folder, epoch)
    return [epoch for epoch, _ in sketches.kept(folder)]


def test_a_dozen_epochs_are_drawn_the_first_and_the_last_among_them(tmp_path):
    picture = np.zeros((4, 4, 3), np.uint8)
    assert drawn(tmp_path / "short", 3, picture) == [1, 2, 3]
    found = drawn(tmp_path / "long", 100, picture)
    assert found == [1, 9, 18, 27, 36, 45, 54, 63, 72, 81, 90, 99, 100]


def test_nothing_is_kept_of_a_method_that_draws_nothing(tmp_path):
    assert drawn(tmp_path, 3, None) == []
    assert not (tmp_path / sketches.FOLDER).exists()


def test_the_report_shows_them_in_order_and_nothing_else(tmp_path):
    drawn(tmp_path, 2, np.full((4, 4, 3), 7, np.uint8))
    (tmp_path / sketches.FOLDER / "other.png").write_bytes(b"no picture")
    found = report._sketches(tmp_path)
    assert [row["name"] for row in found] == ["epoch 1", "epoch 2"]
    with Image.open(tmp_path / sketches.FOLDER / "epoch_0001.png") as kept:
        assert np.asarray(kept)[0, 0].tolist() == [7, 7, 7]
