"""A requests session for which the API's real host names lead to the gateway, verified."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from local_aws.gateway import EXECUTE_API, LAMBDA_URL


def make_session(port: int, ca_file: Path) -> requests.Session:
    """Return a session that resolves the gateway's hosts to 127.0.0.1 and trusts `ca_file` only.

    Names and certificates are checked as they would be for the real hosts: the name that was asked
    for is sent (SNI) and must be in the certificate.
    """
    session = requests.Session()
    session.trust_env = False  # no proxy and no other bundle of certificates
    session.verify = str(ca_file)
    session.mount("https://", _GatewayAdapter(port))
    return session


class _GatewayAdapter(HTTPAdapter):
    def __init__(self, port: int) -> None:
        self._port = port
        super().__init__()

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        """Connect elsewhere, but expect the name that was asked for."""
        where, how = super().build_connection_pool_key_attributes(request, verify, cert)
        more: Any = how  # urllib3 takes more keywords than requests' types say
        name = str(where["host"])
        if _is_gateways(name):
            where |= {"host": "127.0.0.1", "port": self._port}
            more.update(server_hostname=name, assert_hostname=name)
        return where, how

    def add_headers(self, request: requests.PreparedRequest, **_: Any) -> None:
        """Send the real host's name: urllib3 would send the address that it connects to."""
        host = urlsplit(request.url or "").hostname or ""
        if _is_gateways(str(host)):
            request.headers.setdefault("Host", str(host))


def _is_gateways(host: str) -> bool:
    return bool(EXECUTE_API.fullmatch(host) or LAMBDA_URL.fullmatch(host))
