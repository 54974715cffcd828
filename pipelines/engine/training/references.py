"""Trainings that a run's result is read beside, such as a floor and a ceiling: each a run in the
run's own folder."""

import shutil
import time

from pipelines.engine.proof import evaluate
from pipelines.engine.training import own, start
from pipelines.files import appearing, write_json, write_yaml
from pipelines.records import read_json, read_yaml

FOLDER = "references"
BROUGHT = (own.FILE, own.MODEL)  # what the user brought, if there is any
SHARED = ("format", "task", "method", "data", "left_out")  # what their run.json has of the run's
SAME = ("environment.json", "audit.json")  # files that hold for them as well


def train(run):
    """Trains those that `run`'s method names, on the run's data; what is finished stays as it
    is."""
    for name, config in run.method.references(run.config, run.source).items():
        path = run.path / FOLDER / name
        if not path.exists():
            with appearing(path) as part:
                part.mkdir()
                write_yaml(
                    part / "config.yaml",
                    {**read_yaml(run.path / "config.yaml"), **config.as_dict()},
                )
                for file in SAME:
                    write_json(part / file, read_json(run.path / file))
                for file in BROUGHT:
                    if (run.path / file).is_file():
                        shutil.copyfile(run.path / file, part / file)
                start.carry(run.path, part, run.method, (run.config, config))
                info = {key: run.info[key] for key in SHARED}
                started = time.strftime("%Y-%m-%dT%H:%M:%S%z")
                write_json(part / "run.json", {"status": "running", "started": started, **info})
        reference = type(run)(path, run.data)
        if not reference.finished():
            print(f"training the baseline {name}", flush=True)
            reference.train()


def scores(run, part):
    """{name: {metric: value}} of the finished ones of `run` on a Split; single numbers alone."""
    found = {}
    for file in sorted((run.path / FOLDER).glob("*/run.json")):
        reference = type(run)(file.parent)
        if reference.finished():
            answer = evaluate.decoder(reference.model, reference.method, reference.config)
            result = evaluate.score(answer, part, run.method, run.config)
            found[file.parent.name] = {
                name: value for name, value in result.items() if isinstance(value, float)
            }
    return found
