"""A function of a model, compiled once: a graph under TensorFlow, jitted under JAX."""

import keras


def compiled(function, model, writes=()):
    """`function` of arrays, which may read the variables of `model`, as a graph.

    Arguments and results are structures of arrays whose first axis is the batch; under TensorFlow
    it is traced once for all sizes of that. writes: those variables that it changes; changes of
    others are lost under JAX. JAX cannot compile TensorFlow's ops, such as those of a `decode` that
    is made for TFLite; such a function is run as it is.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return _Graph(function)
    if backend == "jax":
        return _jitted(function, model, writes)
    return function


class _Graph:
    """A `tf.function` that is traced at its first call, and no second time for another batch
    size."""

    def __init__(self, function):
        import tensorflow as tf

        self.function = tf.function(function, reduce_retracing=True, autograph=False)
        self._is_traced = False

    def __call__(self, *arguments):
        if not self._is_traced:
            self.function.get_concrete_function(*keras.tree.map_structure(_any_size, arguments))
            self._is_traced = True
        return self.function(*arguments)


def _any_size(value):
    import tensorflow as tf

    return tf.TensorSpec((None, *value.shape[1:]), value.dtype)


def _jitted(function, model, writes):
    import jax

    def pure(values, arguments):
        mapping = list(zip(variables, values, strict=True))
        with keras.StatelessScope(state_mapping=mapping) as scope:
            result = function(*arguments)
        return result, [scope.get_current_value(v) for v in writes]

    variables = [*model.variables, *model.metrics_variables]
    jitted = jax.jit(pure)
    is_foreign = False

    def call(*arguments):
        nonlocal is_foreign
        if is_foreign:
            return function(*arguments)
        try:
            result, changed = jitted([v.value for v in variables], arguments)
        except jax.errors.TracerArrayConversionError:  # an op of TensorFlow asked for its values
            is_foreign = True
            return function(*arguments)
        for variable, value in zip(writes, changed, strict=True):
            variable.assign(value)
        return result

    return call
