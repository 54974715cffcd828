"""The weights in a bundle's SavedModel, with the paths of their layers; nothing of it is run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from pipelines.engine.proof import kinds, seal
from pipelines.errors import PipelineError

ROOT, VARIABLES = 0, "variables"  # the node of the archive, and its list of the model's variables
SEED = "seed_generator_state"  # as Keras calls it: no weight
VALUE = ".ATTRIBUTES/VARIABLE_VALUE"


def read(folder: Path) -> list[tuple[str, np.ndarray]]:
    """(path of its layer, array) of each variable, in the model's order.

    Raises PipelineError if the bundle has no SavedModel, or not the one that was proven.
    """
    manifest = seal.read(folder)
    if "saved_model" not in manifest["files"]:
        raise PipelineError(
            f"{folder} has no SavedModel, in which the weights are. Name the run that it was made"
            " of, or export it with --files saved_model."
        )
    seal.require(folder, manifest, "saved_model")
    place = folder / kinds.KINDS["saved_model"]
    try:
        nodes = _nodes(place)
        (listed,) = [c.node_id for c in nodes[ROOT].children if c.local_name == VARIABLES]
        values = tf.train.load_checkpoint(str(place / "variables" / "variables"))
        found = []
        for child in nodes[listed].children:
            name = nodes[child.node_id].variable.name
            if name.endswith(SEED):
                continue
            array = values.get_tensor(f"{VARIABLES}/{child.local_name}/{VALUE}")
            found.append((name, array))
    except (ValueError, tf.errors.OpError, IndexError) as error:
        reason = str(error).strip().splitlines()[0]
        raise PipelineError(f"{place} cannot be read: {reason}. Export the run again.") from error
    return found


def _nodes(place: Path) -> list:
    """What the SavedModel consists of."""
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    graph = saved_model_pb2.SavedModel()
    try:
        graph.ParseFromString((place / "saved_model.pb").read_bytes())
    except DecodeError as error:
        raise ValueError(str(error)) from error
    return graph.meta_graphs[0].object_graph_def.nodes
