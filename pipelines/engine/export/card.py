"""The model card of a bundle: what it is, what goes in and out, what was proven, how to run it."""

from pipelines.engine.export import snippets

LISTED = 50  # labels
PICTURES = """Pictures are RGB, 0 to 255, resized to the input's sides by antialiased bilinear interpolation; \
normalisation is inside.
"""


def text(manifest):
    """Markdown of one bundle's manifest."""
    proof, reference = manifest["proof"], manifest["reference"]
    names = scalars(reference)
    rows = [_row("Keras", "", reference, names, {})]
    for record in manifest["files"].values():
        rows.append(
            _row(
                f"`{record['path']}`",
                f"{record['size_bytes'] / 1024:.0f} KB",
                record["metrics"],
                names,
                record,
            )
        )
    labels = ", ".join(manifest["labels"][:LISTED]) + (
        " ..." if len(manifest["labels"]) > LISTED else ""
    )
    return f"""# {manifest["name"]}

Task: {manifest["task"]}. Proven on {proof["examples"]} held-out examples, split `{proof["split"]}` of
`{proof["data"]}`;
a file counts when its headline metric falls by at most {proof["max_drop"]:g} on the whole, and for each class by no
more than that at the lower 95 % bound of the fall.

| file | size | {" | ".join(names)} | p50 ms, 1 thread | worst class |
|---|---:|{"---:|" * len(names)}---:|---|
{chr(10).join(rows)}

{_unsupported(manifest)}{_micro(manifest)}## In and out

Signature `serving_default`, the same in every file.

{_listed(manifest["inputs"])}

gives

{_listed(manifest["outputs"])}

{PICTURES if "image" in manifest["inputs"] else ""}\
{len(manifest["labels"])} labels, in the order of `labels.txt`: {labels}.

## Run it

```
pip install numpy pillow ai-edge-litert
python predict.py FILE...
```

In a browser: `pipelines serve .`

On Android:

```kotlin
{snippets.kotlin(manifest)}```

On iOS:

```swift
{snippets.swift(manifest)}```

{_mediapipe(manifest)}`pipelines verify .` repeats the proof. Weights: SHA-256 `{manifest["weights_sha256"]}`.
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
    found = [(r["path"], r["micro"]["says"]) for r in manifest["files"].values() if "micro" in r]
    return "".join(f"`{path}` on {says}.\n\n" for path, says in found)


def _mediapipe(manifest):
    extra = manifest.get("mediapipe")
    return (
        f"`{extra['path']}` has the same weights and the outputs that MediaPipe Tasks takes.\n\n"
        if extra
        else ""
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
