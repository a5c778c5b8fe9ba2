"""`./build.sh demo`: build, deploy with Zappa to a local AWS, ask over HTTPS, compare, undeploy."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlencode

import requests

from handler.errors import SkzapError
from local_aws.cloud import LocalAws
from model_build.build import DEFAULT_CONFIG, ROOT, Built, build
from model_build.bundle import Golden
from model_build.console import Console
from model_build.golden import golden_requests

STAGE = "local"
API_URL = re.compile(r"https://[a-z0-9]+\.execute-api\.[a-z0-9-]+\.amazonaws\.com/\S+")
# Zappa's files in the project's root, which it leaves there when it is interrupted.
LEFTOVER = re.compile(rf".+-{STAGE}(-template)?-\d+\.(zip|zip\.part|json)")
REQUEST_TIMEOUT_S = 60
WARM_REQUESTS = 20
ROWS_TO_CHOOSE_FROM = 3  # golden_requests makes its first request of the first of them


class ZappaFailed(SkzapError):
    """A zappa command ended with an error, which it has printed, or without a URL."""


class Exchange(NamedTuple):
    """One request's answer: status, headers, text, and the milliseconds until it was there."""

    status: int
    headers: Mapping[str, str]
    text: str
    ms: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demonstration; return 0, 1 for an error or a wrong answer, 130 for Ctrl-C."""
    started = time.perf_counter()
    options = _parser().parse_args(arguments)
    console = Console()
    try:
        demonstrate(options.config, console)
    except SkzapError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: the local AWS is gone, and nothing was deployed elsewhere\n")
        return 130
    console.note(f"The demonstration took {time.perf_counter() - started:.0f} s.")
    return 0


def demonstrate(config: Path, console: Console) -> None:
    """Build a model, deploy it locally, and check one answer over HTTPS.

    Parameters
    ----------
    config : Path
        A model.toml.
    console : Console

    Raises
    ------
    SkzapError
        The build failed, zappa failed, or the answer is not scikit-learn's.
    """
    built = build(config, console=console)
    request = held_out_request(built)
    with LocalAws() as aws, deployed(aws, config, console) as url:
        with console.step("Ask it over HTTPS"), aws.session() as session:
            cold = ask(session, url, request)
            warm = [ask(session, url, request) for _ in range(WARM_REQUESTS)]
        _show_exchange(request, url, cold, console)
        check(request, cold)
        console.note("Equal: HTTPS with a verified certificate, answered by the deployed function.")
        _show_figures(built.report, aws, cold, warm, console)
    _tell_what_next(request, config, console)


def held_out_request(built: Built) -> Golden:
    """Return a request for the first held-out row, with scikit-learn's answer to it.

    The row goes by column names where the model was trained on a table.
    """
    rows = built.trained.X_test
    first = golden_requests(built.trained.estimator, rows[:ROWS_TO_CHOOSE_FROM], rows[:0])[0]
    names = getattr(rows, "columns", None)
    if names is None or first.body is None:
        return first
    records = [dict(zip(map(str, names), row, strict=True)) for row in first.body["X"]]
    return dataclasses.replace(first, body={"records": records})


@contextmanager
def deployed(aws: LocalAws, config: Path, console: Console) -> Iterator[str]:
    """Deploy with ``zappa deploy local`` and yield the URL that Zappa printed; undeploy after."""
    environment = zappa_environment(aws, config)
    with console.step(f"zappa deploy {STAGE}"), no_leftovers():
        printed = zappa(["deploy", STAGE, "--disable_progress"], environment, console)
        urls = API_URL.findall(printed)
        if not urls:
            raise ZappaFailed(f"zappa deploy {STAGE} printed no URL of an API")
    yield str(urls[-1])
    with console.step(f"zappa undeploy {STAGE}"):
        zappa(["undeploy", STAGE, "--yes"], environment, console)


@contextmanager
def no_leftovers() -> Iterator[None]:
    """Remove what an interrupted zappa leaves in the project's root."""
    try:
        yield
    finally:
        for path in ROOT.iterdir():
            if LEFTOVER.fullmatch(path.name):
                path.unlink(missing_ok=True)


def zappa_environment(aws: LocalAws, config: Path) -> dict[str, str]:
    """Return variables under which zappa sees this AWS, this Python's packages, and `config`."""
    bin_folder = Path(sys.executable).parent
    return aws.environment() | {
        "VIRTUAL_ENV": sys.prefix,
        "PATH": f"{bin_folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
        "SKZAP_CONFIG": str(config.resolve()),
    }


def zappa(arguments: Sequence[str], environment: Mapping[str, str], console: Console) -> str:
    """Run zappa in the project's root, show what it prints, and return it.

    Raises
    ------
    ZappaFailed
        It ended with an error.
    """
    command = ["zappa", *arguments]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            lines = list(_shown(process.stdout or [], console))
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise ZappaFailed(f"zappa {' '.join(arguments)} ended with status {process.returncode}")
    return "\n".join(lines)


def _shown(lines: Any, console: Console) -> Iterator[str]:
    for line in lines:
        console.note(line.rstrip())
        yield line.rstrip()


def ask(session: requests.Session, url: str, request: Golden) -> Exchange:
    """POST a request to a deployed API, its certificate verified, and time it."""
    started = time.perf_counter()
    response = session.post(
        f"{url}{request.path}",
        params=dict(request.query),
        json=request.body,
        timeout=REQUEST_TIMEOUT_S,
    )
    ms = (time.perf_counter() - started) * 1000
    return Exchange(response.status_code, response.headers, response.text, ms)


def check(request: Golden, answer: Exchange) -> None:
    """Raise ReplayFailed, which names the first difference, where the answer is wrong."""
    reply = {"statusCode": answer.status, "body": answer.text}
    request.check(json.dumps(reply).encode())


def _show_exchange(request: Golden, url: str, answer: Exchange, console: Console) -> None:
    query = f"?{urlencode(request.query)}" if request.query else ""
    console.note(f"POST {url}{request.path}{query}")
    console.note(json.dumps(request.body, indent=2))
    console.note(f"answer: {answer.status} {answer.headers.get('Content-Type', '')}")
    console.note(answer.text.rstrip())
    console.note("scikit-learn's own answer for this held-out row:")
    console.note(json.dumps(request.expected))


def _show_figures(
    report: Mapping[str, Any],
    aws: LocalAws,
    cold: Exchange,
    warm: Sequence[Exchange],
    console: Console,
) -> None:
    last = aws.functions.invocations[-1]
    rows = [
        ("zip", f"{report['zip_bytes'] / 1e6:.1f} MB"),
        ("unzipped", f"{report['unzipped_bytes'] / 1e6:.1f} MB"),
        ("memory", f"{last.max_rss_bytes / 1e6:.0f} MB at its peak"),
        ("first request", f"{cold.ms:.0f} ms, of which {last.init_ms:.0f} ms start the function"),
        ("warm request", f"{median(exchange.ms for exchange in warm):.1f} ms (of {len(warm)})"),
    ]
    console.table("Over HTTPS, on this machine", rows)


def _tell_what_next(request: Golden, config: Path, console: Console) -> None:
    body = shlex.quote(json.dumps(request.body))
    which = "" if config == DEFAULT_CONFIG else f" {shlex.quote(str(config))}"
    console.note(
        "\nThe same on AWS, in the activated .venv, with credentials and a region set "
        "(docs/deploy.md):\n"
        "  zappa deploy production\n"
        f"  curl -H 'Content-Type: application/json' -d {body} "
        f"https://API.execute-api.REGION.amazonaws.com/production{request.path}\n"
        f"  ./build.sh{which} && zappa update production"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="build.sh demo", description=__doc__)
    parser.add_argument("config", nargs="?", type=Path, default=DEFAULT_CONFIG, help="a model.toml")
    return parser


if __name__ == "__main__":
    sys.exit(main())
