import dataclasses
import json
import pickle
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from handler.errors import SkzapError
from model_build import own_estimator, training
from model_build.config import Config, load_config
from model_build.console import Console
from model_build.own_estimator import EstimatorError
from model_build.training import Trained, TrainingError

ROOT = Path(__file__).parent.parent.parent
CREDIT = f'source = "{ROOT / "examples" / "credit_risk" / "german_credit.csv"}"\ntarget = "class"'
CANCER = 'source = "sklearn:load_breast_cancer"'
FAST = 'candidates = ["linear"]\nfolds = 2'

WriteConfig = Callable[..., Config]
Train = Callable[..., Trained]


@pytest.fixture
def train(tmp_path: Path, console: Console) -> Train:
    def run(config: Config, **options: Any) -> Trained:
        return training.train(config, console=console, cache=tmp_path / "cache", **options)

    return run


@pytest.fixture
def write_module(tmp_path: Path) -> Iterator[Callable[[str, str], None]]:
    before = set(sys.modules)

    def write(name: str, code: str) -> None:
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(code))

    yield write
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def refusal(train: Train, config: Config) -> str:
    with pytest.raises(SkzapError) as raised:
        train(config)
    return str(raised.value)


def test_the_default_configuration(train: Train, log: Any) -> None:
    trained = train(load_config(ROOT / "model.toml"))
    assert trained.task == "classification"
    assert list(trained.estimator.classes_) == ["bad", "good"]
    assert (len(trained.X_train), len(trained.X_test)) == (800, 200)
    assert trained.metrics["roc_auc"] > 0.8
    assert trained.metrics["accuracy"] > trained.metrics["baseline"]["accuracy"]
    assert trained.metrics["selection"]["chosen"] == "linear"
    predicted = trained.estimator.predict(trained.X_test)
    assert trained.metrics["accuracy"] == (predicted == trained.y_test).mean()
    assert not trained.reused
    shown = log.getvalue()
    for text in (
        "1000 rows, 20 columns",
        "random_forest",
        "chosen",
        "roc_auc",
        "baseline: the most",
    ):
        assert text in shown


def test_no_row_is_both_learned_from_and_held_out(configure: WriteConfig, train: Train) -> None:
    trained = train(configure(f"{CREDIT}\ntest_size = 0.3\nseed = 5", FAST))
    assert sorted([*trained.X_train.index, *trained.X_test.index]) == list(range(1000))
    assert len(trained.X_test) == 300
    assert (trained.y_test == "bad").mean() == 0.3
    other = train(configure(f"{CREDIT}\ntest_size = 0.3\nseed = 6", FAST))
    assert list(other.X_test.index) != list(trained.X_test.index)


def test_what_is_unchanged_is_reused(configure: WriteConfig, train: Train, log: Any) -> None:
    config = configure(CANCER, FAST)
    first, second = train(config), train(config)
    assert (first.reused, second.reused) == (False, True)
    assert first.fingerprint == second.fingerprint
    assert first.metrics == second.metrics
    np.testing.assert_array_equal(
        first.estimator.predict_proba(first.X_test), second.estimator.predict_proba(second.X_test)
    )
    assert "the trained model is reused" in log.getvalue()
    assert not train(config, force=True).reused


def test_training_twice_makes_the_same_file(
    configure: WriteConfig, train: Train, tmp_path: Path
) -> None:
    config = configure(CREDIT, 'candidates = ["hist_gradient_boosting"]\nfolds = 2')
    files = []
    for _ in "ab":
        train(config, force=True)
        files.append([path.read_bytes() for path in sorted((tmp_path / "cache").iterdir())])
    assert len(files[0]) == 2
    assert files[0] == files[1]


@pytest.mark.parametrize(
    ("data", "settings"),
    [
        (f"{CANCER}\nseed = 1", FAST),
        (f"{CANCER}\ndrop = ['mean radius']", FAST),
        (CANCER, 'candidates = ["decision_tree"]\nfolds = 2'),
        (CANCER, 'candidates = ["linear"]\nfolds = 3'),
    ],
)
def test_a_changed_configuration_trains_again(
    configure: WriteConfig, train: Train, data: str, settings: str
) -> None:
    first = train(configure(CANCER, FAST))
    second = train(configure(data, settings))
    assert not second.reused
    assert second.fingerprint != first.fingerprint


def test_only_what_matters_for_training_trains_again(configure: WriteConfig, train: Train) -> None:
    config = configure(CANCER, FAST)
    train(config)
    renamed = dataclasses.replace(config, model=dataclasses.replace(config.model, name="other"))
    assert train(renamed).reused


def test_changed_data_trains_again(configure: WriteConfig, train: Train, tmp_path: Path) -> None:
    frame = load_breast_cancer(as_frame=True).frame
    config = configure('source = "t.csv"\ntarget = "target"', FAST)
    frame.to_csv(tmp_path / "t.csv", index=False)
    train(config)
    assert train(config).reused
    frame.iloc[1:].to_csv(tmp_path / "t.csv", index=False)
    assert not train(config).reused


@pytest.mark.parametrize("name", ["estimator.joblib", "training.json"])
@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_a_damaged_cache_is_not_used(
    configure: WriteConfig, train: Train, tmp_path: Path, name: str, damage: str
) -> None:
    config = configure(CANCER, FAST)
    train(config)
    path = tmp_path / "cache" / name
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    else:
        path.write_bytes(content.replace(b"a", b"b", 1))
    assert not train(config).reused
    assert train(config).reused


def test_useless_columns_do_not_reach_the_model(
    configure: WriteConfig, train: Train, tmp_path: Path
) -> None:
    rows = 60
    frame = pd.DataFrame(
        {
            "row": range(rows),
            "id": [f"user-{i}" for i in range(rows)],
            "constant": 1,
            "x": np.sin(range(rows)),
            "y": np.where(np.sin(range(rows)) > 0.1, "up", "down"),
        }
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    trained = train(configure('source = "t.csv"\ntarget = "y"', FAST))
    assert list(trained.X_train.columns) == list(trained.X_test.columns) == ["row", "x"]
    assert list(trained.estimator.feature_names_in_) == ["row", "x"]
    notes = "\n".join(trained.notes)
    assert "column 'id' is left out: it looks like an identifier" in notes
    assert "column 'constant' is left out: it is 1 in every row" in notes
    assert "column 'row': it looks like a row number" in notes
    message = refusal(train, configure('source = "t.csv"\ntarget = "y"\ndrop = ["x", "row"]', FAST))
    assert message.startswith("no column is left to learn from:\ncolumn 'id' is left out")


def test_missing_values_and_all_types_of_columns(
    configure: WriteConfig, train: Train, tmp_path: Path
) -> None:
    rows = 60
    frame = pd.DataFrame(
        {
            "amount": [None if i % 7 == 0 else i * 37 % 61 for i in range(rows)],
            "city": [None if i % 5 == 0 else "abc"[i % 3] for i in range(rows)],
            "member": [i % 3 == 0 for i in range(rows)],
            "maybe": [None if i % 4 == 0 else i % 3 == 0 for i in range(rows)],
            "y": [i % 61 / 3 for i in range(rows)],
        }
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    trained = train(configure('source = "t.csv"\ntarget = "y"', "folds = 2"))
    assert trained.task == "regression"
    row = pd.DataFrame({"maybe": [np.nan], "city": ["z"], "amount": [np.nan], "member": [True]})
    assert np.isfinite(trained.estimator.predict(row)).all()
    assert trained.notes == []


# An estimator of the user's own


def test_a_function_of_the_user(
    configure: WriteConfig, train: Train, write_module: Callable[[str, str], None]
) -> None:
    write_module(
        "my_pipelines",
        """
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        def churn():
            return make_pipeline(StandardScaler(), LogisticRegression(C=0.5))
        """,
    )
    config = configure(CANCER, 'estimator = "my_pipelines:churn"')
    trained = train(config)
    assert trained.estimator[-1].C == 0.5
    assert trained.metrics["accuracy"] > 0.9
    assert trained.metrics["estimator"] == "my_pipelines:churn"
    assert len(trained.X_train) == 455
    assert train(config).reused
    path = str(config.root)
    assert path not in sys.path


def test_a_changed_helper_module_trains_again(
    configure: WriteConfig, train: Train, write_module: Callable[[str, str], None]
) -> None:
    write_module("settings_of_it", "C = 0.5")
    write_module(
        "my_model",
        """
        import settings_of_it
        from sklearn.linear_model import RidgeClassifier
        def make():
            return RidgeClassifier(alpha=settings_of_it.C)
        """,
    )
    config = configure(CANCER, 'estimator = "my_model:make"')
    train(config)
    assert train(config).reused
    write_module("settings_of_it", "C = 50.0")
    assert not train(config).reused


def test_another_version_of_any_package_trains_an_own_model_again(
    configure: WriteConfig,
    train: Train,
    write_module: Callable[[str, str], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_module("own", "from sklearn.naive_bayes import GaussianNB as make")
    own, ours = configure(CANCER, 'estimator = "own:make"'), configure(CANCER, FAST)
    first = {"own": train(own).fingerprint, "ours": train(ours).fingerprint}
    installed = tmp_path / "site" / "booster-1.0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: booster\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert train(own).fingerprint != first["own"]
    assert train(ours).fingerprint == first["ours"]


def test_modules_of_the_same_name_in_two_folders(
    tmp_path: Path, train: Train, write_module: Callable[[str, str], None]
) -> None:
    for name in ("one", "two"):
        write_module(f"{name}/pipeline", f"def make():\n    return {name!r}\n")
        (tmp_path / name / "model.toml").write_text(
            f'[data]\n{CANCER}\n[training]\nestimator = "pipeline:make"\n'
        )
        message = refusal(train, load_config(tmp_path / name / "model.toml"))
        assert message.endswith("got str")
        assert sys.modules["pipeline"].make() == name


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("no_module:make", "no_module:make: No module named 'no_module' (looked in "),
        ("broken:make", "broken:make: cannot be imported: SyntaxError: "),
        ("needs:make", "needs:make: No module named 'not_installed'"),
        ("fine:mkae", "fine:mkae: fine has no function 'mkae'; did you mean \"make\"?"),
        ("fine:fails", "fine:fails: the function raised ZeroDivisionError: "),
        ("fine:text", "fine:text: expected a scikit-learn classifier or regressor (or a pipeline"),
        ("fine:scaler", "fine:scaler: expected a scikit-learn classifier or regressor"),
    ],
)
def test_a_function_that_is_no_use(
    configure: WriteConfig,
    train: Train,
    write_module: Callable[[str, str], None],
    reference: str,
    expected: str,
) -> None:
    write_module("broken", "def make(:")
    write_module("needs", "import not_installed")
    write_module(
        "fine",
        """
        from sklearn.preprocessing import StandardScaler
        def make(): return None
        def fails(): return 1 / 0
        def text(): return "text"
        def scaler(): return StandardScaler()
        """,
    )
    message = refusal(train, configure(CANCER, f'estimator = "{reference}"'))
    assert message.startswith(expected)
    assert "\n" not in message


def test_a_fitted_joblib_is_shipped_as_it_is(
    configure: WriteConfig, train: Train, tmp_path: Path, log: Any
) -> None:
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    columns = ["worst area", "mean radius"]
    fitted = RandomForestClassifier(5, random_state=0).fit(X[columns], y)
    joblib.dump(fitted, tmp_path / "my model.joblib")
    trained = train(configure(CANCER, 'estimator = "my model.joblib"'))
    assert list(trained.X_test.columns) == columns
    np.testing.assert_array_equal(
        trained.estimator.predict_proba(trained.X_test), fitted.predict_proba(trained.X_test)
    )
    assert "WARNING: my model.joblib: loading a joblib file executes the code" in log.getvalue()
    assert "WARNING: my model.joblib came fitted and is shipped as it is" in log.getvalue()
    assert any("the held-out rows may be among those" in note for note in trained.notes)


def test_a_joblib_fitted_on_an_array_gets_arrays(
    configure: WriteConfig, train: Train, tmp_path: Path
) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    joblib.dump(
        make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y), tmp_path / "m.joblib"
    )
    trained = train(configure(CANCER, 'estimator = "m.joblib"'))
    assert isinstance(trained.X_test, np.ndarray)
    assert trained.X_test.shape == (114, 30)
    message = refusal(
        train, configure(f'{CANCER}\ndrop = ["mean radius"]', 'estimator = "m.joblib"')
    )
    assert message.startswith("the fitted estimator takes 30 columns and the data has 29 (")


def test_an_unfitted_joblib_is_fitted(configure: WriteConfig, train: Train, tmp_path: Path) -> None:
    joblib.dump(RandomForestClassifier(5, random_state=0), tmp_path / "m.joblib")
    trained = train(configure(CANCER, 'estimator = "m.joblib"'))
    assert trained.metrics["accuracy"] > 0.9
    assert trained.notes == []


def test_a_joblib_of_another_scikit_learn_is_warned_of(
    configure: WriteConfig,
    train: Train,
    tmp_path: Path,
    log: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fitted = LogisticRegression().fit(np.arange(60.0).reshape(2, 30), [0, 1])
    with monkeypatch.context() as older:
        older.setattr("sklearn.base.__version__", "1.0.0")
        joblib.dump(fitted, tmp_path / "m.joblib")
    train(configure(CANCER, 'estimator = "m.joblib"'))
    assert "WARNING: m.joblib: it was made by scikit-learn 1.0.0 and is used with" in log.getvalue()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "m.joblib: there is no such file (looked for "),
        (b"", "m.joblib: cannot be loaded: EOFError: "),
        (b"not a pickle", "m.joblib: cannot be loaded: "),
        (
            b"cno_such_module\nThing\n.",
            "m.joblib: cannot be loaded: ModuleNotFoundError: No module",
        ),
        (pickle.dumps({"a": 1}), "m.joblib: expected a scikit-learn classifier or regressor"),
    ],
)
def test_a_joblib_that_is_no_use(
    configure: WriteConfig, train: Train, tmp_path: Path, content: bytes | None, expected: str
) -> None:
    if content is not None:
        (tmp_path / "m.joblib").write_bytes(content)
    message = refusal(train, configure(CANCER, 'estimator = "m.joblib"'))
    assert message.startswith(expected)
    assert "\n" not in message


@pytest.mark.parametrize(
    ("estimator", "data", "expected"),
    [
        (
            LogisticRegression().fit([[0.0], [1.0]], ["no", "yes"]),
            f"{CANCER}\n",
            "the fitted estimator takes 1 columns and the data has 30",
        ),
        (
            LogisticRegression().fit(pd.DataFrame({"mean rdius": [0.0, 1.0]}), [0, 1]),
            CANCER,
            "the fitted estimator takes a column 'mean rdius', which the data does not have; did "
            'you mean "mean radius"?',
        ),
        (
            LogisticRegression().fit(pd.DataFrame({"mean radius": [0.0, 1.0]}), ["no", "yes"]),
            CANCER,
            "the target holds classes that the fitted estimator does not know: [0, 1] (it knows "
            "['no', 'yes'])",
        ),
        (Ridge(), f'{CANCER}\ntask = "classification"', "data.task is classification, but m.jobl"),
        (
            LogisticRegression(),
            CREDIT,
            "m.joblib cannot be fitted: ValueError: could not convert string to float: ",
        ),
        (
            Ridge().fit(pd.DataFrame({"job": [0.0, 1.0]}), [0, 1]),
            'source = "t.csv"\ntarget = "y"',
            "the model cannot predict the held-out rows: ValueError: could not convert string",
        ),
    ],
)
def test_an_estimator_that_does_not_fit_the_data(
    configure: WriteConfig, train: Train, tmp_path: Path, estimator: Any, data: str, expected: str
) -> None:
    pd.DataFrame({"job": ["a", "b"] * 20, "y": range(40)}).to_csv(tmp_path / "t.csv", index=False)
    joblib.dump(estimator, tmp_path / "m.joblib")
    message = refusal(train, configure(data, 'estimator = "m.joblib"'))
    assert message.startswith(expected)
    assert "\n" not in message


def test_the_estimator_decides_the_task(
    configure: WriteConfig, train: Train, tmp_path: Path
) -> None:
    joblib.dump(Ridge(), tmp_path / "m.joblib")
    trained = train(configure(CANCER, 'estimator = "m.joblib"'))
    assert trained.task == "regression"
    assert set(trained.metrics) >= {"r2", "mae", "rmse"}


def test_what_a_fit_warns_of_is_noted(
    configure: WriteConfig, train: Train, tmp_path: Path, log: Any
) -> None:
    joblib.dump(LogisticRegression(max_iter=3), tmp_path / "m.joblib")
    trained = train(configure(CANCER, 'estimator = "m.joblib"'))
    [note] = trained.notes
    assert note.startswith(f"m.joblib: {ConvergenceWarning.__name__}: lbfgs failed to converge")
    assert note in log.getvalue()


MESSAGES = ["win a prize now", "cash prize, call now", "see you at lunch", "call me after work"]


@pytest.fixture
def messages(tmp_path: Path) -> str:
    rows = "".join(f"{'spam' if i % 4 < 2 else 'ham'}\t{MESSAGES[i % 4]} {i}\n" for i in range(40))
    (tmp_path / "sms.tsv").write_text(f"label\ttext\n{rows}")
    return 'source = "sms.tsv"\ntarget = "label"'


@pytest.mark.parametrize("fitted", [False, True])
def test_raw_text_is_given_as_a_list_of_strings(
    configure: WriteConfig, train: Train, tmp_path: Path, messages: str, fitted: bool
) -> None:
    estimator = make_pipeline(TfidfVectorizer(), LogisticRegression())
    if fitted:
        estimator.fit(MESSAGES, ["spam", "spam", "ham", "ham"])
    joblib.dump(estimator, tmp_path / "m.joblib")
    trained = train(configure(messages, 'estimator = "m.joblib"'))
    assert isinstance(trained.X_train, list)
    assert all(type(text) is str for text in [*trained.X_train, *trained.X_test])
    assert trained.metrics["accuracy"] == 1
    assert not any("column" in note for note in trained.notes)


def test_raw_text_beside_other_columns_is_refused(
    configure: WriteConfig, train: Train, tmp_path: Path
) -> None:
    joblib.dump(make_pipeline(TfidfVectorizer(), LogisticRegression()), tmp_path / "m.joblib")
    (tmp_path / "t.csv").write_text("a,b,y\n" + "x,1,0\nz,2,1\n" * 20)
    data = 'source = "t.csv"\ntarget = "y"'
    assert refusal(train, configure(data, 'estimator = "m.joblib"')) == (
        "the estimator takes raw text, one column of it, and the data has 'a', 'b': name the "
        "others in data.drop"
    )
    (tmp_path / "t.csv").write_text("a,y\nx,0\n,1\n" * 1 + "x,0\nz,1\n" * 20)
    message = refusal(train, configure(data, 'estimator = "m.joblib"'))
    assert message == "the estimator takes raw text, and column 'a' holds nan in data row 2"


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (make_pipeline(HashingVectorizer(), LogisticRegression()), True),
        (Pipeline([("u", FeatureUnion([("w", TfidfVectorizer())])), ("m", Ridge())]), True),
        (CalibratedClassifierCV(make_pipeline(TfidfVectorizer(), LogisticRegression())), True),
        (make_pipeline(StandardScaler(), LogisticRegression()), False),
        (make_pipeline("passthrough", LogisticRegression()), False),
        (CalibratedClassifierCV(), False),
        (LogisticRegression(), False),
    ],
)
def test_what_takes_text(estimator: Any, expected: bool) -> None:
    assert own_estimator.takes_text(estimator) is expected


def test_the_errors_are_for_the_user() -> None:
    for error in (EstimatorError, TrainingError):
        assert issubclass(error, SkzapError)


def test_the_record_is_readable(configure: WriteConfig, train: Train, tmp_path: Path) -> None:
    trained = train(configure(CANCER, FAST))
    record = json.loads((tmp_path / "cache" / "training.json").read_text())
    assert record["fingerprint"] == trained.fingerprint
    assert record["metrics"] == trained.metrics
    assert not list((tmp_path / "cache").glob("*.partial"))
