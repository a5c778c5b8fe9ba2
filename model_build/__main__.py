"""The command line: ``python -m model_build``, which build.sh calls."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from handler.errors import SkzapError
from model_build.build import DEFAULT_CONFIG, DIST, build
from model_build.console import Console


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status: 0, 1 for a told error, 130 for Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        build(options.config, console=Console(), force=options.force)
    except SkzapError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except BrokenPipeError:  # as in `./build.sh | head`; the null device takes the last flush
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("interrupted: dist/ is as it was", file=sys.stderr)  # noqa: T201
        return 130
    return _serve(options.port) if options.command == "serve" else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="build.sh", description="Build, or build and serve.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("build", "train, prove, bundle"), ("serve", "build, then serve locally")):
        command = commands.add_parser(name, help=text)
        command.add_argument(
            "config", nargs="?", type=Path, default=DEFAULT_CONFIG, help="a model.toml"
        )
        command.add_argument(
            "--force", action="store_true", help="train and bundle even if nothing changed"
        )
        if name == "serve":
            command.add_argument("--port", type=int, default=8000)
    return parser


def _serve(port: int) -> int:
    """Become the server: it runs with what ships, as on Lambda, and takes Ctrl-C itself."""
    command = [sys.executable, "-m", "handler.serve", "--model", str(DIST / "model")]
    os.execv(sys.executable, [*command, "--port", str(port)])  # noqa: S606  # no shell is meant


if __name__ == "__main__":
    sys.exit(main())
