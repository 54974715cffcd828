"""A bundle's page, which runs its files in a browser: what belongs to it, and where it lies."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from pipelines.engine.serving import litert_js

SOURCE = Path(__file__).parents[2] / "web"
PAGE = ("index.html", "page.css", "page.js")
IMPORT = re.compile(r'from "\./(\w+)\.js"')


def has_page(task: str) -> bool:
    """Whether there is a page for a task.

    Its name may come out of a file, so it must not lead anywhere else.
    """
    return task.isidentifier() and (SOURCE / f"{task}.js").is_file()


def write(folder: Path, task: str) -> None:
    """Writes the page of a task into `folder`; nothing if the task has none."""
    if has_page(task):
        folder.mkdir()
        for name in names(task):
            shutil.copy(SOURCE / name, folder / name)


def names(task: str, folder: Path = SOURCE) -> list[str]:
    """Files of the page of a task: the page itself, the task's module, and what these import.

    folder: where they lie; a bundle's own may be older. One that is not there imports nothing.
    """
    found = [*PAGE, f"{task}.js"]
    for name in found:  # grows on the way
        file = folder / name
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        imported = [f"{module}.js" for module in IMPORT.findall(text)]
        found += [file for file in imported if file not in found]
    return found


def files(bundle: Path, manifest: Mapping) -> dict[str, Path]:
    """{path below the site's root: file} of a bundle: all that its page may ask for."""
    page = bundle / "web" if (bundle / "web").is_dir() else SOURCE
    runtime = litert_js.folder()
    found = {f"web/{name}": page / name for name in names(manifest["task"], page)}
    found |= {f"web/litert/{name}": runtime / name for name in litert_js.names()}
    return found | {name: bundle / name for name in _own(manifest) if _is_inside(name)}


def _own(manifest: Mapping) -> list[str]:
    """The names of the bundle's own files that a page reads."""
    paths = [record["path"] for record in manifest["files"].values()]
    models = [path for path in paths if path.endswith(".tflite")]
    learned = [name for name in manifest["sha256"] if re.fullmatch(r"learned/\w+\.txt", name)]
    return ["manifest.json", "card.md", "report.html", *models, *learned]


def _is_inside(name: str) -> bool:
    """Whether a name that may come out of a file leads nowhere else."""
    return ".." not in name and bool(re.fullmatch(r"[\w./]+", name))
