"""How long a training is if nobody says: so that about a given number of examples are read."""

from typing import Any

EPOCHS = 10  # most: each ends with a validation, and small data would be validated all the time
PASSES = 500  # over the same examples, that a training takes at most


def found(config: Any, examples: int, read: int, fewest: int = 4) -> dict[str, int]:
    """Settings that end a training after about `read` examples: epochs and steps_per_epoch.

    examples: of the training split. fewest: passes over large data. What `config` sets stays as it
    is, so the answer is {} if it sets `epochs`. On small data an epoch is several passes.
    """
    if config.epochs:
        return {}
    examples = max(1, examples)
    read = min(read, PASSES * examples)
    if config.steps_per_epoch:
        an_epoch = config.steps_per_epoch * config.batch_size
        return {"epochs": max(1, round(read / an_epoch))}
    if read <= EPOCHS * examples:
        return {"epochs": max(fewest, round(read / examples))}
    steps = round(read / EPOCHS / config.batch_size)
    return {"epochs": EPOCHS, "steps_per_epoch": max(1, steps)}
