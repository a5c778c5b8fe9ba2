"""The user's own estimator: found, loaded, and given its inputs in the form that it takes."""

import hashlib
import importlib
import io
import pickle
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
from sklearn.base import is_classifier, is_regressor
from sklearn.exceptions import InconsistentVersionWarning, NotFittedError
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from handler.errors import SkzapError
from model_build.console import Console
from model_build.suggestion import did_you_mean

Inputs = Any
"""What an estimator takes: a DataFrame, an array of shape (n, d), or a list of n str."""


# Our own packages, which are in the configuration's folder where that is the project's.
_SKZAP = frozenset({"handler", "model_build", "local_aws", "deploy", "benchmarks", "conftest"})


class EstimatorError(SkzapError):
    """The user's own estimator cannot be loaded or used; names the file or the function."""


def load(reference: str, root: Path, *, console: Console) -> Any:
    """Load a .joblib file, or call the function of "module:function".

    Parameters
    ----------
    reference : str
        As `training.estimator` has it, checked.
    root : Path
        The folder of relative paths; modules are looked for there first.
    console : Console
        Is warned that a joblib file executes code, and of one made by another scikit-learn.

    Raises
    ------
    EstimatorError
        For a missing or unreadable file, a missing module or function, one that raises, and for
        what is neither a classifier nor a regressor.
    """
    with _importable(root):
        if reference.endswith(".joblib"):
            estimator = _load_joblib(root / reference, reference, console)
        else:
            estimator = _call(reference, root)
    if not (_tells(is_classifier, estimator) or _tells(is_regressor, estimator)):
        raise EstimatorError(
            f"{reference}: expected a scikit-learn classifier or regressor (or a pipeline that "
            f"ends in one), got {type(estimator).__name__}"
        )
    return estimator


def task_of(estimator: Any) -> str:
    """Return "classification" or "regression"."""
    return "classification" if is_classifier(estimator) else "regression"


def is_fitted(estimator: Any) -> bool:
    """Tell whether an estimator can predict already."""
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True


def inputs(estimator: Any, X: pd.DataFrame, *, fitted: bool) -> Inputs:
    """Return a table as an estimator takes it.

    An estimator that starts with a text vectorizer takes the table's only column as a list of str;
    one that was fitted on named columns takes those, in its order; one that was fitted on an array
    takes an array; any other takes the table.

    Raises
    ------
    EstimatorError
        Where the columns are not the ones that the estimator takes.
    """
    if takes_text(estimator):
        return _texts(X)
    if not fitted:
        return X
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None:
        return X[_known(list(names), list(X.columns))]
    width = getattr(estimator, "n_features_in_", X.shape[1])
    if width != X.shape[1]:
        raise EstimatorError(
            f"the fitted estimator takes {width} columns and the data has {X.shape[1]} "
            f"({', '.join(map(repr, X.columns[:20]))}): name the others in data.drop"
        )
    return X.to_numpy()


def takes_text(estimator: Any) -> bool:
    """Tell whether what sees the inputs first is a text vectorizer."""
    for first in ("steps", "transformer_list"):
        if hasattr(estimator, first):
            return takes_text(getattr(estimator, first)[0][1])
    for wrapped in ("best_estimator_", "estimator"):
        if hasattr(estimator, wrapped):
            return takes_text(getattr(estimator, wrapped))
    if not hasattr(estimator, "__sklearn_tags__"):
        return False  # "passthrough", and the like
    tags = get_tags(estimator).input_tags
    return bool(tags.string and not tags.two_d_array)


def sources_sha256(reference: str, root: Path) -> str:
    """Return the SHA-256 of the files that an estimator comes from.

    Of a joblib file, its bytes; of a module, those of all modules beside it (the helpers that it
    may import), or of its whole package.
    """
    if reference.endswith(".joblib"):
        files = [root / reference]
    else:
        files = _module_files(reference.partition(":")[0], root)
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def modules_of(estimator: Any, root: Path) -> list[Path]:
    """Return the user's own modules and packages without which an estimator cannot be unpickled.

    Parameters
    ----------
    estimator : fitted estimator
    root : Path
        The configuration's folder, where the user's modules are.

    Returns
    -------
    list of Path
        Files and folders in `root`: what the estimator's classes and functions are defined in, and
        what those modules imported from there. Empty where it needs none.
    """
    ours = {name: path for name, path in _imported_from(root.resolve()) if name not in _SKZAP}
    recorder = _Recorder(io.BytesIO(pickle.dumps(estimator)))
    recorder.load()
    return sorted(set(ours.values())) if recorder.modules & ours.keys() else []


class _Recorder(pickle.Unpickler):
    """Unpickles, and keeps the top-level names of all modules that this needs."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.modules: set[str] = set()

    def find_class(self, module: str, name: str) -> Any:
        self.modules.add(module.partition(".")[0])
        return super().find_class(module, name)


def _imported_from(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield the top-level modules of a folder that are imported, with their files or folders."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if "." in name or not file:
            continue
        path = Path(file).resolve()
        home = path.parent if path.name == "__init__.py" else path
        if home.parent == root:
            yield name, home


def _load_joblib(path: Path, reference: str, console: Console) -> Any:
    console.warn(f"{reference}: loading a joblib file executes the code in it; trust its source")
    if not path.is_file():
        raise EstimatorError(f"{reference}: there is no such file (looked for {path})")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            estimator = joblib.load(path)
    except Exception as error:
        # Unpickling runs what the file says: anything can come out of it.
        raise EstimatorError(f"{reference}: cannot be loaded: {_told(error)}") from None
    for message in sorted({_version_warning(item, reference) for item in caught}):
        console.warn(message)
    return estimator


def _version_warning(item: warnings.WarningMessage, reference: str) -> str:
    message = item.message
    if not isinstance(message, InconsistentVersionWarning):
        return f"{reference}: {_told(message)}"
    return (
        f"{reference}: it was made by scikit-learn {message.original_sklearn_version} and is used "
        f"with {message.current_sklearn_version}, which may predict otherwise or fail; make it "
        "again with this version"
    )


def _call(reference: str, root: Path) -> Any:
    module_name, _, function_name = reference.partition(":")
    _forget_namesake(module_name.partition(".")[0], root)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        looked = f" (looked in {root} and on sys.path)" if error.name == module_name else ""
        raise EstimatorError(f"{reference}: {error}{looked}") from None
    except Exception as error:
        raise EstimatorError(f"{reference}: cannot be imported: {_told(error)}") from None
    function = getattr(module, function_name, None)
    if not callable(function):
        hint = did_you_mean(function_name, [name for name in vars(module) if name[0] != "_"])
        raise EstimatorError(f"{reference}: {module_name} has no function {function_name!r}{hint}")
    try:
        return function()
    except Exception as error:
        raise EstimatorError(f"{reference}: the function raised {_told(error)}") from None


@contextmanager
def _importable(root: Path) -> Iterator[None]:
    """Let modules of a folder be imported, by us and by what we load."""
    folder = str(root.resolve())
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(folder)


def _forget_namesake(name: str, root: Path) -> None:
    """Drop an imported module whose name a module of this folder has too.

    Two configurations built by one process may each have a pipeline.py of their own.
    """
    spec = PathFinder.find_spec(name, [str(root.resolve())])
    imported = sys.modules.get(name)
    if spec is None or imported is None or getattr(imported, "__file__", None) == spec.origin:
        return
    for other in [key for key in sys.modules if key == name or key.startswith(f"{name}.")]:
        del sys.modules[other]


def _module_files(name: str, root: Path) -> list[Path]:
    top = name.partition(".")[0]
    if (root / top).is_dir():
        return sorted((root / top).rglob("*.py"))
    if (root / f"{top}.py").is_file():
        return sorted(root.glob("*.py"))
    origin = getattr(sys.modules.get(name), "__file__", None)
    return [Path(origin)] if origin else []


def _tells(question: Any, estimator: Any) -> bool:
    try:
        return bool(question(estimator))
    except (AttributeError, TypeError):
        return False  # no estimator at all


def _texts(X: pd.DataFrame) -> list[str]:
    if X.shape[1] != 1:
        names = ", ".join(repr(name) for name in X.columns)
        raise EstimatorError(
            f"the estimator takes raw text, one column of it, and the data has {names}: name the "
            "others in data.drop"
        )
    texts = X.iloc[:, 0].tolist()
    for row, text in zip(X.index, texts, strict=True):
        if not isinstance(text, str):
            raise EstimatorError(
                f"the estimator takes raw text, and column {X.columns[0]!r} holds {text!r} in data "
                f"row {row + 1}"
            )
    return texts


def _known(names: list[str], columns: list[str]) -> list[str]:
    for name in names:
        if name not in columns:
            raise EstimatorError(
                f"the fitted estimator takes a column {name!r}, which the data does not have"
                f"{did_you_mean(name, columns)}"
            )
    return names


def _told(error: Exception | Warning | str) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
