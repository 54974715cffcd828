"""What generator and critic want, as losses of the critic's answers (logits of any shape)."""

from keras import ops


def _cross_entropy(logits, real):
    return ops.mean(ops.softplus(-logits if real else logits))


def _squares(answers, real):
    return ops.mean(ops.square(answers - (1.0 if real else 0.0)))


def generator(kind, fake, real=None):
    """The generator's loss; the critic's weights are to be stopped. A scalar.

    kind: plain, -log D(G) (Goodfellow et al. 2014, arXiv:1406.2661); relativistic, the average one
    (Jolicoeur-Martineau 2018, arXiv:1807.00734, eq. 8), which needs `real` too; least_squares (Mao
    et al. 2017, arXiv:1611.04076).
    """
    if kind == "relativistic":
        real_above, fake_above = real - ops.mean(fake), fake - ops.mean(real)
        return (_cross_entropy(fake_above, True) + _cross_entropy(real_above, False)) / 2
    return (_squares if kind == "least_squares" else _cross_entropy)(fake, True)


def critic(kind, fake, real):
    """The critic's loss on stopped fakes: half of each side. A scalar."""
    if kind == "relativistic":
        real, fake = real - ops.mean(fake), fake - ops.mean(real)
    term = _squares if kind == "least_squares" else _cross_entropy
    return (term(real, True) + term(fake, False)) / 2
