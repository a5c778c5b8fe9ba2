"""What Zappa calls while it works; zappa_settings.json names these three functions.

Zappa reads this file by its path, not as a part of its package, and does not put the project on
``sys.path``; so this file does.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from deploy import account, lambda_zip  # noqa: E402 (needs ROOT on sys.path)
from deploy.errors import DeployError  # noqa: E402
from handler.errors import SkzapError  # noqa: E402

if TYPE_CHECKING:
    from zappa.cli import ZappaCLI

# The commands that write a function's role, code and limits to the account.
WRITING = {"deploy", "update"}
LOCAL_STAGE = "local"
# Zappa's own handler would act on these settings; it does not ship, so they would do nothing.
DEAD_SETTINGS = {
    "environment_variables": 'use "aws_environment_variables"',
    "remote_env": 'use "aws_environment_variables"',
    "exception_handler": "handler/ answers and logs its errors itself",
    "slim_handler": "the bundle is small enough for Lambda as it is",
    "websocket_handler_module": "handler/ answers HTTP alone",
}


def settings(cli: ZappaCLI) -> None:
    """Check the stage and fit it to the account; called as soon as Zappa has read its settings.

    Parameters
    ----------
    cli : ZappaCLI
        Its stage's settings are read. For deploy and update, its bucket, the function's role and
        its reserved concurrency are set (see `deploy.account`).

    Raises
    ------
    click.ClickException
        With one line that says what is wrong; Zappa prints it and stops.
    """
    with _one_line_errors():
        _refuse_dead_settings(cli)
        _keep_local_stage_local(cli.api_stage)
        if cli.command in WRITING:
            _ask_for_no_websockets(cli)
            account.fit(cli)


def build() -> None:
    """Build the bundle where it is stale; Zappa's prebuild script.

    Raises
    ------
    click.ClickException
        With the build's own message.
    """
    with _one_line_errors():
        # Here, not above: it brings scikit-learn, and `zappa status` should not wait for that.
        from deploy.terse_console import TerseConsole
        from model_build.build import build_if_stale

        build_if_stale(TerseConsole())


def package(cli: ZappaCLI) -> None:
    """Put the built bundle in the place of the zip that Zappa made; Zappa's zip callback.

    Parameters
    ----------
    cli : ZappaCLI
        Its ``zip_path`` is the file that is replaced; of Zappa's own zip only zappa_settings.py
        stays.

    Raises
    ------
    click.ClickException
        The bundle is missing, changed since it was built, or built for another runtime than the
        stage's. Zappa's zip is removed then: it holds no model.
    """
    with _one_line_errors():
        lambda_zip.replace(
            Path(cli.zip_path),
            ROOT / "dist",
            lambda_zip.Stage(cli.api_stage, cli.runtime, cli.architecture),
        )
        if cli.command == "deploy" and cli.api_stage != LOCAL_STAGE:
            account.wait_for_role(cli)


@contextlib.contextmanager
def _one_line_errors() -> Iterator[None]:
    """Show a user's mistake the way Zappa shows its own: one line, no traceback, exit code 1."""
    try:
        yield
    except SkzapError as error:
        raise click.ClickException(str(error)) from error


def _refuse_dead_settings(cli: ZappaCLI) -> None:
    for name, instead in DEAD_SETTINGS.items():
        if cli.stage_config.get(name):
            raise DeployError(
                f'zappa_settings.json, stage "{cli.api_stage}": "{name}" would have no effect '
                f"in this bundle; {instead}"
            )


def _ask_for_no_websockets(cli: ZappaCLI) -> None:
    """Undo what Zappa concludes where any file below the project imports its websocket module.

    It would make a second API, which nothing here answers, and widen the function's role.
    """
    if not cli.use_websocket:
        return
    cli.use_websocket = None
    cli.zappa.extra_permissions = [
        permission
        for permission in cli.zappa.extra_permissions or []
        if permission["Action"] != ["execute-api:ManageConnections"]
    ]


def _keep_local_stage_local(stage: str) -> None:
    if stage == LOCAL_STAGE and "AWS_ENDPOINT_URL" not in os.environ:
        raise DeployError(
            f'stage "{LOCAL_STAGE}" is for the local AWS, and AWS_ENDPOINT_URL is not set: start '
            "`python -m local_aws` and export what it prints (or run ./build.sh demo)"
        )
