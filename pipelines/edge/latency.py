"""What one TFLite file takes: milliseconds and memory, measured in a process of its own."""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

RUNS = 50  # enough for a 90th percentile that five runs lie above
WARM_UP = 3
LENGTH = 128  # of an axis that takes any


def measure(path, threads=None, seconds=2.0):
    """A TFLite file -> {"latency_ms": {"1": {"p50", "p90", "runs"}, ...}, "memory_mb": {"model",
    "process"}}.

    threads: thread counts, by default 1, 2, 4... up to the number of cores. Each takes 50 runs or
        `seconds`, whichever
    comes first. A run is one of every program. Memory is the peak: `process` in all, `model` the
    part that came after the imports.
    Raises ValueError in one line where the file does not run.
    """
    root = Path(__file__).resolve().parents[__name__.count(".")]
    command = [sys.executable, "-m", __name__, str(Path(path).resolve()), "--seconds", str(seconds)]
    command += ["--threads", *map(str, threads)] if threads else []
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")]),
    }
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise ValueError((done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1])
    return json.loads(done.stdout.splitlines()[-1])


def main(argv=None):
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


def _times_ms(model, seconds):
    given = {name: _inputs(specs["inputs"]) for name, specs in model.programs.items()}

    def run():
        for program, inputs in given.items():
            model(inputs, program)

    for _ in range(WARM_UP):
        run()
    times, end = [], time.perf_counter() + seconds
    while len(times) < RUNS and (not times or time.perf_counter() < end):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def _inputs(specs):
    return {name: _noise(spec) for name, spec in specs.items()}


def _noise(spec):
    import numpy as np

    shape = [LENGTH if length < 0 else length for length in spec["shape"]]
    high = 256 if spec["dtype"] == "uint8" else 2  # any vocabulary has the tokens 0 and 1
    return np.random.default_rng(0).integers(0, high, shape).astype(spec["dtype"])


def _threads():
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    return [2**i for i in range(cores.bit_length())]


def _peak_mb():
    """Largest resident memory so far. On Linux ru_maxrss is handed down by the parent, whose TensorFlow would count."""
    status = Path("/proc/self/status")
    if status.exists():
        (peak,) = (
            line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM:")
        )
        return int(peak) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        2**20 if sys.platform == "darwin" else 2**10
    )


if __name__ == "__main__":
    raise SystemExit(main())
