"""``python -m local_aws``: a local AWS in the foreground, until Ctrl-C."""

from __future__ import annotations

import argparse
import logging
import shlex
import signal
import sys
import threading
from collections.abc import Sequence

from local_aws.cloud import LocalAws


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a local AWS until SIGINT or SIGTERM; return the exit status."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    logging.getLogger("local_aws").setLevel(logging.INFO if options.logs else logging.WARNING)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with LocalAws(region=options.region, port=options.port) as aws:
            print(_instructions(aws), flush=True)  # noqa: T201 (this is the command's output)
            stop.wait()
    except OSError as error:
        sys.stderr.write(f"port {options.port}: {error.strerror}; give another with --port\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local_aws",
        description="A local AWS to deploy to with Zappa, boto3 or the AWS CLI: moto's control "
        "plane, functions that really run, and an HTTPS gateway for their URLs. Prints what to "
        "export and how to reach the URLs, runs until Ctrl-C, and then forgets all.",
    )
    parser.add_argument("--port", type=int, default=0, help="of the control plane (default: free)")
    parser.add_argument("--region", default="us-east-1", help="default: %(default)s")
    parser.add_argument("--logs", action="store_true", help="show the functions' logs")
    return parser


def _instructions(aws: LocalAws) -> str:
    """Return shell lines: what is no variable is a comment, so that all can be pasted."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in aws.exports().items()]
    curl = (
        f"curl --cacert {shlex.quote(str(aws.ca_file))} "
        f"--connect-to ::127.0.0.1:{aws.gateway_port} https://…"
    )
    return "\n".join(
        [
            *exports,
            "",
            "# In a shell with these lines, deploy as usual. Call the URL that was printed with",
            f"#   {curl}",
            "# Ctrl-C here stops all and forgets what was deployed.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
