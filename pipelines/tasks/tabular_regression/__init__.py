"""Tabular regression: a number for each row of a table."""

import dataclasses

from etils import epy

from pipelines.errors import PipelineError
from pipelines.families import table_checks, tables
from pipelines.formats.examples import COLUMN, Problem
from pipelines.task import Feature, Method, Score

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras
    import numpy as np
    import tensorflow as tf

    from pipelines.edge import tables as edge
    from pipelines.metrics import regression


class TabularRegression(Method):
    """What every method shares: rows, the column that is learned, scores and drawing.

    A model gives {"value": (B, 1)}, in the unit of the column.
    """

    data = "diabetes"
    features = {"value": Feature("number")}
    scores = (
        Score("rmse", "lower", tolerance=0.02, relative=True),
        Score("mae", "lower", tolerance=0.02, relative=True),
        Score("r2"),
    )
    page = "tabular.md"

    def floor(self, part, config):
        """The error of the best constant answer, the mean of the part: its standard deviation."""
        values = np.array(part.examples.columns["value"], np.float64)
        return float(values.std()) if len(values) else None

    def adapt(self, data, config):
        """Data with `value`, the target as a number, next to the columns of the table."""
        if tables.columns(data) and all("value" in p.columns for p in data.splits.values()):
            return data
        data = tables.as_table(data)
        own = tables.target(data, config)
        splits, problems = {}, list(data.problems)
        for split, part in data.splits.items():
            values = [edge.number(cell) for cell in part.columns[COLUMN + own]]
            problems += _no_number(part, part.columns[COLUMN + own], values, own)
            filled = [0.0 if np.isnan(value) else value for value in values]
            splits[split] = dataclasses.replace(part, columns={**part.columns, "value": filled})
        _check(splits, data, own)
        problems += table_checks.checks(data, own, config)
        return dataclasses.replace(data, splits=splits, labels={}, problems=problems)

    def learn(self, examples, config):
        """The columns as they are scaled and looked up, the target, and its mean and deviation."""
        own = tables.target_of(examples, config)
        values = np.array(examples.columns["value"], np.float64)
        columns = tables.learned(examples, own, config)
        return {
            "columns": columns,
            "scale": [repr(float(v)) for v in (values.mean(), values.std() or 1.0)],
            "target": [own],
        }

    def expand(self, examples, config):
        """Rows as the model takes them, and the numbers to be found."""
        return tables.expand(examples, config.learned["columns"], "value")

    def parse(self, example, config):
        """{"features": (F,), "value": float} -> ({"features": float32 (F,)}, {"value": (1,)})."""
        inputs = tables.parse(example, config)
        return inputs, {"value": tf.reshape(tf.cast(example["value"], tf.float32), (1,))}

    def decode(self, outputs, config):
        """{"value": (B, 1)} -> {"value": (B,)}."""
        return {"value": keras.ops.squeeze(outputs["value"], -1)}

    def metrics(self, config):
        """The root of the mean squared error, the first one named, is what files are judged by."""
        return [regression.Errors()]

    def draw(self, inputs, decoded, config, targets=None):
        """The number that was found, the true one, and what is unusual about the row."""
        answer = f"found {float(decoded['value']):.4g}"
        if targets is not None:
            answer += f", is {float(targets['value'][0]):.4g}"
        return tables.drawn(inputs, config.learned["columns"], answer)


def _no_number(part, cells, values, own):
    """An error for each row whose target is no number."""
    for i, (cell, value) in enumerate(zip(cells, values, strict=True)):
        if np.isnan(value):
            message = (
                f"column {own!r}, which is learned, is no number: {str(cell)!r}. Correct it or delete"
                " the row."
            )
            yield Problem("error", "no-target", part.where[i], message, part.names[i])


def _check(splits, data, own):
    """Raises PipelineError if there is nothing to be found."""
    values = {value for part in splits.values() for value in part.columns["value"]}
    if len(values) < 2:
        raise PipelineError(
            f"{data.source}: column {own!r} holds no two different numbers. Name another with"
            " target=NAME, or learn classes: pipelines train tabular_classification/mlp"
        )
