"""The events that AWS sends to a function, field by field.

Sources: the examples in the developer guides of API Gateway ("Lambda proxy integrations", "Create
AWS Lambda proxy integrations for HTTP APIs"), Lambda ("Lambda function URLs", "Using Lambda with an
Application Load Balancer", "Process Amazon S3 event notifications") and EventBridge ("Schedule").

All builders take keywords only. Paths and queries are given as on the wire (percent-encoded),
headers as a mapping or, where one comes twice, as pairs; what the front adds (X-Forwarded-For and
so on) is added here.
"""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote_plus, unquote

from local_aws.http import Pairs, last, media_type, pairs

type Event = dict[str, Any]
type Headers = Mapping[str, str] | Iterable[tuple[str, str]]

ACCOUNT = "123456789012"
REGION = "us-east-1"
# HTTP APIs and Function URLs hand over these as text and all else, forms too, as base64.
TEXT_TYPES = ("application/json", "application/javascript", "application/xml")


def rest_api(
    *,
    method: str = "GET",
    path: str = "/",
    query: str = "",
    headers: Headers = (),
    body: bytes | str = b"",
    resource: str = "/{proxy+}",
    path_parameters: Mapping[str, str] | None = None,
    stage: str = "dev",
    stage_variables: Mapping[str, str] | None = None,
    binary_media_types: Sequence[str] = (),
    api_id: str = "a1b2c3d4e5",
    resource_id: str = "abc123",
    deployment_id: str | None = "def456",
    region: str = REGION,
    account: str = ACCOUNT,
    source_ip: str = "127.0.0.1",
    request_id: str | None = None,
    received: datetime | None = None,
) -> Event:
    """Return the event of a REST API with a Lambda proxy integration (payload format 1.0).

    `path` is without the stage, as the event has it; the request context adds the stage. The body
    is base64 only where its media type is one of `binary_media_types`; elsewhere API Gateway reads
    it as UTF-8, and bytes that are not become U+FFFD. Of a header or parameter that comes twice,
    the single-value field has the last. Content-Length and Connection do not reach the function.
    """
    domain = f"{api_id}.execute-api.{region}.amazonaws.com"
    received = received or datetime.now(UTC)
    sent = _with_forwarding(pairs(headers), domain, source_ip)
    sent = _without(sent, {"content-length", "connection", "transfer-encoding", "expect"})
    parameters = parse_qsl(query, keep_blank_values=True)
    is_binary = matches_binary(last(sent, "Content-Type"), binary_media_types)
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": dict(sent),
        "multiValueHeaders": _lists(sent),
        "queryStringParameters": dict(parameters) or None,
        "multiValueQueryStringParameters": _lists(parameters) or None,
        "pathParameters": dict(path_parameters or {}) or None,
        "stageVariables": dict(stage_variables or {}) or None,
        "requestContext": {
            "resourceId": resource_id,
            "resourcePath": resource,
            "httpMethod": method,
            "extendedRequestId": secrets.token_urlsafe(12) + "=",
            "requestTime": _common_log_time(received),
            "path": f"/{stage}{path}",
            "accountId": account,
            "protocol": "HTTP/1.1",
            "stage": stage,
            "domainPrefix": api_id,
            "requestTimeEpoch": _epoch_ms(received),
            "requestId": request_id or str(uuid.uuid4()),
            "identity": _identity(source_ip, last(sent, "User-Agent")),
            "domainName": domain,
            "deploymentId": deployment_id,
            "apiId": api_id,
        },
        **_rest_body(body, is_binary),
    }


def http_api(
    *,
    method: str = "GET",
    path: str = "/",
    query: str = "",
    headers: Headers = (),
    body: bytes | str = b"",
    route_key: str = "$default",
    path_parameters: Mapping[str, str] | None = None,
    stage: str = "$default",
    stage_variables: Mapping[str, str] | None = None,
    api_id: str = "a1b2c3d4e5",
    region: str = REGION,
    account: str = ACCOUNT,
    source_ip: str = "127.0.0.1",
    request_id: str | None = None,
    received: datetime | None = None,
) -> Event:
    """Return the event of an HTTP API, payload format 2.0.

    `path` is without the stage; `rawPath` gets it in front unless the stage is ``$default``, and
    has it percent-decoded, in spite of its name (Function URLs and REST APIs leave it encoded).
    Headers are lower-case, joined with commas where one comes twice; cookies have a list of their
    own. Fields that would be empty are left out.
    """
    domain = f"{api_id}.execute-api.{region}.amazonaws.com"
    event = _version_2(
        domain=domain,
        method=method,
        path=unquote(path if stage == "$default" else f"/{stage}{path}"),
        query=query,
        headers=_with_forwarding(pairs(headers), domain, source_ip),
        body=body,
        source_ip=source_ip,
        context={"accountId": account, "apiId": api_id, "stage": stage, "routeKey": route_key},
        request_id=request_id or secrets.token_urlsafe(12) + "=",
        received=received or datetime.now(UTC),
    )
    optional = {"pathParameters": path_parameters, "stageVariables": stage_variables}
    return event | {key: dict(value) for key, value in optional.items() if value}


def http_api_v1(
    *,
    method: str = "GET",
    path: str = "/",
    headers: Headers = (),
    body: bytes | str = b"",
    resource: str = "$default",
    stage: str = "$default",
    **rest: Any,
) -> Event:
    """Return the event of an HTTP API, payload format 1.0: a REST API's, but for a few fields."""
    full = unquote(path if stage == "$default" else f"/{stage}{path}")
    content_type = last(pairs(headers), "Content-Type")
    event = rest_api(
        method=method, path=full, headers=headers, resource=resource, stage=stage, **rest
    )
    event["requestContext"]["path"] = full
    event |= _rest_body(body, not is_text(content_type))
    return {"version": "1.0", **event}


def function_url(
    *,
    method: str = "GET",
    path: str = "/",
    query: str = "",
    headers: Headers = (),
    body: bytes | str = b"",
    url_id: str = "abcdefghijklmnopqrstuvwxyz012345",
    region: str = REGION,
    source_ip: str = "127.0.0.1",
    request_id: str | None = None,
    received: datetime | None = None,
) -> Event:
    """Return the event of a Function URL without authorisation: payload format 2.0, no stage."""
    domain = f"{url_id}.lambda-url.{region}.on.aws"
    context = {"accountId": "anonymous", "apiId": url_id, "stage": "$default"}
    tls = [
        ("x-amzn-tls-version", "TLSv1.3"),
        ("x-amzn-tls-cipher-suite", "TLS_AES_128_GCM_SHA256"),
    ]
    return _version_2(
        domain=domain,
        method=method,
        path=path,
        query=query,
        headers=[*_with_forwarding(pairs(headers), domain, source_ip), *tls],
        body=body,
        source_ip=source_ip,
        context=context | {"routeKey": "$default"},
        request_id=request_id or str(uuid.uuid4()),
        received=received or datetime.now(UTC),
    )


def load_balancer(
    *,
    method: str = "GET",
    path: str = "/",
    query: str = "",
    headers: Headers = (),
    body: bytes | str = b"",
    multi_value: bool = False,
    region: str = REGION,
    account: str = ACCOUNT,
    source_ip: str = "127.0.0.1",
) -> Event:
    """Return the event of an Application Load Balancer's target group.

    With `multi_value` the target group has ``lambda.multi_value_headers.enabled``: the multi-value
    fields come instead of the others, not beside them. Parameters stay percent-encoded. The body is
    base64 unless its type is text, JSON, JavaScript or XML, or where a Content-Encoding is set.
    """
    domain = f"lb-1234567890.{region}.elb.amazonaws.com"
    sent = _with_forwarding(pairs(headers), domain, source_ip)
    lower = [(name.lower(), value) for name, value in sent]
    parameters = [_raw_pair(part) for part in query.split("&") if part]
    group = f"arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/function/0123456789abcdef"
    is_binary = bool(last(lower, "content-encoding")) or not _is_balancer_text(lower)
    fields: Event = {
        "queryStringParameters": dict(parameters),
        "headers": dict(lower),
    }
    if multi_value:
        fields = {
            "multiValueQueryStringParameters": _lists(parameters),
            "multiValueHeaders": _lists(lower),
        }
    text, encoded = _encode(body, is_binary)
    return {
        "requestContext": {"elb": {"targetGroupArn": group}},
        "httpMethod": method,
        "path": path,
        **fields,
        "body": text or "",
        "isBase64Encoded": encoded,
    }


def scheduled(
    *, rule: str = "every-4-minutes", region: str = REGION, account: str = ACCOUNT
) -> Event:
    """Return the event of an EventBridge rule with a schedule."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": account,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [f"arn:aws:events:{region}:{account}:rule/{rule}"],
        "detail": {},
    }


def zappa_keep_warm(
    *, function_name: str = "skzap-dev", region: str = REGION, account: str = ACCOUNT
) -> Event:
    """Return the event of the rule that Zappa 0.63 makes for ``keep_warm``.

    The rule's name has the Lambda function's name in front, and ends with the Python function to
    call; Zappa replaces the input by a template, which has the same fields, and ``kwargs``.
    """
    rule = f"{function_name}-zappa-keep-warm-handler.keep_warm_callback"
    return scheduled(rule=rule, region=region, account=account) | {"kwargs": {}}


def s3_notification(
    *,
    bucket: str,
    key: str,
    size: int = 1024,
    event_name: str = "ObjectCreated:Put",
    region: str = REGION,
    source_ip: str = "127.0.0.1",
) -> Event:
    """Return the event of an S3 notification for one object, its key form-encoded as S3 does."""
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": region,
        "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "eventName": event_name,
        "userIdentity": {"principalId": "AWS:AIDAEXAMPLE"},
        "requestParameters": {"sourceIPAddress": source_ip},
        "responseElements": {
            "x-amz-request-id": secrets.token_hex(8).upper(),
            "x-amz-id-2": base64.b64encode(secrets.token_bytes(48)).decode(),
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "notification",
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": "AEXAMPLE"},
                "arn": f"arn:aws:s3:::{bucket}",
            },
            "object": {
                "key": quote_plus(key, safe="/"),
                "size": size,
                "eTag": secrets.token_hex(16),
                "sequencer": secrets.token_hex(9).upper(),
            },
        },
    }
    return {"Records": [record]}


def matches_binary(content_type: str, binary_media_types: Sequence[str]) -> bool:
    """Tell whether a REST API treats a media type as binary: listed, or as image/*."""
    given = media_type(content_type)
    kinds = {given, f"{given.partition('/')[0]}/*"} if given else set()
    return not (kinds | {"*/*"}).isdisjoint(binary_media_types)


def is_text(content_type: str) -> bool:
    """Tell whether HTTP APIs and Function URLs hand over a body of this type as text."""
    given = media_type(content_type)
    return given.startswith("text/") or given in TEXT_TYPES


def _version_2(
    *,
    domain: str,
    method: str,
    path: str,
    query: str,
    headers: Pairs,
    body: bytes | str,
    source_ip: str,
    context: dict[str, str],
    request_id: str,
    received: datetime,
) -> Event:
    """Return what HTTP APIs and Function URLs have in common."""
    jars = [value for name, value in headers if name.lower() == "cookie"]
    cookies = [cookie for jar in jars for cookie in _split(jar)]
    sent = _joined(_without([(n.lower(), v) for n, v in headers], {"cookie", "connection"}))
    text, encoded = _encode(body, not is_text(sent.get("content-type", "")))
    optional: Event = {
        "cookies": cookies,
        "queryStringParameters": _joined(parse_qsl(query, keep_blank_values=True)),
        "body": text,
    }
    return {
        "version": "2.0",
        "routeKey": context["routeKey"],
        "rawPath": path,
        "rawQueryString": query,
        "headers": sent,
        "requestContext": {
            **context,
            "domainName": domain,
            "domainPrefix": domain.partition(".")[0],
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": source_ip,
                "userAgent": sent.get("user-agent", ""),
            },
            "requestId": request_id,
            "time": _common_log_time(received),
            "timeEpoch": _epoch_ms(received),
        },
        **{key: value for key, value in optional.items() if value},
        "isBase64Encoded": encoded,
    }


def _with_forwarding(headers: Pairs, domain: str, source_ip: str) -> Pairs:
    """Add what every front adds: the host, who asked, how, and a trace id."""
    before = last(headers, "X-Forwarded-For")
    fronts = {"host", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"}
    return [
        *_without(headers, fronts | {"x-amzn-trace-id"}),
        ("Host", last(headers, "Host").partition(":")[0] or domain),
        ("X-Amzn-Trace-Id", last(headers, "X-Amzn-Trace-Id") or _trace_id()),
        ("X-Forwarded-For", f"{before}, {source_ip}" if before else source_ip),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-Proto", "https"),
    ]


def _identity(source_ip: str, user_agent: str) -> Event:
    nobody = (
        "cognitoIdentityPoolId accountId cognitoIdentityId caller principalOrgId accessKey "
        "cognitoAuthenticationType cognitoAuthenticationProvider userArn user"
    )
    empty: Event = dict.fromkeys(nobody.split())
    return empty | {"sourceIp": source_ip, "userAgent": user_agent or None}


def _rest_body(body: bytes | str, is_binary: bool) -> Event:
    text, encoded = _encode(body, is_binary)
    return {"body": text, "isBase64Encoded": encoded}


def _encode(body: bytes | str, is_binary: bool) -> tuple[str | None, bool]:
    raw = body.encode() if isinstance(body, str) else body
    if not raw:
        return None, False
    if is_binary:
        return base64.b64encode(raw).decode(), True
    return raw.decode("utf-8", "replace"), False


def _is_balancer_text(headers: Pairs) -> bool:
    content_type = last(headers, "content-type")
    return not content_type or is_text(content_type)


def _raw_pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name, value


def _without(headers: Pairs, names: set[str]) -> Pairs:
    return [(name, value) for name, value in headers if name.lower() not in names]


def _lists(items: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    for name, value in items:
        lists.setdefault(name, []).append(value)
    return lists


def _joined(items: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name: ",".join(values) for name, values in _lists(items).items()}


def _split(cookies: str) -> list[str]:
    return [cookie.strip() for cookie in cookies.split(";") if cookie.strip()]


def _trace_id() -> str:
    return f"Root=1-{int(datetime.now(UTC).timestamp()):08x}-{secrets.token_hex(12)}"


def _common_log_time(moment: datetime) -> str:
    return moment.strftime("%d/%b/%Y:%H:%M:%S +0000")


def _epoch_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
