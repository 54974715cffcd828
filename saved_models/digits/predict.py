"""Runs this model on the files named on the command line; needs NumPy, Pillow and ai-edge-litert only."""

import sys

if not sys.flags.safe_path:  # a file beside this one must not stand for a library, such as numpy.py
    del sys.path[0]

import importlib.util
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "edge"


def main():
    places = [str(FOLDER)]
    file = FOLDER / "__init__.py"
    spec = importlib.util.spec_from_file_location("edge", file, submodule_search_locations=places)
    sys.modules["edge"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["edge"])
    return importlib.import_module("edge.predict").main()


if __name__ == "__main__":
    raise SystemExit(main())
