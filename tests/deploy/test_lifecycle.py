"""The real zappa against the local AWS, acting for a user with the deployer's policy."""

from __future__ import annotations

import getpass
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import joblib
import pytest
from moto.core import enable_iam_authentication
from moto.iam.access_control import IAMRequestBase
from sklearn.datasets import load_breast_cancer
from zappa.core import ATTACH_POLICY

from local_aws.cloud import LocalAws

FUNCTION = "skzap-local"
ROLE = f"{FUNCTION}-ZappaLambdaExecutionRole"
ROW = load_breast_cancer(as_frame=True).data.iloc[[0]]


@dataclass
class Life:
    """What was seen on the way from deploy to undeploy, in that order."""

    outputs: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    expected: dict[str, Any] = field(default_factory=dict)
    bundles: dict[str, bytes] = field(default_factory=dict)
    deployed_zip: bytes = b""
    configuration: dict[str, Any] = field(default_factory=dict)
    role_policies: list[dict[str, Any]] = field(default_factory=list)
    buckets: list[str] = field(default_factory=list)
    stack: set[str] = field(default_factory=set)
    roots: dict[str, set[str]] = field(default_factory=dict)
    gone: int = 0


@contextmanager
def permissions_checked() -> Iterator[None]:
    """Let moto ask the caller's policy for each action.

    Not for the signature: moto computes a wrong one for a GET of its REST services (it signs the
    headers as the body).
    """
    unsigned = mock.patch.object(IAMRequestBase, "check_signature", return_value=None)
    with enable_iam_authentication(), unsigned:
        yield


@pytest.fixture(scope="module")
def life(project: Any, aws: LocalAws) -> Life:
    environment = aws.environment() | _deployers_key(aws)
    seen = Life()

    def zappa(step: str, *arguments: str, model: str = "first") -> None:
        with permissions_checked():
            chosen = environment | {"SKZAP_CONFIG": project.config(model)}
            done = project.zappa(*arguments, environment=chosen)
        assert done.returncode == 0, f"zappa {arguments}:\n{done.stdout}\n{done.stderr}"
        seen.outputs[step] = done.stdout
        seen.roots[step] = {path.name for path in project.root.iterdir()}

    def ask(step: str) -> None:
        with aws.session() as session:
            response = session.post(f"{url}/predict?probabilities=true", json=_body(), timeout=60)
        assert response.status_code == 200, response.text
        seen.answers[step] = response.json()

    def remember_model(name: str) -> None:
        estimator = joblib.load(project.root / "build" / "trained" / "estimator.joblib")
        seen.expected[name] = estimator.predict_proba(ROW).tolist()
        seen.bundles[name] = (project.root / "dist" / "lambda.zip").read_bytes()

    zappa("deploy", "deploy", "local", "--disable_progress")
    url = re.findall(r"https://\S+\.execute-api\.\S+", seen.outputs["deploy"])[-1]
    remember_model("first")
    ask("deploy")
    seen.configuration = aws.client("lambda").get_function(FunctionName=FUNCTION)
    seen.deployed_zip = _download(aws, seen.configuration["Code"]["Location"])
    seen.role_policies = _role_policies(aws)
    resources = aws.client("cloudformation").describe_stack_resources(StackName=FUNCTION)
    seen.stack = {resource["ResourceType"] for resource in resources["StackResources"]}
    seen.buckets = [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]
    zappa("update", "update", "local", "--disable_progress", model="second")
    remember_model("second")
    ask("update")
    zappa("rollback", "rollback", "local", "-n", "1")
    ask("rollback")
    zappa("status", "status", "local")
    zappa("undeploy", "undeploy", "local", "--yes")
    with aws.session() as session:
        seen.gone = session.post(f"{url}/predict", json=_body(), timeout=60).status_code
    return seen


def test_the_deployed_function_answers_as_scikit_learn(life: Life) -> None:
    _assert_close(life.answers["deploy"], life.expected["first"])


def test_nothing_but_a_rest_api_is_made(life: Life) -> None:
    assert life.stack
    assert all(kind.startswith("AWS::ApiGateway::") for kind in life.stack)


def test_update_changes_the_model(life: Life) -> None:
    _assert_close(life.answers["update"], life.expected["second"])
    assert life.expected["first"] != life.expected["second"]


def test_rollback_brings_the_first_model_back(life: Life) -> None:
    assert life.answers["rollback"] == life.answers["deploy"]


def test_status_names_function_and_url(life: Life) -> None:
    assert re.search(rf"Lambda Name:\s+{FUNCTION}\n", life.outputs["status"])
    assert re.search(r"API Gateway URL:\s+https://\S+/local\n", life.outputs["status"])


def test_undeploy_leaves_nothing_to_call(life: Life) -> None:
    assert life.gone == 403


def test_nothing_stays_behind_in_the_project(life: Life) -> None:
    before = life.roots["deploy"] - {"build", "dist"}
    for step, names in life.roots.items():
        assert names - {"build", "dist"} == before, step
    assert not [name for name in before if name.endswith(".zip") or "template" in name]


def test_the_function_is_configured_as_the_stage_says(life: Life, project: Any) -> None:
    stage = json.loads((project.root / "zappa_settings.json").read_bytes())["dev"]
    configuration = life.configuration["Configuration"]
    assert configuration["Runtime"] == stage["runtime"]
    assert configuration["Architectures"] == [stage["architecture"]]
    assert configuration["MemorySize"] == stage["memory_size"]
    assert configuration["Timeout"] == stage["timeout_seconds"]
    assert configuration["Handler"] == "handler.entry.lambda_handler"


def test_what_was_deployed_is_the_built_bundle_and_zappas_settings(life: Life) -> None:
    assert _members(life.deployed_zip) - _members(life.bundles["first"]) == {
        ("zappa_settings.py", _digest_in(life.deployed_zip, "zappa_settings.py"))
    }
    assert _members(life.bundles["first"]) < _members(life.deployed_zip)
    # and not only the same content: the same compressed bytes, from the start on
    directory = zipfile.ZipFile(io.BytesIO(life.bundles["first"])).start_dir
    assert life.deployed_zip[:directory] == life.bundles["first"][:directory]


def test_the_role_may_write_its_log_and_be_called_and_nothing_else(life: Life) -> None:
    statements = [s for policy in life.role_policies for s in policy["Statement"]]
    assert _excesses(statements) == []
    assert {action for s in statements for action in _list(s["Action"])} == {
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "lambda:InvokeFunction",
    }


def test_zappas_own_policy_would_not_pass_that_test() -> None:
    assert len(_excesses(json.loads(ATTACH_POLICY)["Statement"])) >= 6


def test_packages_pass_through_one_bucket_of_the_functions_own(life: Life) -> None:
    assert life.buckets == [f"zappa-{FUNCTION}-123456789012-us-east-1"]


def test_package_makes_the_same_zip_twice(life: Life, project: Any, offline: Any) -> None:
    chosen = offline | {"SKZAP_CONFIG": project.config("second")}
    for name in ("once.zip", "twice.zip"):
        done = project.zappa("package", "dev", "-o", name, environment=chosen)
        assert done.returncode == 0, done.stdout + done.stderr
    once, twice = (project.root / name for name in ("once.zip", "twice.zip"))
    assert once.read_bytes() == twice.read_bytes()
    assert _members(life.bundles["second"]) < _members(once.read_bytes())
    _assert_free_of_this_machine(once)
    once.unlink()
    twice.unlink()


def test_wrong_architecture_is_one_line(life: Life, project: Any, offline: Any) -> None:
    settings = json.loads((project.root / "zappa_settings.json").read_bytes())
    settings["dev"]["architecture"] = "arm64"
    (project.root / "arm.json").write_text(json.dumps(settings))
    chosen = offline | {"SKZAP_CONFIG": project.config("second")}
    done = project.zappa("package", "dev", "-s", "arm.json", "-o", "x.zip", environment=chosen)
    assert done.returncode == 1
    assert "built for python3.13 on x86_64" in done.stderr
    assert "arm64" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not (project.root / "x.zip").exists()


def test_a_build_error_is_one_line(project: Any, offline: Any) -> None:
    chosen = offline | {"SKZAP_CONFIG": str(project.root / "missing.toml")}
    done = project.zappa("package", "dev", environment=chosen)
    assert done.returncode == 1
    assert "missing.toml" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_no_credentials_is_one_line(project: Any, offline: Any) -> None:
    done = project.zappa("deploy", "dev", environment=offline | {"AWS_DEFAULT_REGION": "eu-west-1"})
    assert done.returncode == 1
    assert "Unable to locate credentials" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_the_local_stage_never_goes_to_a_real_account(project: Any, offline: Any) -> None:
    key = {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    done = project.zappa("deploy", "local", environment=offline | key)
    assert done.returncode == 1
    assert "AWS_ENDPOINT_URL is not set" in done.stderr


def _deployers_key(aws: LocalAws) -> dict[str, str]:
    """Make a user with the deployer's policy; return its key as variables."""
    path = Path(__file__).parents[2] / "deploy" / "policies" / "deployer.json"
    policy = _for_moto(json.loads(path.read_bytes()))
    iam = aws.client("iam")
    iam.create_user(UserName="deployer")
    iam.put_user_policy(UserName="deployer", PolicyName="deploy", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName="deployer")["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "AWS_SESSION_TOKEN": "",
    }


def _for_moto(policy: dict[str, Any]) -> dict[str, Any]:
    """Say a policy in moto's words.

    It asks for "*" in the place of most ARNs (S3's it knows) and has no conditions. HeadBucket is
    s3:ListBucket on AWS, and what is done to an API has the name of an HTTP verb; moto asks for the
    operations' own names.
    """
    for statement in policy["Statement"]:
        statement.pop("Condition", None)
        if "apigateway:PATCH" in statement["Action"]:
            statement["Action"].append("apigateway:*")
        if "s3:ListBucket" in statement["Action"]:
            statement["Action"].append("s3:HeadBucket")
        else:
            statement["Resource"] = "*"
    return policy


def _role_policies(aws: LocalAws) -> list[dict[str, Any]]:
    iam = aws.client("iam")
    assert iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"] == []
    names = iam.list_role_policies(RoleName=ROLE)["PolicyNames"]
    return [iam.get_role_policy(RoleName=ROLE, PolicyName=n)["PolicyDocument"] for n in names]


def _excesses(statements: list[dict[str, Any]]) -> list[str]:
    """Return what is allowed by a wildcard, or on anything but the function and its own log."""
    log = f"arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/{FUNCTION}"
    function = f"arn:aws:lambda:us-east-1:123456789012:function:{FUNCTION}"
    own = {log, f"{log}:*", function, f"{function}:*"}
    return [
        f"{action} on {resource}"
        for statement in statements
        for action in _list(statement["Action"])
        for resource in _list(statement["Resource"])
        if "*" in action or resource not in own
    ]


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _body() -> dict[str, Any]:
    return {"X": ROW.to_numpy().tolist()}


def _assert_close(answer: dict[str, Any], expected: list[list[float]]) -> None:
    assert answer["probabilities"][0] == pytest.approx(expected[0], rel=1e-9, abs=1e-15)


def _download(aws: LocalAws, location: str) -> bytes:
    with aws.session() as session:
        return bytes(session.get(location, timeout=60).content)


def _members(content: bytes) -> set[tuple[str, str]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {(n, hashlib.sha256(archive.read(n)).hexdigest()) for n in archive.namelist()}


def _digest_in(content: bytes, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return hashlib.sha256(archive.read(name)).hexdigest()


def _assert_free_of_this_machine(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        settings = archive.read("zappa_settings.py").decode()
    for personal in (str(path.parent), str(Path.home()), f"'{getpass.getuser()}'"):
        assert personal not in settings
