"""From a URL to a function, looked up in moto's backends as API Gateway and Lambda would."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from moto.apigateway.models import apigateway_backends
from moto.apigatewayv2.models import apigatewayv2_backends
from moto.awslambda.models import lambda_backends
from moto.core.models import DEFAULT_ACCOUNT_ID

from local_aws.answers import HTTP_FAILED
from local_aws.http import HttpAnswer, HttpRequest

FORBIDDEN = HttpAnswer.json(403, {"message": "Forbidden"}, "ForbiddenException")
NO_RESOURCE = HttpAnswer.json(
    403, {"message": "Missing Authentication Token"}, "MissingAuthenticationTokenException"
)
HTTP_NOT_FOUND = HttpAnswer.json(404, {"message": "Not Found"})
URL_FORBIDDEN = HttpAnswer.json(403, {"Message": "Forbidden"}, "AccessDeniedException")
# How long API Gateway waits where the integration does not say.
REST_MILLISECONDS = 29_000
HTTP_MILLISECONDS = 30_000
NOT_RUN_HERE = "local_aws runs Lambda proxy integrations without authorisation only"


class RefusedError(Exception):
    """The front answers by itself; no function is called."""

    def __init__(self, answer: HttpAnswer, reason: str) -> None:
        super().__init__(reason)
        self.answer = answer


@dataclass(frozen=True)
class RestRoute:
    """Where a request to a REST API goes, and what its event tells about the way."""

    function_arn: str
    path: str
    stage: str
    stage_variables: dict[str, str]
    resource: str
    resource_id: str
    deployment_id: str | None
    path_parameters: dict[str, str]
    binary_media_types: tuple[str, ...]
    minimum_compression_size: int | None
    timeout_s: float


@dataclass(frozen=True)
class HttpRoute:
    """Where a request to an HTTP API goes."""

    function_arn: str
    path: str
    stage: str
    stage_variables: dict[str, str]
    route_key: str
    payload_format: str
    timeout_s: float
    path_parameters: dict[str, str] = field(default_factory=dict)


def rest_route(region: str, api_id: str, request: HttpRequest) -> RestRoute:
    """Find the integration of a REST API for a request.

    Raises
    ------
    RefusedError
        No such API or stage (403 Forbidden), no such resource or method (403 Missing Authentication
        Token), no valid API key, or an integration that is not run here (500).
    """
    api = apigateway_backends[DEFAULT_ACCOUNT_ID][region].apis.get(api_id)
    stage_name, path = _split_stage(request.path)
    stage = api.stages.get(stage_name) if api and not api.disableExecuteApiEndpoint else None
    if api is None or stage is None:
        raise RefusedError(FORBIDDEN, f"REST API {api_id} has no stage {stage_name!r}")
    resource, parameters = _rest_resource(api, path)
    method = _rest_method(resource, request)
    return RestRoute(
        function_arn=_integration_arn(method.method_integration, stage.variables),
        path=path,
        stage=stage_name,
        stage_variables=stage.variables,
        resource=resource.get_path(),
        resource_id=resource.id,
        deployment_id=stage.deployment_id,
        path_parameters=parameters,
        binary_media_types=tuple(api.binaryMediaTypes),
        minimum_compression_size=api.minimum_compression_size,
        timeout_s=_seconds(method.method_integration, REST_MILLISECONDS),
    )


def http_route(region: str, api_id: str, request: HttpRequest) -> HttpRoute:
    """Find the integration of an HTTP API for a request.

    Raises
    ------
    RefusedError
        No such API, stage or route (404), or an integration that is not run here (500).
    """
    api = apigatewayv2_backends[DEFAULT_ACCOUNT_ID][region].apis.get(api_id)
    stage_name, path = _http_stage(api.stages if api else {}, request.path)
    if api is None or stage_name not in api.stages:
        raise RefusedError(HTTP_NOT_FOUND, f"HTTP API {api_id} has no stage for {request.path}")
    route, parameters = _http_match(api.routes.values(), request.method, path)
    integration = api.integrations.get((route.target or "").removeprefix("integrations/"))
    if integration is None or integration.integration_type != "AWS_PROXY":
        raise RefusedError(HTTP_FAILED, f"route {route.route_key}: {NOT_RUN_HERE}")
    return HttpRoute(
        function_arn=_arn_in(integration.integration_uri),
        path=path,
        stage=stage_name,
        stage_variables=api.stages[stage_name].stage_variables,
        route_key=route.route_key,
        payload_format=integration.payload_format_version or "1.0",
        timeout_s=_seconds(integration, HTTP_MILLISECONDS),
        path_parameters=parameters,
    )


def url_function(region: str, host: str) -> str:
    """Return the ARN of the function behind a Function URL's host.

    Raises
    ------
    RefusedError
        No function has that URL, or it wants signed requests (403).
    """
    for function in lambda_backends[DEFAULT_ACCOUNT_ID][region].list_functions():
        url = function.url_config
        if url and url.url.removeprefix("https://").rstrip("/") == host:
            if url.config.get("AuthType") != "NONE":
                raise RefusedError(URL_FORBIDDEN, f"{host} wants signed requests")
            return str(function.function_arn)
    raise RefusedError(URL_FORBIDDEN, f"no function has the URL {host}")


def is_rest_api(region: str, api_id: str) -> bool:
    """Tell whether an id is a REST API's rather than an HTTP API's."""
    return api_id not in apigatewayv2_backends[DEFAULT_ACCOUNT_ID][region].apis


def match_path(template: str, path: str) -> dict[str, str] | None:
    """Match a path with a resource's, such as ``/users/{id}`` or ``/{proxy+}``.

    Returns
    -------
    dict or None
        The path parameters, percent-decoded; None where the path does not match.
    """
    literals = re.split(r"(\{[^}]+\})", template)
    pattern = "".join(_part_pattern(part) for part in literals)
    found = re.fullmatch(pattern, path)
    names = re.findall(r"\{([^}+]+)\+?\}", template)
    return dict(zip(names, map(unquote, found.groups()), strict=True)) if found else None


def _part_pattern(part: str) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    return "(.+)" if part.endswith("+}") else "([^/]+)"


def _precedence(template: str) -> tuple[int, ...]:
    """Order resources as API Gateway prefers them: literal before parameter before greedy."""
    rank = {False: 0, True: 1}
    return tuple(
        2 if part.endswith("+}") else rank[part.startswith("{")] for part in template.split("/")
    )


def _split_stage(path: str) -> tuple[str, str]:
    stage, _, rest = path.lstrip("/").partition("/")
    return stage, f"/{rest}"


def _rest_resource(api: Any, path: str) -> tuple[Any, dict[str, str]]:
    bare = path.rstrip("/") or "/"
    for resource in sorted(api.resources.values(), key=lambda one: _precedence(one.get_path())):
        parameters = match_path(resource.get_path(), bare)
        if parameters is not None:
            return resource, parameters
    raise RefusedError(NO_RESOURCE, f"REST API {api.id} has no resource for {path}")


def _rest_method(resource: Any, request: HttpRequest) -> Any:
    methods = resource.resource_methods
    method = methods.get(request.method) or methods.get("ANY")
    if method is None:
        raise RefusedError(NO_RESOURCE, f"{resource.get_path()} has no method {request.method}")
    if (method.authorization_type or "NONE") != "NONE":
        raise RefusedError(NO_RESOURCE, f"{resource.get_path()}: {NOT_RUN_HERE}")
    if str(method.api_key_required).lower() == "true" and not _has_key(resource, request):
        raise RefusedError(FORBIDDEN, f"{resource.get_path()} wants an API key")
    return method


def _has_key(resource: Any, request: HttpRequest) -> bool:
    keys = apigateway_backends[resource.account_id][resource.region_name].keys.values()
    return request.header("x-api-key") in {key.value for key in keys if key.enabled}


def _integration_arn(integration: Any, variables: dict[str, str]) -> str:
    if integration is None or integration.integration_type != "AWS_PROXY":
        answer = HttpAnswer.json(500, {"message": "Internal server error"})
        raise RefusedError(answer, NOT_RUN_HERE)
    uri = re.sub(
        r"\$\{stageVariables\.(\w+)\}", lambda found: variables.get(found[1], ""), integration.uri
    )
    return _arn_in(uri)


def _seconds(integration: Any, default_ms: int) -> float:
    return int(integration.timeout_in_millis or default_ms) / 1000


def _arn_in(uri: str) -> str:
    """Return the function's ARN in an integration's URI, which may be the ARN itself."""
    found = re.search(r"functions/(arn:.+)/invocations", uri)
    return found[1] if found else uri


def _http_stage(stages: dict[str, Any], path: str) -> tuple[str, str]:
    first, rest = _split_stage(path)
    return (first, rest) if first in stages and first != "$default" else ("$default", path)


def _http_match(routes: Iterable[Any], method: str, path: str) -> tuple[Any, dict[str, str]]:
    """Choose a route: the most specific path, then the method itself before ANY, then $default."""
    fitting = []
    for route in routes:
        verb, _, template = route.route_key.partition(" ")
        parameters = match_path(template, path) if template else {}
        if parameters is not None and verb in {method, "ANY", "$default"}:
            order = (not template, _precedence(template), verb == "ANY")
            fitting.append((order, route, parameters))
    if not fitting:
        raise RefusedError(HTTP_NOT_FOUND, f"no route for {method} {path}")
    _, route, parameters = min(fitting, key=lambda one: one[0])
    return route, parameters
