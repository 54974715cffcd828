"""A small web server for the page of one bundle: this machine alone, a fixed list of files, no inference of its own."""

import http.server
import shutil
from pathlib import Path
from urllib.parse import urlsplit

from pipelines.engine.serving import web
from pipelines.errors import PipelineError, nearest
from pipelines.files import appearing, read_json

HOST = "127.0.0.1"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json",
         ".wasm": "application/wasm", ".md": "text/plain", ".txt": "text/plain"}  # fmt: skip
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


def site(bundle):
    """Folder of a bundle -> {path: file} of its page. Raises PipelineError where it or its page is none."""
    bundle = Path(bundle)
    manifest = read_json(bundle / "manifest.json")
    try:
        task = manifest["task"]
        if not web.has_page(task):
            known = [path.stem for path in web.SOURCE.glob("*.js")]
            raise PipelineError(f"there is no page for the task {task!r}. {nearest(task, known)}")
        found = web.files(bundle, manifest)
    except (KeyError, TypeError, AttributeError) as error:
        raise PipelineError(
            f"{bundle / 'manifest.json'} lacks {error}. Export the run again."
        ) from error
    missing = [
        name
        for name, file in found.items()
        if not file.is_file() and name not in ("report.html", "card.md")
    ]
    if missing:
        raise PipelineError(f"{bundle} lacks {missing[0]}. Export the run again.")
    return {name: file for name, file in found.items() if file.is_file()}


def server(files, port=8000):
    """A server, not yet running, of {path: file}; port 0 takes a free one. Raises PipelineError where it is in use."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            path = urlsplit(self.path).path.lstrip("/")
            host = urlsplit(f"//{self.headers.get('Host', '')}").hostname
            if host not in (HOST, "localhost"):  # a page elsewhere whose name was made to lead here
                self.send_error(403)
            elif path in ("", "web", "web/"):
                self._head(302, {"Location": "/web/index.html", "Content-Length": "0"})
            elif (
                path not in files
            ):  # looked up, never opened by its name: no path leads out of the folder
                self.send_error(404)
            else:
                content = files[path].read_bytes()
                kind = TYPES.get(files[path].suffix, "application/octet-stream")
                self._head(
                    200, {"Content-Type": kind, "Content-Length": str(len(content)), **HEADERS}
                )
                if self.command != "HEAD":
                    self.wfile.write(content)

        do_HEAD = do_GET

        def _head(self, code, headers):
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_):
            """Says nothing: requests are no news."""

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        allow_reuse_address = False

    try:
        return Server((HOST, port), Handler)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise PipelineError(
            f"cannot serve at port {port}: {why}. Name another with --port; 0 takes a free one."
        ) from error


def address(running):
    return f"http://{HOST}:{running.server_address[1]}/"


def write(files, out):
    """Copies a page, {path: file}, to the folder `out`: a static site for any server."""
    if Path(out).exists():
        raise PipelineError(f"{out} exists already. Name another folder with --out.")
    with appearing(out) as folder:
        for name, file in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, folder / name)
