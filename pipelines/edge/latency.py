"""What one TFLite file takes: milliseconds and memory, measured in a process of its own."""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

RUNS = 50  # enough for a 90th percentile that five runs lie above
WARM_UP = 3
LENGTH = 128  # of an axis that takes any


def measure(
    path: str | os.PathLike, threads: Sequence[int] | None = None, seconds: float = 2.0
) -> dict:
    """A TFLite file -> {"latency_ms": {"1": {"p50", "p90", "runs"}, ...}, "memory_mb": ...}.

    threads: thread counts, by default 1, 2, 4... up to the number of cores. Each takes RUNS runs or
        `seconds`, whichever comes first. A run is one of every program.
    memory_mb: the peak, {"process": in all, "model": the part that came after the imports}.
    Raises ValueError in one line if the file does not run.
    """
    root = Path(__file__).resolve().parents[__name__.count(".")]
    command = [sys.executable, "-m", __name__, str(Path(path).resolve()), "--seconds", str(seconds)]
    if threads:
        command += ["--threads", *map(str, threads)]
    folders = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": folders}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise ValueError(lines[-1])
    return json.loads(done.stdout.splitlines()[-1])


def main(argv: Sequence[str] | None = None) -> int:
    """Measures in this process and prints the result as a line of JSON -> exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", help="a TFLite file")
    parser.add_argument("--threads", type=int, nargs="+", default=_threads())
    parser.add_argument(
        "--seconds", type=float, default=2.0, help="most time for each number of threads"
    )
    options = parser.parse_args(argv)

    import numpy as np

    # Its memory is not the model's.
    from ai_edge_litert import interpreter  # noqa: F401

    from .litert import Model

    before, latency_ms = _peak_mb(), {}
    for count in options.threads:
        try:
            times = _times_ms(Model(options.path, count), options.seconds)
        except ValueError as error:
            print(error, file=sys.stderr)
            return 1
        p50, p90 = np.percentile(times, (50, 90))
        latency_ms[str(count)] = {
            "p50": round(float(p50), 4),
            "p90": round(float(p90), 4),
            "runs": len(times),
        }
    peak = _peak_mb()
    memory_mb = {"model": round(peak - before, 1), "process": round(peak, 1)}
    print(json.dumps({"latency_ms": latency_ms, "memory_mb": memory_mb}))
    return 0


def _times_ms(model, seconds: float) -> list[float]:
    """Milliseconds of each run: RUNS of them, or fewer if `seconds` are over, one at least."""
    given = {name: _inputs(specs["inputs"]) for name, specs in model.programs.items()}
    for _ in range(WARM_UP):
        _run(model, given)
    times, end = [], time.perf_counter() + seconds
    while not times or (len(times) < RUNS and time.perf_counter() < end):
        start = time.perf_counter()
        _run(model, given)
        times.append((time.perf_counter() - start) * 1e3)
    return times


def _run(model, given: dict[str, dict]) -> None:
    for program, inputs in given.items():
        model(inputs, program)


def _inputs(specs: dict[str, dict]) -> dict:
    return {name: _noise(spec) for name, spec in specs.items()}


def _noise(spec: dict):
    """Random values of an input's shape and type."""
    import numpy as np

    shape = [LENGTH if length < 0 else length for length in spec["shape"]]
    high = 256 if spec["dtype"] == "uint8" else 2  # any vocabulary has the tokens 0 and 1
    return np.random.default_rng(0).integers(0, high, shape).astype(spec["dtype"])


def _threads() -> list[int]:
    """1, 2, 4... up to the cores that this process may use."""
    cores = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    return [2**i for i in range(cores.bit_length())]


def _peak_mb() -> float:
    """Largest resident memory so far.

    On Linux ru_maxrss is handed down by the parent, whose TensorFlow would count.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text().splitlines()
        (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
        return int(peak) / 1024
    import resource

    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


if __name__ == "__main__":
    raise SystemExit(main())
