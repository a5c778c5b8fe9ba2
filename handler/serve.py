"""The same app on this machine, for trying out: ``python -m handler.serve --model dist/model``.

Nothing that ships imports this module.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from handler.app import create_app
from handler.artifact import load_model
from handler.errors import SkzapError

HOST = "127.0.0.1"


class _QuietRequestHandler(WSGIRequestHandler):
    """Leaves the log of requests to the app, which writes it as it does on Lambda."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve a model on this machine until interrupted; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        model = load_model(options.model)
        server = make_server(
            HOST, options.port, create_app(model), request_handler=_QuietRequestHandler
        )
    except (SkzapError, OSError) as error:
        print(f"serve: {error}", file=sys.stderr)  # noqa: T201 (a command's own output)
        return 1
    print(f"{model.name} {model.version} on http://{HOST}:{server.port}", flush=True)  # noqa: T201
    with suppress(KeyboardInterrupt):
        server.serve_forever()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m handler.serve", description=__doc__)
    parser.add_argument("--model", type=Path, default=Path("dist/model"), help="artifact to serve")
    parser.add_argument("--port", type=int, default=8000, help="port; 0 takes a free one")
    return parser


if __name__ == "__main__":
    sys.exit(main())
