"""Text classification: one label a text."""

from pipelines.families.labelled import Labelled
from pipelines.task import Feature


class TextClassification(Labelled):
    """What every method shares: one label a text, and its scores."""

    data = "languages"
    features = {"text": Feature("text"), "label": Feature("label")}
    page = "transfer.md"
