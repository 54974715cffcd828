"""What a SavedModel would do besides arithmetic, found in its file before anything of it runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import op_def_registry

MOST = 1 << 30  # bytes of the graph; weights lie in other files
# Of the operations that have a state, these are let pass: variables, calls, chance, tables, lists.
HARMLESS = frozenset(
    (
        *("VarHandleOp", "ReadVariableOp", "AssignVariableOp", "VarIsInitializedOp"),
        *("DisableCopyOnRead", "ResourceGather", "ResourceGatherNd", "AssignAddVariableOp"),
        *("StatefulPartitionedCall", "If", "While", "Case", "Assert", "NoOp", "Placeholder"),
        *("RandomUniform", "RandomStandardNormal", "RandomUniformInt", "TruncatedNormal"),
        *("RngReadAndSkip", "RngSkip", "StatefulUniform", "StatefulStandardNormalV2"),
        *("HashTableV2", "MutableHashTableV2", "LookupTableFindV2", "LookupTableImportV2"),
        *("LookupTableSizeV2", "LookupTableExportV2", "AnonymousHashTable"),
        *("TensorArrayV3", "TensorArrayReadV3", "TensorArrayWriteV3", "TensorArraySizeV3"),
        *("TensorArrayGatherV3", "TensorArrayScatterV3", "TensorArrayCloseV3"),
        *("NonMaxSuppressionV5", "CombinedNonMaxSuppression", "StackPushV2", "StackPopV2"),
    )
)
READING = frozenset(("ReadFile", "MatchingFiles", "EagerPyFunc", "PyFunc", "PyFuncStateless"))


def refuse_harmful(folder: Path) -> None:
    """Raises ValueError, naming the operation, for a SavedModel that touches files or runs code.

    Operations that keep no state are let pass, but those that read files or call Python; of the
    others, those in HARMLESS. What saves and restores the weights is no part of an answer.
    """
    file = folder / "saved_model.pb"
    if file.stat().st_size > MOST:
        raise ValueError(f"{file} is too large to be read")
    model = saved_model_pb2.SavedModel()
    try:
        model.ParseFromString(file.read_bytes())
    except DecodeError as error:
        raise ValueError(f"{file} is damaged") from error
    for graph in model.meta_graphs:
        for name in sorted({node.op for node in _reached(graph)}):
            if _is_harmful(name, graph):
                raise ValueError(
                    f"{folder.name} has the operation {name}, which is more than arithmetic; it was"
                    " not run"
                )


def _is_harmful(name: str, graph: Any) -> bool:
    if name in READING:
        return True
    found = op_def_registry.get(name)
    if found is None:  # a function of the file itself, or an operation that TensorFlow lacks
        return name not in {f.signature.name for f in graph.graph_def.library.function}
    return found.is_stateful and name not in HARMLESS


def _reached(graph: Any) -> Iterator[Any]:
    """Yields the nodes of a graph and its functions, but for those that only save and restore."""
    functions = {f.signature.name: f for f in graph.graph_def.library.function}
    saver = {_node(graph.saver_def.save_tensor_name), _node(graph.saver_def.restore_op_name)}
    own = [node for node in graph.graph_def.node if node.name not in saver]
    yield from own
    waiting = set(_named(graph)).union(*map(_called, own))
    while names := waiting & functions.keys():
        found = [node for name in names for node in functions.pop(name).node_def]
        yield from found
        waiting = {node.op for node in found}.union(*map(_called, found))


def _node(tensor: str) -> str:
    return tensor.partition(":")[0]


def _called(node: Any) -> Iterator[str]:
    """The names of functions in the attributes of a node."""
    for value in node.attr.values():
        if value.func.name:
            yield value.func.name
        yield from (function.name for function in value.list.func)


def _named(graph: Any) -> Iterable[str]:
    """The names of functions that can be called, or that loading calls."""
    content = graph.object_graph_def
    yield from content.concrete_functions
    for node in content.nodes:
        yield from node.function.concrete_functions
        yield node.bare_concrete_function.concrete_function_name
        for saveable in node.saveable_objects.values():
            yield from _at(content, (saveable.save_function, saveable.restore_function))


def _at(content: Any, places: Iterable[int]) -> Iterator[str]:
    """The names of functions at nodes of the object graph."""
    for place in places:
        if 0 < place < len(content.nodes):
            yield from content.nodes[place].function.concrete_functions
