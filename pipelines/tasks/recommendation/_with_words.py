"""Hybrids of one model: words of texts as further users, or as what users are alike by."""

from etils import epy

from pipelines.families import choosing, recommending, scoring
from pipelines.tasks.recommendation import user_knn

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np
    from scipy import sparse

    from pipelines.models import ease, item_texts, neighbours, scorers

COMBINED, META = RULES = ("feature_combination", "meta_level")
LAMBDAS = (30.0, 100.0, 300.0)  # of EASE, in the middle of its grid
WEIGHTS = (0.3, 1.0, 3.0)  # of a word, if a user counts 1


def check(config):
    """Raises PipelineError if items have no texts, or these no words."""
    item_texts.check(config.learned, config.words, f"rule={config.rule}")


def net(config):
    """The net of a rule."""
    count, users = recommending.items(config), int(config.learned["users"][0])
    width = item_texts.width(config.learned, config.words)
    inputs = scorers.history(count)
    if config.rule == COMBINED:
        rows = users + width
        is_narrow = ease.is_narrow(rows, count)
        scores = scorers.two_matrices(inputs, rows) if is_narrow else scorers.one_matrix(inputs)
    else:
        most = user_knn.UserKNN.Config().neighbours
        layer = neighbours.NearProfiles(users=users, count=most, width=width, name=scorers.SCORES)
        scores = layer(inputs)
    return scoring.net(inputs, scores, config.rule)


def solve(model, config, source):
    """Finds the model of a rule at once -> a line that says how."""
    train = recommending.matrix(source)
    vectors = item_texts.vectors(config.learned, config.words)
    if config.rule == META:
        layer = model.get_layer(scorers.SCORES)
        known, lengths = neighbours.of_users(train.toarray())
        profiles, _ = neighbours.of_users(train @ vectors)
        for weight, values in (
            (layer.known, known), (layer.lengths, lengths),
            (layer.words, vectors), (layer.profiles, profiles),
        ):  # fmt: skip
            weight.assign(values)
        return f"meta_level: {vectors.shape[1]:,} words of each user"

    def found(pair):
        penalty, weight = pair
        words = sparse.csr_matrix(weight * vectors.T.astype(np.float32))
        return ease.solve(sparse.vstack([train, words]).tocsr(), penalty)

    pairs = [(penalty, weight) for penalty in LAMBDAS for weight in WEIGHTS]
    best = choosing.best(source, pairs, found, choosing.linear)
    scorers.assign(model, best.arrays)
    penalty, weight = best.value
    return f"feature_combination: lambda {penalty:g}, words {weight:g}{best.reason}"
