"""The Lambda Runtime API, the server side: what a function instance asks for its requests.

The documented API, version 2018-06-01 (AWS Lambda Developer Guide, "Using the Lambda runtime API
for custom runtimes"): the runtime client asks for ``/runtime/invocation/next``, which blocks until
there is a request, and posts the answer or the error. One server belongs to one instance, as in
Lambda.
"""

from __future__ import annotations

import json
import queue
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

RUNTIME = "/2018-06-01/runtime"
# Lambda's own number for "6 MB": the message of Function.ResponseSizeTooLarge names it.
MAX_RESPONSE_BYTES = 6_291_556


@dataclass(frozen=True)
class Request:
    """An event on its way to the function, with what Lambda tells about it in headers."""

    request_id: str
    event: bytes
    deadline_ms: int
    function_arn: str
    trace_id: str


@dataclass(frozen=True)
class Message:
    """What the runtime client said: it is ready, it answers, or it failed."""

    kind: Literal["ready", "response", "error", "init error"]
    body: bytes = b""
    request_id: str = ""
    error_type: str = ""


class RuntimeApi:
    """An HTTP server on loopback that hands requests to one runtime client and hears answers."""

    def __init__(self) -> None:
        self._requests: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.api = self
        # The short interval is how long shutdown() waits: an instance should stop at once.
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def address(self) -> str:
        """Host and port, as AWS_LAMBDA_RUNTIME_API has it."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Start to serve, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Release a client that waits for a request, and close the port."""
        self._requests.put(None)
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def send(self, request: Request) -> None:
        """Queue `request` for the client's next question."""
        self._requests.put(request)

    def hear(self, timeout_s: float) -> Message | None:
        """Return the client's next message, or None after `timeout_s` seconds of silence."""
        try:
            return self._messages.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def next_request(self) -> Request | None:
        """Wait for a request (None: the server stops)."""
        self._messages.put(Message("ready"))
        return self._requests.get()

    def tell(self, message: Message) -> None:
        """Record what the client said."""
        self._messages.put(message)


class _Server(ThreadingHTTPServer):
    api: RuntimeApi

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a killed instance drops its connection in the middle."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # Header and body leave in one segment: without this, Nagle's algorithm and delayed
    # acknowledgements add 40 ms to each request.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path != f"{RUNTIME}/invocation/next":
            return self._answer(404, {"errorMessage": f"no such path: {self.path}"})
        request = self.server.api.next_request()
        if request is None:
            self.close_connection = True
            return None
        return self._hand_over(request)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        error_type = self.headers.get("Lambda-Runtime-Function-Error-Type", "")
        match self.path.removeprefix(f"{RUNTIME}/").split("/"):
            case ["init", "error"]:
                self.server.api.tell(Message("init error", body, error_type=error_type))
            case ["invocation", request_id, "response"] if len(body) > MAX_RESPONSE_BYTES:
                self.server.api.tell(_too_large(request_id))
                return self._answer(413, {"errorType": "RequestEntityTooLarge"})
            case ["invocation", request_id, "response"]:
                self.server.api.tell(Message("response", body, request_id))
            case ["invocation", request_id, "error"]:
                self.server.api.tell(Message("error", body, request_id, error_type))
            case _:
                return self._answer(404, {"errorMessage": f"no such path: {self.path}"})
        return self._answer(202, {"status": "OK"})

    def _hand_over(self, request: Request) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(request.event)))
        self.send_header("Lambda-Runtime-Aws-Request-Id", request.request_id)
        self.send_header("Lambda-Runtime-Deadline-Ms", str(request.deadline_ms))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", request.function_arn)
        self.send_header("Lambda-Runtime-Trace-Id", request.trace_id)
        self.end_headers()
        self.wfile.write(request.event)

    def _answer(self, status: int, content: dict[str, str]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: stderr belongs to whoever uses the package."""


def _too_large(request_id: str) -> Message:
    error = {
        "errorMessage": "Response payload size exceeded maximum allowed payload size "
        f"({MAX_RESPONSE_BYTES} bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }
    return Message("error", json.dumps(error).encode(), request_id, error["errorType"])
