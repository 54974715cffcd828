"""A net that ranks items: its scores without what the user knows, and the loss that judges them."""

from typing import Any

from etils import epy

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras

    from pipelines import optimization
    from pipelines.losses import multinomial
    from pipelines.models import unseen


def net(inputs: Any, scores: Any, name: str) -> Any:
    """history (B, I) and scores of it (B, I) -> a compiled net whose scores leave the history
    out."""
    ranked = unseen.Unseen(name="unseen")(scores, inputs)
    model = keras.Model({"history": inputs}, ranked, name=name)
    model.compile(optimizer="sgd", loss=multinomial.Multinomial(), jit_compile=False)
    return model


def trained(inputs: Any, scores: Any, name: str, config: Any) -> Any:
    """The same, compiled for a training by gradients."""
    model = net(inputs, scores, name)
    optimization.compile(model, config, loss=multinomial.Multinomial())
    return model
