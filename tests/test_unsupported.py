"""Files that a model cannot have, and metrics that have classes of their own."""

import types

import keras
import numpy as np
import pytest

from pipelines import catalog
from pipelines.engine.export import request
from pipelines.engine.proof import evaluate
from pipelines.errors import PipelineError


def test_a_file_that_a_model_cannot_have_is_left_out_and_refused_by_name():
    reasons, method = {"int8": "its converter crashes"}, catalog.method("scratch")
    assert request.kinds(None, reasons, method) == ["saved_model", "float32", "float16", "dynamic"]
    assert request.kinds(["dynamic"], reasons, method) == ["dynamic"]
    with pytest.raises(PipelineError, match="no int8 file: its converter crashes. Leave int8 out"):
        request.kinds(["float32", "int8"], reasons, method)


def test_a_metric_may_have_classes_of_its_own():
    made = types.SimpleNamespace(
        name="entities",
        result=lambda: {
            "f1": np.float32(0.5),
            "labels": ["x"],
            "per_class": {"f1": np.array([0.25])},
        },
    )
    found = evaluate.collect([made, keras.metrics.Mean(name="other")], ["O", "B-x", "I-x"])
    assert found == {"f1": 0.5, "other": 0.0, "per_class": {"x": {"f1": 0.25}}, "labels": ["x"]}
