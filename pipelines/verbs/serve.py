"""A page that runs a bundle in the browser, for this machine alone."""

import contextlib
from argparse import ArgumentParser, Namespace

from pipelines.verbs import _flags


def flags(parser: ArgumentParser) -> None:
    _flags.bundle(parser)
    parser.add_argument(
        "--port",
        metavar="N",
        type=int,
        default=8000,
        help="port to listen at (default 8000); 0: any",
    )
    parser.add_argument(
        "--out", metavar="DIR", help="write the page and the model there as a static site, and end"
    )


def run(a: Namespace) -> tuple[None, int]:
    from pipelines.engine.serving import serve

    files = serve.site(a.path)
    if a.out:
        serve.write(files, a.out)
        print(f"site: {a.out}")
        return None, 0
    running = serve.server(files, a.port)
    print(f"page: {serve.address(running)}  (stop with Ctrl-C)", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        running.serve_forever()
    running.server_close()
    return None, 0
