"""Would this training run on a TPU, this model on a microcontroller? Nothing is trained; exit 1 if
not."""

import dataclasses
from argparse import ArgumentParser, Namespace

from pipelines import quiet
from pipelines.verbs import _backend, _flags, _settings

WORDS = {True: "ok", False: "CHANGE", None: "note"}


def flags(parser: ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK", help=_flags.METHOD)
    parser.add_argument(
        "--for", dest="target", choices=("tpu", "micro"), required=True, help="what it is to run on"
    )
    _flags.settings(parser)
    parser.add_argument(
        "--devices", metavar="N", type=int, help="with --for tpu: devices that share each batch"
    )
    parser.add_argument(
        "--chip",
        metavar="NAME",
        default="v5e",
        help="with --for tpu: v2, v3, v4, v5e (default), v5p, v6e",
    )
    _flags.budgets(parser)
    _flags.json(parser)


def run(a: Namespace) -> tuple[dict, int]:
    _backend.use("jax" if a.target == "tpu" else None)
    with quiet.loading():
        from pipelines.engine import preflight as engine

    settings, data = _settings.given(a)
    if a.devices is not None:
        settings["devices"] = a.devices
    data = a.data or data
    found = engine.judged(a.task, data, a.target, a.chip, a.ram, a.flash, settings)
    width = max(len(finding.name) for finding in found)
    for finding in found:
        print(f"{WORDS[finding.passed]:6}  {finding.name.ljust(width)}  {finding.text}")
    wrong = [finding for finding in found if finding.passed is False]
    print(f"\nno: {len(wrong)} to change" if wrong else "\nyes: nothing stands in the way")
    told = [dataclasses.asdict(finding) for finding in found]
    return {"passed": not wrong, "findings": told}, min(len(wrong), 1)
