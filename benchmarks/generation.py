"""Generative models: bounds of the likelihood, reconstruction and anomalies, compared with peers.

    python benchmarks/generation.py [SECTION ...] [--seeds N]

Each section is a file of benchmarks/generating/, whose `run(seeds, folder)` yields lines. Digits
are those of scikit-learn in their order: of the first 1,500 the first 150 validate and the rest train,
the last 297 test. Needs two cores and at most 20 minutes a section.
"""

import argparse
import importlib
import os
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
HERE = Path(__file__).parent / "generating"


def main():
    known = sorted(path.stem for path in HERE.glob("[a-z]*.py") if path.stem != "digits")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(known))
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    unknown = sorted(set(options.sections) - set(known))
    if unknown:
        parser.error(f"there is no section {unknown[0]}. There are: {', '.join(known)}")
    for name in options.sections or known:
        print(f"## {name}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            for line in importlib.import_module(f"generating.{name}").run(
                range(options.seeds), Path(folder)
            ):
                print(line, flush=True)


if __name__ == "__main__":
    main()
