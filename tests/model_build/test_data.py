import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from model_build import data
from model_build.config import Config
from model_build.data import DataError

CREDIT = Path(__file__).parent.parent.parent / "examples" / "credit_risk" / "german_credit.csv"
WriteConfig = Callable[..., Config]
ROWS = "".join(f"{i * 37 % 101},{'abc'[i % 3]},{'no' if i % 2 else 'yes'}\n" for i in range(40))
TABLE = f"x,colour,y\n{ROWS}"


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave no real credentials or endpoints within reach."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")


@pytest.fixture
def bucket() -> Iterator[str]:
    with mock_aws():
        boto3.client("s3").create_bucket(
            Bucket="tables", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        yield "tables"


def refusal(configure: WriteConfig, settings: str) -> str:
    with pytest.raises(DataError) as raised:
        data.load(configure(settings))
    return str(raised.value)


def refused_table(configure: WriteConfig, tmp_path: Path, table: str | bytes) -> str:
    content = table.encode() if isinstance(table, str) else table
    (tmp_path / "t.csv").write_bytes(content)
    message = refusal(configure, 'source = "t.csv"\ntarget = "y"')
    assert message.startswith("t.csv: ")
    return message.removeprefix("t.csv: ")


def test_the_credit_risk_data(configure: WriteConfig) -> None:
    dataset = data.load(configure(f'source = "{CREDIT}"\ntarget = "class"\ndrop = ["job"]'))
    assert dataset.X.shape == (1000, 19)
    assert dataset.task == "classification"
    assert sorted(zip(*np.unique(dataset.y, return_counts=True), strict=True)) == [
        ("bad", 300),
        ("good", 700),
    ]
    assert dataset.sha256 == hashlib.sha256(CREDIT.read_bytes()).hexdigest()
    assert dataset.notes == ()


@pytest.mark.parametrize("suffix", ["csv", "tsv", "TAB"])
@pytest.mark.parametrize("start", ["", "\ufeff", "\n\n"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_the_ways_to_write_a_table(
    configure: WriteConfig, tmp_path: Path, suffix: str, start: str, newline: str
) -> None:
    table = TABLE if suffix == "csv" else TABLE.replace(",", "\t")
    text = start + table.replace("\n", newline)
    (tmp_path / f"a b.{suffix}").write_bytes(text.encode())
    dataset = data.load(configure(f'source = "a b.{suffix}"\ntarget = "y"'))
    assert list(dataset.X.columns) == ["x", "colour"]
    assert dataset.X["x"].tolist() == [i * 37 % 101 for i in range(40)]
    assert dataset.y.tolist() == ["yes", "no"] * 20


def test_semicolons_separate_where_the_header_has_them(
    configure: WriteConfig, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text(TABLE.replace(",", ";"))
    assert data.load(configure('source = "t.csv"\ntarget = "y"')).X.shape == (40, 2)


def test_tab_separated_values_know_no_quotes(configure: WriteConfig, tmp_path: Path) -> None:
    text = "say\ty\n" + '"hi" he said\tno\n"\tyes\n' * 10
    (tmp_path / "t.tsv").write_text(text)
    dataset = data.load(configure('source = "t.tsv"\ntarget = "y"'))
    assert dataset.X["say"].tolist() == ['"hi" he said', '"'] * 10


def test_what_counts_as_missing(configure: WriteConfig, tmp_path: Path) -> None:
    cells = ["", "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "none", "-", "n/a", "inf "]
    rows = "".join(f'"{cell}",{i % 2}\n' for i, cell in enumerate(cells * 4))
    (tmp_path / "t.csv").write_text(f"x,y\n{rows}")
    x = data.load(configure('source = "t.csv"\ntarget = "y"')).X["x"]
    assert x[:12].isna().tolist() == [True] * 7 + [False] * 5


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_a_number_is_the_same_float_as_in_json(numbers: list[float]) -> None:
    content = "x\n" + "".join(f"{number!r}\n" for number in [*numbers, 0.5])
    frame = data.parse(content.encode(), tab_separated=False)
    assert frame["x"].tolist() == [*numbers, 0.5]
    assert [math.copysign(1, value) for value in frame["x"]] == [
        math.copysign(1, number) for number in [*numbers, 0.5]
    ]


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_a_table_or_an_error(content: bytes, tab_separated: bool) -> None:
    try:
        frame = data.parse(content, tab_separated=tab_separated)
    except DataError:
        return
    assert isinstance(frame, pd.DataFrame)
    assert len(set(frame.columns)) == len(frame.columns)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("", "empty: expected a header line and rows"),
        (" \n\n", "empty: expected a header line and rows"),
        ("x,y\n", "the target 'y' has no rows: nothing can be learned from it"),
        (b"PK\x03\x04\x00\x00", "not a text file: it holds null bytes (expected CSV or TSV)"),
        (b"x,y\n\xe9,1\n", "line 2 is not UTF-8: convert the file to UTF-8"),
        ("x,y,x\n1,2,3\n", "several columns are called 'x': rename or remove them"),
        ("x,,y\n1,2,3\n", "column 2 has no name in the header line"),
        ("y\n" + "a\nb\n" * 20, "no column is left to learn from, beside the target"),
        (
            "x,Y\n1,2\n",
            "data.target names 'y', which is no column; did you mean \"Y\"? (the columns are 'x', "
            "'Y')",
        ),
        (
            "x,y\n1,a\n2,\n3,b\n",
            "the target 'y' is missing in 1 of 3 rows (data row 2): fill it or remove those rows",
        ),
        (
            "x,y\n" + "1,a\n" * 30,
            "the target 'y' is 'a' in every row: nothing can be learned from it",
        ),
        (
            "x,y\n1,a\n2,b\n",
            "2 rows are too few: 5 folds and a held-out part of 0.2 need at least 16",
        ),
        (
            "x,y\n" + "1,a\n" * 30 + "1,b\n" * 7,
            "class 'b' of the target 'y' has 7 rows; 5 folds and a held-out part of 0.2 need 8 of "
            "each class: remove or merge rare classes, or lower training.folds",
        ),
        (
            "x,y\n1,a\ninf,b\n-inf,b\n",
            "column 'x' is infinite in 2 rows (data row 2, 3): scikit-learn takes finite numbers "
            "only; leave the cells empty where they are missing",
        ),
    ],
)
def test_a_bad_table_is_refused(
    configure: WriteConfig, tmp_path: Path, table: str | bytes, expected: str
) -> None:
    assert refused_table(configure, tmp_path, table) == expected


@pytest.mark.parametrize("table", ["x,y\n1,2\n1,2,3\n", "x,y\n1,2,3\n1,2,3\n"])
def test_a_row_with_too_many_cells_is_refused(
    configure: WriteConfig, tmp_path: Path, table: str
) -> None:
    assert refused_table(configure, tmp_path, table).startswith("not a table: ")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("'abc'[i % 3]", "classification"),
        ("i % 2 == 0", "classification"),
        ("i % 4", "classification"),
        ("i % 4 + 0.0", "classification"),
        ("i % 5", "regression"),  # fewer than ten rows of each
        ("i", "regression"),
        ("i % 2 + 0.5", "regression"),
    ],
)
def test_the_task_follows_from_the_target(
    configure: WriteConfig, tmp_path: Path, target: str, expected: str
) -> None:
    values = [eval(target, {"i": i}) for i in range(48)]
    pd.DataFrame({"x": range(48), "y": values}).to_csv(tmp_path / "t.csv", index=False)
    dataset = data.load(configure('source = "t.csv"\ntarget = "y"'))
    assert dataset.task == expected
    assert dataset.y.tolist() == values


def test_a_task_that_the_target_does_not_allow(configure: WriteConfig, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TABLE)
    assert refusal(configure, 'source = "t.csv"\ntarget = "y"\ntask = "regression"') == (
        "t.csv: data.task is regression, but the target 'y' is not numeric"
    )
    (tmp_path / "t.csv").write_text("x,y\n" + "1,0.5\n2,1.5\n" * 20)
    assert refusal(configure, 'source = "t.csv"\ntarget = "y"\ntask = "classification"') == (
        "t.csv: data.task is classification, but the target 'y' holds fractions"
    )


def test_more_classes_than_rows_held_out(configure: WriteConfig, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{i},c{i % 9}\n" for i in range(90)))
    message = refusal(configure, 'source = "t.csv"\ntarget = "y"\ntest_size = 0.05')
    assert message == (
        "t.csv: data.test_size = 0.05 of 90 rows leaves one part with fewer rows than the 9 "
        "classes of the target 'y'"
    )


def test_repeated_rows_are_reported_without_the_dropped_columns(
    configure: WriteConfig, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text(
        "id,x,y\n" + "".join(f"{i},{i % 9},{i % 2}\n" for i in range(36))
    )
    with_id = data.load(configure('source = "t.csv"\ntarget = "y"'))
    without = data.load(configure('source = "t.csv"\ntarget = "y"\ndrop = ["id"]'))
    assert not any("repeat" in note for note in with_id.notes)
    assert any(note.startswith("18 of 36 rows repeat an earlier row") for note in without.notes)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ('drop = ["nmae"]', "data.drop names 'nmae', which is no column; did you mean \"name\"?"),
        ('categorical = ["zip"]', "data.categorical names 'zip', which is no column (the columns"),
    ],
)
def test_unknown_columns_are_named(
    configure: WriteConfig, tmp_path: Path, settings: str, expected: str
) -> None:
    (tmp_path / "t.csv").write_text("name,y\n" + "a,1\nb,2\n" * 20)
    assert expected in refusal(configure, f'source = "t.csv"\ntarget = "y"\n{settings}')


def test_a_missing_file_names_its_neighbour(configure: WriteConfig, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(TABLE)
    assert refusal(configure, 'source = "tabel.csv"\ntarget = "y"') == (
        f"tabel.csv: there is no such file (looked for {tmp_path / 'tabel.csv'}); "
        'did you mean "table.csv"?'
    )
    assert "Is a directory" in refusal(configure, f'source = "{tmp_path}"\ntarget = "y"')
    assert "null byte" in refusal(configure, 'source = "a\\u0000b"\ntarget = "y"')


@pytest.mark.parametrize(
    ("name", "target", "task", "shape"),
    [
        ("load_breast_cancer", "target", "classification", (569, 30)),
        ("load_iris", "target", "classification", (150, 4)),
        ("load_wine", "target", "classification", (178, 13)),
        ("load_digits", "target", "classification", (1797, 64)),
        ("load_diabetes", "target", "regression", (442, 10)),
        ("load_linnerud", "Weight", "regression", (20, 5)),
    ],
)
def test_the_data_sets_of_scikit_learn(
    configure: WriteConfig, name: str, target: str, task: str, shape: tuple[int, int]
) -> None:
    dataset = data.load(configure(f'source = "sklearn:{name}"\ntarget = "{target}"'))
    assert (dataset.task, dataset.X.shape) == (task, shape)
    assert re.fullmatch("[0-9a-f]{64}", dataset.sha256)


@pytest.mark.parametrize("name", ["load_irsi", "fetch_california_housing", "load_files", ""])
def test_unknown_data_sets_of_scikit_learn(configure: WriteConfig, name: str) -> None:
    message = refusal(configure, f'source = "sklearn:{name}"')
    assert message.startswith(f"sklearn:{name}: scikit-learn has no such data set")
    assert "load_breast_cancer, load_diabetes, load_digits, load_iris" in message


def test_a_table_in_s3(configure: WriteConfig, bucket: str) -> None:
    boto3.client("s3").put_object(Bucket=bucket, Key="a b/t#1?.tsv", Body=TABLE.replace(",", "\t"))
    dataset = data.load(configure(f'source = "s3://{bucket}/a b/t#1?.tsv"\ntarget = "y"'))
    assert dataset.X.shape == (40, 2)
    assert dataset.sha256 == hashlib.sha256(TABLE.replace(",", "\t").encode()).hexdigest()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("s3://tables/no.csv", "bucket 'tables' has no object 'no.csv'"),
        ("s3://elsewhere/no.csv", "there is no bucket 'elsewhere'"),
        ("s3://tables", "expected s3://bucket/key"),
        ("s3:///key", "expected s3://bucket/key"),
        ("s3://a_B!/key", "S3 could not be asked: Parameter validation failed: Invalid bucket"),
    ],
)
def test_what_is_not_in_s3(configure: WriteConfig, bucket: str, source: str, expected: str) -> None:
    message = refusal(configure, f'source = "{source}"\ntarget = "y"')
    assert message.startswith(f"{source}: {expected}")
    assert "\n" not in message


def test_s3_without_credentials(configure: WriteConfig) -> None:
    assert refusal(configure, 'source = "s3://tables/t.csv"\ntarget = "y"') == (
        "s3://tables/t.csv: S3 could not be asked: Unable to locate credentials"
    )


def test_s3_that_may_not_be_read(configure: WriteConfig, bucket: str) -> None:
    client = boto3.client("s3")
    client.put_object(Bucket=bucket, Key="t.csv", Body=TABLE)
    arn = f"arn:aws:s3:::{bucket}/*"
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": arn}
    policy = {"Version": "2012-10-17", "Statement": [deny]}
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    message = refusal(configure, f'source = "s3://{bucket}/t.csv"\ntarget = "y"')
    assert message.startswith(
        f"s3://{bucket}/t.csv: access denied: the credentials in use need s3:GetObject"
    )
