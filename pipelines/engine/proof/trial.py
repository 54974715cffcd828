"""TFLite files tried in a process of their own: a broken one can end the process that runs it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines.edge import litert

SECONDS = 300


def refuse_fatal(files: Sequence[Path]) -> None:
    """Runs each program of TFLite files once, on zeros, in a child.

    Raises ValueError, naming the file, if that ends the child, as LiteRT does on some damage.
    """
    if not files:
        return
    command = [sys.executable, "-c", CODE, str(Path(litert.__file__).parent.parent.parent)]
    command += map(str, files)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"{files[0].parent}: a file did not end in {SECONDS} s") from error
    if done.returncode < 0:
        at = files[min(done.stdout.count("done"), len(files) - 1)]
        raise ValueError(
            f"{at.name} ends the process that runs it (signal {-done.returncode}); it was tried in"
            " one of its own"
        )


CODE = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from pipelines.edge import litert

for file in sys.argv[2:]:
    try:
        model = litert.Model(file)
        for name, program in model.programs.items():
            zeros = {}
            for key, spec in program["inputs"].items():
                shape = [8 if side < 0 else side for side in spec["shape"]]
                zeros[key] = np.zeros(shape, spec["dtype"])
            model(zeros, name)
    except (ValueError, TypeError, MemoryError):
        pass  # said where the file is used
    print("done", flush=True)
"""
