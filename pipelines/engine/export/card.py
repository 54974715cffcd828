"""The model card of a bundle: what it is, what goes in and out, what was proven, how to run it."""

from pipelines.engine.export import snippets
from pipelines.engine.proof import doubts

LISTED = 50  # labels
PICTURES = """Pictures are RGB, 0 to 255, resized to the input's sides by antialiased bilinear \
interpolation; normalisation is inside.
"""


def text(manifest: dict) -> str:
    """Markdown of one bundle's manifest."""
    names = scalars(manifest["reference"])
    rows = [_row("Keras", "", manifest["reference"], names, {})]
    for record in manifest["files"].values():
        size = f"{record['size_bytes'] / 1024:.0f} KB"
        rows.append(_row(f"`{record['path']}`", size, record["metrics"], names, record))
    return f"""# {manifest["name"]}

{_warning(manifest)}Task: {manifest["task"]}, method: {manifest["method"]}. \
{_proof(manifest["proof"])}

| file | size | {" | ".join(names)} | p50 ms, 1 thread | worst class |
|---|---:|{"---:|" * len(names)}---:|---|
{chr(10).join(rows)}

{_unsupported(manifest)}{_micro(manifest)}## In and out

{_signatures(manifest)}{PICTURES if "image" in manifest["inputs"] else ""}{_labels(manifest)}
## Run it

```
pip install {"numpy pillow" if "fitted" in manifest else "numpy pillow ai-edge-litert"}
python predict.py FILE...
```

{"" if "fitted" in manifest else _clients(manifest)}{_own_files(manifest)}\
`pipelines verify .` repeats the proof. Weights: SHA-256 `{manifest["weights_sha256"]}`.
"""


def _warning(manifest):
    line = doubts.text(manifest["proof"])
    return f"**{line}**\n\n" if line else ""


def _proof(proof):
    floor = proof.get("floor")
    known = "" if floor is None else f" A constant answer reaches {floor:.4f} in {proof['score']}."
    return (
        f"Each file was run on {proof['examples']} held-out examples, split `{proof['split']}` of"
        f" `{proof['data']}`, and compared with the Keras model: parity is proven, not that the"
        f" model is good. A file counts if {proof['score']} gets worse by at most"
        f" {proof['max_drop']:g} on the whole; for classes see the documentation of the"
        f" proof.{known}"
    )


def _signatures(manifest):
    """What goes in and out of each program."""
    parts = []
    for name, specs in snippets.programs(manifest).items():
        given, made = _listed(specs["inputs"]), _listed(specs["outputs"])
        parts.append(
            f"Signature `{name}`, the same in every file.\n\n{given}\n\ngives\n\n{made}\n\n"
        )
    return "".join(parts)


def _labels(manifest):
    labels = manifest["labels"]
    if not labels:
        return ""
    listed = ", ".join(labels[:LISTED]) + (" ..." if len(labels) > LISTED else "")
    return f"{len(labels)} labels, in the order of `labels.txt`: {listed}.\n"


def _clients(manifest):
    return f"""In a browser: `pipelines serve .`

On Android:

```kotlin
{snippets.kotlin(manifest)}```

On iOS:

```swift
{snippets.swift(manifest)}```

"""


def _listed(specs):
    return "\n".join(
        f"- `{name}`: {spec['dtype']} {tuple(spec['shape'])}" for name, spec in specs.items()
    )


def _unsupported(manifest):
    return "".join(
        f"No {kind} file: {reason}.\n\n" for kind, reason in manifest.get("unsupported", {}).items()
    )


def _micro(manifest):
    text = ""
    for record in manifest["files"].values():
        if "micro" in record:
            own = record["micro"].get("files", {})
            alone = [f"`{file['path']}` is {name} alone." for name, file in own.items()]
            text += " ".join([f"`{record['path']}` on {record['micro']['says']}.", *alone])
            text += "\n\n"
    return text


def _own_files(manifest):
    found = manifest.get("extra", {})
    return "".join(
        f"`{record['path']}` has the same weights and the outputs of `{name}`, for a client that"
        " wants others.\n\n"
        for name, record in found.items()
    )


def scalars(metrics):
    """Names of the metrics that are one number."""
    return [name for name, value in metrics.items() if isinstance(value, float)]


def _row(name, size, metrics, names, record):
    latency = record.get("latency_ms", {}).get("p50")
    worst = (
        f"{record['worst_class']} {-record['worst_class_drop']:+.3f}"
        if record.get("worst_class_drop", 0) > 0
        else ""
    )
    values = " | ".join(f"{metrics[s]:.4f}" for s in names)
    return (
        f"| {name} | {size} | {values} | {'' if latency is None else f'{latency:.2f}'} | {worst} |"
    )
