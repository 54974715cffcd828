import keras
import numpy as np
import pytest

from pipelines.models.views import Views, averaged, spread

PICTURE = np.arange(2 * 4 * 4, dtype=np.float32).reshape(2, 4, 4, 1)


def test_views_by_numpy():
    found = keras.ops.convert_to_numpy(spread(PICTURE, 8)).reshape(8, 2, 4, 4)
    plain = PICTURE[..., 0]
    turned = plain.transpose(0, 2, 1)
    wanted = [v for p in (plain, turned) for v in (p, p[:, :, ::-1], p[:, ::-1], p[:, ::-1, ::-1])]
    np.testing.assert_array_equal(found, wanted)
    assert (
        len({v[0].tobytes() for v in found}) == 8
    )  # all flips and quarter turns: the symmetries of the square


@pytest.mark.parametrize("count", [1, 2, 4, 8])
def test_what_is_spread_comes_back(count):
    np.testing.assert_allclose(averaged(spread(PICTURE, count), count), PICTURE)


def test_a_model_answers_with_the_mean_of_its_views_but_learns_from_one():
    inputs = keras.Input((4, 4, 1), name="image")
    keras.utils.set_random_seed(0)
    x = keras.layers.Conv2D(3, 3, padding="same", activation="relu")(inputs)
    outputs = {"fine": x, "coarse": keras.layers.MaxPooling2D(2)(x)}
    plain = keras.Model({"image": inputs}, outputs)
    net = Views({"image": inputs}, outputs)
    net.count = 8
    found = net.predict_on_batch({"image": PICTURE})
    wanted = 0
    for exchanged in (False, True):
        for flips in ((), (1,), (2,), (1, 2)):
            picture = np.flip(PICTURE.transpose(0, 2, 1, 3) if exchanged else PICTURE, flips)
            answer = np.flip(plain.predict_on_batch({"image": picture})["coarse"], flips)
            wanted = wanted + (answer.transpose(0, 2, 1, 3) if exchanged else answer) / 8
    np.testing.assert_allclose(found["coarse"], wanted, rtol=1e-5)
    learning = net({"image": keras.ops.convert_to_tensor(PICTURE)}, training=True)["fine"]
    np.testing.assert_allclose(
        learning, plain.predict_on_batch({"image": PICTURE})["fine"], rtol=1e-5
    )
