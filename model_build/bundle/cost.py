"""What the scikit-learn engine costs: the same figures of a bundle with the numpy engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.linear_model import LinearRegression

from model_build.bundle.golden import Golden
from model_build.bundle.report import BundleReport, Cost
from model_build.export import export_model


def write_smallest_model(folder: Path) -> Golden:
    """Write the artifact of a linear model for the numpy engine; return a request for it."""
    X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]])
    model = LinearRegression().fit(X, [1.0, 2.0, 4.0])
    export_model(model, X, folder, engine="numpy")
    row = [[1.5, 0.5]]
    return Golden("/predict", body={"X": row}, expected={"prediction": model.predict(row).tolist()})


def cost(bundle: BundleReport, smallest: BundleReport) -> Cost:
    """Return the figures of a bundle minus those of the smallest model's bundle."""
    return Cost(
        zip_bytes=bundle.zip_bytes - smallest.zip_bytes,
        unzipped_bytes=bundle.unzipped_bytes - smallest.unzipped_bytes,
        cold_ms=_difference(bundle.replay.cold_ms, smallest.replay.cold_ms),
        memory_bytes=_difference(bundle.replay.memory_bytes, smallest.replay.memory_bytes),
    )


def _difference[Number: (int, float)](first: Number | None, second: Number | None) -> Number | None:
    return None if first is None or second is None else first - second
