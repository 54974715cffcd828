"""The Colab notebook, cell by cell, on four devices made of this machine's processors instead of a TPU."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import child
import nbformat
import pytest
from conftest import ROOT

from pipelines import cli


@pytest.fixture
def notebook():
    """The notebook, with a shorter training."""
    read = nbformat.read(ROOT / "docs" / "colab_tpu.ipynb", as_version=4)
    settings = next(cell for cell in read.cells if cell.source.startswith("TASK, DATA"))
    assert "epochs=12" in settings.source
    shorter = settings.source.replace("epochs=12", "epochs=2")
    settings.source = shorter.replace("64 * DEVICES", "16 * DEVICES")
    return read


def test_its_cells_run_up_to_the_export_and_its_commands_are_understood(notebook, tmp_path):
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    export = next(i for i, source in enumerate(cells) if source.startswith("!"))
    code = "\n".join(["import os, sys", "os.chdir(sys.argv[1])", *cells[1:export]])
    assert "epochs=2" in code
    short = code.replace("epochs=2", 'epochs=1, steps_per_epoch=2, backbone="compact_8"')
    done = child.run(short, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("4 cpu")
    assert "ok\tstep\tXLA compiles it" in done.stdout
    assert (tmp_path / "runs/tpu/model.keras").is_file()
    for line in cells[export].splitlines():
        variable, program, *words = shlex.split(line.removeprefix("!"))
        assert (variable, program) == ("KERAS_BACKEND=tensorflow", "pipelines")
        cli._parser().parse_args(words)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_the_tpu_notebook_runs_from_top_to_bottom(notebook, tmp_path):
    pytest.importorskip("jax")
    nbformat.write(notebook, tmp_path / "tpu.ipynb")
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "XLA_FLAGS": child.flags(4),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    command = [sys.executable, "-m", "jupyter", "execute", "--output", "done.ipynb", "tpu.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    cells = nbformat.read(tmp_path / "done.ipynb", as_version=4).cells
    said = [
        "".join(o.get("text", "") + str(o.get("data", "")) for o in c.get("outputs", ()))
        for c in cells
    ]
    assert said[3].startswith("4 cpu")
    assert "ok\tstep\tXLA compiles it" in said[7]
    assert "ok    model_int8.tflite" in said[11]  # of `verify`
    shutil.unpack_archive(tmp_path / "tpu.zip", tmp_path / "unpacked")
    assert (tmp_path / "unpacked" / "model.tflite").is_file()
