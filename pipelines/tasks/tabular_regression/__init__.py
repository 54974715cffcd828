"""Tabular regression: a number, or several, for each row of a table."""

import dataclasses
from dataclasses import dataclass

from etils import epy

from pipelines.config import Settings, setting
from pipelines.errors import PipelineError
from pipelines.families import table_checks, table_reasons, table_splits, tables
from pipelines.families.target_kinds import numbers, reading
from pipelines.formats.examples import COLUMN
from pipelines.task import Feature, Method

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.edge import numbers as edge

SHOWN = 3  # numbers whose partial dependence is drawn
KIND = numbers.Numbers()


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """Settings of every method here: which numbers go round."""

    angles: tuple[str, ...] = setting(
        (), "numbers that are angles in degrees, of which 359 is next to 0; see `target`"
    )


class TabularRegression(Method):
    """What every method shares: rows, the columns that are learned, scores and drawing.

    A model gives numbers (B, K), in the units of the columns; see `target_kinds.numbers`.
    """

    data = "diabetes"
    features = {"value": Feature("number")}
    scores = numbers.Numbers.scores
    page = "tabular.md"

    def floor(self, part, config):
        """The error of the best constant answer, the mean of the part: its standard deviation."""
        return KIND.floor(part, config)

    def adapt(self, data, config):
        """Data with `value`, what is learned as numbers, next to the columns of the table."""
        if tables.columns(data) and all("value" in p.columns for p in data.splits.values()):
            return data
        data = tables.as_table(data)
        own = tables.target(data, config)
        cells = {
            split: {name: part.columns[COLUMN + name] for name in own}
            for split, part in data.splits.items()
        }
        made = table_splits.parted(reading.values(data, cells, config), config)
        _check(made, own)
        problems = [*made.problems, *table_checks.checks(made, own, config)]
        return dataclasses.replace(made, problems=problems)

    def learns(self, config):
        """Numbers, by their names."""
        return f"numbers ({', '.join(config.learned['numbers'])}) for each example"

    def together(self, examples, config):
        """Rows of a group, or equal ones."""
        return table_splits.together(examples, config)

    def learn(self, examples, config):
        """The columns as they are scaled and looked up, what is learned, and how it is scaled."""
        own = tables.target_of(examples, config)
        scaled = numbers.learned(examples.columns["value"], own, config.angles)
        return {"columns": tables.learned(examples, own, config), "target": own, **scaled}

    def expand(self, examples, config):
        """Rows as the model takes them, and the numbers to be found."""
        return tables.expand(examples, config.learned["columns"], "value")

    def parse(self, example, config):
        """{"features": (F,), "value": (K,)} -> ({"features": float32 (F,)}, float32 (K,))."""
        return tables.parse(example, config), KIND.parse(example, config)

    def decode(self, outputs, config):
        """(B, K) -> {"value": (B, K)}."""
        return KIND.decode(outputs, config)

    def metrics(self, config):
        """The root of the mean squared error, the first one named, is what files are judged by."""
        return KIND.metrics(config)

    def explain(self, answer, part, config):
        """What the numbers depend on, and what is left over; see `table_reasons`."""
        names, angles = config.learned["numbers"], config.learned.get("angles", ())

        def values(decoded):
            found = edge.unrolled(decoded["value"], names, angles)
            return dict(zip(names[:SHOWN], found.T, strict=False))

        found = table_reasons.explained(answer, part, self, config, values)
        left = table_reasons.residuals(answer, part, config)
        return {**found, "curves": {**left, **found.get("curves", {})}}

    def draw(self, inputs, decoded, config, targets=None):
        """The number that was found, the true one, and what is unusual about the row."""
        caption = KIND.caption(decoded, config, targets)
        return tables.drawn(inputs, config.learned["columns"], f"found {', '.join(caption.lines)}")


def _check(data, own):
    """Raises PipelineError if there is nothing to be found."""
    rows = [row for part in data.splits.values() for row in part.columns["value"]]
    for name, values in zip(own, zip(*rows, strict=True), strict=False):
        if len(set(values)) < 2:
            raise PipelineError(
                f"{data.source}: column {name!r} holds no two different numbers. Name another with"
                " target=NAME, or learn classes: pipelines train tabular_classification/mlp"
            )
