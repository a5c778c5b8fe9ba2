"""The choice of a model: cross-validation of the candidates, and the simplest of the best."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    get_scorer,
    jaccard_score,
    make_scorer,
    precision_score,
    recall_score,
)
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from handler.errors import SkzapError
from model_build import features
from model_build.config import TrainingSection
from model_build.config_values import CANDIDATES
from model_build.console import Console, Progress

# A support vector machine's fit takes time quadratic in the rows, at least.
MOST_ROWS_OF_AN_SVM = 5_000
# On a sparse table of thousands of columns these need it dense, or take hours.
NARROW_ONLY = ("rbf_svm", "hist_gradient_boosting", "random_forest")


class SelectionError(SkzapError):
    """No model could be chosen."""


@dataclass(frozen=True)
class Variant:
    """One candidate with one setting of its parameters; `estimator` is not fitted."""

    candidate: str
    parameters: dict[str, float]
    estimator: BaseEstimator


@dataclass(frozen=True)
class Result:
    """A variant's scores, one for each fold, in the folds' order; greater is better."""

    variant: Variant
    scores: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """The mean of the folds' scores."""
        return float(self.scores.mean())


@dataclass(frozen=True)
class Selection:
    """The outcome of the comparison.

    Attributes
    ----------
    chosen : Result
    best : tuple of Result
        The best variant of each candidate, in order of simplicity.
    scoring : str
        The name of the scikit-learn scorer.
    notes : tuple of str
        Candidates that were left out, and why; what scikit-learn warned of.
    """

    chosen: Result
    best: tuple[Result, ...]
    scoring: str
    notes: tuple[str, ...]

    @property
    def estimator(self) -> BaseEstimator:
        """The chosen pipeline, not fitted."""
        return self.chosen.variant.estimator

    def report(self) -> dict[str, Any]:
        """Return the comparison for the report, as JSON can hold it."""
        return {
            "chosen": self.chosen.variant.candidate,
            "scoring": self.scoring,
            "folds": len(self.chosen.scores),
            "candidates": [
                {
                    "name": result.variant.candidate,
                    "parameters": result.variant.parameters,
                    "mean": result.mean,
                    "scores": result.scores.tolist(),
                }
                for result in self.best
            ],
        }


@dataclass(frozen=True)
class _Trial:
    """One fit on one fold: its score, or why there is none, and what was warned of."""

    variant: int
    fold: int
    score: float
    failure: str
    warned: tuple[str, ...]


def select(
    X: pd.DataFrame,
    y: NDArray[Any],
    task: str,
    settings: TrainingSection,
    *,
    plan: features.Plan,
    seed: int,
    console: Console,
) -> Selection:
    """Choose among the candidates by cross-validation on the training rows.

    Of each candidate the variant with the best mean score competes. Chosen is not simply the best
    of them but the simplest (`CANDIDATES` is in that order: by what an answer costs) that is not
    measurably worse: its mean shortfall against the best, fold by fold, is at most one standard
    error of that shortfall. It is the one-standard-error rule (Breiman et al. 1984, Classification
    and Regression Trees, 3.4.3) on paired differences, as all candidates share the folds.

    Parameters
    ----------
    X : DataFrame of shape (n, d)
    y : (n,) array
    task : {"classification", "regression"}
    settings : TrainingSection
        Candidates, scoring and folds.
    plan : features.Plan
        The preparation of X.
    seed : int
        The same seed chooses the same model.
    console : Console

    Raises
    ------
    SelectionError
        For a scorer that does not suit the task, or where no candidate can be fitted and scored.
    """
    scoring = _scoring_name(settings.scoring, task, classes=len(np.unique(y)))
    scorer = _scorer(scoring, task, y)
    names, notes = _names(settings.candidates, len(X), plan)
    variants = [variant for name in names for variant in _variants(name, task, plan, seed)]
    trials = _run(variants, X, y, _folds(task, settings.folds, seed), scorer, console)
    results = list(_results(variants, trials, settings.folds))
    best = tuple(_best_of_each(results))
    notes.extend(_trial_notes(variants, trials))
    if not best:
        raise SelectionError("\n".join(["no candidate can be fitted and scored:", *notes]))
    return Selection(simplest_of_the_best(best), best, scoring, tuple(notes))


def _scoring_name(scoring: str, task: str, *, classes: int) -> str:
    if scoring != "auto":
        return scoring
    if task == "regression":
        return "r2"
    # Not log loss for many classes: it tells more of a candidate's calibration than of its answers.
    return "roc_auc" if classes == 2 else "accuracy"


def _scorer(name: str, task: str, y: NDArray[Any]) -> Any:
    """Return scikit-learn's scorer; for two classes the second is the positive one."""
    scorer = get_scorer(name)
    made_for = scorer._score_func.__module__  # the only place that tells a scorer's task
    for_regression = made_for.endswith("_regression")
    if "cluster" in made_for or for_regression != (task == "regression"):
        raise SelectionError(f"training.scoring = {name!r}: it is not a score of {task}")
    if name not in _ONE_SIDED:
        return scorer
    # By themselves these take only a class called 1 for positive.
    score, settings = _ONE_SIDED[name]
    return make_scorer(score, pos_label=_positive(name, y), **settings)


_ONE_SIDED: dict[str, tuple[Any, dict[str, Any]]] = {
    "average_precision": (
        average_precision_score,
        {"response_method": ("decision_function", "predict_proba")},
    ),
    "f1": (f1_score, {"zero_division": 0}),
    "jaccard": (jaccard_score, {"zero_division": 0}),
    "precision": (precision_score, {"zero_division": 0}),
    "recall": (recall_score, {"zero_division": 0}),
}


def _positive(scoring: str, y: NDArray[Any]) -> Any:
    classes = np.unique(y)
    if len(classes) == 2:
        return classes[1]
    raise SelectionError(
        f"training.scoring = {scoring!r} is for two classes, and the target has {len(classes)}; "
        "the scores for more have names such as f1_macro, roc_auc_ovr and balanced_accuracy"
    )


def _names(
    candidates: str | tuple[str, ...], rows: int, plan: features.Plan
) -> tuple[list[str], list[str]]:
    """Return the candidates to compare, and a note for each that `auto` leaves out."""
    if candidates != "auto":
        return [name for name in CANDIDATES if name in candidates], []
    left_out = {}
    if rows > MOST_ROWS_OF_AN_SVM:
        left_out["rbf_svm"] = f"it would be slow on {rows} rows"
    if plan.sparse:
        for name in NARROW_ONLY:
            left_out[name] = "the categories make the table too wide for it"
    notes = [f"{name} is left out: {reason}" for name, reason in left_out.items()]
    return [name for name in CANDIDATES if name not in left_out], notes


def _variants(name: str, task: str, plan: features.Plan, seed: int) -> Iterator[Variant]:
    """Make a candidate's variants, simpler ones first; they are few, for a build of minutes."""
    grid, make = (CLASSIFIERS if task == "classification" else REGRESSORS)[name]
    for parameters in grid:
        model = make(parameters, seed)
        pipeline = Pipeline([("prepare", features.preparation(plan)), ("model", model)])
        yield Variant(name, parameters, pipeline)


def _svc(parameters: dict[str, float], seed: int) -> BaseEstimator:
    # SVC has no probabilities of its own; scikit-learn's documentation of SVC advises this.
    return CalibratedClassifierCV(SVC(**parameters), ensemble=False, cv=3)


def _svr(parameters: dict[str, float], seed: int) -> BaseEstimator:
    # SVR's C and epsilon are in the target's unit.
    return TransformedTargetRegressor(SVR(**parameters), transformer=StandardScaler())


# 2048 leaves a tree keep the artifact of a hundred trees within some 15 MB, whatever the rows.
_FOREST = {"n_estimators": 100, "max_leaf_nodes": 2048}
# Early stopping would hold back rows for a gain in time that a fixed number of rounds has too.
_BOOSTING = {"max_iter": 200, "learning_rate": 0.05, "early_stopping": False}

_TREE_GRID = [{"max_depth": depth, "min_samples_leaf": 10} for depth in (3, 6)]
_SVM_GRID = [{"C": C} for C in (1.0, 10.0)]
_BOOSTING_GRID = [{"max_leaf_nodes": leaves} for leaves in (7, 31)]
_FOREST_GRID = [{"min_samples_leaf": leaf} for leaf in (5, 1)]

CLASSIFIERS: dict[str, tuple[list[dict[str, Any]], Any]] = {
    "linear": (
        [{"C": C} for C in (0.01, 0.1, 1.0, 10.0)],
        lambda parameters, seed: LogisticRegression(**parameters, max_iter=2000),
    ),
    "decision_tree": (
        _TREE_GRID,
        lambda parameters, seed: DecisionTreeClassifier(**parameters, random_state=seed),
    ),
    "rbf_svm": (_SVM_GRID, _svc),
    "hist_gradient_boosting": (
        _BOOSTING_GRID,
        lambda parameters, seed: HistGradientBoostingClassifier(
            **_BOOSTING, **parameters, random_state=seed
        ),
    ),
    "random_forest": (
        _FOREST_GRID,
        lambda parameters, seed: RandomForestClassifier(**_FOREST, **parameters, random_state=seed),
    ),
}

REGRESSORS: dict[str, tuple[list[dict[str, Any]], Any]] = {
    "linear": (
        [{"alpha": alpha} for alpha in (100.0, 10.0, 1.0, 0.1)],
        lambda parameters, seed: Ridge(**parameters),
    ),
    "decision_tree": (
        _TREE_GRID,
        lambda parameters, seed: DecisionTreeRegressor(**parameters, random_state=seed),
    ),
    "rbf_svm": (_SVM_GRID, _svr),
    "hist_gradient_boosting": (
        _BOOSTING_GRID,
        lambda parameters, seed: HistGradientBoostingRegressor(
            **_BOOSTING, **parameters, random_state=seed
        ),
    ),
    "random_forest": (
        _FOREST_GRID,
        lambda parameters, seed: RandomForestRegressor(**_FOREST, **parameters, random_state=seed),
    ),
}


def _folds(task: str, count: int, seed: int) -> KFold | StratifiedKFold:
    kind = StratifiedKFold if task == "classification" else KFold
    return kind(count, shuffle=True, random_state=seed)


def _run(
    variants: list[Variant],
    X: pd.DataFrame,
    y: NDArray[Any],
    folds: KFold | StratifiedKFold,
    scorer: Any,
    console: Console,
) -> list[_Trial]:
    splits = list(enumerate(folds.split(X, y)))
    calls = [
        joblib.delayed(_try)(i, variant.estimator, X, y, fold, split, scorer)
        for i, variant in enumerate(variants)
        for fold, split in splits
    ]
    # Processes of one thread each: the same sums in the same order on any number of processors.
    parallel = joblib.Parallel(
        n_jobs=min(joblib.cpu_count(), len(calls)), return_as="generator_unordered", max_nbytes=None
    )
    with (
        console.progress("cross-validation, fits", len(calls)) as progress,
        joblib.parallel_config(backend="loky", inner_max_num_threads=1),
    ):
        return sorted(_counted(parallel(calls), progress), key=lambda trial: trial.fold)


def _counted(trials: Iterator[_Trial], progress: Progress) -> Iterator[_Trial]:
    for trial in trials:
        progress.advance()
        yield trial


def _try(
    variant: int,
    estimator: BaseEstimator,
    X: pd.DataFrame,
    y: NDArray[Any],
    fold: int,
    split: tuple[NDArray[np.intp], NDArray[np.intp]],
    scorer: Any,
) -> _Trial:
    """Fit on one part and score on the other, in a process of its own; nothing is raised."""
    train, test = split
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            fitted = clone(estimator).fit(X.iloc[train], y[train])
            score = float(scorer(fitted, X.iloc[test], y[test]))
            failure = "" if np.isfinite(score) else f"its score is {score}"
        except Exception as error:
            # Whatever one candidate fails of, the others may do: it is reported with the rest.
            score, failure = np.nan, f"{type(error).__name__}: {error}"
    return _Trial(variant, fold, score, _first_line(failure), _messages(caught))


def _messages(caught: list[warnings.WarningMessage]) -> tuple[str, ...]:
    return tuple(f"{item.category.__name__}: {_first_line(str(item.message))}" for item in caught)


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _results(variants: list[Variant], trials: list[_Trial], folds: int) -> Iterator[Result]:
    for i, variant in enumerate(variants):
        mine = [trial for trial in trials if trial.variant == i]
        if not any(trial.failure for trial in mine):
            yield Result(variant, np.array([trial.score for trial in mine]))


def _best_of_each(results: list[Result]) -> Iterator[Result]:
    for name in CANDIDATES:
        mine = [result for result in results if result.variant.candidate == name]
        if mine:
            yield max(mine, key=lambda result: result.mean)  # the first, the simplest, of equals


def simplest_of_the_best(results: tuple[Result, ...]) -> Result:
    """Return the first result that is not measurably worse than the best; `select` says what is.

    Parameters
    ----------
    results : tuple of Result
        In order of simplicity, of the same folds.
    """
    best = max(results, key=lambda result: result.mean)
    return next(result for result in results if not _measurably_worse(result, best))


def _measurably_worse(result: Result, best: Result) -> bool:
    shortfall = best.scores - result.scores
    return bool(shortfall.mean() > shortfall.std(ddof=1) / np.sqrt(len(shortfall)))


def _trial_notes(variants: list[Variant], trials: list[_Trial]) -> list[str]:
    """Say once for each candidate what failed and what was warned of."""
    failed = {(variants[t.variant].candidate, t.failure) for t in trials if t.failure}
    warned = {(variants[t.variant].candidate, text) for t in trials for text in t.warned}
    return [
        *(f"{name} failed: {reason}" for name, reason in sorted(failed)),
        *(f"{name}: scikit-learn warned: {text}" for name, text in sorted(warned)),
    ]
