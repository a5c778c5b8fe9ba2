"""What moto leaves out of CloudFormation: a REST API goes with its stack (`zappa undeploy`)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from moto.apigateway.models import RestAPI, apigateway_backends


@contextlib.contextmanager
def apis_go_with_their_stacks() -> Iterator[None]:
    """Give moto's REST APIs the method that its CloudFormation calls to delete a resource."""
    apis: Any = RestAPI  # moto's types do not expect another way to delete

    def delete(api: RestAPI, account: str, region: str) -> None:
        apigateway_backends[account][region].apis.pop(api.id, None)

    apis.delete = delete
    try:
        yield
    finally:
        del apis.delete
