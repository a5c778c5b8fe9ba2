import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.kernel_approximation import PolynomialCountSketch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from handler.engine import FAMILIES
from model_build.bundle.own_code import families_of, needed_modules
from model_build.bundle.slim import leave_out_unnamed
from model_build.export import export_model

HANDLER = Path(__file__).parents[3] / "handler"


def names(families: set[str]) -> set[str]:
    return {path.stem for path in needed_modules(HANDLER, families) if path.parent.name == "engine"}


def copied(families: set[str], folder: Path) -> Path:
    for path in needed_modules(HANDLER, families):
        copy = folder / path.relative_to(HANDLER.parent)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    return folder / "handler"


def test_families_of_all_steps(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(40, 3))
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, X[:, 0] > 0)
    export_model(model, X, tmp_path / "model")
    assert families_of(tmp_path / "model") == {"compose", "preprocessing", "linear"}


def test_what_scikit_learn_serves_needs_no_family(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(40, 3))
    export_model(LogisticRegression().fit(X, X[:, 0] > 0), X, tmp_path / "m", engine="sklearn")
    assert families_of(tmp_path / "m") == set()


def test_only_what_is_imported_ships() -> None:
    linear = names({"linear"})
    assert {"__init__", "base", "linear", "sklearn_engine"} <= linear
    assert not {"trees", "text", "neighbors", "kernel_approximation"} & linear
    assert {"trees", "forest_walk"} <= names({"trees"})
    assert names(set(FAMILIES)) == {path.stem for path in (HANDLER / "engine").glob("*.py")}


@pytest.mark.parametrize("family", ["linear", "boosting", "text", "manifold"])
def test_a_family_is_imported_with_what_ships_alone(family: str, tmp_path: Path) -> None:
    copied({family}, tmp_path)
    program = f"import handler.app, handler.engine.{family} as f; print(f.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.startswith(str(tmp_path)), done.stderr


@pytest.mark.parametrize(("family", "ships"), [("linear", False), ("kernel_approximation", True)])
def test_fourier_transforms_ship_where_they_are_asked(
    family: str, ships: bool, tmp_path: Path
) -> None:
    (tmp_path / "numpy" / "fft").mkdir(parents=True)
    leave_out_unnamed(tmp_path, copied({family}, tmp_path))
    assert (tmp_path / "numpy" / "fft").exists() is ships


def test_the_family_of_sketches(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(40, 3))
    export_model(PolynomialCountSketch().fit(X), X, tmp_path / "model")
    assert families_of(tmp_path / "model") == {"kernel_approximation"}
