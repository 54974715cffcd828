"""Every method: its task, where it comes from, what it exports, the page with its results."""

from argparse import ArgumentParser, Namespace

from pipelines import catalog, entries
from pipelines.task import Method
from pipelines.verbs import _flags


def flags(parser: ArgumentParser) -> None:
    _flags.json(parser)


def run(a: Namespace) -> tuple[dict, int]:
    told = []
    for task, entry in catalog.tasks().items():
        print(f"{task}: {entry.summary.partition(': ')[2]}")
        width = max(len(own.name) for own in entry.methods) + 2
        for own in entry.methods:
            about = _about(task, own)
            facts = (about["paper"], about["exports"], about["page"])
            print(f"  {own.name.ljust(width)}{own.summary}")
            print(f"  {'':{width}}{'; '.join(filter(None, facts))}")
            told.append(about)
        print()
    return {"methods": told}, 0


def _about(task: str, own: entries.Entry) -> dict[str, str]:
    method = catalog.method(own.name, task)
    return {
        "task": task,
        "method": own.name,
        "summary": own.summary,
        "paper": method.paper,
        "exports": _exports(method),
        "page": f"docs/{method.page}" if method.page else "",
    }


def _exports(method: Method) -> str:
    if method.files == ():
        return "no files"
    return "NumPy" if method.fitted else "SavedModel, TFLite"
