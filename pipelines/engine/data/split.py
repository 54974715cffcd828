"""The input pipeline, made once for every task: read, parse, cache, shuffle, augment, batch,
prefetch.

Which examples step g holds and how they are augmented follows from (seed, g) alone: the order of an
epoch is a keyed permutation that is evaluated at any position without its predecessors. So a run
can start at any step, the number of threads changes nothing, and resuming is exact.
"""

import copy
import itertools
import math

import numpy as np
import tensorflow as tf

from pipelines.engine.data import decoding
from pipelines.engine.data import service as data_service
from pipelines.engine.parallel import devices
from pipelines.errors import PipelineError
from pipelines.progress import Progress

# Of the permutation's cipher: with its usual 4 and keys as small as 0 and 1, half of 72 examples
# stay put.
ROUNDS = 8
AWAY = 37  # examples by which batches of like size begin later in each epoch
AUGMENT = 1  # keeps the stream of augmentation apart from others out of the same seed


class Split:
    """One split, ready to be read: `train(...)` for steps without end, `batches(...)` for one pass
    in order.

    examples: formats.examples.Examples whose pictures TensorFlow can decode (see
        formats/_decodable.py).
    method: a Method; config: its resolved Config.
    """

    def __init__(self, examples, method, config):
        self.examples, self.method, self.config = examples, method, config
        self._columns = {name: _column(values, name) for name, values in examples.columns.items()}
        self._parsed, self._augmented = None, True
        self._passes = {}  # batch size -> tf.data of one pass, made once

    def __len__(self):
        return len(self.examples)

    @property
    def names(self):
        return self.examples.names

    def steps_per_epoch(self):
        """Steps of one pass: the last step is filled up with examples that come a second time, so
        none is left out."""
        return self.config.steps_per_epoch or math.ceil(len(self) / self.config.batch_size)

    def train(self, first_step=0):
        """Batches (inputs, targets) from step `first_step` of the run on, shuffled and augmented,
        without end."""
        if not len(self):
            raise PipelineError("the training split is empty. Run `pipelines audit` on the data.")
        if self.config.data_service and self._augmented:

            def steps(step):
                return self._steps(_from(step), cached=False)

            data = data_service.in_order(steps, first_step, self.config.data_service)
            return data.prefetch(tf.data.AUTOTUNE).with_options(_options())
        return self._here(_from(first_step))

    def openings(self, steps, count):
        """step of `steps`, a range -> iterator over the `count` batches from there on, NumPy
        arrays.

        The pipeline is made once, and runs in this process. It prepares the batches of the step
        that follows in `steps`; another one may be asked for, if each iterator is used up.
        """
        first = tf.Variable(0, dtype=tf.int64, trainable=False)
        starts = tf.data.Dataset.range(1).flat_map(
            lambda _: tf.data.Dataset.range(first, steps.stop, steps.step)
        )
        numbers = starts.flat_map(lambda start: tf.data.Dataset.range(start, start + count))
        data, running, expected = self._here(numbers), None, None

        def opening(step):
            nonlocal running, expected
            if step != expected:
                first.assign(step)
                running = data.as_numpy_iterator()
            expected = step + steps.step
            return itertools.islice(running, count)

        return opening

    def _here(self, numbers):
        """Batches of the steps `numbers`, prepared in this process."""
        served = self.config.data_service and self._augmented
        cached = not served and self._cached() is not None
        data = self._steps(numbers, cached).map(lambda step, batch: batch)
        return data.prefetch(tf.data.AUTOTUNE).with_options(_options())

    def _steps(self, numbers, cached):
        """(step, batch) of the steps `numbers`, out of the cache or read anew."""
        n, size, spe = len(self), self.config.batch_size, self.steps_per_epoch()
        stripe = math.ceil(n / size)  # examples that a row goes through, if rows continue
        continues = self.method.continues(self.config)
        drawn = self.method.drawn(self.examples, self.config)
        strata = self.method.strata(self.examples, self.config)
        sized = self._by_size()
        if strata is not None and size % len(strata):
            raise PipelineError(
                f"batch_size must be a multiple of {len(strata)}, the kinds of examples in a batch;"
                f" got {size}."
            )

        def shuffled(step, n, size):
            # Past the end of a permutation the next one of the same epoch begins.
            epoch, position = step // spe, step % spe * size + tf.range(size, dtype=tf.int64)
            keys = tf.stack(
                [tf.fill([size], tf.cast(v, tf.int64)) for v in (self.config.seed, epoch)]
                + [position // n],
                1,
            )
            return tf.raw_ops.RandomIndexShuffle(
                index=position % n,
                seed=tf.cast(keys, tf.uint32),
                max_index=tf.fill([size], np.int64(n - 1)),
                rounds=ROUNDS,
            )

        def indices(step):
            if drawn is not None:
                return drawn(step)
            if continues:
                return (tf.range(size, dtype=tf.int64) * stripe + step % stripe) % n
            if sized is not None:
                # Blocks of the order of sizes, which begin elsewhere in each epoch.
                first = shuffled(step, stripe, 1) * size + step // spe * AWAY
                return tf.gather(sized, (first + tf.range(size, dtype=tf.int64)) % n)
            if strata is None:
                return shuffled(step, n, size)
            share = size // len(strata)
            return tf.concat(
                [tf.gather(rows, shuffled(step, len(rows), share)) for rows in strata], 0
            )

        def read(step):
            parsed = self._read(tf.data.Dataset.from_tensor_slices(indices(step)))
            return parsed.batch(size, drop_remainder=True).map(lambda *batch: (step, batch))

        def augmented(step, batch):
            if not self._augmented:
                return step, batch
            seed = tf.random.experimental.stateless_fold_in(
                tf.constant([self.config.seed, AUGMENT], tf.int64), step
            )
            progress = tf.cast(step, tf.float32) / float(self.config.epochs * spe)
            inputs, targets = self.method.augment(*batch, seed, progress, self.config)
            if continues:
                is_first = (indices(step) == 0) | (step % stripe == 0)
                inputs = self.method.begin(inputs, is_first, self.config)
            return step, (inputs, targets)

        if cached:
            data = numbers.map(
                lambda g: (g, self._gather(indices(g))), num_parallel_calls=tf.data.AUTOTUNE
            )
        else:
            data = numbers.flat_map(read)
        return data.map(augmented, num_parallel_calls=tf.data.AUTOTUNE)

    def _by_size(self):
        """Rows in the order of their sizes, equal ones mixed, if the method wants that; or None."""
        sizes = self.method.sizes(self.examples, self.config)
        if sizes is None:
            return None
        mixed = np.random.default_rng(self.config.seed).permutation(len(self))
        order = np.argsort(np.asarray(sizes)[mixed], kind="stable")
        return tf.constant(mixed[order], tf.int64)

    def batches(self, batch_size=None):
        """Batches (inputs, targets) of one pass in the examples' order, not augmented; the last one
        may be smaller."""
        size = batch_size or self.config.batch_size
        if size not in self._passes:
            self._passes[size] = self._pass(size)
        return self._passes[size]

    def _pass(self, size):
        if self._cached() is not None:
            starts = tf.data.Dataset.range(0, len(self), size)
            stop = tf.constant(len(self), tf.int64)
            data = starts.map(lambda i: self._gather(tf.range(i, tf.minimum(i + size, stop))))
        else:
            data = self._in_order().batch(size)
        return data.prefetch(tf.data.AUTOTUNE).with_options(_options())

    def through(self, model):
        """The same split as {"features": what `model` makes of its inputs}, computed once; it is
        not augmented."""
        made, features, targets = copy.copy(self), [], []
        made._passes = {}
        with Progress("computing features", len(self), "examples") as bar:
            for inputs, truth in self.batches().as_numpy_iterator() if len(self) else ():
                features.append(devices.whole(model.predict_on_batch, inputs))
                targets.append(truth)
                bar.update(len(features[-1]))

        def joined(parts):
            return tf.nest.map_structure(lambda *p: tf.constant(np.concatenate(p)), *parts)

        made._augmented = False
        made._parsed = ({"features": joined(features)}, joined(targets)) if len(self) else None
        return made

    def arrays(self):
        """All examples in their order: (inputs, targets) as NumPy arrays."""
        return tf.nest.map_structure(lambda t: t.numpy(), self._cached())

    def sample(self, count):
        """Up to `count` examples spread evenly over the split: (inputs, targets) as batched NumPy
        arrays."""
        chosen = np.unique(np.linspace(0, len(self) - 1, min(count, len(self))).astype(np.int64))
        data = self._read(tf.data.Dataset.from_tensor_slices(chosen))
        for batch in data.batch(len(chosen)).with_options(_options()):
            return tf.nest.map_structure(lambda t: t.numpy(), batch)
        raise PipelineError("the split is empty: there is nothing to take a sample of.")

    def _in_order(self):
        return self._read(tf.data.Dataset.range(len(self)))

    def _read(self, indices):
        """A data set of indices -> of (inputs, targets), parsed in parallel."""
        try:
            return indices.map(self.load, num_parallel_calls=tf.data.AUTOTUNE)
        except KeyError as error:
            needs = str(error).strip().splitlines()[-1].removeprefix("KeyError: ").strip("'\"")
            task = self.method.task
            raise PipelineError(
                f"{task} needs the feature {needs!r}, and this data has"
                f" {', '.join(self._columns) or 'none'}. Choose another task, or name the format"
                " with --set format=NAME."
            ) from error

    def load(self, index):
        """Example `index` -> (inputs, targets)."""
        example = {name: tf.gather(column, index) for name, column in self._columns.items()}
        for name in self.examples.pictures:
            encoded = _encoded(example[name], self.examples.columns[name])
            example[name] = decoding.picture(encoded)
        for name in self.examples.masks:
            example[name] = tf.io.decode_png(
                _encoded(example[name], self.examples.columns[name]), channels=1
            )
        return self.method.parse(example, self.config)

    def _cached(self):
        """All parsed examples as one tensor a component, if the settings and their size allow
        it; else None."""
        if self._parsed is None and self.config.cache != "off" and len(self):
            spec = self._in_order().element_spec
            size = sum(
                np.prod(s.shape.as_list()) * s.dtype.size for s in tf.nest.flatten(spec)
            ) * len(self)
            if self.config.cache == "memory" or size <= self.config.cache_mb * 1e6:
                self._parsed = _collect(self._in_order(), spec, len(self))
        return self._parsed

    def _gather(self, indices):
        return tf.nest.map_structure(lambda t: tf.gather(t, indices), self._parsed)


def _from(first_step):
    """The numbers of all steps from `first_step` on, without end."""
    return tf.data.Dataset.range(first_step, np.iinfo(np.int64).max)


def _collect(data, spec, count):
    """A data set of static shapes as whole tensors, filled in place so that memory holds it about
    once."""
    arrays = tf.nest.map_structure(
        lambda s: np.empty((count, *s.shape), s.dtype.as_numpy_dtype), spec
    )
    flat, at = tf.nest.flatten(arrays), 0
    with Progress("reading the examples", count, "examples") as progress:
        for batch in data.batch(64).prefetch(tf.data.AUTOTUNE).with_options(_options()):
            parts = tf.nest.flatten(batch)
            for array, part in zip(flat, parts, strict=True):
                array[at : at + len(part)] = part.numpy()
            at += len(parts[0])
            progress.update(len(parts[0]))
    return tf.nest.map_structure(tf.constant, arrays)


def _column(values, name):
    """A column as a tensor; arrays of differing length become ragged."""
    try:
        if (
            values
            and isinstance(values[0], (list, tuple, np.ndarray))
            and len({len(v) for v in values}) > 1
        ):
            return _ragged([np.asarray(v) for v in values])
        return tf.constant(values)
    except (ValueError, TypeError) as error:
        raise PipelineError(f"feature {name!r} holds values of different kinds: {error}") from error


def _ragged(arrays):
    """Arrays that differ in their first axis; an empty one has no type of its own to go by."""
    filled = [array for array in arrays if len(array)]
    joined = np.concatenate(filled)
    return tf.RaggedTensor.from_row_lengths(
        tf.constant(joined.tolist() if joined.dtype.kind == "U" else joined),
        [len(array) for array in arrays],
    )


def _encoded(source, values):
    """A path or encoded bytes -> encoded bytes; `values`, the column, tells which."""
    return tf.io.read_file(source) if isinstance(values[0], str) else source


def _options():
    options = tf.data.Options()
    options.deterministic = True
    return options
