"""What is fitted to an account, asked of the local AWS, or of a client with AWS's own answers."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from deploy.account import Place, affordable_concurrency, own_bucket, role_policy
from deploy.errors import DeployError
from local_aws.cloud import LocalAws

PLACE = Place("aws", "123456789012", "eu-central-1")
NAME = "zappa-skzap-dev-123456789012-eu-central-1"


def test_the_policys_places_are_filled_and_iams_variables_kept() -> None:
    template = '["arn:${partition}:x:${region}:${account}:${function}", "${aws:username}", "$"]'
    assert json.loads(role_policy(template, Place("aws-cn", "1", "cn-north-1"), "f")) == [
        "arn:aws-cn:x:cn-north-1:1:f",
        "${aws:username}",
        "$",
    ]


def test_a_new_functions_bucket(aws: LocalAws) -> None:
    assert own_bucket(aws.client("s3"), PLACE, "skzap-dev") == NAME


def test_a_bucket_of_ones_own(aws: LocalAws) -> None:
    aws.client("s3").create_bucket(Bucket=NAME)
    assert own_bucket(aws.client("s3"), PLACE, "skzap-dev") == NAME


def test_somebody_elses_bucket_is_refused() -> None:
    client, stub = _stubbed("s3")
    # what S3 answers where ExpectedBucketOwner is not the owner
    stub.add_client_error(
        "head_bucket",
        http_status_code=403,
        expected_params={"Bucket": NAME, "ExpectedBucketOwner": PLACE.account},
    )
    with stub, pytest.raises(DeployError, match="belongs to another account"):
        own_bucket(client, PLACE, "skzap-dev")


@given(st.text("abc-", min_size=30, max_size=80))
def test_a_name_too_long_for_a_bucket_is_refused_with_its_length(function: str) -> None:
    client, _ = _stubbed("s3")
    with pytest.raises(DeployError, match=r"characters, and a bucket's name has at most 63"):
        own_bucket(client, Place("aws", "123456789012", "ap-southeast-2"), function)


@pytest.mark.parametrize(
    ("unreserved", "already", "wanted", "granted"),
    [
        (10, 0, 10, None),  # a new account
        (109, 0, 10, None),
        (110, 0, 10, 10),
        (1000, 0, 10, 10),
        (100, 10, 10, 10),  # an update keeps what the function has
        (100, 10, 11, None),
    ],
)
def test_concurrency_is_reserved_only_where_it_leaves_enough(
    unreserved: int,
    already: int,
    wanted: int,
    granted: int | None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    client, stub = _stubbed("lambda")
    limit = {"AccountLimit": {"UnreservedConcurrentExecutions": unreserved}}
    stub.add_response("get_account_settings", limit)
    stub.add_response(
        "get_function_concurrency",
        {"ReservedConcurrentExecutions": already} if already else {},
        {"FunctionName": "skzap-dev"},
    )
    with stub:
        assert affordable_concurrency(client, "skzap-dev", wanted) == granted
    assert ("gets no reserved concurrency" in capsys.readouterr().out) == (granted is None)


def test_a_function_that_is_not_there_yet_has_nothing_reserved(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws.functions, "concurrency", 1000)
    assert affordable_concurrency(aws.client("lambda"), "skzap-new", 900) == 900
    assert affordable_concurrency(aws.client("lambda"), "skzap-new", 901) is None


def _stubbed(service: Any) -> tuple[Any, Stubber]:
    client = boto3.client(
        service, region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    return client, Stubber(client)
