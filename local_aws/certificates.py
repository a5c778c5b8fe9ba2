"""A certificate authority for one run, and certificates for the gateway's hosts."""

from __future__ import annotations

import ssl
import threading
from pathlib import Path

import trustme


class Authority:
    """Issues a certificate for each domain that a client asks for by name (SNI)."""

    def __init__(self) -> None:
        self._authority = trustme.CA(organization_name="local_aws")
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()

    def write(self, path: Path) -> None:
        """Write the authority's certificate, which clients verify with, as PEM."""
        self._authority.cert_pem.write_to_path(str(path))

    def server_context(self) -> ssl.SSLContext:
        """Return a server's context that chooses the certificate by the name asked for."""
        context = self._context("localhost")
        context.sni_callback = self._choose
        return context

    def _choose(
        self, connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext
    ) -> None:
        """Switch to the certificate of ``*.<the domain>``: real ones are wildcards, too."""
        domain = (name or "").partition(".")[2]
        if domain.startswith(("execute-api.", "lambda-url.")):
            with self._lock:
                if domain not in self._contexts:
                    self._contexts[domain] = self._context(f"*.{domain}")
            connection.context = self._contexts[domain]

    def _context(self, name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._authority.issue_cert(name).configure_cert(context)
        return context
