"""The proof of a bundle, repeated on any machine."""

import numpy as np

from pipelines.engine.data import source
from pipelines.engine.proof import evaluate, proof
from pipelines.errors import PipelineError

SLACK = 1e-3  # of the outputs of float files between machines, beside what was measured at export


def verify(bundle, data=None):
    """Checksums, the golden examples, and the metrics of each file against the Keras model's on
    record.

    data: where the held-out split lies now; None looks where it lay at export and, where that is
    gone, says that the metrics were not repeated. Returns {"passed", "failures": [...], "files":
    {kind: record}, "notes": [...]}.
    """
    files, notes, wanted = {}, [], bundle.manifest["proof"]
    failures = [
        f"{name} is not the file that was proven: its SHA-256 differs" for name in bundle.intact()
    ]
    if failures:
        return {"passed": False, "failures": failures, "files": {}, "notes": ["nothing was run"]}
    try:
        read = bundle.data(data)
        split = source.split(read, wanted["split"], bundle.task, bundle.config)
    except PipelineError as error:
        if data is not None:
            raise
        split = None
        notes.append(f"metrics were not repeated: {error} Name the data with --data.")
    if split is not None and len(split) != wanted["examples"]:
        notes.append(
            f"the {wanted['split']} split has {len(split)} examples, not {wanted['examples']} as at"
            " export"
        )
    inputs, outputs = bundle.golden()
    for kind, before in bundle.files.items():
        try:
            got = proof.predictor(bundle.path, kind)(inputs)
        except ValueError as error:
            failures.append(f"{before['path']} does not run: {error}")
            continue
        gap = proof.apart(outputs, got, bundle.task, bundle.config)
        record = {"golden_difference": gap, "passed": True}
        at_export = before.get("max_difference", np.inf)
        if not gap <= at_export + SLACK:  # NaN fails too
            failures.append(
                f"{before['path']}: outputs differ by {gap:.3g} from Keras's, {at_export:.3g} at"
                " export"
            )
        if split is not None:
            record |= proof.prove(
                bundle.path,
                kind,
                split,
                bundle.task,
                bundle.config,
                bundle.manifest["reference"],
                wanted["max_drop"],
            )
            if not record["passed"]:
                failures.append(record["reason"])
        files[kind] = record
    return {
        "passed": not failures,
        "failures": failures,
        "headline": evaluate.headline(bundle.task, bundle.config),
        "files": files,
        "notes": notes,
    }
