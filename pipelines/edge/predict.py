"""The command line of a bundle: this model's answer to each file."""

import argparse
import hashlib
import importlib
import json
import sys
from pathlib import Path

from .learned import read as read_learned

HERE = Path(__file__).resolve().parent
RUNNABLE = (".tflite", ".npz")  # kinds of files that run here
NEEDS = "pip install numpy pillow ai-edge-litert"


def main(argv=None, folder=HERE.parent):
    """Prints an answer a line -> exit code: 0 done, 1 the bundle is not what was proven, 2 an input cannot be used."""
    try:
        manifest = json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))
        files = {
            kind: record
            for kind, record in manifest["files"].items()
            if record["path"].endswith(RUNNABLE)
        }
        if not files:
            raise ValueError(
                "this bundle has no file that runs here. Export the model with float32 among its formats"
            )
        options = _options(argv, list(files))
        path = _proven(Path(folder), files[options.file])
        manifest["learned"] = _learned(Path(folder), manifest)
        half = _half(manifest["task"])
        return _answer(options, path, half, manifest)
    except ModuleNotFoundError as error:
        return _complain(f"{error.name} is missing: {NEEDS}", 1)
    except KeyError as error:
        return _complain(f"manifest.json lacks {error}: export the model again", 1)
    except (OSError, ValueError) as error:
        return _complain(" ".join(str(error).split()), 1)


def _answer(options, path, half, manifest):
    code, answers, loaded = 0, [], []

    def run(inputs, *program):
        if not loaded:
            loaded.append(_model(path, manifest))
        return loaded[0](inputs, *program)

    for i, name in enumerate(options.inputs):
        try:
            answer, pictures = half.predict(name, run, manifest)
        except ValueError as error:
            code = _complain(f"{name}: {error}", 2)
            continue
        answers.append({"input": name, **answer})
        if options.out:
            save(Path(options.out), stem(i, name), answers[-1], pictures)
        print(_shown(f"{name}  {_text(half, answers[-1])}"))
    if options.json:
        print(json.dumps({"file": path.name, "predictions": answers}, ensure_ascii=False))
    return code


def stem(i, name):
    """What the files of answer `i` are called, after its input, which may be a text of any length."""
    return f"{i:04d}_{' '.join(Path(name).stem.split())[:60]}"


def save(folder, stem, answer, pictures):
    """Writes STEM.json, and each of `pictures`, {name: uint8 (H, W) or (H, W, 3)}, as STEM_NAME.png."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}.json").write_text(
        json.dumps(answer, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    for name, picture in pictures.items():
        Image.fromarray(picture).save(folder / f"{stem}_{name}.png")


def _options(argv, kinds):
    parser = argparse.ArgumentParser(
        prog="predict.py", description="This model's answer to each file."
    )
    default = "float32" if "float32" in kinds else kinds[0]
    parser.add_argument(
        "--file", choices=kinds, default=default, help=f"which of the TFLite files [{default}]"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument(
        "--out",
        metavar="DIR",
        help="folder for the answers as JSON, and for those that are pictures",
    )
    parser.add_argument("inputs", nargs="+", metavar="INPUT")
    return parser.parse_args(argv)


def _proven(folder, record):
    path = folder / record["path"]
    if hashlib.sha256(path.read_bytes()).hexdigest() != record["sha256"]:
        raise ValueError(
            f"{path.name} is not the file that was proven: its SHA-256 differs. Export the model"
            " again"
        )
    return path


def _learned(folder, manifest):
    digests = {
        n: digest
        for n, digest in manifest.get("sha256", {}).items()
        if Path(n).parent == Path("learned")
    }
    return read_learned(
        folder / "learned", {Path(name).name: digest for name, digest in digests.items()}
    )


def _half(task):
    """The task's module beside this one. Its name comes out of a file, so it must not lead anywhere else."""
    if not (task.isidentifier() and (HERE / f"{task}.py").is_file()):
        raise ValueError(f"manifest.json names the task {task!r}, which {HERE.name}/ does not have")
    return importlib.import_module(f".{task}", __package__)


def _model(path, manifest):
    """The file, ready to run: of arrays by NumPy, else by LiteRT."""
    if path.suffix == ".npz":
        from .fitted import Arrays

        return Arrays(path, _half(manifest["fitted"]))
    # LiteRT writes to standard error as it loads, which a wrong input should not bring about.
    from .litert import Model

    return Model(path)


def _text(half, answer):
    return half.line(answer) if hasattr(half, "line") else json.dumps(answer, ensure_ascii=False)


def _complain(message, code):
    print(_shown(message), file=sys.stderr)
    return code


def _shown(text):
    """Text for a line of the terminal: what would move the cursor or change colours is escaped."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
