import dataclasses
import re
import string
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_build import config, config_values, selection
from model_build.config import SECTIONS, ConfigError, keys, load_config

ROOT = Path(__file__).parent.parent.parent
MINIMAL = '[data]\nsource = "table.csv"\ntarget = "y"\n'

bare_keys = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=20)


@pytest.fixture(scope="session")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("config") / "model.toml"


def problems_of(path: Path, text: str) -> tuple[str, ...]:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load_config(path)
    assert str(raised.value) == "\n".join(raised.value.problems)
    return tuple(problem.removeprefix(f"{path}: ") for problem in raised.value.problems)


def test_every_key_but_source_and_target_has_a_default(path: Path) -> None:
    path.write_text(MINIMAL)
    loaded = load_config(path)
    assert dataclasses.asdict(loaded) == {
        "path": path,
        "model": {"name": "model", "version": None},
        "data": {
            "source": "table.csv",
            "target": "y",
            "task": "auto",
            "test_size": 0.2,
            "seed": 0,
            "drop": (),
            "categorical": (),
        },
        "training": {"candidates": "auto", "scoring": "auto", "folds": 5, "estimator": None},
        "engine": {"kind": "auto"},
        "bundle": {"python": "3.13", "architecture": "x86_64", "upload": "s3"},
    }
    assert loaded.root == path.parent


def test_every_key_can_be_given(path: Path) -> None:
    path.write_text(
        """
        [model]
        name = "credit-risk_2.0"
        version = "2026-01"
        [data]
        source = "s3://bucket/some/key.csv"
        target = "y"
        task = "regression"
        test_size = 0.25
        seed = 4294967295
        drop = ["id"]
        categorical = ["zip", "Größe"]
        [training]
        candidates = ["linear", "random_forest"]
        scoring = "neg_mean_absolute_error"
        folds = 3
        [engine]
        kind = "numpy"
        [bundle]
        python = "3.14"
        architecture = "arm64"
        """,
        encoding="utf-8",
    )
    loaded = load_config(path)
    assert loaded.model == config.ModelSection(name="credit-risk_2.0", version="2026-01")
    assert loaded.data == config.DataSection(
        source="s3://bucket/some/key.csv",
        target="y",
        task="regression",
        test_size=0.25,
        seed=2**32 - 1,
        drop=("id",),
        categorical=("zip", "Größe"),
    )
    assert loaded.training == config.TrainingSection(
        candidates=("linear", "random_forest"), scoring="neg_mean_absolute_error", folds=3
    )
    assert loaded.engine.kind == "numpy"
    assert loaded.bundle == config.BundleSection(python="3.14", architecture="arm64")


def test_a_scikit_learn_data_set_needs_no_target(path: Path) -> None:
    path.write_text('[data]\nsource = "sklearn:load_iris"\n')
    assert load_config(path).data.target == "target"


@pytest.mark.parametrize("reference", ["models/a b.joblib", "pipeline:make", "pkg.models:Churn_2"])
def test_an_estimator_is_a_file_or_a_function(path: Path, reference: str) -> None:
    path.write_text(f'{MINIMAL}[training]\nestimator = "{reference}"\n')
    assert load_config(path).training.estimator == reference


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[data]\n",
            [
                "data.source is missing: expected a path, s3://bucket/key or sklearn:load_name",
                "data.target is missing: expected the name of a column to predict",
            ],
        ),
        (
            MINIMAL + "test_size = 2\n",
            ["data.test_size = 2: expected a number above 0 and below 1"],
        ),
        (
            MINIMAL + "test_size = true\n",
            ["data.test_size = true: expected a number above 0 and below 1"],
        ),
        (
            MINIMAL + "test_size = nan\n",
            ["data.test_size = nan: expected a number above 0 and below 1"],
        ),
        (
            MINIMAL + "seed = -1\n",
            ["data.seed = -1: expected a whole number from 0 to 4294967295"],
        ),
        (
            MINIMAL + 'task = "clasification"\n',
            [
                'data.task = "clasification": expected one of "auto", "classification", '
                '"regression"; did you mean "classification"?'
            ],
        ),
        (
            MINIMAL + 'drop = "id"\n',
            [
                'data.drop = "id": expected a list of different column names, such as '
                '["age", "city"]'
            ],
        ),
        (
            MINIMAL + 'drop = ["a", "a"]\n',
            [
                'data.drop = ["a", "a"]: expected a list of different column names, such as '
                '["age", "city"]'
            ],
        ),
        (
            MINIMAL + 'drop = ["a"]\ncategorical = ["a"]\n',
            ['data.categorical names "a", which data.drop drops'],
        ),
        (
            MINIMAL + 'drop = ["y"]\n',
            ['data.target = "y": data.drop or data.categorical names it too'],
        ),
        (
            MINIMAL + "[bundle]\npython = 3.13\n",
            [
                'bundle.python = 3.13: expected one of "3.12", "3.13", "3.14"; write it in quotes, '
                '"3.13"'
            ],
        ),
        (
            MINIMAL + '[training]\ncandidates = ["forest"]\n',
            [
                'training.candidates = ["forest"]: expected "auto" or a list of one or more of '
                '"linear", "decision_tree", "rbf_svm", "hist_gradient_boosting", "random_forest"; '
                'did you mean "random_forest"?'
            ],
        ),
        (
            MINIMAL + '[training]\nscoring = "acuracy"\n',
            [
                'training.scoring = "acuracy": expected "auto" or the name of a scikit-learn '
                'scorer, such as "accuracy", "f1_macro" or "neg_mean_absolute_error"; did you mean '
                '"accuracy"?'
            ],
        ),
        (
            MINIMAL + '[training]\nestimator = "model.pkl"\n',
            [
                'training.estimator = "model.pkl": expected the path of a .joblib file or '
                '"module:function"'
            ],
        ),
        (
            MINIMAL + '[training]\nestimator = "m:f"\nfolds = 3\n',
            ["training.folds has no effect with training.estimator: give one of the two"],
        ),
        (
            MINIMAL + '[model]\nname = "a/b"\n',
            ['model.name = "a/b": expected letters, digits, dots, hyphens and underscores'],
        ),
        (
            MINIMAL + "[modle]\n",
            [
                'modle is not a table; did you mean "model"? (the tables are model, data, '
                "training, engine, bundle)"
            ],
        ),
        (
            "folds = 3\n" + MINIMAL,
            [
                "folds is not a table; did you mean training.folds? (the tables are model, data, "
                "training, engine, bundle)"
            ],
        ),
        ("engine = 3\n" + MINIMAL, ["engine = 3: expected a table, [engine]"]),
        (
            MINIMAL + '[engine]\nknid = "auto"\n',
            ['engine.knid is not a key; did you mean "kind"? (the keys are kind)'],
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(
    path: Path, text: str, expected: list[str]
) -> None:
    assert list(problems_of(path, text)) == expected


def test_all_problems_are_told_at_once(path: Path) -> None:
    text = MINIMAL + "seed = 1.5\nfolds = 3\n[engine]\nkind = 1\n"
    assert [problem.split()[0] for problem in problems_of(path, text)] == [
        "data.seed",
        "data.folds",
        "engine.kind",
    ]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[data\nsource = 1\n", "at line 1, column 6"),
        ('[data]\nsource = "a\n', "at line 2, column 12"),
        ("[data]\nsource =", "at line 2, the end of the file"),
        (MINIMAL + 'source = "b"\n', "at line 4, column 13"),
    ],
)
def test_wrong_syntax_is_told_by_line(path: Path, text: str, where: str) -> None:
    [problem] = problems_of(path, text)
    assert problem.startswith("not valid TOML: ")
    assert where in problem


def test_a_file_that_cannot_be_read_is_an_error(path: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no\.toml: there is no such file; expected a model\."):
        load_config(tmp_path / "no.toml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_config(tmp_path)
    path.write_bytes(b"[model]\nname = '\xff'\n")
    with pytest.raises(ConfigError, match="byte 16 is not UTF-8"):
        load_config(path)


@given(st.sampled_from(list(SECTIONS)), bare_keys)
def test_any_unknown_key_is_named(path: Path, table: str, name: str) -> None:
    if name in keys(table):
        return
    document = MINIMAL.replace("[data]\n", "") if table == "data" else ""
    text = f"[{table}]\n{document}{name} = 1\n" + ("" if table == "data" else MINIMAL)
    [problem] = problems_of(path, text)
    assert problem.startswith(f"{table}.{name} is not a key")
    assert all(known in problem for known in keys(table))


@given(bare_keys)
def test_any_unknown_table_is_named(path: Path, table: str) -> None:
    if table not in SECTIONS:
        [problem] = problems_of(path, f"{MINIMAL}[{table}]\n")
        assert problem.startswith(f"{table} is not a table")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_text_is_read_or_refused(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")
    with pytest.raises(ConfigError):
        load_config(path)  # never another error; no such text names a data source


every_key = [key for table in SECTIONS for key in keys(table).values()]
toml_values = st.one_of(
    st.booleans().map(lambda value: str(value).lower()),
    st.integers(-(10**20), 10**20).map(str),
    st.floats().map(repr),
    st.text(string.printable.replace("\\", "").replace("'", ""), max_size=8)
    .filter(lambda text: all(character.isprintable() for character in text))
    .map(lambda text: f"'{text}'"),
    st.lists(st.sampled_from(["'a'", "1", "true", "[]"]), max_size=3).map(
        lambda items: f"[{', '.join(items)}]"
    ),
    st.just("{a = 1}"),
    st.just("1979-05-27"),
)


@given(st.sampled_from(every_key), toml_values)
def test_any_value_is_stored_or_refused_by_name(path: Path, key: config.Key, value: str) -> None:
    tables = {"data": {"source": "'a.csv'", "target": "'y'"}}
    tables.setdefault(key.table, {})[key.name] = value
    path.write_text(
        "".join(
            f"[{table}]\n" + "".join(f"{name} = {given}\n" for name, given in pairs.items())
            for table, pairs in tables.items()
        ),
        encoding="utf-8",
    )
    if key.kind.accepts(tomllib.loads(f"value = {value}")["value"]):
        loaded = load_config(path)
        hash(getattr(getattr(loaded, key.table), key.name))  # frozen all the way down
    else:
        with pytest.raises(ConfigError, match=re.escape(f"{path}: {key.path} = ")):
            load_config(path)


def test_the_reference_is_current() -> None:
    written = config.REFERENCE.read_text(encoding="utf-8")
    assert written == config.reference(), "run python -m model_build.config"
    assert all(f"### `{key.path}`" in written for key in every_key)


def test_the_default_configuration_shows_every_key_and_its_default() -> None:
    path = ROOT / "model.toml"
    text = path.read_text(encoding="utf-8")
    load_config(path)
    uncommented = tomllib.loads(re.sub(r"(?m)^# (?=\w+ = )", "", text))
    for key in every_key:
        shown = uncommented[key.table][key.name]
        assert key.kind.accepts(shown)
        if f"\n# {key.name} = " in text and key.default is not None:
            assert key.kind.store(shown) == key.default


def test_the_candidates_are_those_that_selection_knows() -> None:
    assert tuple(selection.CLASSIFIERS) == tuple(selection.REGRESSORS) == config_values.CANDIDATES
