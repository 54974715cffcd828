"""Tabular classification: a label, or several, for each row of a table."""

import dataclasses

from etils import epy

from pipelines.errors import PipelineError
from pipelines.families import (
    labelled,
    table_checks,
    table_reasons,
    table_splits,
    tables,
    target_kinds,
)
from pipelines.families.target_kinds import naming, reading
from pipelines.formats.examples import COLUMN, Problem
from pipelines.task import Feature, Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.edge import tables as edge
    from pipelines.metrics import probabilities

SHOWN = 3  # labels whose partial dependence is drawn
MANY = 100  # classes; a target of numbers with more is no class


class TabularClassification(labelled.Labelled):
    """What every method shares: rows, the columns that are learned, scores and drawing."""

    data = "breast_cancer"
    features = {"label": Feature("label")}
    target = "label"
    page = "tabular.md"
    scores = (*labelled.Labelled.scores, Score("auc"), Score("log_loss", "lower"))
    _answers = (target_kinds.CLASS, target_kinds.LABELS)

    def adapt(self, data, config):
        """Data with `label`, ids of the target's values, next to the columns of the table."""
        if "label" in data.labels and tables.columns(data):
            return data
        data = tables.as_table(data)
        own = tables.target(data, config)
        made = self._several(data, own, config) or _classed(data, own[0])
        made = table_splits.parted(made, config, "label")
        problems = [*made.problems, *table_checks.checks(made, own, config)]
        return dataclasses.replace(made, problems=problems)

    def _several(self, data, own, config):
        """`data` with lists of labels, or None if a row has one class."""
        cells = {
            split: {name: part.columns[COLUMN + name] for name in own}
            for split, part in data.splits.items()
        }
        if not reading.are_several(cells, config):
            return None
        if target_kinds.LABELS not in self._answers:
            raise PipelineError(
                f"{data.source}: {' and '.join(map(repr, own))} hold several labels, and"
                f" {self.name} learns one class. Choose mlp or linear."
            )
        return reading.several(data, cells, config)

    def resolve(self, config, data):
        """The weights of uneven classes."""
        return config.replace(**labelled.weighed(config, data.class_counts))

    def together(self, examples, config):
        """Rows of a group, or equal ones."""
        return table_splits.together(examples, config)

    def learn(self, examples, config):
        """The columns as they are scaled and looked up, see `edge.tables.Columns`, and the
        target."""
        own = tables.target_of(examples, config)
        columns = tables.learned(examples, own, config)
        return {**super().learn(examples, config), "columns": columns, "target": own}

    def expand(self, examples, config):
        """Rows as the model takes them, and their labels."""
        return tables.expand(examples, config.learned["columns"], "label")

    def parse(self, example, config):
        """{"features": (F,), "label"} -> ({"features": float32 (F,)}, target, float (C,))."""
        return tables.parse(example, config), target_kinds.of(config).parse(example, config)

    def metrics(self, config):
        """Those of the kind of target, and of a class how good its probabilities are."""
        is_class = target_kinds.kind(config) == target_kinds.CLASS
        return [*super().metrics(config), *([probabilities.Probabilities()] if is_class else [])]

    def explain(self, answer, part, config):
        """What the labels depend on; see `table_reasons`."""

        def values(decoded):
            chances = decoded["probabilities"]
            is_either = target_kinds.kind(config) == target_kinds.CLASS and len(config.labels) == 2
            shown = config.labels[1:2] if is_either else config.labels[:SHOWN]
            return {label: chances[:, config.labels.index(label)] for label in shown}

        return table_reasons.explained(answer, part, self, config, values)

    def draw(self, inputs, decoded, config, targets=None):
        """The label that was found, the true one, and what is unusual about the row."""
        caption = target_kinds.of(config).caption(decoded, config, targets)
        return tables.drawn(inputs, config.learned["columns"], f"found {', '.join(caption.lines)}")


def _classed(data, own):
    """`data` with `label`, the ids of the values of one column."""
    cells = [cell for part in data.splits.values() for cell in part.columns[COLUMN + own]]
    called = naming.classes(cells)
    values = set(map(called, cells))
    names = sorted(values - {""}, key=_order)
    _check(names, data, own)
    ids = {name: i for i, name in enumerate(names)}
    splits, problems = {}, list(data.problems)
    for split, part in data.splits.items():
        cells = [called(cell) for cell in part.columns[COLUMN + own]]
        problems += _absent(part, cells, own)
        columns = {**part.columns, "label": [ids.get(cell, 0) for cell in cells]}
        splits[split] = dataclasses.replace(part, columns=columns)
    return dataclasses.replace(data, splits=splits, labels={"label": names}, problems=problems)


def _order(name):
    """Numbers by their size, and then words."""
    return (False, float(name), "") if edge.number(name) == edge.number(name) else (True, 0, name)


def _check(names, data, own):
    """Raises PipelineError if the values of a target are no classes."""
    if len(names) < 2:
        raise PipelineError(
            f"{data.source}: column {own!r} has {len(names)} different values, and two are needed."
            " Name another with target=NAME."
        )
    if len(names) > MANY and all(edge.number(name) == edge.number(name) for name in names):
        raise PipelineError(
            f"{data.source}: column {own!r} holds {len(names):,} different numbers, which are no"
            f" classes. Predict them: pipelines train tabular_regression/mlp --set target={own}"
        )


def _absent(part, cells, own):
    """An error for each row without a value of the target."""
    for i, cell in enumerate(cells):
        if not cell:
            message = f"column {own!r}, which is learned, is empty. Fill it or delete the row."
            yield Problem("error", "no-target", part.where[i], message, part.names[i])
