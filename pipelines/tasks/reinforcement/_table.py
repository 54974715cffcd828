"""A table of what each action is worth in each state, as a net."""

from etils import epy

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras

REASON = "256 steps cannot tell actions apart that are worth nearly the same"
NAME = "table"


def model(spaces, name):
    """{"state": int32 (B,)} -> {"values": (B, A)}: a table, zero at first."""
    state = keras.Input((), dtype="int32", name="state")
    table = keras.layers.Embedding(
        spaces.states, len(spaces.actions), embeddings_initializer="zeros", name=NAME
    )
    return keras.Model({"state": state}, {"values": table(state)}, name=name)


def of(net):
    """The numbers of the table (S, A) of such a net."""
    return net.get_layer(NAME).get_weights()[0]


def put(net, values):
    """Gives the net another table (S, A)."""
    net.get_layer(NAME).set_weights([values.astype("float32")])
