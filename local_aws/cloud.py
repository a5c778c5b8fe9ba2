"""A local AWS to deploy to: moto's control plane, functions that run, and the HTTPS gateway."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
import botocore.session
import requests
from botocore.config import Config
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

from local_aws.certificates import Authority
from local_aws.control_plane import ControlPlane, extended_moto
from local_aws.functions import Functions
from local_aws.gateway import Gateway
from local_aws.session import make_session

# moto accepts any; these cannot be mistaken for real ones.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local-aws",
    "AWS_SECRET_ACCESS_KEY": "local-aws",
    "AWS_SESSION_TOKEN": "local-aws",
}

# Where botocore would look (key in the file, variable, default, conversion): nowhere, so that no
# profile and no file of the user's changes where the clients go.
NO_CONFIGURATION: dict[str, Any] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


class LocalAws:
    """A context manager: AWS on loopback, forgotten when it ends.

    moto keeps its state in the process: one LocalAws at a time, and not beside ``moto.mock_aws``.

    Parameters
    ----------
    region : str
        The region of `environment` and `client`; the gateway serves all regions.
    port : int
        Of the control plane; 0 takes a free one.
    concurrency : int
        Requests at once for a function without reserved concurrency; AWS gives new accounts 10.

    Attributes
    ----------
    endpoint_url : str
        The control plane, for AWS_ENDPOINT_URL.
    gateway_port : int
        The HTTPS gateway's port on 127.0.0.1.
    ca_file : Path
        The certificate to verify the gateway with.
    functions : Functions
        What runs; `functions.invocations` has each request's times and memory.
    """

    def __init__(self, *, region: str = "us-east-1", port: int = 0, concurrency: int = 10) -> None:
        self.region = region
        self._port = port
        self._concurrency = concurrency
        self._exits = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as exits:
            self._folder = Path(exits.enter_context(tempfile.TemporaryDirectory()))
            self._start_moto(exits)
            self._start_gateway(exits)
            self._exits = exits.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._exits.close()

    def environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return variables for a process that shall see this AWS and no other.

        Parameters
        ----------
        base : mapping, optional
            What to start from, this process's environment by default; its AWS_* are left out.
        """
        base = os.environ if base is None else base
        kept = {name: value for name, value in base.items() if not name.startswith("AWS_")}
        return kept | self.exports()

    def exports(self) -> dict[str, str]:
        """Return the variables that point AWS's tools to this AWS and away from real accounts."""
        nothing = os.devnull
        return {
            **CREDENTIALS,
            "AWS_CONFIG_FILE": nothing,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": self.region,
            "AWS_SHARED_CREDENTIALS_FILE": nothing,
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def session(self) -> requests.Session:
        """Return a requests session that reaches deployed APIs under their real URLs."""
        return make_session(self.gateway_port, self.ca_file)

    def client(self, service: str) -> Any:
        """Return a boto3 client of this AWS, for example ``client("lambda")``."""
        session: Any = boto3.session.Session(  # its types know one literal name for each service
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            region_name=self.region,
            botocore_session=botocore.session.Session(NO_CONFIGURATION),
        )
        return session.client(service, endpoint_url=self.endpoint_url, config=Config(proxies={}))

    def _start_moto(self, exits: contextlib.ExitStack) -> None:
        # moto's own ThreadedMotoServer does the same; here the application gets Invoke in front
        moto = DomainDispatcherApplication(create_backend_app)
        server = _listen(self._port, moto)
        self.endpoint_url = f"http://127.0.0.1:{server.port}"
        self.functions = Functions(self._function_variables(), self._concurrency)
        server.app = ControlPlane(moto, self.functions, self.region)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        exits.callback(_stop, server, thread)
        exits.callback(self.functions.close)
        exits.enter_context(extended_moto(self.functions))
        self._forget()

    def _start_gateway(self, exits: contextlib.ExitStack) -> None:
        authority = Authority()
        self.ca_file = self._folder / "ca.pem"
        authority.write(self.ca_file)
        gateway = Gateway(self.functions, authority)
        self.gateway_port = gateway.port
        gateway.start()
        exits.callback(gateway.stop)

    def _function_variables(self) -> dict[str, str]:
        """Return what makes a function's own calls of AWS come here, too."""
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self.endpoint_url}

    def _forget(self) -> None:
        """Drop what an earlier LocalAws left in moto's backends."""
        with requests.Session() as session:
            session.trust_env = False  # no proxy on the way to loopback
            session.post(f"{self.endpoint_url}/moto-api/reset", timeout=30).raise_for_status()


class _QuietHandler(MotoRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing of each request of the control plane."""


def _listen(port: int, application: Any) -> BaseWSGIServer:
    """Make a server on a socket of ours: where a port is taken, werkzeug's own would exit."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        return make_server(
            "127.0.0.1",
            listening.getsockname()[1],
            application,
            threaded=True,
            request_handler=_QuietHandler,
            fd=listening.fileno(),
        )


def _stop(server: BaseWSGIServer, thread: threading.Thread) -> None:
    server.shutdown()
    thread.join()
    server.server_close()
