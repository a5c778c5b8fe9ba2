"""What moto leaves out of Lambda's control plane, and a deployment with Zappa uses.

GetFunction's link to the code leads to a bucket of AWS's own, which does not exist here; `zappa
rollback` downloads from it. ListFunctionUrlConfigs (`zappa update`) and GetAccountSettings are
missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from moto.awslambda.models import lambda_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request, Response

from local_aws.functions import FunctionMissingError, Functions
from local_aws.lambda_api import error_response, signed_region

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

GET_FUNCTION = re.compile(r"/2015-03-31/functions/(?P<name>[^/]+)/?")
LIST_URLS = re.compile(r"/2021-10-31/functions/(?P<name>[^/]+)/urls/?")
ACCOUNT_SETTINGS = re.compile(r"/2016-08-19/account-settings/?")
CODE = re.compile(r"/local-aws/code/(?P<arn>[^/]+)")
# Lambda's own limits, in bytes: all code of an account, one function zipped and unzipped.
CODE_LIMITS = {
    "TotalCodeSize": 80_530_636_800,
    "CodeSizeZipped": 52_428_800,
    "CodeSizeUnzipped": 262_144_000,
}


class LambdaControl:
    """A WSGI application around moto's (or around `LambdaApi`).

    Parameters
    ----------
    app : WSGI application
        Answers all that this one does not.
    functions : Functions
        Where code is found.
    region : str
        For requests that are not signed.
    concurrency : int
        The account's limit of concurrent executions.
    """

    def __init__(
        self, app: WSGIApplication, functions: Functions, region: str, concurrency: int
    ) -> None:
        self._app = app
        self._functions = functions
        self._region = region
        self._concurrency = concurrency

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a request, or pass it on."""
        path = str(environ.get("RAW_URI", environ["PATH_INFO"])).partition("?")[0]
        if environ["REQUEST_METHOD"] != "GET":
            return self._app(environ, start)
        if match := GET_FUNCTION.fullmatch(path):
            return self._get_function(environ, unquote(match["name"]))(environ, start)
        if match := LIST_URLS.fullmatch(path):
            return self._list_urls(Request(environ), unquote(match["name"]))(environ, start)
        if match := CODE.fullmatch(path):
            return self._code(unquote(match["arn"]))(environ, start)
        if ACCOUNT_SETTINGS.fullmatch(path):
            return self._account_settings(Request(environ))(environ, start)
        return self._app(environ, start)

    def _get_function(self, environ: WSGIEnvironment, name: str) -> Response:
        """Ask moto, under a name that it understands, and make the link to the code lead here."""
        # "function:name:version" is a partial ARN; moto knows names, "name:version" and whole ARNs
        prefix, _, rest = name.rpartition("function:")
        plain = rest if not prefix.startswith("arn:") else name
        path = f"/2015-03-31/functions/{plain}"
        environ = environ | {"PATH_INFO": path, "RAW_URI": quote(path), "REQUEST_URI": quote(path)}
        response = Response(*run_wsgi_app(self._app, environ))
        if response.status_code != 200:
            return response
        answer = json.loads(response.get_data())
        if "Code" in answer:
            arn = quote(answer["Configuration"]["FunctionArn"], safe="")
            answer["Code"]["Location"] = f"{Request(environ).host_url}local-aws/code/{arn}"
        response.set_data(json.dumps(answer))
        return response

    def _code(self, arn: str) -> Response:
        try:
            code = self._functions.find(arn).code_bytes
        except FunctionMissingError as error:
            return error_response(404, "ResourceNotFoundException", str(error))
        return Response(code, content_type="application/zip")

    def _list_urls(self, request: Request, name: str) -> Response:
        region = signed_region(request, self._region)
        arn = f"arn:aws:lambda:{region}:{DEFAULT_ACCOUNT_ID}:function:"
        try:
            function = self._functions.find(name if name.startswith("arn:") else arn + name)
        except FunctionMissingError as error:
            return error_response(404, "ResourceNotFoundException", str(error))
        configs = [function.url_config.to_dict()] if function.url_config else []
        return _json({"FunctionUrlConfigs": configs})

    def _account_settings(self, request: Request) -> Response:
        backend = lambda_backends[DEFAULT_ACCOUNT_ID][signed_region(request, self._region)]
        functions = list(backend.list_functions())
        reserved = sum(function.reserved_concurrency or 0 for function in functions)
        limit = {
            **CODE_LIMITS,
            "ConcurrentExecutions": self._concurrency,
            "UnreservedConcurrentExecutions": self._concurrency - reserved,
        }
        size = sum(function.code_size for function in functions)
        usage = {"FunctionCount": len(functions), "TotalCodeSize": size}
        return _json({"AccountLimit": limit, "AccountUsage": usage})


def _json(content: dict[str, Any]) -> Response:
    return Response(json.dumps(content), content_type="application/json")
