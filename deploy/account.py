"""Fits a stage to the AWS account that it is deployed to, before anything is created there.

Three things in Zappa 0.63 depend on the account and have no safe constant for a settings file: the
role's policy (ARNs hold the account's number), the bucket that packages pass through (its name is
global) and the reserved concurrency (a small account cannot spare any).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from string import Template
from typing import TYPE_CHECKING

import click
from botocore.exceptions import BotoCoreError, ClientError

from deploy.errors import DeployError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from zappa.cli import ZappaCLI

# Lambda refuses a reservation that leaves the account's other functions less than a minimum, which
# is 10, 50 or 100, depending on the account, and which no operation tells; so leave the largest.
UNRESERVED_MINIMUM = 100
BUCKET_NAME_MAX = 63
# A role takes up to about this long until Lambda may assume it; before, CreateFunction refuses it.
ROLE_SECONDS = 10.0


@dataclass(frozen=True)
class Place:
    """Where a function lives: AWS partition ("aws", "aws-cn", …), account number and region."""

    partition: str
    account: str
    region: str


def fit(cli: ZappaCLI) -> None:
    """Set the role's policy, the bucket and the concurrency of `cli` for its account.

    Raises
    ------
    DeployError
        There are no credentials, they lack a permission, or the bucket is somebody else's.
    """
    with _aws_errors():
        place = _place(cli)
        if "attach_policy" in cli.stage_config:
            cli.zappa.attach_policy = role_policy(cli.zappa.attach_policy, place, cli.lambda_name)
        if "s3_bucket" not in cli.stage_config:
            cli.s3_bucket_name = own_bucket(cli.zappa.s3_client, place, cli.lambda_name)
        if cli.lambda_concurrency:
            cli.lambda_concurrency = affordable_concurrency(
                cli.zappa.lambda_client, cli.lambda_name, cli.lambda_concurrency
            )


def wait_for_role(cli: ZappaCLI) -> None:
    """Give the role of a first deployment time to arrive everywhere in AWS.

    Zappa creates the role, then packs; as a rule packing takes long enough. Here it takes a second.

    Raises
    ------
    DeployError
        The role cannot be read.
    """
    if not cli.manage_roles or cli.desired_role_arn:
        return
    with _aws_errors():
        role = cli.zappa.iam_client.get_role(RoleName=cli.zappa.role_name)["Role"]
    age = (datetime.now(UTC) - role["CreateDate"]).total_seconds()
    # a clock that is wrong makes an age of less than nothing, or of years
    time.sleep(min(max(ROLE_SECONDS - age, 0), ROLE_SECONDS))


def role_policy(template: str, place: Place, function: str) -> str:
    """Fill in a policy's ``${partition}``, ``${account}``, ``${region}`` and ``${function}``.

    Other ``${…}``, such as IAM's own variables, stay as they are.
    """
    return Template(template).safe_substitute(vars(place), function=function)


def own_bucket(s3: S3Client, place: Place, function: str) -> str:
    """Return the name of the function's own bucket for packages, after a look at who has it.

    Without a name Zappa makes a bucket with a random one at each deploy and each update, and leaves
    it behind empty. A name that can be guessed could be taken by someone who waits for our code to
    arrive: so the bucket must be this account's, or not exist yet.

    Raises
    ------
    DeployError
        The name is too long for a bucket, or the bucket belongs to another account.
    """
    name = f"zappa-{function}-{place.account}-{place.region}"
    if len(name) > BUCKET_NAME_MAX:
        raise DeployError(
            f"{name}: {len(name)} characters, and a bucket's name has at most {BUCKET_NAME_MAX}: "
            'give a shorter "project_name", or an "s3_bucket" of yours, in zappa_settings.json'
        )
    try:
        s3.head_bucket(Bucket=name, ExpectedBucketOwner=place.account)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 403:
            raise DeployError(
                f"bucket {name}: belongs to another account, or you lack s3:ListBucket on it: "
                'give an "s3_bucket" of yours in zappa_settings.json'
            ) from error
        if status != 404:
            raise
    return name


def affordable_concurrency(client: LambdaClient, function: str, wanted: int) -> int | None:
    """Return `wanted` where the account can reserve it; otherwise None, and say so.

    Zappa reserves after it has created the function: a refusal there would leave half a deployment.
    """
    unreserved = client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    spare = unreserved + _reserved_already(client, function) - UNRESERVED_MINIMUM
    if wanted <= spare:
        return wanted
    click.secho(
        f"Warning! {function} gets no reserved concurrency: {wanted} are wanted, and the account "
        f"has {unreserved} unreserved, of which {UNRESERVED_MINIMUM} should stay. Its requests "
        "are limited by the account's own limit.",
        fg="yellow",
    )
    return None


def _reserved_already(client: LambdaClient, function: str) -> int:
    try:
        return client.get_function_concurrency(FunctionName=function).get(
            "ReservedConcurrentExecutions", 0
        )
    except client.exceptions.ResourceNotFoundException:
        return 0


def _place(cli: ZappaCLI) -> Place:
    caller = cli.zappa.sts_client.get_caller_identity()
    partition = caller["Arn"].split(":")[1]
    return Place(partition, caller["Account"], cli.zappa.aws_region)


@contextlib.contextmanager
def _aws_errors() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise DeployError(
            f"AWS: {error} (docs/deploy.md tells which credentials and permissions are needed)"
        ) from error
