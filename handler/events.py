"""What an invocation's event is, told by its shape alone; nothing in an event is ever executed.

The structs list the members that the adapter reads. What does not fit them did not come from
API Gateway, a function URL or a load balancer.
"""

from typing import Any
from urllib.parse import unquote

import msgspec


class _RestContext(msgspec.Struct):
    stage: str = ""
    path: str = ""
    requestId: str | None = None  # noqa: N815 (AWS's name)


class _RestEvent(msgspec.Struct):
    """API Gateway's REST APIs, HTTP APIs with payloads of version 1.0, load balancers."""

    httpMethod: str  # noqa: N815 (AWS's names)
    path: str
    version: str = "1.0"
    resource: str = ""
    headers: dict[str, str] | None = None
    multiValueHeaders: dict[str, list[str]] | None = None  # noqa: N815
    queryStringParameters: dict[str, str] | None = None  # noqa: N815
    multiValueQueryStringParameters: dict[str, list[str]] | None = None  # noqa: N815
    pathParameters: dict[str, str] | None = None  # noqa: N815
    requestContext: _RestContext | None = None  # noqa: N815
    body: str | None = None
    isBase64Encoded: bool = False  # noqa: N815

    @property
    def location(self) -> tuple[str, str, str]:
        """The whole path, the route's template and the stage."""
        context = self.requestContext or _RestContext()
        return context.path or self.path, self.resource, context.stage


class _Http(msgspec.Struct):
    method: str
    sourceIp: str  # noqa: N815
    protocol: str


class _HttpContext(msgspec.Struct):
    http: _Http
    stage: str = ""
    requestId: str | None = None  # noqa: N815


class _HttpEvent(msgspec.Struct):
    """API Gateway's HTTP APIs and function URLs: payloads of version 2.0."""

    rawPath: str  # noqa: N815 (AWS's names)
    rawQueryString: str  # noqa: N815
    headers: dict[str, str]
    requestContext: _HttpContext  # noqa: N815
    version: str
    routeKey: str = ""  # noqa: N815
    cookies: list[str] = []
    pathParameters: dict[str, str] | None = None  # noqa: N815
    body: str | None = None
    isBase64Encoded: bool = False  # noqa: N815

    @property
    def location(self) -> tuple[str, str, str]:
        """The whole path, the route's template and the stage."""
        template = self.routeKey.partition(" ")[2]
        return self.rawPath, template, self.requestContext.stage


class _ScheduledEvent(msgspec.Struct):
    """EventBridge's schedules; Zappa's keep-warm is one of them."""

    detail_type: str = msgspec.field(name="detail-type")
    resources: list[str] = []


def is_http(event: Any) -> bool:
    """Whether an event is an HTTP request."""
    try:
        _http_event(event)
    except msgspec.ValidationError:
        return False
    return True


def is_scheduled(event: Any) -> bool:
    """Whether an event comes from a schedule."""
    try:
        return msgspec.convert(event, _ScheduledEvent).detail_type == "Scheduled Event"
    except msgspec.ValidationError:
        return False


def mount_of(event: Any, base_path: str = "") -> tuple[str, str]:
    """Return where an API is mounted and which path below it an HTTP event asks for.

    The whole path may start with a stage, with the base path of a custom domain, with both or
    with neither, and no member says which. The route that matched does: what its template
    matches is the path, what stands before that is the mount. Without a template, only the
    stage and ``base_path`` can be told.

    Parameters
    ----------
    event : HTTP event
    base_path : a prefix that was set by hand, "/prefix" or empty

    Returns
    -------
    (mount, path): decoded, for example ("/production", "/predict")
    """
    known = _http_event(event)
    whole, template, stage = known.location
    whole = unquote(whole)
    path = _routed(template, known.pathParameters or {})
    if path == "/":
        return whole.rstrip("/"), path
    if not (path and whole.endswith(path)):
        path = _without(f"/{stage}" if stage else "", whole)
    path = _without(base_path, path)
    return whole.removesuffix(path), path


def _http_event(event: Any) -> _RestEvent | _HttpEvent:
    if isinstance(event, dict) and event.get("version") == "2.0":
        return msgspec.convert(event, _HttpEvent)
    return msgspec.convert(event, _RestEvent)


def _routed(template: str, parameters: dict[str, str]) -> str:
    """Return the path that a route's template matched, or "" if there is none."""
    for name, value in parameters.items():
        template = template.replace(f"{{{name}+}}", unquote(value))
    return template if template.startswith("/") and "{" not in template else ""


def _without(prefix: str, path: str) -> str:
    if prefix and (path == prefix or path.startswith(f"{prefix}/")):
        return path[len(prefix) :] or "/"
    return path
