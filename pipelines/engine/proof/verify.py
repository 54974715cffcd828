"""The proof of a bundle, repeated on any machine."""

from pathlib import Path
from typing import Any

import numpy as np

from pipelines.engine.proof import proof, signing, trial, whole
from pipelines.errors import PipelineError
from pipelines.files import sweep
from pipelines.progress import Progress
from pipelines.task import Part

SLACK = 1e-3  # of the outputs of float files between machines, beside what was measured at export


def verify(
    bundle: Any, data: Any = None, data_format: str = "auto", key: str | Path | None = None
) -> dict:
    """Checksums, the golden examples, and the scores of each file against the Keras model's on
    record.

    data: where the held-out split lies now; None looks under the name that it had at export and, if
    there is no such data, says that the scores were not repeated. key: a public key of minisign's,
    which must have signed the manifest. Returns {"passed", "failures": [...], "files":
    {kind: record}, "notes": [...]}, and "signed_by", the key's name, if there is one.
    """
    signer, failures = {}, []
    if key is not None:
        name, failures = signing.doubts(bundle.path, bundle.manifest, key)
        signer = {"signed_by": name}
    if failures:
        return _refused(failures)
    return _verified(bundle, data, data_format) | signer


def _refused(failures: list[str]) -> dict:
    return {"passed": False, "failures": failures, "files": {}, "notes": ["nothing was run"]}


def _verified(bundle: Any, data: Any, data_format: str) -> dict:
    """What `verify` says of a bundle, whoever has signed it."""
    with Progress("verifying checksums"):
        sweep(bundle.path)
    failures = bundle.broken()
    if failures:
        return _refused(failures)
    try:
        trial.refuse_fatal([bundle.path / record["path"] for record in _tflite(bundle)])
    except ValueError as error:
        return _refused([str(error)])
    method, config, wanted = bundle.method, bundle.config, bundle.manifest["proof"]
    part, notes = _part(bundle, data, data_format)
    golden = bundle.golden()
    files = {}
    for number, (kind, before) in enumerate(bundle.files.items(), 1):
        title = f"verifying {number} of {len(bundle.files)}: {before['path']}"
        try:
            with Progress(title):
                run = proof.predictor(bundle.path, kind, method)
                got = proof.answering_in_numbers(run, method, config)(golden[0])
        except ValueError as error:
            failures.append(f"{before['path']} does not run: {error}")
            continue
        gap = method.difference(golden[1], got, config)
        record = {"golden_difference": gap, "passed": True}
        at_export = before.get("max_difference", np.inf)
        if not gap <= at_export + SLACK:  # NaN fails too
            failures.append(
                f"{before['path']}: outputs differ by {gap:.3g} from Keras's, {at_export:.3g} at"
                " export"
            )
        if part is not None:
            reference, limit = bundle.manifest["reference"], wanted["max_drop"]
            judged = (part, method, config, reference, limit)
            record |= proof.prove(bundle.path, kind, *judged, title=title)
            if not record["passed"]:
                failures.append(record["reason"])
        files[kind] = record
    return {
        "passed": not failures,
        "failures": failures,
        "headline": method.scores[0].name,
        "files": files,
        "notes": notes,
    }


def _tflite(bundle: Any) -> list[dict]:
    """The records of files that LiteRT runs."""
    return [record for record in bundle.files.values() if record["path"].endswith(".tflite")]


def _part(bundle: Any, data: Any, data_format: str) -> tuple[Part | None, list[str]]:
    """(the held-out part or None, what there is to say of it)."""
    wanted = bundle.manifest["proof"]
    try:
        part = bundle.split(wanted["split"], data, data_format)
    except PipelineError as error:
        if data is not None:
            raise
        return None, [f"scores were not repeated: {error}"]
    count = whole.count(part, bundle.method, bundle.config)
    if count == wanted["examples"]:
        return part, []
    note = (
        f"the {wanted['split']} split has {count} examples, not {wanted['examples']} as at export"
    )
    return part, [note]
