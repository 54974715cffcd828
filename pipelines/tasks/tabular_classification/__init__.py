"""Tabular classification: one label a row of a table."""

import dataclasses
import math

from etils import epy

from pipelines.errors import PipelineError
from pipelines.families import labelled, table_checks, tables
from pipelines.formats.examples import COLUMN, Problem
from pipelines.task import Feature

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import tensorflow as tf

    from pipelines.edge import tables as edge

MANY = 100  # classes; a target of numbers with more is no class


class TabularClassification(labelled.Labelled):
    """What every method shares: rows, the column that is learned, scores and drawing."""

    data = "breast_cancer"
    features = {"label": Feature("label")}
    target = "label"
    page = "tabular.md"

    def adapt(self, data, config):
        """Data with `label`, ids of the target's values, next to the columns of the table."""
        if "label" in data.labels and tables.columns(data):
            return data
        data = tables.as_table(data)
        own = tables.target(data, config)
        values = {
            _name(cell) for part in data.splits.values() for cell in part.columns[COLUMN + own]
        }
        names = sorted(values - {""}, key=_order)
        _check(names, data, own)
        ids = {name: i for i, name in enumerate(names)}
        splits, problems = {}, list(data.problems)
        for split, part in data.splits.items():
            cells = [_name(cell) for cell in part.columns[COLUMN + own]]
            problems += _absent(part, cells, own)
            columns = {**part.columns, "label": [ids.get(cell, 0) for cell in cells]}
            splits[split] = dataclasses.replace(part, columns=columns)
        problems += table_checks.checks(data, own, config)
        return dataclasses.replace(data, splits=splits, labels={"label": names}, problems=problems)

    def resolve(self, config, data):
        """The weights of uneven classes."""
        return config.replace(**labelled.weighed(config, data.class_counts))

    def learn(self, examples, config):
        """The columns as they are scaled and looked up, see `edge.tables.Columns`, and the target."""
        own = tables.target_of(examples, config)
        return {"columns": tables.learned(examples, own, config), "target": [own]}

    def expand(self, examples, config):
        """Rows as the model takes them, and their labels."""
        return tables.expand(examples, config.learned["columns"], "label")

    def parse(self, example, config):
        """{"features": (F,), "label": int} -> ({"features": float32 (F,)}, one-hot float (C,))."""
        inputs = tables.parse(example, config)
        return inputs, tf.one_hot(example["label"], len(config.labels))

    def draw(self, inputs, decoded, config, targets=None):
        """The label that was found, the true one, and what is unusual about the row."""
        probabilities = decoded["probabilities"]
        best = int(probabilities.argmax())
        answer = f"found {config.labels[best]} {probabilities[best]:.2f}"
        if targets is not None:
            answer += f", is {config.labels[int(targets.argmax())]}"
        return tables.drawn(inputs, config.learned["columns"], answer)


def _name(cell):
    """The class that a cell names: words such as None are classes here, an empty cell is none."""
    is_nan = isinstance(cell, float) and math.isnan(cell)
    if cell is None or is_nan:
        return ""
    return edge.text(cell) or str(cell).strip()


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
