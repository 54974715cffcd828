"""The optimizer that the shared settings describe: update rule, schedule, clipping, decay, moving
average."""

import math

import keras
from keras import ops

AVERAGE_WARMUP = (
    10.0  # decay grows as (1 + t) / (10 + t), so that a short run forgets its first weights
)


@keras.saving.register_keras_serializable("pipelines")
class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up from zero to the peak, then `constant`, `step`, `exponential`, `cosine` or
    `linear`.

    With t the steps after the warm-up, T their number, d the steps of one decay and r its rate:
    step r^floor(t/d); exponential r^(t/d); cosine s + (1 - s) (1 + cos(pi t/T)) / 2, s the final
    share (Loshchilov & Hutter 2017, arXiv:1608.03983, eq. 5); linear s + (1 - s) min(1, (T - t)/d)
    (Zhu et al. 2017, arXiv:1703.10593, section 4, with s = 0 and d = T/2).
    """

    def __init__(self, kind, peak, warmup_steps, total_steps, decay_rate, decay_steps, final_share):
        self.kind, self.peak, self.warmup_steps, self.total_steps = (
            kind,
            peak,
            warmup_steps,
            total_steps,
        )
        self.decay_rate, self.decay_steps, self.final_share = decay_rate, decay_steps, final_share

    def __call__(self, step):
        step = ops.cast(step, "float32")
        t = ops.maximum(step - self.warmup_steps, 0.0)
        if self.kind == "cosine":
            done = ops.minimum(t / max(1.0, self.total_steps - self.warmup_steps), 1.0)
            factor = self.final_share + (1 - self.final_share) * 0.5 * (1 + ops.cos(math.pi * done))
        elif self.kind == "linear":
            left = ops.maximum(self.total_steps - self.warmup_steps - t, 0.0)
            factor = self.final_share + (1 - self.final_share) * ops.minimum(
                left / self.decay_steps, 1.0
            )
        elif self.kind == "constant":
            factor = ops.ones_like(t)
        else:
            decays = t / self.decay_steps
            factor = ops.power(
                self.decay_rate, ops.floor(decays) if self.kind == "step" else decays
            )
        rise = ops.minimum((step + 1) / self.warmup_steps, 1.0) if self.warmup_steps >= 1 else 1.0
        return self.peak * rise * factor

    def get_config(self):
        return dict(vars(self))


def schedule(config):
    """The Schedule of a Config whose `steps_per_epoch` is resolved."""
    per_epoch = max(1, config.steps_per_epoch)
    total, parts = config.epochs * per_epoch, 2 if config.schedule == "linear" else 3
    return Schedule(
        kind=config.schedule,
        peak=config.learning_rate,
        warmup_steps=min(round(config.warmup_epochs * per_epoch), total // 2),
        total_steps=total,
        decay_rate=config.decay_rate,
        decay_steps=max(1.0, (config.decay_epochs or config.epochs / parts) * per_epoch),
        final_share=config.final_share,
    )


def optimizer(config, rates=(), pull=0.0, **more):
    """A Keras optimizer. Its `averages` are the moving averages of the trainable weights if
    `config.ema` is on.

    more: arguments of the update rule for which there is no setting. rates: (variable, factor of
    the learning rate) pairs; variables without one have the full rate. pull: decoupled decay of
    those variables towards where they start, instead of towards zero.
    """
    rule = RULES[config.optimizer]
    arguments = {**_arguments(config), **more}
    if rates:
        rule, arguments = _tuned(rule), {"rates": rates, "pull": pull, **arguments}
    made = _averaged(rule)(config.ema, **arguments) if config.ema else rule(**arguments)
    if arguments.get("weight_decay"):
        # Biases and the scales of normalisation are left alone (Goyal et al. 2017,
        # arXiv:1706.02677, section 5.3).
        names = ["bias", "gamma", "beta", "scale", "offset"]
        made.exclude_from_weight_decay([v for v, _ in rates] if pull else None, names)
    return made


def _arguments(config):
    """{name: value} of what the settings say of an update rule."""
    found = dict(learning_rate=schedule(config), global_clipnorm=config.clip_norm or None)
    if config.optimizer in ("sgd", "rmsprop"):
        found["momentum"] = config.momentum
    if config.optimizer == "sgd":
        found["nesterov"] = config.momentum > 0
    if config.optimizer != "adam":
        nothing = 0.0 if config.optimizer == "adamw" else None  # AdamW takes no None
        found["weight_decay"] = config.weight_decay or nothing
    return found


class TouchedAdagrad(keras.optimizers.Adagrad):
    """AdaGrad (Duchi et al. 2011) that reads and writes only the rows of a table that a step used.

    Of a gradient whose rows are not named, as JAX gives it, all rows are. It starts from no memory,
    so the size of the loss does not matter.
    """

    def __init__(self, **arguments):
        super().__init__(**{"initial_accumulator_value": 0.0, "epsilon": 1e-20, **arguments})

    def update_step(self, gradient, variable, learning_rate):
        if not hasattr(gradient, "indices"):
            super().update_step(gradient, variable, learning_rate)
            return
        import tensorflow as tf

        # Not tf.unique: how many rows there are is not known to XLA. What is left over adds 0 to a
        # row.
        order = tf.argsort(gradient.indices)
        named, count = tf.gather(gradient.indices, order), tf.size(gradient.indices)
        is_new = tf.concat([[1], tf.cast(named[1:] != named[:-1], tf.int32)], 0)
        places = tf.cumsum(is_new) - 1
        sums = tf.math.unsorted_segment_sum(tf.gather(gradient.values, order), places, count)
        rows = tf.maximum(tf.math.unsorted_segment_max(named, places, count), 0)
        memory = self._accumulators[self._get_variable_index(variable)]
        self.assign_add(memory, tf.IndexedSlices(tf.square(sums), rows))
        scale = tf.math.rsqrt(ops.take(memory, rows, axis=0) + self.epsilon)
        step = ops.cast(learning_rate, sums.dtype) * sums * scale
        self.assign_sub(variable, tf.IndexedSlices(step, rows))


RULES = {
    "adamw": keras.optimizers.AdamW,
    "adam": keras.optimizers.Adam,
    "sgd": keras.optimizers.SGD,
    "rmsprop": keras.optimizers.RMSprop,
    "lion": keras.optimizers.Lion,
    "adagrad": TouchedAdagrad,
}


def _tuned(rule):
    """`rule` with a learning rate of its own for some variables, which may be pulled back to where
    they start.

    The pull is L2-SP (Li et al. 2018, arXiv:1802.01483, eq. 2), but decoupled from the gradient as
    AdamW's decay is.
    """

    class Tuned(rule):
        def __init__(self, rates, pull, **arguments):
            super().__init__(**arguments)
            # By number: variables that an optimizer holds become its own, and JAX gives a buffer
            # away but once.
            self.own, self.pull = {id(v): factor for v, factor in rates}, pull

        def build(self, variables):
            super().build(variables)
            self.factors = [self.own.get(id(v), 1.0) for v in variables]
            self.starts = [None] * len(variables)
            for i, v in enumerate(variables):
                if self.pull and id(v) in self.own:
                    self.starts[i] = self.add_variable_from_reference(v, name="start")
                    self.starts[i].assign(ops.copy(v))

        def update_step(self, gradient, variable, learning_rate):
            index = self._get_variable_index(variable)
            rate = learning_rate * self.factors[index]
            super().update_step(gradient, variable, rate)
            if self.starts[index] is not None:
                away = ops.subtract(variable, self.starts[index])
                self.assign_sub(
                    variable, ops.multiply(ops.cast(rate * self.pull, away.dtype), away)
                )

        def _apply_weight_decay(self, variables):  # Keras's own knows one learning rate
            for variable in variables if self.weight_decay is not None else ():
                if self._use_weight_decay(variable):
                    rate = (
                        self.learning_rate
                        * self.factors[self._get_variable_index(variable)]
                        * self.weight_decay
                    )
                    variable.assign(variable - variable * ops.cast(rate, variable.dtype))

    Tuned.__name__ = f"Tuned{rule.__name__}"
    return Tuned


def _averaged(rule):
    """`rule` with a moving average of the weights beside them.

    Keras's own `use_ema` overwrites the weights at the end of each `fit`, and starts from random
    weights.
    """

    class Averaged(rule):
        def __init__(self, decay, **arguments):
            super().__init__(**arguments)
            self.decay, self.averages = decay, []

        def build(self, variables):
            super().build(variables)
            self.averages = [self.add_variable_from_reference(v, name="average") for v in variables]
            for average, variable in zip(self.averages, variables, strict=True):
                average.assign(
                    ops.copy(variable)
                )  # JAX gives buffers away: the two must not share one

        def apply(self, grads, trainable_variables=None):
            super().apply(grads, trainable_variables)
            t = ops.cast(self.iterations, "float32")
            decay = ops.minimum(self.decay, (1 + t) / (AVERAGE_WARMUP + t))
            for average, variable in zip(self.averages, self._trainable_variables, strict=True):
                average.assign(decay * average + (1 - decay) * variable)

    Averaged.__name__ = f"Averaged{rule.__name__}"
    return Averaged


def compile(model, config, rates=(), pull=0.0, **more):
    """Compiles `model` with the optimizer and the XLA that `config` describes.

    rates, pull: see `optimizer`. more: arguments of `keras.Model.compile`, such as the loss, or an
    optimizer in place of that one.
    """
    jit_compile = {"auto": "auto", "on": True, "off": False}[config.jit_compile]
    made = more.pop("optimizer", None) or optimizer(config, rates, pull)
    model.compile(optimizer=made, jit_compile=jit_compile, **more)


def inner(model):
    """The optimizer of a compiled model, without the wrapper that mixed precision puts around
    it."""
    return getattr(model.optimizer, "inner_optimizer", model.optimizer)


def averages(model):
    """The moving averages of the weights of a model, [] if its optimizer keeps none."""
    return getattr(inner(model), "averages", []) if model.compiled else []
