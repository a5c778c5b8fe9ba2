"""Decision trees and forests of them: the mean of the trees' leaf values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handler.engine.base import Classifier, Evaluator
from handler.engine.checks import as_float32
from handler.engine.forest_walk import Forest, sum_vectors
from handler.engine.table import Array, Floats, Inputs


@dataclass(frozen=True, eq=False, kw_only=True)
class _Trees(Evaluator):
    """The mean of the trees' leaf values, which all evaluators here answer with.

    Parameters
    ----------
    forest : fields of ``forest_walk.Forest``, with float32 thresholds
    values : (n_values, width)
    missing : bool
        Whether missing values are taken.
    """

    forest: Mapping[str, Array]
    values: Array
    missing: bool
    _forest: Forest = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Derive the nodes' links once, before the first request."""
        object.__setattr__(self, "_forest", Forest(**self.forest))

    def _means(self, X: Inputs) -> Floats:
        """Return the means, shape (n, width), as ``_accumulate_prediction`` adds them up."""
        values = as_float32(X, missing=self.missing)
        total: Floats = sum_vectors(self._forest, self.values, values)
        total /= len(self._forest.roots)
        return total


@dataclass(frozen=True, eq=False, kw_only=True)
class TreesRegressor(_Trees):
    """The mirror of ``DecisionTreeRegressor`` and of ``ForestRegressor``."""

    def predict(self, X: Inputs) -> Array:
        """Return the means, shape (n,) or (n, n_outputs)."""
        means = self._means(X)
        return means[:, 0] if means.shape[1] == 1 else means


@dataclass(frozen=True, eq=False, kw_only=True)
class TreesClassifier(_Trees, Classifier):
    """The mirror of ``DecisionTreeClassifier`` and of ``ForestClassifier``.

    Parameters
    ----------
    classes : (n_classes,)
    """

    classes: Array

    def predict(self, X: Inputs) -> Array:
        """Return the most probable classes, the first among equals, shape (n,)."""
        return self.classes.take(np.argmax(self._means(X), axis=1))

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the mean shares of the classes in the leaves, shape (n, n_classes)."""
        return self._means(X)


@dataclass(frozen=True, eq=False, kw_only=True)
class MultiOutputTreesClassifier(_Trees):
    """The mirror of the same two for several targets.

    Parameters
    ----------
    classes : for each target, its classes; ``values`` has the targets' classes side by side
    """

    classes: Sequence[Array]

    def predict(self, X: Inputs) -> Array:
        """Return the most probable class of each target, shape (n, n_outputs)."""
        shares = self.predict_proba(X)
        # As in scikit-learn, all targets are told in the first one's type.
        answer = np.empty((len(shares[0]), len(shares)), dtype=self.classes[0].dtype)
        for k, (classes, share) in enumerate(zip(self.classes, shares, strict=True)):
            answer[:, k] = classes.take(np.argmax(share, axis=1))
        return answer

    def predict_proba(self, X: Inputs) -> Any:
        """Return for each target its classes' mean shares: a list of (n, n_classes)."""
        widths = [len(classes) for classes in self.classes]
        return np.split(self._means(X), np.cumsum(widths)[:-1], axis=1)

    def predict_log_proba(self, X: Inputs) -> Any:
        """Return the logarithms of ``predict_proba``; that of 0 is -inf, as in scikit-learn."""
        with np.errstate(divide="ignore"):
            return [np.log(share) for share in self.predict_proba(X)]
