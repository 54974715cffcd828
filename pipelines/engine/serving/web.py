"""A bundle's page, which runs its files in a browser: what belongs to it, and where it lies."""

import re
import shutil
from pathlib import Path

from pipelines.engine.serving import litert_js

SOURCE = Path(__file__).parents[2] / "web"
PAGE = ("index.html", "page.css", "page.js")
IMPORT = re.compile(r'from "\./(\w+)\.js"')


def has_page(task):
    """Whether there is a page for a task. Its name may come out of a file, so it must not lead anywhere else."""
    return task.isidentifier() and (SOURCE / f"{task}.js").is_file()


def write(folder, task):
    """Writes the page of a task into `folder`; nothing where the task has none."""
    if has_page(task):
        folder.mkdir()
        for name in names(task):
            shutil.copy(SOURCE / name, folder / name)


def names(task):
    """Files of the page of a task: the page itself, the task's module, and what these import."""
    found = [*PAGE, f"{task}.js"]
    for name in found:  # grows on the way
        text = (SOURCE / name).read_text(encoding="utf-8")
        found += [f"{own}.js" for own in IMPORT.findall(text) if f"{own}.js" not in found]
    return found


def files(bundle, manifest):
    """{path below the site's root: file} of a bundle's folder: all that its page may ask for, and nothing else."""
    task = manifest["task"]
    page = bundle / "web" if (bundle / "web").is_dir() else SOURCE
    found = {f"web/{name}": page / name for name in names(task)}
    runtime = litert_js.folder()
    found |= {f"web/litert/{name}": runtime / name for name in litert_js.names()}
    own = ["manifest.json", "card.md", "report.html"]
    own += [
        record["path"]
        for record in manifest["files"].values()
        if record["path"].endswith(".tflite")
    ]
    own += [name for name in manifest["sha256"] if re.fullmatch(r"learned/\w+\.txt", name)]
    return found | {
        name: bundle / name for name in own if re.fullmatch(r"[\w./]+", name) and ".." not in name
    }
