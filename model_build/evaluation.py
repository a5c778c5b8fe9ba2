"""The measures of a finished model on the rows that were held out, beside a dummy's."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    log_loss,
    mean_absolute_error,
    precision_recall_fscore_support,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)


def evaluate(
    estimator: Any,
    X_test: Any,
    y_test: NDArray[Any],
    *,
    y_train: NDArray[Any],
    task: str,
) -> dict[str, Any]:
    """Measure a fitted estimator on held-out rows.

    Parameters
    ----------
    estimator : fitted estimator
    X_test : its inputs, of n rows
    y_test : (n,) array
    y_train : (m,) array
        What the baseline learns: the frequencies of the classes, or the mean.
    task : {"classification", "regression"}

    Returns
    -------
    dict
        As JSON can hold it. Regression: `r2`, `mae`, `rmse` (in the target's unit). Classification:
        `accuracy`, `precision`, `recall`, `f1` (of `positive_class`, the second of two classes; the
        plain mean over more), `roc_auc` (one against the rest for more than two), `log_loss` (in
        nats), `confusion_matrix` (a row for each true class, a column for each predicted one) and
        `per_class`. A measure that the estimator gives no numbers for, or that is undefined on
        these rows, is None. `baseline` holds the same measures of a model that knows no inputs.
    """
    rows = {"train": len(y_train), "test": len(y_test)}
    if task == "regression":
        baseline = DummyRegressor().fit(np.zeros((len(y_train), 1)), y_train)
        blind = np.zeros((len(y_test), 1))
        return {
            "rows": rows,
            **_regression(estimator.predict(X_test), y_test),
            "baseline": {
                "strategy": "the mean",
                **_regression(baseline.predict(blind), y_test),
            },
        }
    return {"rows": rows, **_classification(estimator, X_test, y_test, y_train)}


def _regression(predicted: NDArray[Any], y: NDArray[Any]) -> dict[str, Any]:
    return {
        "r2": float(r2_score(y, predicted)) if len(y) > 1 else None,
        "mae": float(mean_absolute_error(y, predicted)),
        "rmse": float(root_mean_squared_error(y, predicted)),
    }


def _classification(
    estimator: Any, X_test: Any, y_test: NDArray[Any], y_train: NDArray[Any]
) -> dict[str, Any]:
    classes = list(estimator.classes_)
    predicted = estimator.predict(X_test)
    baseline = DummyClassifier(strategy="prior").fit(np.zeros((len(y_train), 1)), y_train)
    blind = np.zeros((len(y_test), 1))
    return {
        "classes": [plain(label) for label in classes],
        "positive_class": plain(classes[1]) if len(classes) == 2 else None,
        **_measures(y_test, predicted, classes),
        **_probability_measures(estimator, X_test, y_test, classes),
        "confusion_matrix": confusion_matrix(y_test, predicted, labels=classes).tolist(),
        "per_class": _per_class(y_test, predicted, classes),
        "baseline": {
            "strategy": "the most frequent class",
            **_measures(y_test, baseline.predict(blind), classes),
            **_probability_measures(baseline, blind, y_test, list(baseline.classes_)),
        },
    }


def _measures(y: NDArray[Any], predicted: NDArray[Any], classes: Sequence[Any]) -> dict[str, float]:
    of_two = {"average": "binary", "pos_label": classes[-1]}
    of_more = {"average": "macro", "labels": classes}
    precision, recall, f1, _ = precision_recall_fscore_support(
        y, predicted, zero_division=0, **(of_two if len(classes) == 2 else of_more)
    )
    return {
        "accuracy": float(accuracy_score(y, predicted)),
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
    }


def _probability_measures(
    estimator: Any, X: Any, y: NDArray[Any], classes: Sequence[Any]
) -> dict[str, float | None]:
    if not hasattr(estimator, "predict_proba"):
        return {"roc_auc": _roc_auc(estimator, X, y, None, classes), "log_loss": None}
    probabilities = np.asarray(estimator.predict_proba(X), dtype=np.float64)
    return {
        "roc_auc": _roc_auc(estimator, X, y, probabilities, classes),
        "log_loss": float(log_loss(y, probabilities, labels=classes)),
    }


def _roc_auc(
    estimator: Any,
    X: Any,
    y: NDArray[Any],
    probabilities: NDArray[np.float64] | None,
    classes: Sequence[Any],
) -> float | None:
    if len(np.unique(y)) < len(classes):
        return None  # the curve of a class without rows is undefined
    if len(classes) > 2:
        if probabilities is None:
            return None
        return float(roc_auc_score(y, probabilities, multi_class="ovr", labels=classes))
    if probabilities is not None:
        return float(roc_auc_score(y == classes[1], probabilities[:, 1]))
    if hasattr(estimator, "decision_function"):
        return float(roc_auc_score(y == classes[1], estimator.decision_function(X)))
    return None


def _per_class(
    y: NDArray[Any], predicted: NDArray[Any], classes: Sequence[Any]
) -> list[dict[str, Any]]:
    columns = precision_recall_fscore_support(y, predicted, labels=classes, zero_division=0)
    return [
        {
            "class": plain(label),
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            "rows": int(rows),
        }
        for label, precision, recall, f1, rows in zip(classes, *columns, strict=True)
    ]


def plain(label: Any) -> Any:
    """Return a class label as JSON holds it: a str, bool, int or float of Python's own."""
    return label.item() if isinstance(label, np.generic) else label
