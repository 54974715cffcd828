"""The command line of a bundle: this model's answer to each file."""

import argparse
import hashlib
import importlib
import json
import sys
from pathlib import Path

from .learned import read as read_learned
from .options import add_flags, given

HERE = Path(__file__).resolve().parent
RUNNABLE = (".tflite", ".npz")  # kinds of files that run here
ALTERED = "manifest.json is not what was exported: export the model again"
FRAME = 80  # milliseconds of an animation
NEEDS = "pip install numpy pillow ai-edge-litert"


def main(argv=None, folder=HERE.parent):
    """Prints an answer a line -> exit code: 0 done, 1 the bundle is not what was proven, 2 an input
    cannot be used."""
    try:
        manifest = _manifest(Path(folder))
        kinds = runnable(manifest)
        if not kinds:
            raise ValueError(
                "this bundle has no file that runs here. Export the model with float32 among its"
                " formats"
            )
        options = _options(argv, kinds, _half(manifest["task"]))
        path = _proven(Path(folder), manifest["files"][options.file])
        manifest["learned"] = _learned(Path(folder), manifest)
        return _answer(options, path, manifest)
    except ModuleNotFoundError as error:
        return _complain(f"{error.name} is missing: {NEEDS}", 1)
    except KeyError as error:
        return _complain(f"manifest.json lacks {error}: export the model again", 1)
    except (OSError, ValueError) as error:
        return _complain(" ".join(str(error).split()), 1)


def _answer(options, path, manifest):
    half, module, loaded = _half(manifest["task"]), manifest.get("fitted"), []

    def run(inputs, *program):
        if not loaded:
            loaded.append(opened(path, _half(module) if module else None))
        return loaded[0](inputs, *program)

    code, answers, told = 0, [], Told()
    own = given(options, getattr(half, "OPTIONS", ()))
    for answer in each(options.inputs, half, run, manifest, options.out, own, told):
        was_told = told.ended()
        if "error" in answer:
            code = _complain(f"{answer['input']}: {answer['error']}", 2)
            continue
        answers.append(answer)
        if not was_told:
            print(_shown(f"{answer['input']}  {_text(half, answer)}"))
    if options.json:
        print(json.dumps({"file": path.name, "predictions": answers}, ensure_ascii=False))
    return code


def runnable(manifest):
    """Kinds of the files that run without TensorFlow, the one that is taken by default first."""
    records = manifest["files"].items()
    kinds = [kind for kind, record in records if record["path"].endswith(RUNNABLE)]
    return sorted(kinds, key=lambda kind: kind != "float32")


def opened(path, module=None):
    """A file, ready to run: of arrays by NumPy and their `module`, else by LiteRT."""
    if path.suffix == ".npz":
        from .fitted import Arrays

        return Arrays(path, module)
    # LiteRT writes to standard error as it loads, which a wrong input should not bring about.
    from .litert import Model

    return Model(path)


class Told:
    """Prints the parts of an answer as they come, after the text that they go on from."""

    def __init__(self):
        self._is_open = False

    def __call__(self, part):
        self._is_open = True
        print("\n".join(map(_shown, part.split("\n"))), end="", flush=True)

    def ended(self):
        """Ends the line -> whether there was one."""
        was_open, self._is_open = self._is_open, False
        if was_open:
            print(flush=True)
        return was_open


def each(inputs, half, run, manifest, out=None, options=None, tell=None):
    """{"input": name, ...} of each input as soon as it is there; see `answered`.

    JSON, and answers that are pictures, go to the folder `out`.
    """
    found = answered(inputs, half, run, manifest, options, tell)
    for i, (answer, pictures) in enumerate(found):
        if out and "error" not in answer:
            save(Path(out), stem(i, answer["input"]), answer, pictures)
        yield answer


def answered(inputs, half, run, manifest, options=None, tell=None):
    """({"input": name, ...}, its pictures) of each input: a file's name, bytes, or text.

    An input may also be a pair, what it is called and what it is. One that cannot be used gives
    {"input", "error": reason}, and the others are not lost; an exception is such a reason, too.
    options, tell: for a half that has OPTIONS: those that are set, and what each part of an answer
    is given to as it comes.
    """
    more = (options or {}, tell) if hasattr(half, "OPTIONS") else ()
    items = half.asked(inputs, options or {}) if hasattr(half, "asked") else inputs
    for i, item in enumerate(items):
        name, source = item if isinstance(item, tuple) else (_name(i, item), item)
        try:
            if isinstance(source, Exception):
                raise source
            answer, pictures = half.predict(source, run, manifest, *more)
        except (ValueError, OSError) as error:
            yield {"input": name, "error": str(error)}, {}
            continue
        yield {"input": name, **answer}, pictures


def _name(i, item):
    return f"input {i}" if isinstance(item, bytes) else str(item)


def stem(i, name):
    """What the files of answer `i` are called, after its input, which may be a text of any
    length."""
    return f"{i:04d}_{' '.join(Path(name).stem.split())[:60]}"


def save(folder, stem, answer, pictures):
    """Writes STEM.json, and each of `pictures`, {name: uint8 array}, as STEM_NAME.png.

    A picture is (H, W) or (H, W, 3); an animation, (T, H, W, 3), becomes STEM_NAME.gif.
    """
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}.json").write_text(
        json.dumps(answer, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    for name, picture in pictures.items():
        if picture.ndim < 4:
            Image.fromarray(picture).save(folder / f"{stem}_{name}.png")
            continue
        first, *others = map(Image.fromarray, picture)
        more = {"save_all": True, "append_images": others, "duration": FRAME, "loop": 0}
        first.save(folder / f"{stem}_{name}.gif", **more)


def _options(argv, kinds, half):
    parser = argparse.ArgumentParser(
        prog="predict.py", description="This model's answer to each file."
    )
    parser.add_argument(
        "--file", choices=kinds, default=kinds[0], help=f"which of the files [{kinds[0]}]"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument(
        "--out",
        metavar="DIR",
        help="folder for the answers as JSON, and for those that are pictures",
    )
    # Flags of a task, whose values are inputs as well, some of them in a form of their own.
    flags, forms = getattr(half, "FLAGS", {}), getattr(half, "FORMS", {})
    for flag, meaning in flags.items():
        form = forms.get(flag, str)
        parser.add_argument(flag, dest="more", action="append", type=form, default=[], help=meaning)
    own = getattr(half, "OPTIONS", ())
    makes = hasattr(half, "asked")  # which may need no input
    parser.add_argument("inputs", nargs="*" if flags or makes else "+", metavar="INPUT")
    add_flags(parser, own)
    options = parser.parse_args(argv)
    options.inputs += getattr(options, "more", [])
    if not options.inputs and not (makes and given(options, own)):
        parser.error("name an input")
    return options


def _manifest(folder):
    """What manifest.json says. Raises ValueError or KeyError if it is not what was exported."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError(ALTERED) from error
    if not isinstance(manifest, dict) or not isinstance(manifest["files"], dict):
        raise ValueError(ALTERED)
    texts = [manifest.get("task", "")]
    for record in manifest["files"].values():
        if not isinstance(record, dict):
            raise ValueError(ALTERED)
        texts += [record["path"], record["sha256"]]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(ALTERED)
    return manifest


def _proven(folder, record):
    path = folder / record["path"]
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"manifest.json names {path.name} in another folder. Do not use this one")
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
    """The task's module beside this one. Its name comes out of a file, so it must not lead anywhere
    else."""
    if not (task.isidentifier() and (HERE / f"{task}.py").is_file()):
        raise ValueError(f"manifest.json names the task {task!r}, which {HERE.name}/ does not have")
    return importlib.import_module(f".{task}", __package__)


def _text(half, answer):
    return half.line(answer) if hasattr(half, "line") else json.dumps(answer, ensure_ascii=False)


def _complain(message, code):
    print(_shown(message), file=sys.stderr)
    return code


def _shown(text):
    """Text for a line of the terminal: what would move the cursor or change colours is escaped."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
