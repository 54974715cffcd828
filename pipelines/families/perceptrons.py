"""Settings of multilayer perceptrons, whatever they predict."""

from dataclasses import dataclass

from pipelines import config as settings
from pipelines.config import setting


@dataclass(frozen=True, kw_only=True)
class Config(settings.Config):
    """The shared settings, and those of the layers."""

    epochs: int = setting(60, "passes over the training split", "epochs", low=1)
    keep: str = setting(
        "last",
        "weights kept at the end: of the best epoch by `monitor`, or of the last",
        choices=("best", "last"),
    )
    learning_rate: float = setting(2e-3, "peak learning rate", low=0.0, high=10.0)
    weight_decay: float = setting(
        1.0, "decoupled weight decay of matrices and kernels", low=0.0, high=10.0
    )
    depth: int = setting(2, "hidden layers", "layers", low=0, high=100)
    width: int = setting(64, "units of a hidden layer", "units", low=1, high=8192)
    activation: str = setting(
        "relu",
        "what follows each hidden layer",
        choices=("relu", "tanh", "sigmoid", "gelu", "silu", "elu", "leaky_relu"),
    )
    batch_norm: bool = setting(False, "batch normalisation in front of each activation")
    dropout: float = setting(
        0.2, "share of units dropped after each hidden layer", low=0.0, high=0.95
    )
