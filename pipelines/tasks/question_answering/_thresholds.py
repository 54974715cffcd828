"""From which score on a passage has an answer, chosen on the validation split."""

import numpy as np

from pipelines.metrics.answers import Answers


def calibrate(method, model, outputs, config):
    """Sets the model's threshold to the one with the best F1 -> what to note down.

    outputs: (raw outputs, targets) of each batch.
    """
    judge = Answers()
    for raw, targets in outputs:
        judge.update_state(targets, method.decode(raw, config))
    scores, gains = judge.gains()
    threshold = best(scores, gains)
    value = model.get_layer("threshold").value
    value.assign(value + np.float32(threshold))
    return {"threshold": float(threshold)}


def best(scores, gains):
    """The threshold with the largest sum of gains at or above it, midway between two scores.

    scores: (N,); gains: (N,), F1 of answering less that of saying that there is no answer. Rajpurkar
    et al. 2018, arXiv:1806.03822, section 5.
    """
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    sums = np.concatenate([[0.0], np.cumsum(gains[order])])
    edges = np.concatenate([[ranked[0] + 1], (ranked[:-1] + ranked[1:]) / 2, [ranked[-1] - 1]])
    return float(edges[int(np.argmax(sums))])
