"""A small classifier of pictures by which generators are judged: its 32 features, and its classes.

It is found by scikit-learn in seconds and is the same for all that is compared: a multilayer
perceptron on pictures that are reduced to at most SIDE pixels. It is kept as lines of text, which
go wherever the names of the classes go.
"""

import base64
import binascii
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from keras import ops
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from pipelines.errors import PipelineError
from pipelines.models import Tensor

SIDE = 14  # pixels; MNIST's pictures are halved
HIDDEN, FEATURES = 64, 32
PASSES, BATCH = 60, 50  # over the pictures that it learns from
MOST = 10_000  # of these
LARGEST = 16_000_000  # numbers of a layer that is read


@dataclass(frozen=True)
class Judge:
    """kernels, biases: of its three layers, float32."""

    kernels: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]

    def features(self, pictures: Tensor) -> np.ndarray:
        """(N, S, S, C) in [0, 1] -> float64 (N, FEATURES), not below 0."""
        return self._hidden(pictures)

    def classes(self, pictures: Tensor) -> np.ndarray:
        """(N, S, S, C) in [0, 1] -> the most likely class of each, int (N,)."""
        logits = self._hidden(pictures) @ self.kernels[2] + self.biases[2]
        return logits.argmax(1)

    def _hidden(self, pictures: Tensor) -> np.ndarray:
        x = reduced(pictures)
        for kernel, bias in zip(self.kernels[:2], self.biases[:2], strict=True):
            x = np.maximum(x @ kernel + bias, 0.0)
        return x


def reduced(pictures: Tensor) -> np.ndarray:
    """(N, S, S, C) -> float64 (N, P): the pixels, of pictures of at most SIDE px."""
    side = pictures.shape[1]
    if side > SIDE:
        pictures = ops.image.resize(ops.convert_to_tensor(pictures), (SIDE, SIDE), antialias=True)
    return ops.convert_to_numpy(pictures).astype(np.float64).reshape(len(pictures), -1)


def found(pictures: np.ndarray, labels: np.ndarray, seed: int) -> Judge:
    """The judge that was taught by pictures (N, S, S, C) in [0, 1] and class ids of at least two classes.

    Of more than MOST pictures, so many spread evenly teach it.
    """
    taken = np.linspace(0, len(pictures) - 1, min(len(pictures), MOST)).astype(int)
    net = MLPClassifier(
        (HIDDEN, FEATURES), batch_size=min(BATCH, len(taken)), learning_rate_init=2e-3,
        max_iter=PASSES, alpha=1e-3, random_state=seed,
    )  # fmt: skip
    # Its matrices are small: threads would wait for each other for most of the time.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # PASSES are what it gets
        net.fit(reduced(pictures[taken]), labels[taken])
    return Judge(*_all_classes(net, int(labels.max()) + 1))


def _all_classes(net: MLPClassifier, count: int) -> tuple[tuple, tuple]:
    """(kernels, biases) with a column for each class id; one that it has not seen never wins."""
    kernel, bias = net.coefs_[2], net.intercepts_[2]
    if len(net.classes_) == 2:  # scikit-learn has one logit for two classes
        kernel, bias = np.concatenate([-kernel, kernel], 1), np.concatenate([-bias, bias])
    last, shift = np.zeros((FEATURES, count)), np.full(count, -1e9)
    last[:, net.classes_], shift[net.classes_] = kernel, bias
    kernels, biases = (*net.coefs_[:2], last), (*net.intercepts_[:2], shift)
    return tuple(k.astype(np.float32) for k in kernels), tuple(b.astype(np.float32) for b in biases)


def written(judge: Judge) -> list[str]:
    """A line for each array: its shape, and its bytes in base64."""
    return [_line(array) for array in (*judge.kernels, *judge.biases)]


def _line(array: np.ndarray) -> str:
    shape = " ".join(map(str, array.shape))
    return f"{shape}: {base64.b64encode(array.astype('<f4').tobytes()).decode()}"


def read(lines: Sequence[str]) -> Judge:
    """The judge that `written` wrote. Raises PipelineError if the lines are no judge's."""
    try:
        arrays = [_array(line) for line in lines]
        kernels, biases = arrays[:3], arrays[3:]
        pairs = list(zip(kernels, biases, strict=True))
        chained = [a.shape[1] == b.shape[0] for a, b in zip(kernels, kernels[1:], strict=False)]
        if len(pairs) != 3 or not all(chained) or any(k.shape[1:] != b.shape for k, b in pairs):
            raise ValueError("its layers do not fit each other")
    except (ValueError, IndexError, binascii.Error) as error:
        raise PipelineError(
            f"the judge of this model is damaged ({error}). Restore learned/judge.txt, or train again."
        ) from error
    return Judge(tuple(kernels), tuple(biases))


def _array(line: str) -> np.ndarray:
    sizes, _, content = line.partition(": ")
    shape = tuple(map(int, sizes.split()))
    values = np.frombuffer(base64.b64decode(content, validate=True), "<f4")
    if min(shape) < 1 or values.size > LARGEST or not np.isfinite(values).all():
        raise ValueError("its numbers cannot be")
    return values.reshape(shape)
