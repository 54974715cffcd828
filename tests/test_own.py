"""A user's own callbacks, model, loss and metrics: called, kept, read again, and refused in one line."""

import held
import keras
import numpy as np
import pytest

import pipelines
from pipelines import catalog
from pipelines.engine.training import learning_rate, own, start, weights

TINY = dict(method="scratch", epochs=3, batch_size=24, image_size=16, backbone="compact_8")


def net(classes=3, side=16, activation=None):
    inputs = keras.Input((side, side, 3))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(classes, activation=activation)(x))


class Stops(keras.callbacks.Callback):
    """Stops after an epoch, and keeps what it has seen."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append((epoch, sorted(logs)))
        self.model.stop_training = True


def test_callbacks_are_called_and_may_stop(tmp_path, capsys):
    stops, log = Stops(), keras.callbacks.CSVLogger(str(tmp_path / "log.csv"))
    data = held.photos(48)
    run = pipelines.train(
        "classification", data, tmp_path / "run", callbacks=[stops, log], model=net(), epochs=3
    )
    assert [epoch for epoch, _ in stops.seen] == [0]
    assert {"loss", "val_loss", "val_accuracy"} <= set(stops.seen[0][1])
    assert run.history["epoch"] == [1]
    assert run.finished()
    assert (tmp_path / "log.csv").read_text().startswith("epoch,")
    said = capsys.readouterr().out
    assert "Stops: state of a callback is in no checkpoint" in said
    assert "CSVLogger:" not in said
    # The same folder again: the model is the user's, by Keras's own layers.
    again = pipelines.load(run.path, data=data)
    assert type(again.model.layers[-1]).__name__ == "Functional"
    assert again.model.count_params() == net().count_params() == 4 * 3
    assert again.config.image_size == 16
    assert again.predict(data[0][:2]) == run.predict(data[0][:2])


def test_loss_and_metrics_are_kept(tmp_path):
    run = pipelines.prepare(
        "classification",
        held.photos(48),
        tmp_path / "run",
        loss=keras.losses.CategoricalHinge(),
        metrics=["top_k_categorical_accuracy", keras.metrics.CosineSimilarity(name="like")],
        **TINY,
    )
    for opened in (run, pipelines.load(run.path, data=held.photos(48))):
        model = opened.method.model(opened.config)
        assert isinstance(model.loss, keras.losses.CategoricalHinge)
        inputs, targets = next(iter(opened.source.train(0)))
        model.train_on_batch(inputs, targets)
        assert {"top_k_categorical_accuracy", "like"} <= set(model.get_metrics_result())
        assert type(keras.tree.flatten(model.optimizer)[0]).__name__ == "AdamW"


def bad_loss(targets, outputs):
    return targets


class Odd(keras.Model):
    """A model without layers that Keras knows of."""

    def call(self, pictures):
        return pictures


def ended(*layers):
    """A model of pictures that ends in these layers."""
    first = [keras.Input((16, 16, 3)), keras.layers.GlobalAveragePooling2D()]
    return keras.Sequential([*first, *layers])


LOGITS = r"loss=CategoricalCrossentropy takes probabilities, .*Crossentropy\(from_logits=True\)"
BAD = {
    "no inputs": (dict(model=keras.Sequential([keras.layers.Dense(3)])), "Sequential.* a keras.Input"),
    "a class": (dict(model=Odd()), "must be a functional keras.Model; got Odd"),
    "a softmax": (dict(model=ended(keras.layers.Dense(3), keras.layers.Softmax())), "ends in softmax"),
    "a sigmoid inside": (
        dict(model=ended(keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, "sigmoid")]))),
        "ends in sigmoid",
    ),
    "a name of a loss on probabilities": (dict(loss="categorical_crossentropy"), LOGITS),
    "a loss on probabilities": (dict(loss=keras.losses.CategoricalCrossentropy()), LOGITS),
    "another number of classes": (dict(model=net(4)), r"output must be \(None, 3\).* is \(None, 4\)"),
    "probabilities": (dict(model=net(activation="softmax")), "ends in softmax, .* takes logits"),
    "another size": (dict(model=net(), image_size=32), r"takes \(None, 16, 16, 3\), and the data"),
    "no model": (dict(model="resnet"), "must be a functional keras.Model; got str"),
    "phases": (dict(loss="mse", method="transfer"), "in one phase, and transfer does not.*=scratch"),
    "unknown loss": (dict(loss="cross"), "loss do not fit the targets"),
    "loss for ids": (dict(loss="sparse_categorical_crossentropy"), "loss do not fit the targets"),
    "a loss that is not registered": (dict(loss=bad_loss), "could not be read again"),
    "no callback": (dict(callbacks=["early"]), "must be keras.callbacks.Callback; got str"),
    "a misspelt setting": (dict(calbacks=[]), "unknown setting 'calbacks'"),
    "another package's setting": (dict(imgsz=64), "'imgsz'. Here it is called 'image_size'"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_fit_is_one_line(name, tmp_path):
    given, message = BAD[name]
    small = {} if "method" in given else {"method": "scratch", "backbone": "compact_8"}
    with pytest.raises(pipelines.PipelineError, match=message) as raised:
        pipelines.train("classification", held.photos(30), tmp_path / "run", **small, **given)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "run").exists()


def test_callbacks_of_what_no_gradient_trains_are_refused(tmp_path):
    texts = ["one two", "three", "four five six"] * 12
    run = pipelines.prepare("ngram", {"text": texts}, tmp_path / "run")
    with pytest.raises(pipelines.PipelineError, match="language_model/ngram calls none"):
        run.train(callbacks=[keras.callbacks.CSVLogger("log.csv")])
    with pytest.raises(
        pipelines.PipelineError, match="model= is for nets, and reinforcement has no method"
    ):
        pipelines.train("reinforcement", "grid", model=net())


def test_the_first_method_of_one_phase_is_taken():
    assert own.asked(own.Own(net()), "classification", {}) == {
        "method": "scratch",
        "image_size": 16,
    }
    assert own.asked(own.Own(loss="mse"), "generation", {})["method"] == "autoencoder"
    assert own.asked(own.Own(net()), "scratch", {"image_size": 8}) == {"image_size": 8}
    assert catalog.method("scratch").name == "scratch"


def test_a_run_of_an_own_model_can_be_started_from(tmp_path):
    data = held.photos(30)
    run = pipelines.prepare("classification", data, tmp_path / "run", model=net(), epochs=1)
    weights.write(run.method.model(run.config), run.path)
    started = start.find(str(run.path), run.method.model(run.config))
    assert (len(started.taken), list(started.new)) == (2, [])


def test_a_rate_is_found_with_a_model_that_is_not_used_up(tmp_path, monkeypatch):
    def find(model, method, config, source):
        for variable in model.weights:
            variable.assign(variable + 1)
        return 0.01, {"x": [], "y": []}

    monkeypatch.setattr(learning_rate, "find", find)
    model = net()
    before = [np.asarray(variable) for variable in model.weights]
    run = pipelines.prepare(
        "classification", held.photos(30), tmp_path / "run", model=model, learning_rate="find"
    )
    after = pipelines.load(run.path, held.photos(30)).method.model(run.config).weights
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, np.asarray(other))
