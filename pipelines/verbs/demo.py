"""digits: train, evaluate, export, verify, report."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import pipelines
from pipelines import catalog
from pipelines.errors import PipelineError
from pipelines.verbs import _flags, _owners, _told

SETTINGS: dict[str, Any] = dict(epochs=12, batch_size=64, learning_rate=3e-3, ema=0.98, keep="last")


def flags(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--out", metavar="DIR", help="folder to make; runs/demo-001 and so on by default"
    )
    _flags.json(parser)


def run(a: Namespace) -> tuple[dict, int]:
    out = Path(a.out) if a.out else _owners.free("demo")
    if out.exists():
        raise PipelineError(f"{out} exists already. Name another folder with --out.")
    _step(1, "train on the bundled digits: scikit-learn's 1,797 real handwritten ones")
    trained = pipelines.train(
        "classification", data=catalog.bundled("digits"), run=out / "digits", **SETTINGS
    )
    _step(2, "evaluate on the test split")
    result = trained.evaluate()
    _step(3, "export SavedModel and four TFLite files, and prove each on the test split")
    bundle = trained.export(out / "bundle")
    _step(4, "verify the bundle: checksums, golden examples, metrics again")
    verified = bundle.verify()
    report = trained.report()
    print(f"\ntest accuracy {result['accuracy']:.4f} on {result['examples']} digits\n")
    print(f"{_told.files_table(bundle.manifest)}\n")
    print(f"run     {trained.path}\nbundle  {bundle.path}\nreport  {report}")
    print(f"\nTry:    python {bundle.path}/predict.py PICTURE.png")
    _told.failures(verified)
    places = {"run": str(trained.path), "bundle": str(bundle.path), "report": str(report)}
    return {**places, **result}, 0 if verified["passed"] else 1


def _step(number: int, text: str) -> None:
    print(f"{number}/4  {text}", flush=True)
