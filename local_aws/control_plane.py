"""moto's control plane with Lambda's Invoke in front, and what moto leaves out filled in.

moto answers Invoke by running a container; without Docker it fails. This WSGI application takes the
Invoke requests itself, so that ``boto3.client("lambda").invoke`` and ``zappa invoke`` run the
function, and passes all else on. Services that call functions inside moto (an S3 notification, an
SNS subscription) come by `extended_moto`, which takes the place of moto's call of Docker.

The rest are small things that moto does otherwise than AWS, and that Zappa runs into.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import re
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from moto.apigateway.models import RestAPI, apigateway_backends
from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from werkzeug.wrappers import Request, Response

from local_aws.functions import (
    FunctionMissingError,
    Functions,
    RequestTooLargeError,
    ThrottledError,
)
from local_aws.instance import Invocation
from local_aws.runtime_folder import RuntimeUnavailableError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Lambda's log result is the end of the log.
TAIL_BYTES = 4096
CODE = "/local-aws/code/"
# Lambda's own limits, in bytes: all code of an account, one function zipped and unzipped.
CODE_LIMITS = {
    "TotalCodeSize": 80_530_636_800,
    "CodeSizeZipped": 52_428_800,
    "CodeSizeUnzipped": 262_144_000,
}


class ControlPlane:
    """A WSGI application around moto's.

    Parameters
    ----------
    moto : WSGI application
        moto's own.
    functions : Functions
        What runs the functions.
    region : str
        For requests that are not signed for one.
    """

    def __init__(self, moto: WSGIApplication, functions: Functions, region: str) -> None:
        self._moto = moto
        self._functions = functions
        self._region = region
        name = "/functions/(?P<name>[^/]+)"
        self._routes: list[tuple[str, str, Callable[[Request, str], Response]]] = [
            ("POST", f"/2015-03-31{name}/invocations/?", self._invoke),
            ("GET", f"/2015-03-31{name}/?", self._get_function),
            ("POST", f"/2015-03-31{name}/policy/?", self._add_permission),
            ("GET", f"/2021-10-31{name}/urls/?", self._list_function_urls),
            ("GET", f"{CODE}(?P<name>.+)", self._code),
            ("GET", "/(?P<name>2016-08-19)/account-settings/?", self._account_settings),
            ("POST", "/(?P<name>restapis)/?", self._create_rest_api),
            ("PATCH", "/restapis/(?P<name>[^/]+)/?", self._update_rest_api),
        ]

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer by the first route that fits, else leave the request to moto."""
        _drop_function_prefix(environ)
        path = str(environ.get("RAW_URI") or environ["PATH_INFO"]).partition("?")[0]
        for method, pattern, answer in self._routes:
            found = re.fullmatch(pattern, path)
            if found and method == environ["REQUEST_METHOD"]:
                return answer(Request(environ), unquote(found["name"]))(environ, start)
        return self._moto(environ, start)

    def _invoke(self, request: Request, name: str) -> Response:
        event = request.get_data() or b"{}"
        try:
            json.loads(event)
            return self._run(request, self._arn(request, name), event)
        except ValueError as error:
            message = f"Could not parse request body into json: {error}"
            return _error(400, "InvalidRequestContentException", message)
        except FunctionMissingError as error:
            return _error(404, "ResourceNotFoundException", str(error))
        except RequestTooLargeError as error:
            return _error(413, "RequestTooLargeException", str(error))
        except ThrottledError as error:
            return _throttled(str(error))
        except RuntimeUnavailableError as error:
            return _error(502, "InvalidRuntimeException", str(error))

    def _run(self, request: Request, arn: str, event: bytes) -> Response:
        version = str(self._functions.configuration(arn).identity.version)
        match request.headers.get("X-Amz-Invocation-Type", "RequestResponse"):
            case "DryRun":
                return Response(status=204)
            case "Event":
                threading.Thread(target=self._functions.invoke, args=(arn, event)).start()
                return Response(status=202)
        invocation = self._functions.invoke(arn, event)
        return _success(invocation, version, request.headers.get("X-Amz-Log-Type") == "Tail")

    def _get_function(self, request: Request, name: str) -> Response:
        """Say where the code is, which ``zappa rollback`` fetches: moto's URL leads nowhere."""
        response = Response.from_app(self._moto, request.environ)
        if response.status_code == 200:
            content = json.loads(response.get_data())
            arn = quote(self._arn(request, name), safe="")
            content["Code"]["Location"] = f"{request.host_url.rstrip('/')}{CODE}{arn}"
            response.set_data(json.dumps(content))
        return response

    def _code(self, request: Request, arn: str) -> Response:
        """Send a function's zip."""
        try:
            code = self._functions.find(arn).code_bytes
        except FunctionMissingError as error:
            return _error(404, "ResourceNotFoundException", str(error))
        return Response(code, content_type="application/zip")

    def _add_permission(self, request: Request, name: str) -> Response:
        """Answer 201 as Lambda does; Zappa takes moto's 200 for a failure."""
        response = Response.from_app(self._moto, request.environ)
        response.status_code = 201 if response.status_code == 200 else response.status_code
        return response

    def _list_function_urls(self, request: Request, name: str) -> Response:
        """List a function's URLs, which moto cannot."""
        try:
            function = self._functions.find(self._arn(request, name))
        except FunctionMissingError as error:
            return _error(404, "ResourceNotFoundException", str(error))
        urls = [function.url_config.to_dict()] if function.url_config else []
        body = json.dumps({"FunctionUrlConfigs": urls})
        return Response(body, content_type="application/json")

    def _account_settings(self, request: Request, version: str) -> Response:
        """Tell the account's limits and what is used of them, which moto cannot."""
        backend = lambda_backends[DEFAULT_ACCOUNT_ID][self._signed_region(request)]
        functions = list(backend.list_functions())
        reserved = sum(int(function.reserved_concurrency or 0) for function in functions)
        limit = {
            **CODE_LIMITS,
            "ConcurrentExecutions": self._functions.concurrency,
            "UnreservedConcurrentExecutions": self._functions.concurrency - reserved,
        }
        size = sum(function.code_size for function in functions)
        usage = {"FunctionCount": len(functions), "TotalCodeSize": size}
        body = json.dumps({"AccountLimit": limit, "AccountUsage": usage})
        return Response(body, content_type="application/json")

    def _create_rest_api(self, request: Request, path: str) -> Response:
        """Keep the binary media types, which moto drops."""
        types = json.loads(request.get_data()).get("binaryMediaTypes")
        _replace_body(request.environ, request.get_data())
        response = Response.from_app(self._moto, request.environ)
        if types and response.status_code in (200, 201):
            content = json.loads(response.get_data())
            backend = apigateway_backends[DEFAULT_ACCOUNT_ID][self._signed_region(request)]
            backend.apis[content["id"]].binaryMediaTypes = types
            response.set_data(json.dumps(content | {"binaryMediaTypes": types}))
        return response

    def _update_rest_api(self, request: Request, api_id: str) -> Response:
        """Understand patches of media types and of compression, which moto does not.

        API Gateway has the media type in the path of the patch (``/binaryMediaTypes/*~1*``, which
        is what Zappa sends); moto takes it from the value, which is absent there.
        """
        content = json.loads(request.get_data())
        api = apigateway_backends[DEFAULT_ACCOUNT_ID][self._signed_region(request)].apis.get(api_id)
        for patch in content.get("patchOperations", []):
            field, _, rest = patch["path"].strip("/").partition("/")
            if field == "binaryMediaTypes" and rest and not patch.get("value"):
                patch["value"] = rest.replace("~1", "/").replace("~0", "~")
            if field == "minimumCompressionSize" and api:
                value = patch.get("value")
                api.minimum_compression_size = int(value) if value else None
        _replace_body(request.environ, json.dumps(content).encode())
        return Response.from_app(self._moto, request.environ)

    def _arn(self, request: Request, name: str) -> str:
        """Return a full ARN for a name, a partial ARN or an ARN, with the request's qualifier."""
        region = self._signed_region(request)
        prefix = f"arn:aws:lambda:{region}:{DEFAULT_ACCOUNT_ID}:function:"
        arn = name if name.startswith("arn:") else prefix + name.rpartition("function:")[2]
        qualifier = request.args.get("Qualifier")
        has_qualifier = arn.count(":") > prefix.count(":")
        return f"{arn}:{qualifier}" if qualifier and not has_qualifier else arn

    def _signed_region(self, request: Request) -> str:
        signature = request.headers.get("Authorization", "")
        scope = re.search(r"Credential=[^/]+/\d+/([a-z0-9-]+)/", signature)
        return scope[1] if scope else self._region


@contextlib.contextmanager
def extended_moto(functions: Functions) -> Iterator[None]:
    """Give moto's classes, for a while, what they lack.

    Services inside moto run functions here instead of in Docker containers, and a REST API goes
    with the CloudFormation stack that made it.
    """
    docker: Any = LambdaFunction  # moto's types do not expect another way to run
    rest_api: Any = RestAPI
    original = docker._invoke_lambda

    def invoke_lambda(function: LambdaFunction, event: Any = None) -> tuple[str, bool, str]:
        invocation = functions.invoke(function.function_arn, json.dumps(event or {}).encode())
        return invocation.payload.decode(), invocation.error is not None, invocation.log

    def delete(api: RestAPI, account: str, region: str) -> None:
        apigateway_backends[account][region].delete_rest_api(api.id)

    docker._invoke_lambda, rest_api.delete = invoke_lambda, delete
    try:
        yield
    finally:
        docker._invoke_lambda = original
        del rest_api.delete


def _drop_function_prefix(environ: WSGIEnvironment) -> None:
    """Turn ``function:NAME:1``, a name that Lambda takes and moto does not, into ``NAME:1``."""
    for field in ("PATH_INFO", "RAW_URI", "REQUEST_URI"):
        if field in environ:
            environ[field] = re.sub(r"(/functions/)function(:|%3A)", r"\1", environ[field])


def _success(invocation: Invocation, version: str, tail: bool) -> Response:
    response = Response(invocation.payload, 200, content_type="application/json")
    response.headers["x-amzn-RequestId"] = invocation.request_id
    response.headers["X-Amz-Executed-Version"] = version
    if invocation.error:
        response.headers["X-Amz-Function-Error"] = "Unhandled"
    if tail:
        end = invocation.log.encode()[-TAIL_BYTES:]
        response.headers["X-Amz-Log-Result"] = base64.b64encode(end).decode()
    return response


def _throttled(message: str) -> Response:
    reason = {"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded"}
    return _error(429, "TooManyRequestsException", message, **reason)


def _error(status: int, error_type: str, message: str, **more: str) -> Response:
    content = {**more, "Type": "User", "message": message, "Message": message}
    response = Response(json.dumps(content), status, content_type="application/json")
    response.headers["x-amzn-ErrorType"] = error_type
    response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
    return response


def _replace_body(environ: WSGIEnvironment, body: bytes) -> None:
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
