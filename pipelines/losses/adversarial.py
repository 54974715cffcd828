"""What generator and critic want, as losses of the critic's answers (logits of any shape)."""

from keras import ops

from pipelines.ops import Tensor

# plain: -log D(G), the loss that does not saturate (Goodfellow et al. 2014, arXiv:1406.2661,
# section 3). relativistic: the average one (Jolicoeur-Martineau 2018, arXiv:1807.00734, eq. 8).
# least_squares: Mao et al. 2017, arXiv:1611.04076. hinge: Lim & Ye 2017, arXiv:1705.02894, eqs. 4
# and 5. wasserstein: Arjovsky et al. 2017, arXiv:1701.07875, whose critic has to be smooth.
KINDS = ("plain", "relativistic", "least_squares", "hinge", "wasserstein")


def _cross_entropy(logits: Tensor, real: bool) -> Tensor:
    return ops.mean(ops.softplus(-logits if real else logits))


def _squares(answers: Tensor, real: bool) -> Tensor:
    return ops.mean(ops.square(answers - (1.0 if real else 0.0)))


def _hinge(answers: Tensor, real: bool) -> Tensor:
    return ops.mean(ops.relu(1.0 - answers if real else 1.0 + answers))


def _mean(answers: Tensor, real: bool) -> Tensor:
    return ops.mean(-answers if real else answers)


OF_CRITIC = {"least_squares": _squares, "hinge": _hinge, "wasserstein": _mean}
OF_GENERATOR = {"least_squares": _squares, "hinge": _mean, "wasserstein": _mean}


def generator(kind: str, fake: Tensor, real: Tensor = None) -> Tensor:
    """The generator's loss; the critic's weights are to be stopped. A scalar.

    kind: one of KINDS; relativistic needs `real` too.
    """
    if kind == "relativistic":
        real_above, fake_above = real - ops.mean(fake), fake - ops.mean(real)
        return (_cross_entropy(fake_above, True) + _cross_entropy(real_above, False)) / 2
    return OF_GENERATOR.get(kind, _cross_entropy)(fake, True)


def critic(kind: str, fake: Tensor, real: Tensor) -> Tensor:
    """The critic's loss on stopped fakes: half of each side, and of wasserstein their difference."""
    if kind == "relativistic":
        real, fake = real - ops.mean(fake), fake - ops.mean(real)
    term = OF_CRITIC.get(kind, _cross_entropy)
    both = term(real, True) + term(fake, False)
    return both if kind == "wasserstein" else both / 2


def slope_penalty(slopes: Tensor) -> Tensor:
    """How far a critic's slopes, (B,), are from 1 (Gulrajani et al. 2017, arXiv:1704.00028, eq. 3)."""
    return ops.mean(ops.square(slopes - 1.0))
