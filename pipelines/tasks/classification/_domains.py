"""Which domain an example is of, and how much each example of the source counts."""

from etils import epy

from pipelines.errors import PipelineError
from pipelines.formats.examples import UNLABELLED as NONE

with epy.lazy_imports():
    import numpy as np

    from pipelines import progress
    from pipelines.edge import pictures
    from pipelines.models import instance_weights

GLANCE = 8  # px, side at which pictures are compared to weigh them


def weighed(examples, config):
    """(rows of the source, their weights) by the config's way to bring the domains together."""
    domain, labels = of(examples), np.asarray(examples.columns["label"])
    source = np.flatnonzero((domain == 0) & (labels != NONE)).tolist()
    target = np.flatnonzero(domain == 1).tolist()
    rows = [*source, *target]
    looked = progress.each(rows, "looking at pixels", len(rows), "pictures")
    seen = {i: _glance(examples.columns["image"][i]) for i in looked}
    x, y = (np.stack([seen[i] for i in part]) for part in (source, target))
    if config.alignment == "importance":
        return source, instance_weights.importance(x, y)
    if config.alignment == "selection":
        return source, instance_weights.selection(x, y, config.selected)
    shown = few(domain, labels, config.labelled_target)
    known = np.stack([seen[i] for i in shown])
    both = instance_weights.tradaboost(x, labels[source], known, labels[shown])
    return [*source, *shown], np.concatenate(both)


def few(domain, labels, count):
    """The first `count` labelled target examples of each class."""
    own = [
        np.flatnonzero((domain == 1) & (np.asarray(labels) == label))[:count]
        for label in np.unique(labels)
    ]
    return np.concatenate(
        [rows for rows, label in zip(own, np.unique(labels), strict=True) if label != NONE]
    )


def of(examples):
    """The domain of each example, int (N,) of 0 and 1. Raises PipelineError if there is another,
    or none."""
    if "domain" not in examples.columns:
        raise PipelineError(
            "the data has no domain, 0 for source and 1 for target. Put pictures into source/CLASS/"
            " and target/, or name a data set with the feature `domain`."
        )
    domain = np.asarray(examples.columns["domain"])
    for where, value in zip(examples.where, domain, strict=True):
        if value not in (0, 1):
            raise PipelineError(
                f"{where} is of domain {value}; there are 0, source, and 1, target. Leave it out."
            )
    return domain


def _glance(picture):
    """A picture, file or bytes -> its pixels, small: float (3 GLANCE^2,) in [0, 1]."""
    small, _ = pictures.resize(pictures.read_picture(picture), GLANCE)
    return np.asarray(small, np.float64).reshape(-1) / 255
