import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pipelines import catalog
from pipelines.edge import pictures as edge
from pipelines.engine.data import decoding, source
from pipelines.engine.data.split import Split
from pipelines.errors import PipelineError
from pipelines.formats.examples import Examples
from pipelines.ops import images
from pipelines.task import Method
from pipelines.tasks.classification.scratch import Scratch


class Noisy(Method):
    """Numbers, and noise that augmentation adds."""

    def parse(self, example, config):
        return {"id": example["id"]}, tf.cast(example["id"], tf.float32)

    def augment(self, inputs, targets, seed, progress, config):
        return {**inputs, "noise": tf.random.stateless_uniform(tf.shape(targets), seed)}, targets


class Progress(Noisy):
    """What goes to the augmentation of how far the run is."""

    def augment(self, inputs, targets, seed, progress, config):
        return inputs, progress


class Counted(Method):
    """How many boxes there are, and the sum of all."""

    def parse(self, example, config):
        return {"n": tf.shape(example["boxes"])[0]}, tf.reduce_sum(example["boxes"])


def split(count=10, **settings):
    values = {"batch_size": 4, "epochs": 3, **settings}
    examples = Examples(
        [str(i) for i in range(count)], {"id": list(range(count))}, [str(i) for i in range(count)]
    )
    return Split(examples, Noisy(), Scratch.Config(**values))


def taken(split, steps, first=0, threads=None):
    """`steps` batches as a list of (ids, noise), both tuples."""
    data = split.train(first)
    if threads:
        options = tf.data.Options()
        options.threading.private_threadpool_size = threads
        data = data.with_options(options)
    batches = data.take(steps).as_numpy_iterator()
    return [(tuple(x["id"].tolist()), tuple(x["noise"].tolist())) for x, _ in batches]


def ids(batches):
    return [i for batch, _ in batches for i in batch]


@pytest.mark.parametrize("cache", ["memory", "off"])
@pytest.mark.parametrize("count", [1, 4, 9, 10])
def test_each_epoch_is_a_permutation_and_the_last_step_is_filled_up(count, cache):
    part = split(count, cache=cache)
    steps = -(-count // 4)
    assert part.steps_per_epoch() == steps
    batches = taken(part, 3 * steps)
    for epoch in range(3):
        seen = ids(batches[epoch * steps : (epoch + 1) * steps])
        assert len(seen) == 4 * steps
        for again in range(0, len(seen), count):  # past its end another permutation begins
            one = seen[again : again + count]
            assert len(set(one)) == len(one)
        assert set(seen) == set(range(count))


def test_more_steps_than_a_pass_go_round_again():
    seen = ids(taken(split(5, steps_per_epoch=4), 4))
    assert [sorted(seen[i : i + 5]) for i in (0, 5, 10)] == [list(range(5))] * 3
    assert seen[:5] != seen[5:10]


def test_order_and_augmentation_follow_from_the_seed_and_the_epoch():
    one = taken(split(40), 30)
    assert one == taken(split(40), 30)
    other = taken(split(40, seed=1), 30)
    assert ids(one[:10]) != ids(other[:10])
    assert ids(one[:10]) != ids(one[10:20]) != ids(one[20:30])
    noise = [n for batch in (*one, *other) for n in batch[1]]
    assert len(set(noise)) > 0.99 * len(noise)


def test_a_cache_and_the_number_of_threads_change_nothing():
    wanted = taken(split(23, cache="memory"), 14)
    assert taken(split(23, cache="off"), 14) == wanted
    assert taken(split(23, cache="auto", cache_mb=0), 14) == wanted
    for cache in ("memory", "off"):
        for threads in (1, 7):
            assert taken(split(23, cache=cache), 14, threads=threads) == wanted


@pytest.mark.parametrize("cache", ["memory", "off"])
@pytest.mark.parametrize(
    "first", [1, 3, 5, 7]
)  # within the first epoch of three steps, at its end, and beyond
def test_starting_at_a_step_is_skipping_those_before(first, cache):
    part = split(10, cache=cache)
    assert taken(part, 4, first) == taken(part, first + 4)[first:]


def test_the_order_is_as_good_as_random():
    # Over 600 epochs each of 6 places expects 100 of each example, with a standard deviation of 9.
    order = np.reshape(ids(taken(split(6, batch_size=6), 600)), (600, 6))
    counts = np.stack([(order == i).sum(0) for i in range(6)])
    assert counts.min() > 60
    assert counts.max() < 140


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1])
def test_neighbours_are_parted(seed):
    # Class folders come sorted: an order that keeps neighbours together gives batches of one class.
    # Of 72 examples in random order one is expected at its own place in an epoch, and two next to
    # the one before.
    order = np.reshape(ids(taken(split(72, batch_size=72, seed=seed), 50)), (50, 72))
    assert (order == np.arange(72)).sum(1).mean() < 2
    assert (np.abs(np.diff(order)) == 1).sum(1).mean() < 3
    assert (order[1:] == order[:-1]).sum(1).mean() < 2  # nor is one epoch like the one before


@pytest.mark.parametrize("cache", ["memory", "off"])
def test_one_pass_in_order(cache):
    part = split(10, cache=cache)
    found = [(x["id"].tolist(), y.tolist()) for x, y in part.batches().as_numpy_iterator()]
    assert [x for x, _ in found] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert all(x == y for x, y in found)
    assert [len(y) for _, y in part.batches(7)] == [7, 3]


def test_a_sample_is_spread_over_the_split():
    assert split(10).sample(4)[0]["id"].tolist() == [0, 3, 6, 9]
    assert split(3).sample(8)[0]["id"].tolist() == [0, 1, 2]


def test_an_empty_split_says_so():
    with pytest.raises(PipelineError, match="the training split is empty"):
        split(0).train()


def test_the_progress_of_the_run_goes_to_the_augmentation():
    part = split(10)
    part.method = Progress()
    found = [float(p) for _, p in part.train().take(9)]
    assert found == pytest.approx([i / 9 for i in range(9)])


def test_arrays_of_differing_length_stay_as_they_are():
    columns = {"id": [0, 1, 2], "boxes": [np.ones((2, 4)), np.zeros((0, 4)), np.full((1, 4), 5.0)]}
    examples = Examples(list("abc"), columns, list("abc"))
    part = Split(examples, Counted(), Scratch.Config(batch_size=3))
    inputs, targets = next(part.batches().as_numpy_iterator())
    assert inputs["n"].tolist() == [2, 0, 1]
    assert targets.tolist() == [8, 0, 20]


def test_what_fits_into_no_column_is_named():
    with pytest.raises(PipelineError, match="feature 'id' holds values of different kinds"):
        Split(Examples(["a", "b"], {"id": [1, "x"]}, ["a", "b"]), Noisy(), Scratch.Config())


# Pictures, read by the task itself.


def halves(left, right, mode="RGB"):
    """16 x 16, the left half of one colour and the right one of another."""
    picture = Image.new(mode, (16, 16), left)
    picture.paste(right, (8, 0, 16, 16))
    return picture


def written(folder, pictures):
    """{name: (Pillow picture, options)} saved as the class folders a and b -> the parsed pictures by name."""
    for label in ("a", "b"):
        (folder / label).mkdir(parents=True)
        for name, (picture, options) in pictures.items():
            picture.save(folder / label / name, **options)
    data = catalog.load(folder)
    config = Scratch.Config(labels=("a", "b"), image_size=16, batch_size=99)
    found = {}
    for name in data.splits:
        part = source.split(data, name, Scratch(), config)
        for inputs, _ in part.batches().as_numpy_iterator() if len(part) else ():
            found |= dict(
                zip([n.partition("/")[2] for n in part.names], inputs["image"], strict=True)
            )
    return found


def test_pictures_of_every_kind_come_out_right(tmp_path):
    exif = Image.Exif()
    exif[0x112] = 6  # to be turned by 90 degrees clockwise: the left half comes to the top
    palette = halves(0, 1, "P")
    palette.putpalette([200, 10, 30, 10, 20, 240])
    grey16 = Image.fromarray(np.repeat([[0x8000] * 8 + [0xFFFF] * 8], 16, 0).astype(np.uint16))
    read = written(
        tmp_path / "data",
        {
            "rgb.png": (halves((200, 10, 30), (10, 20, 240)), {}),
            "palette.png": (palette, {}),
            "grey.png": (halves(40, 250, "L"), {}),
            "grey16.png": (grey16, {}),
            "rotated.png": (halves((200, 10, 30), (10, 20, 240)), {"exif": exif}),
            "rotated.jpg": (halves((255, 255, 255), (0, 0, 0)), {"exif": exif, "quality": 100}),
            "cmyk.tif": (halves((255, 0, 0, 0), (0, 255, 255, 0), "CMYK"), {}),
            "cmyk.jpg": (halves((255, 0, 0, 0), (0, 0, 0, 255), "CMYK"), {"quality": 100}),
        },
    )
    left, right = np.s_[:, :8], np.s_[:, 8:]
    for name, first, second in (
        ("rgb.png", (200, 10, 30), (10, 20, 240)),
        ("palette.png", (200, 10, 30), (10, 20, 240)),
        ("grey.png", (40, 40, 40), (250, 250, 250)),
        ("grey16.png", (128, 128, 128), (255, 255, 255)),  # 32768 / 65535 * 255 = 127.502
        ("cmyk.tif", (0, 255, 255), (255, 0, 0)),  # cyan alone, magenta and yellow
    ):
        assert (read[name][left] == first).all(), name
        assert (read[name][right] == second).all(), name
    assert (read["rotated.png"][:8] == (200, 10, 30)).all()
    assert (read["rotated.png"][8:] == (10, 20, 240)).all()
    np.testing.assert_allclose(read["rotated.jpg"][:8].astype(int), 255, atol=2)
    np.testing.assert_allclose(read["rotated.jpg"][8:].astype(int), 0, atol=2)
    np.testing.assert_allclose(read["cmyk.jpg"][left].astype(int) - (0, 255, 255), 0, atol=3)
    np.testing.assert_allclose(read["cmyk.jpg"][right].astype(int), 0, atol=3)


@pytest.mark.parametrize("size", [16, 96, 192])
def test_training_resizes_real_photos_as_the_device_does(real_data, size):
    files = [
        sorted(folder.iterdir())[0]
        for folder in sorted((real_data / "clothing" / "test").iterdir())
    ]
    files += sorted((real_data / "bsd100").glob("*.png"))[:3]
    assert len(files) == 13
    for file in files:
        here = images.resize(decoding.picture(tf.io.read_file(str(file))), size).numpy().astype(int)
        there = edge.resize(edge.read_picture(file), size)[0]
        assert np.abs(here - there).max() <= 1, file


def test_encoded_bytes_are_pictures_too():
    buffer = io.BytesIO()
    halves((200, 10, 30), (10, 20, 240)).save(buffer, "PNG")
    examples = Examples(
        ["a"], {"image": [buffer.getvalue()], "label": [1]}, ["a"], pictures=("image",)
    )
    part = Split(examples, Scratch(), Scratch.Config(labels=("a", "b"), image_size=16))
    inputs, targets = part.sample(1)
    assert inputs["image"][0, 0, 0].tolist() == [200, 10, 30]
    assert targets.tolist() == [[0, 1]]


class Sized(Noisy):
    """Numbers whose size is another order of them."""

    def sizes(self, examples, config):
        return [number * 7 % len(examples) for number in examples.columns["id"]]


def test_batches_hold_examples_of_like_size_in_random_order_and_go_on_at_any_step():
    part = split(40, epochs=4)
    part.method = Sized()
    batches = [np.array(ids) for ids, _ in taken(part, 30)]
    for epoch in range(3):
        own = batches[epoch * 10 : epoch * 10 + 10]
        assert sorted(np.concatenate(own).tolist()) == list(range(40))
        sizes = [np.sort(ids * 7 % 40) for ids in own]
        assert sum(row[-1] - row[0] == 3 for row in sizes) >= 9  # one may hold both ends
        firsts = [row[0] for row in sizes]
        assert firsts != sorted(firsts)
    sets = [{tuple(sorted(ids)) for ids in batches[i : i + 10]} for i in (0, 10)]
    assert sets[0] != sets[1]
    again = [np.array(ids) for ids, _ in taken(part, 3, first=17)]
    for ids, wanted in zip(again, batches[17:], strict=False):
        np.testing.assert_array_equal(ids, wanted)
