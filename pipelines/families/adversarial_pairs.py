"""One step of a generator and its critic: both players' losses, whatever is generated."""

from typing import Any

import keras

from pipelines.losses import adversarial as losses
from pipelines.models.adversarial import Asked
from pipelines.ops import Tensor


def losses_of(
    kind: str, critic: Asked, fake: Any, real: Any, shown: Any = None
) -> tuple[Tensor, Tensor]:
    """(the generator's loss, the critic's) as scalars; each has gradients for its own player alone.

    kind: one of `losses.adversarial.KINDS`. fake, real: pictures, or what else the critic takes.
    shown: what the critic is shown in place of `fake`, such as older fakes.
    """
    against = critic.fixed(real) if kind == "relativistic" else None
    wanted = losses.generator(kind, critic.fixed(fake), against)
    seen = keras.tree.map_structure(keras.ops.stop_gradient, fake if shown is None else shown)
    return wanted, losses.critic(kind, critic(seen), critic(real))
