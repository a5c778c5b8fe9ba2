from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from model_build.bundle import Target, slim

if TYPE_CHECKING:
    from tests.model_build.bundle.conftest import Install


@pytest.mark.parametrize("part", [*slim.UNUSED, *slim.UNUSED_BY_NUMPY_ENGINE])
def test_what_is_left_out_by_name_is_in_the_wheels(
    part: str, install: "Install", here: Target
) -> None:
    assert list(install(here.architecture).glob(part)), f"{part}: remove it from the list"


def test_every_top_level_name_has_its_distribution(install: "Install", here: Target) -> None:
    site = install(here.architecture)
    owners = slim.owners(site)
    tops = {path.name for path in site.iterdir() if path.suffix != ".dist-info"}
    assert tops - {"bin"} == owners.keys()
    assert owners["numpy.libs"] == owners["numpy"] == "numpy"
    assert owners["apig_wsgi"] == "apig-wsgi"


def test_pruning_keeps_what_it_is_told_and_no_empty_folder(tmp_path: Path) -> None:
    for name in ("a/b/c.py", "a/b/d.py", "a/e/f.py", "g.py", "h/i/j/k.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    slim.prune(tmp_path, [tmp_path / "a/b/c.py", tmp_path / "g.py"])
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    assert left == {"a", "a/b", "a/b/c.py", "g.py"}
