"""A small web server for the page of one bundle.

It serves this machine alone, a fixed list of files, and computes nothing.
"""

import http.server
import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pipelines.engine.proof import seal
from pipelines.engine.serving import web
from pipelines.errors import PipelineError, nearest
from pipelines.files import appearing, write_text

HOST = "127.0.0.1"
TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".md": "text/plain",
    ".txt": "text/plain",
}
FIRST = """<!doctype html>
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url=web/index.html">
<title>Model</title>
<a href="web/index.html">the page of this model</a>
"""  # of a static site: where a server looks first
OPTIONAL = {"report.html", "card.md"}  # a page does without them
HEADERS = {
    # Threads of WebAssembly need a page that is isolated from others.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Content-Security-Policy": (
        "default-src 'self' blob: data:; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' "
        "blob:; style-src 'self' 'unsafe-inline'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


def site(bundle: Path | str) -> dict[str, Path]:
    """Folder of a bundle -> {path: file} of its page.

    Raises PipelineError if the folder is no bundle, or has no page.
    """
    bundle = Path(bundle)
    found = _files(bundle, seal.read(bundle))
    there = {name: file for name, file in found.items() if file.is_file()}
    missing = found.keys() - there.keys() - OPTIONAL
    if missing:
        raise PipelineError(f"{bundle} lacks {min(missing)}. Export the run again.")
    return there


def _files(bundle: Path, manifest: Mapping) -> dict[str, Path]:
    """{path: file} as the manifest has it, whether or not a file is there."""
    task = manifest["task"]
    if not web.has_page(task):
        known = [path.stem for path in web.SOURCE.glob("*.js")]
        raise PipelineError(f"there is no page for the task {task!r}. {nearest(task, known)}")
    return web.files(bundle, manifest)


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one request for one of the server's files."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path.lstrip("/")
        host = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        if host not in (HOST, "localhost"):  # a page elsewhere whose name was made to lead here
            self.send_error(403)
        elif path in ("", "web", "web/"):
            self._head(302, {"Location": "/web/index.html", "Content-Length": "0"})
        elif path in self.server.files:
            self._send(self.server.files[path])
        else:
            self.send_error(404)

    do_HEAD = do_GET

    def _send(self, file: Path) -> None:
        content = file.read_bytes()
        kind = TYPES.get(file.suffix, "application/octet-stream")
        self._head(200, {"Content-Type": kind, "Content-Length": str(len(content)), **HEADERS})
        if self.command != "HEAD":
            self.wfile.write(content)

    def _head(self, code: int, headers: Mapping[str, str]) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing: requests are no news."""


class Server(http.server.ThreadingHTTPServer):
    """Serves {path: file}. Paths are looked up, never opened, so none leads out of the folder."""

    daemon_threads = True
    allow_reuse_address = False

    def __init__(self, files: Mapping[str, Path], port: int):
        self.files = files
        super().__init__((HOST, port), Handler)


def server(files: Mapping[str, Path], port: int = 8000) -> Server:
    """A server, not yet running, of {path: file}; port 0 takes a free one.

    Raises PipelineError if the port cannot be used.
    """
    try:
        return Server(files, port)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise PipelineError(
            f"cannot serve at port {port}: {why}. Name another with --port; 0 takes a free one."
        ) from error


def address(running: Server) -> str:
    return f"http://{HOST}:{running.server_address[1]}/"


def write(files: Mapping[str, Path], out: Path | str) -> None:
    """Copies a page, {path: file}, to the folder `out`: a static site for any server."""
    if Path(out).exists():
        raise PipelineError(f"{out} exists already. Name another folder with --out.")
    with appearing(out) as folder:
        for name, file in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, folder / name)
        write_text(folder / "index.html", FIRST)
