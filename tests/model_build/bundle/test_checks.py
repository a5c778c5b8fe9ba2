import zipfile
from pathlib import Path

import pytest

from model_build.bundle import TooLarge
from model_build.bundle.checks import check_limits
from model_build.bundle.report import measure

MEGABYTE = 1_000_000


def test_over_the_unzipped_limit_the_largest_parts_are_listed(tmp_path: Path) -> None:
    sizes = {"scipy/a.so": 150, "scipy.libs/b.so": 60, "numpy/c.so": 60, "handler/d.py": 1}
    zipped = _zip(tmp_path, {name: bytes(size * MEGABYTE) for name, size in sizes.items()})
    with pytest.raises(TooLarge) as caught:
        check_limits(measure(zipped, {"scipy.libs": "scipy"}))
    first, *listed = str(caught.value).splitlines()
    assert first == "the bundle has 271,000,000 bytes unzipped, Lambda takes 262,144,000 at most"
    columns = [line.split() for line in listed]
    assert [(line[0], line[-1]) for line in columns[1:4]] == [
        ("210,000,000", "scipy"),
        ("60,000,000", "numpy"),
        ("1,000,000", "handler"),
    ]
    assert columns[5] == ["150,000,000", "scipy/a.so"]


def test_a_zip_for_s3_alone_is_told_with_the_largest_parts(tmp_path: Path) -> None:
    stored = _zip(
        tmp_path, {"numpy/a.so": bytes(52 * MEGABYTE), "model/b": bytes(MEGABYTE)}, stored=True
    )
    (warning,) = check_limits(measure(stored, {}))
    with pytest.raises(TooLarge, match="in a direct upload") as error:
        check_limits(measure(stored, {}), "direct")
    assert "largest parts" in str(error.value)
    assert "bytes: it can be deployed through S3, as Zappa does, but not directly" in warning
    assert "52,428,800" in warning
    assert "52,000,000   52,000,000  numpy" in warning


def test_within_the_limits_nothing_is_said(tmp_path: Path) -> None:
    assert check_limits(measure(_zip(tmp_path, {"numpy/a.so": bytes(262_144_000)}), {})) == []


def _zip(folder: Path, contents: dict[str, bytes], *, stored: bool = False) -> Path:
    path = folder / "lambda.zip"
    kind = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, "w", kind, compresslevel=1) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path
