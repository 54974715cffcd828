"""How far a gradient reaches through rnn, lstm and gru, as a picture: it vanishes, or explodes.

    python benchmarks/gradients.py [--out docs]

Of layers that are not trained, 128 units each: the norm of the gradient of a random projection of
the last state by the input so many items before, as a share of that by the last input; mean of 16
draws. The recurrent matrix of rnn is orthogonal at first and is multiplied by 0.7 or 1.4 here, so
that all its singular values are below or above 1; the inputs are small, so tanh is nearly linear.
The gates that keep the state, LSTM's forget gates and GRU's update gates, are drawn as they begin
and with a bias of 4, as training may set it: sigmoid(4) = 0.98.
Writes gradients.svg and prints the table of the page. Takes a minute.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from gradient_descent import write

from pipelines import terminal
from pipelines.models import language

ITEMS, UNITS, DRAWS = 64, 128, 16
LINES = {  # cell, factor of the recurrent matrix, bias of the gates that keep the state
    "rnn, matrix times 0.7": ("rnn", 0.7, None),
    "rnn, matrix times 1.4": ("rnn", 1.4, None),
    "lstm as it begins": ("lstm", 1.0, None),
    "lstm, gates open": ("lstm", 1.0, 4.0),
    "gru, gates open": ("gru", 1.0, 4.0),
}
KEEPING = {"lstm": slice(UNITS, 2 * UNITS), "gru": slice(0, UNITS)}  # of Keras's biases
SHOWN = (1, 2, 4, 8, 16, 32, 63)  # items before, in the table


def norms(cell, factor, bias):
    """Norm of the gradient by the input 0, 1, ... items before the last one: (ITEMS,), the first
    1."""
    keras.utils.set_random_seed(0)
    body = language.Recurrence(cell, UNITS)
    random = np.random.default_rng(0)
    x = tf.constant(0.1 * random.normal(size=(DRAWS, ITEMS, UNITS)), tf.float32)
    body(x)
    matrix = body.inner[0].cell.recurrent_kernel
    matrix.assign(matrix * factor)
    if bias is not None:
        values = np.array(body.inner[0].cell.bias)
        values[..., KEEPING[cell]] = bias
        body.inner[0].cell.bias.assign(values)
    with tf.GradientTape() as tape:
        tape.watch(x)
        last = body(x)[:, -1]
        told = tf.reduce_sum(last * random.normal(size=last.shape).astype(np.float32))
    found = tf.norm(tape.gradient(told, x), axis=-1).numpy().mean(0)[::-1]
    return found / found[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs"))
    given = parser.parse_args()
    found = {name: norms(*line) for name, line in LINES.items()}
    curves = {name: (np.arange(ITEMS), values) for name, values in found.items()}
    write(given.out / "gradients.svg", curves, "items before", "share of the gradient", log=True)
    rows = [[name, *(f"{values[n]:.1e}" for n in SHOWN)] for name, values in found.items()]
    print(terminal.table(rows, ["items before", *map(str, SHOWN)]))


if __name__ == "__main__":
    main()
