"""Losses of policies: how likely an action was, how uncertain a policy is, and PPO's clipped
ratio."""

import math
from typing import Any

from keras import ops

Tensor = Any


def log_probability(outputs: dict, actions: Tensor) -> Tensor:
    """(B,): of actions under a policy. actions: (B, 1) numbers, or (B, D).

    outputs: "logits" (B, A) of a categorical policy, or "mean" and "log_std" (B, D) of a Gaussian.
    """
    if "logits" in outputs:
        logits = outputs["logits"]
        chosen = ops.one_hot(ops.cast(actions[:, 0], "int32"), logits.shape[-1])
        return ops.sum(ops.log_softmax(logits) * chosen, -1)
    spread = outputs["log_std"]
    away = (actions - outputs["mean"]) * ops.exp(-spread)
    return ops.sum(-0.5 * ops.square(away) - spread - 0.5 * math.log(2 * math.pi), -1)


def entropy(outputs: dict) -> Tensor:
    """(B,): in nats, of the same."""
    if "logits" in outputs:
        logs = ops.log_softmax(outputs["logits"])
        return -ops.sum(ops.exp(logs) * logs, -1)
    return ops.sum(outputs["log_std"] + 0.5 * math.log(2 * math.pi * math.e), -1)


def clipped(logs: Tensor, before: Tensor, advantages: Tensor, clip: Tensor) -> Tensor:
    """(B,): minus the lesser of ratio x advantage and clipped ratio x advantage.

    logs, before: log probabilities now and as the actions were taken. clip: how far the ratio may
    be from 1. Schulman et al. 2017, arXiv:1707.06347, eq. 7.
    """
    ratio = ops.exp(logs - before)
    within = ops.clip(ratio, 1 - clip, 1 + clip)
    return -ops.minimum(ratio * advantages, within * advantages)
