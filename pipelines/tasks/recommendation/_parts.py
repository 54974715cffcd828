"""Other methods as parts of one: their nets side by side, each found by its own rule."""

from etils import epy

from pipelines.errors import PipelineError, nearest
from pipelines.families import recommending, scoring
from pipelines.tasks.recommendation import als, content, ease, item_knn, popularity, svd, user_knn

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from keras import ops

    from pipelines.models import fusion, scorers

METHODS = {
    "als": als.ALS, "content": content.Content, "ease": ease.EASE, "item_knn": item_knn.ItemKNN,
    "popularity": popularity.Popularity, "svd": svd.SVD, "user_knn": user_knn.UserKNN,
}  # fmt: skip
SHARED = ("seed", "top", "calibration_examples")
FUSED = "fused"  # name of the layer


def checked(names):
    """The names of the parts. Raises PipelineError if one is unknown, or if there is only one."""
    for name in names:
        if name not in METHODS:
            raise PipelineError(f"parts: {name!r} is no part. {nearest(name, METHODS)}")
    if len(names) < 2:
        raise PipelineError("parts must name two methods or more, such as parts=ease,content.")
    return names


def of(names, config):
    """{name: (method, its settings with its defaults)}."""
    found = {}
    for name in checked(names):
        method = METHODS[name]()
        shared = {key: getattr(config, key) for key in SHARED}
        found[name] = method, method.Config().replace(**shared).having(config.learned)
    return found


def check(names, examples, config):
    """What each part needs of the data. Raises PipelineError if one of them lacks it."""
    for method, own in of(names, config).values():
        method.check(examples, own)


def net(names, config, rule, border, title):
    """The parts' nets on one history, and a layer that makes one ranking of them."""
    inputs = scorers.history(recommending.items(config))
    scores = [method.model(own)({"history": inputs}) for method, own in of(names, config).values()]
    layer = fusion.Fusion(rule, border, name=FUSED)
    return scoring.net(inputs, layer(ops.stack(scores, 1), inputs), title)


def solve(model, names, config, source):
    """Finds each part, one after the other."""
    for name, (method, own) in of(names, config).items():
        for phase in method.phases(own):
            phase.solve(model.get_layer(name), source)
