"""The HTTPS gateway: REST APIs, HTTP APIs and Function URLs on one port, told apart by host."""

from __future__ import annotations

import concurrent.futures
import json
import logging
import re
import socket
import ssl
import threading
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from local_aws import answers, events
from local_aws.certificates import Authority
from local_aws.events import Event
from local_aws.functions import (
    FunctionMissingError,
    Functions,
    RequestTooLargeError,
    ThrottledError,
)
from local_aws.http import HttpAnswer, HttpRequest
from local_aws.routing import (
    FORBIDDEN,
    RefusedError,
    http_route,
    is_rest_api,
    rest_route,
    url_function,
)
from local_aws.runtime_folder import RuntimeUnavailableError

LOG = logging.getLogger("local_aws")
EXECUTE_API = re.compile(r"([a-z0-9]+)\.execute-api\.([a-z0-9-]+)\.amazonaws\.com")
LAMBDA_URL = re.compile(r"([a-z0-9]+)\.lambda-url\.([a-z0-9-]+)\.on\.aws")
MAX_BODY_BYTES = 10 * 1024 * 1024
# A Function URL waits as long as the function may run: Lambda's own maximum.
URL_SECONDS = 900.0


class Gateway:
    """Serves the fronts on a random port of 127.0.0.1."""

    def __init__(self, functions: Functions, authority: Authority) -> None:
        self._functions = functions
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.answer = self.answer
        self._server.tls = authority.server_context()
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._pool = concurrent.futures.ThreadPoolExecutor(max_workers=64)

    @property
    def port(self) -> int:
        """The port."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Start to serve, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop to serve; what is under way is left to the functions to end."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer a request as the front that its host names would."""
        try:
            if found := EXECUTE_API.fullmatch(request.host):
                return self._execute_api(found[1], found[2], request)
            if found := LAMBDA_URL.fullmatch(request.host):
                return self._function_url(found[1], found[2], request)
        except RefusedError as refused:
            LOG.warning("%s %s%s: %s", request.method, request.host, request.path, refused)
            return refused.answer.adding(("x-amzn-RequestId", str(uuid.uuid4())))
        return FORBIDDEN

    def _execute_api(self, api_id: str, region: str, request: HttpRequest) -> HttpAnswer:
        if len(request.body) > MAX_BODY_BYTES:
            return _too_long(is_rest_api(region, api_id))
        if is_rest_api(region, api_id):
            return self._rest_api(api_id, region, request)
        return self._http_api(api_id, region, request)

    def _rest_api(self, api_id: str, region: str, request: HttpRequest) -> HttpAnswer:
        route = rest_route(region, api_id, request)
        event = events.rest_api(
            **_common(request, region),
            path=route.path,
            resource=route.resource,
            path_parameters=route.path_parameters,
            stage=route.stage,
            stage_variables=route.stage_variables,
            binary_media_types=route.binary_media_types,
            api_id=api_id,
            resource_id=route.resource_id,
            deployment_id=route.deployment_id,
        )

        def read(payload: bytes) -> HttpAnswer:
            return answers.compressed(
                answers.rest_api(
                    payload,
                    binary_media_types=route.binary_media_types,
                    accept=request.header("Accept"),
                ),
                route.minimum_compression_size,
                request.header("Accept-Encoding"),
            )

        context = event["requestContext"]
        return self._call(route.function_arn, event, route.timeout_s, _REST_ERRORS, read).adding(
            ("x-amzn-RequestId", context["requestId"]),
            ("x-amz-apigw-id", context["extendedRequestId"]),
            ("X-Amzn-Trace-Id", event["headers"]["X-Amzn-Trace-Id"]),
        )

    def _http_api(self, api_id: str, region: str, request: HttpRequest) -> HttpAnswer:
        route = http_route(region, api_id, request)
        common = _common(request, region) | {
            "path": route.path,
            "stage": route.stage,
            "path_parameters": route.path_parameters,
            "stage_variables": route.stage_variables,
            "api_id": api_id,
        }
        if route.payload_format == "2.0":
            read, event = answers.http_api, events.http_api(**common, route_key=route.route_key)
        else:
            resource = route.route_key.partition(" ")[2] or "$default"
            read, event = answers.http_api_v1, events.http_api_v1(**common, resource=resource)
        answer = self._call(route.function_arn, event, route.timeout_s, _HTTP_ERRORS, read)
        return answer.adding(("apigw-requestid", event["requestContext"]["requestId"]))

    def _function_url(self, url_id: str, region: str, request: HttpRequest) -> HttpAnswer:
        arn = url_function(region, request.host)
        event = events.function_url(**_common(request, region), path=request.path, url_id=url_id)
        answer = self._call(arn, event, URL_SECONDS, _URL_ERRORS, answers.function_url)
        return answer.adding(("x-amzn-RequestId", event["requestContext"]["requestId"]))

    def _call(
        self, arn: str, event: Event, limit_s: float, errors: _Errors, read: _Read
    ) -> HttpAnswer:
        """Run the function and read its answer; what goes wrong gets the front's answer to that."""
        body = json.dumps(event, separators=(",", ":")).encode()
        try:
            invocation = self._pool.submit(self._functions.invoke, arn, body).result(limit_s)
        except tuple(errors) as error:
            LOG.warning("%s: %s", arn, error or type(error).__name__)
            return errors[type(error)]
        return errors[FunctionMissingError] if invocation.error else read(invocation.payload)


type _Read = Callable[[bytes], HttpAnswer]
type _Errors = dict[type[Exception], HttpAnswer]


def _errors(
    failed: HttpAnswer, throttled: HttpAnswer, timed_out: HttpAnswer, too_large: HttpAnswer
) -> _Errors:
    return {
        FunctionMissingError: failed,
        RuntimeUnavailableError: failed,
        ThrottledError: throttled,
        TimeoutError: timed_out,
        RequestTooLargeError: too_large,
    }


_REST_ERRORS = _errors(
    failed=answers.REST_FAILED,
    throttled=answers.REST_THROTTLED,
    timed_out=answers.REST_TIMED_OUT,
    too_large=HttpAnswer.json(413, {"message": "Request Too Long"}, "RequestTooLargeException"),
)
_HTTP_ERRORS = _errors(
    failed=answers.HTTP_FAILED,
    throttled=answers.HTTP_UNAVAILABLE,
    timed_out=answers.HTTP_UNAVAILABLE,
    too_large=HttpAnswer.json(413, {"message": "Request Entity Too Large"}),
)
_URL_ERRORS = _errors(
    failed=answers.URL_FAILED,
    throttled=HttpAnswer.json(429, {"Message": "Rate Exceeded."}, "TooManyRequestsException"),
    timed_out=answers.URL_FAILED,
    too_large=HttpAnswer.json(
        413,
        {"Message": "Request must be smaller than 6291456 bytes for the InvokeFunction operation"},
        "RequestTooLargeException",
    ),
)


def _common(request: HttpRequest, region: str) -> dict[str, Any]:
    return {
        "method": request.method,
        "query": request.query,
        "headers": request.headers,
        "body": request.body,
        "region": region,
        "source_ip": request.source_ip,
    }


def _too_long(rest: bool) -> HttpAnswer:
    if rest:  # REST APIs answer this one in plain text
        text = f"HTTP content length exceeded {MAX_BODY_BYTES} bytes."
        return HttpAnswer(413, [("Content-Type", "text/plain")], text.encode())
    return HttpAnswer.json(413, {"message": "Request Entity Too Large"})


class _Server(ThreadingHTTPServer):
    answer: Callable[[HttpRequest], HttpAnswer]
    tls: ssl.SSLContext
    request_queue_size = 128

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept; the handshake is left to the connection's thread, so that none can block all."""
        plain, address = super().get_request()
        return self.tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went away or does not trust the certificate."""
        LOG.debug("connection from %s failed", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one segment for header and body: see runtime_api
    disable_nagle_algorithm = True
    timeout = 60  # idle connections are closed, as the real gateway does

    def _serve(self) -> None:
        body = self._body()
        target = urlsplit(f"//host{self.path}")
        request = HttpRequest(
            method=self.command,
            host=self.headers.get("Host", "").partition(":")[0].lower(),
            path=target.path or "/",
            query=target.query,
            headers=list(self.headers.items()),
            body=body,
            source_ip=str(self.client_address[0]),
        )
        self._send(self.server.answer(request))

    def _body(self) -> bytes:
        """Read the body, but not more than is needed to see that it is too long."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks()
        length = int(self.headers.get("Content-Length", 0))
        if length <= MAX_BODY_BYTES:
            return self.rfile.read(length)
        self.close_connection = True
        return self._drained(length)

    def _drained(self, length: int) -> bytes:
        """Read on, within reason: some clients look for the answer only after they sent all."""
        kept = self.rfile.read(MAX_BODY_BYTES + 1)
        left = min(length, 4 * MAX_BODY_BYTES) - len(kept)
        while left > 0 and (part := self.rfile.read(min(left, 1 << 16))):
            left -= len(part)
        return kept

    def handle_expect_100(self) -> bool:
        """Tell a client to go on at once: the buffer would keep it waiting."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
            if len(body) > MAX_BODY_BYTES:
                self.close_connection = True
                return body
        while self.rfile.readline().strip():
            pass
        return body

    def _send(self, answer: HttpAnswer) -> None:
        self.send_response_only(answer.status)
        self.send_header("Date", self.date_time_string())
        for name, value in answer.headers:
            if name.lower() != "content-length":
                self.send_header(name, _header_text(value))
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Leave access logs to the functions."""


def _header_text(value: str) -> str:
    """Return a header as http.server takes it: one line, UTF-8 disguised as Latin-1."""
    return re.sub(r"[\r\n]+", " ", value).encode("utf-8", "replace").decode("latin-1")
