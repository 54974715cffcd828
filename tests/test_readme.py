"""What the pages say: their Python and commands run, their links lead somewhere, their tables are right."""

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
import zygote
from conftest import write_photos

import pipelines
from pipelines import catalog, cli
from pipelines.config import settings
from pipelines.task import Score

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    path
    for pattern in (
        "*.md",
        "docs/*.md",
        "benchmarks/*.md",
        "saved_models/README.md",
        "datasets/*/README.md",
    )
    for path in ROOT.glob(pattern)
)
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = {
    "encoding": "utf-8",
    "stdout": subprocess.PIPE,
    "stderr": subprocess.STDOUT,
    "timeout": 300,
}


def blocks(text, language):
    return [body for name, body in FENCE.findall(text) if name == language]


def lines(text, program):
    """The lines of all bash blocks that start with `program`."""
    return [
        line
        for body in blocks(text, "bash")
        for line in body.splitlines()
        if line.split()[:1] == [program]
    ]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with what the README's examples name, where `pipelines` and `python` are those of this interpreter."""
    programs = {
        "python": f'exec "{sys.executable}" "$@"',
        "pipelines": f'exec "{sys.executable}" -m pipelines "$@"',
    }
    for name, command in programs.items():
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{command}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    work = tmp_path / "work"
    write_photos(work / "photos", {"dress": 50, "hat": 50, "shirt": 50}, size=(20, 16))
    shutil.copy(work / "photos" / "shirt" / "000.jpg", work / "shirt.jpg")
    return work


@pytest.mark.slow
def test_python_runs(place):
    code = "\n".join(blocks(README, "python"))
    done = zygote.run([sys.executable, "-c", code], cwd=place)
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout.splitlines()
    assert any(line.startswith("runs/classification-scratch-photos-001 ") for line in said), (
        done.stdout
    )
    assert said[-1] == "True runs/classification-scratch-photos-001/report.html", done.stdout
    assert (place / "saved_models/photos/model_int8.tflite").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("way", ["here", pytest.param("shell", marks=pytest.mark.exhaustive)])
def test_commands_run(place, monkeypatch, capfd, way):
    """Each line by a shell; or those of `pipelines` in this process, which has loaded TensorFlow."""
    run = [
        line
        for body in blocks(README, "bash")
        for line in body.splitlines()
        if line.split()[0] not in INSTALLS
    ]
    assert len(run) >= 10
    monkeypatch.chdir(place)
    for line in run:
        program, *words = shlex.split(line, comments=True)
        if way == "here" and program == "pipelines":
            code = cli.main(words)
        else:
            code = subprocess.run(["bash", "-c", line]).returncode
        said = capfd.readouterr()
        assert code == 0, f"{line}\n{said.out}{said.err}"
    assert said.out.strip() == "run: runs/clothes"
    assert (place / "runs/clothes/report.html").is_file()


INSTALLS = ("make", "pip")  # not run here: they would make an environment


def test_every_make_target_exists():
    found = {line for page in PAGES for line in lines(page.read_text(encoding="utf-8"), "make")}
    assert {"make demo", "make test"} <= found
    for line in found:
        done = subprocess.run([*shlex.split(line), "-n"], cwd=ROOT, **COMMAND)
        assert done.returncode == 0, done.stdout
        assert "Nothing to be done" not in done.stdout, (
            done.stdout
        )  # a folder of that name, and no target


def test_every_pip_line_fits_the_metadata():
    metadata = configparser.ConfigParser()
    metadata.read(ROOT / "setup.cfg", encoding="utf-8")
    for line in lines(README, "pip"):
        arguments = shlex.split(line)
        assert arguments[:2] == ["pip", "install"]
        name, _, extra = arguments[-1].rstrip("]").partition("[")
        assert name == "."
        assert not extra or extra in metadata["options.extras_require"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_is_understood(page, capsys):
    for line in lines(page.read_text(encoding="utf-8"), "pipelines"):
        try:
            arguments = cli._parser().parse_args(shlex.split(line, comments=True)[1:])
        except SystemExit as stop:
            if stop.code:
                pytest.fail(f"{line}\n{capsys.readouterr().err}")
            continue
        if getattr(arguments, "task", None):
            catalog.split(arguments.task)
        if getattr(arguments, "set", None):
            given = dict(item.split("=") for item in arguments.set)
            if arguments.method:
                given["method"] = arguments.method
            _method(arguments.task, given).Config().replace(**given)


def _method(name, given):
    """The method that a command means; of a task with several, the first that has its settings."""
    task, own = catalog.split(name)
    chosen = given.pop("method", own)
    known = [m.name for m in catalog.tasks()[task].methods]
    methods = [catalog.method(m, task) for m in ([chosen] if chosen else known)]
    for method in methods:
        if given.keys() <= {field.name for field in settings(method.Config)}:
            return method
    return methods[0]


def test_the_rows_of_the_textbook_are_methods_and_commands():
    text = (ROOT / "docs/textbook.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| .+ \| \[(\S+)\]\((\S+?)(?:#\w+)?\) \| `pipelines (.+?)` \|", text, re.M)
    assert len(rows) >= 17
    for name, page, line in rows:
        arguments = cli._parser().parse_args(shlex.split(line))
        task, method = catalog.split(arguments.task)
        assert name in catalog.methods()
        assert task == name.partition("/")[0]
        assert (method or arguments.method or catalog.method(task).name) == name.partition("/")[2]
        assert (ROOT / "docs" / page).is_file()


def test_every_method_names_a_page_that_exists():
    for name in catalog.methods():
        page = catalog.method(name).page
        assert not page or (ROOT / "docs" / page).is_file(), name


def test_every_verb_is_described():
    (verbs,) = (action.choices for action in cli._parser()._actions if action.choices)
    for verb in verbs:
        assert re.search(rf"^\| .*`{verb}`.* \|", README, re.MULTILINE), verb


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"https?://", link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


def anchors(text):
    """The anchors that GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


def test_anchors_are_those_of_headings():
    assert anchors("# A `b`: c, d\n```bash\n# not one\n```\n## E-f_g\n") == ["a-b-c-d", "e-f_g"]


def test_files_named_in_code_exist():
    for page in PAGES:
        for name in re.findall(
            r"`((?:tests|benchmarks|pipelines|docs)/[\w/.]+)`", page.read_text(encoding="utf-8")
        ):
            assert (ROOT / name).exists() or "NAME" in name, f"{page.name}: {name}"


def test_the_table_of_lost_examples_is_that_of_the_gate():
    from pipelines.engine.proof.proof import gate

    def fails(count, lost):
        before = {"accuracy": 1.0, "per_class": {"a": {"accuracy": 1.0, "support": count}}}
        after = {"accuracy": 1.0, "per_class": {"a": {"accuracy": 1 - lost / count}}}
        return not gate(after, before, Score("accuracy", counted=True), 0.01, "model.tflite")[
            "passed"
        ]

    rows = {
        row.split("|")[1].strip(): row.split("|")[2:-1]
        for row in README.splitlines()
        if row.startswith("   |")
    }
    counts, losses = (
        list(map(int, rows[name])) for name in ("examples of the class", "lost examples that fail")
    )
    assert len(counts) == 7
    for count, lost in zip(counts, losses, strict=True):
        assert fails(count, lost), (count, lost)
        assert not fails(count, lost - 1), (count, lost)


def test_the_picture_of_the_report_is_small():
    assert (ROOT / "docs/report.png").stat().st_size < 300_000


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["version"] == pipelines.__version__
    assert f"\n## {pipelines.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
