"""Texts: every analyzer and option, refusals, memory, and what takes their sparse rows."""

import random
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import RandomForestClassifier, StackingClassifier, VotingClassifier
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.feature_selection import RFE, SelectKBest, VarianceThreshold, chi2
from sklearn.linear_model import (
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
    SGDOneClassSVM,
    SGDRegressor,
)
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    Binarizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import LinearSVC
from sklearn.utils import murmurhash3_32

from handler.artifact import load_model
from handler.engine.murmurhash import hashed_columns, murmurhash3
from handler.errors import RowsRefused
from handler.model import Model
from model_build.compare import compare
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import assert_identical, assert_proven, examples, fitted, named

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import AssertPair

WORDS = [
    *("the", "of", "and", "about", "cafe", "café", "CAFÉ", "cafe\u0301", "naïve", "x", "I", "a1"),
    *("snake_case", "3.14", "don't", "e-mail", "Ångström", "\ufb01ne", "Ελλάδα", "İstanbul"),
    *("中文", "日本語", "한국어", "\U0001f600", "\U0001f469\u200d\U0001f4bb", "\u2603", "!?", "--"),
    *("\t\t", "\n\n ", "\u00a0", "\u3000", "red", "green", "blue", "red-green", "blues"),
    *("greens", "reds", "word", "words", "worded"),
]
TEXTS = [
    "",
    " ",
    "the of and",
    "\n\t ",
    "caf\u00e9",
    "red" * 200,
    " ".join(["red", "green"] * 40),
]
drawn_texts = st.lists(st.text(max_size=12) | st.sampled_from(WORDS), max_size=8).map(" ".join)


def texts(seed: int = 0, count: int = 60) -> list[str]:
    rng = random.Random(seed)
    made = [" ".join(rng.choices(WORDS, k=rng.randint(0, 12))) for _ in range(count)]
    return [*made, *TEXTS]


def labels(classes: int = 3, count: int = 67) -> Any:
    return np.array(["alpha", "beta", "gamma"])[np.arange(count) % classes]


ANALYSES: list[dict[str, Any]] = [
    {},
    {"lowercase": False},
    {"strip_accents": "ascii"},
    {"strip_accents": "unicode"},
    {"strip_accents": "unicode", "lowercase": False},
    {"stop_words": "english"},
    {"stop_words": ["red", "caf\u00e9"]},
    {"stop_words": []},
    {"stop_words": ["red", "the"], "ngram_range": (1, 3)},
    {"stop_words": "english", "ngram_range": (2, 2)},
    {"ngram_range": (1, 2)},
    {"ngram_range": (3, 4)},
    {"token_pattern": r"\w+"},
    {"token_pattern": r"(?u)\b\w+\b", "ngram_range": (1, 2)},
    {"token_pattern": r"\S+"},
    {"token_pattern": r"(?i)([a-z])\w"},
    {"token_pattern": r"\b(\w)?\w+"},
    {"analyzer": "char"},
    {"analyzer": "char", "ngram_range": (2, 3), "lowercase": False},
    {"analyzer": "char", "ngram_range": (1, 5), "strip_accents": "ascii"},
    {"analyzer": "char_wb"},
    {"analyzer": "char_wb", "ngram_range": (2, 4)},
    {"analyzer": "char_wb", "ngram_range": (5, 9), "strip_accents": "unicode"},
]
COUNTS: list[dict[str, Any]] = [
    {"binary": True},
    {"dtype": np.float32},
    {"dtype": np.uint8},
    {"dtype": bool},
    {"max_features": 5},
    {"min_df": 2, "max_df": 0.5},
    {"vocabulary": ["red", "green", "the", "x", "caf\u00e9"]},
    {"vocabulary": {"red": 2, "green": 0, "red green": 1}, "ngram_range": (1, 2)},
    {"vocabulary": {"the", "of", "red"}, "stop_words": "english"},
    {"vocabulary": ["a\nb", "\n", "\x0b", "c", ""], "analyzer": "char", "ngram_range": (1, 3)},
]
WEIGHTS: list[dict[str, Any]] = [
    {"norm": None},
    {"norm": "l1"},
    {"use_idf": False},
    {"smooth_idf": False},
    {"sublinear_tf": True},
    {"sublinear_tf": True, "use_idf": False, "norm": None},
    {"binary": True},
    {"dtype": np.float32},
    {"dtype": np.float32, "norm": "l1", "sublinear_tf": True},
]
HASHES: list[dict[str, Any]] = [
    {"n_features": 7},
    {"n_features": 1},
    {"n_features": 16, "binary": True},
    {"n_features": 16, "norm": None},
    {"n_features": 16, "norm": "l1", "alternate_sign": False},
    {"n_features": 16, "norm": None, "dtype": np.float32},
    {"n_features": 16, "norm": None, "dtype": np.int16},
    {"n_features": 16, "norm": None, "dtype": np.uint8, "alternate_sign": False},
    {"n_features": 16, "norm": "l2", "dtype": np.float32},
    {"n_features": 16, "norm": "l2", "dtype": np.int64},
]


@pytest.mark.parametrize("options", [*ANALYSES, *COUNTS], ids=named)
def test_counts(options: dict[str, Any], tmp_path: "Path") -> None:
    assert_identical(fitted(CountVectorizer(**options), texts()), texts(1), tmp_path)


@pytest.mark.parametrize("options", [*ANALYSES[::3], *WEIGHTS], ids=named)
def test_weighted_counts(options: dict[str, Any], tmp_path: "Path") -> None:
    assert_identical(fitted(TfidfVectorizer(**options), texts()), texts(1), tmp_path)


@pytest.mark.parametrize("options", [*ANALYSES[::3], *HASHES], ids=named)
def test_hashed_counts(options: dict[str, Any], tmp_path: "Path") -> None:
    vectorizer = HashingVectorizer(**{"n_features": 64, **options})
    assert_identical(fitted(vectorizer, texts()), texts(1), tmp_path)


def load(estimator: Any, sample: Any, folder: "Path") -> Model:
    export_model(estimator, sample, folder / "model")
    return load_model(folder / "model")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"strip_accents": "unicode"},
        {"strip_accents": "ascii", "token_pattern": r"\w+", "ngram_range": (1, 2)},
        {"analyzer": "char", "ngram_range": (1, 3)},
        {"analyzer": "char_wb", "ngram_range": (2, 4)},
    ],
    ids=named,
)
def test_any_text(options: dict[str, Any], tmp_path: "Path") -> None:
    hashes = HashingVectorizer(n_features=256, norm=None, alternate_sign=False, **options)
    union = make_union(hashes, fitted(TfidfVectorizer(**options), texts())).fit(texts())
    model = load(union, texts(), tmp_path)

    @examples(60)
    @given(batch=st.lists(drawn_texts, min_size=1, max_size=5))
    def check(batch: list[str]) -> None:
        np.testing.assert_array_equal(model.transform(batch), union.transform(batch).toarray())

    check()


def test_any_term_has_scikit_learns_hash() -> None:
    @examples(200)
    @given(keys=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=6))
    def check(keys: list[str]) -> None:
        expected = [murmurhash3_32(key.encode(), 0) for key in keys]
        assert murmurhash3(keys).tolist() == expected

    check()
    long = ["a" * length for length in range(70)] + ["\u4e2d" * 5000]
    assert murmurhash3(long).tolist() == [murmurhash3_32(key.encode(), 0) for key in long]


def test_the_least_hash_has_a_column(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its absolute value is no 32-bit integer: scikit-learn computes the column in another way."""
    least = np.array([-(2**31), -(2**31) + 1, 2**31 - 1], dtype=np.int32)
    monkeypatch.setattr("handler.engine.murmurhash.murmurhash3", lambda _: least)
    for n_features in (1, 7, 1000, 2**20, 2**31 - 1):
        columns, negative = hashed_columns(["", "", ""], n_features)
        rest = (2**31 - 1) % n_features
        assert columns.tolist() == [(2**31 - 1 - (n_features - 1)) % n_features, rest, rest]
        assert negative.tolist() == [True, True, False]


def test_large_batches_are_looked_up_in_parts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: "Path"
) -> None:
    monkeypatch.setattr("handler.engine.text._TERMS", 20)
    for vectorizer in (CountVectorizer(), HashingVectorizer(n_features=32)):
        assert_identical(vectorizer.fit(texts()), texts(1), tmp_path)


def test_an_estimator_that_needs_no_fit(tmp_path: "Path") -> None:
    vectorizer = CountVectorizer(vocabulary=["red", "green"])
    model = load(vectorizer, texts(), tmp_path)
    np.testing.assert_array_equal(model.transform(["red Red green?"]), [[2, 1]])


@pytest.mark.parametrize("sublinear", [False, True])
def test_weights_of_what_is_no_text(sublinear: bool, tmp_path: "Path") -> None:
    counts = np.random.default_rng(0).poisson(0.7, (40, 6)).astype(np.float64)
    counts[:, 0] += 1
    assert_identical(TfidfTransformer(sublinear_tf=sublinear).fit(counts), counts, tmp_path)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_hashes_that_cancel_have_no_logarithm(tmp_path: "Path") -> None:
    """A stored 0 becomes -inf, and a negative count NaN, which the norm refuses."""
    steps = HashingVectorizer(n_features=3, norm=None), TfidfTransformer(sublinear_tf=True)
    strict = fitted(make_pipeline(*steps), ["green", "green about"])
    model = load(strict, ["green"], tmp_path)
    for cancel in (["green", "green the"], ["green", "red"]):
        with pytest.raises(ValueError, match="contains"):
            strict.transform(cancel)
        with pytest.raises(RowsRefused, match="row 1"):
            model.transform(cancel)
    steps[1].set_params(norm=None)
    assert_proven(fitted(make_pipeline(*steps), ["green"]), texts(1), tmp_path)


VECTORIZERS = [
    CountVectorizer(),
    TfidfVectorizer(ngram_range=(1, 2)),
    TfidfVectorizer(dtype=np.float32),
    HashingVectorizer(n_features=50),
    make_union(
        TfidfVectorizer(), CountVectorizer(analyzer="char"), HashingVectorizer(n_features=9)
    ),
]
CLASSIFIERS = [
    LogisticRegression(),
    SGDClassifier(loss="modified_huber", random_state=0),
    RidgeClassifier(),
    LinearSVC(),
    OneVsRestClassifier(LinearSVC()),
    OneVsOneClassifier(LogisticRegression()),
    OutputCodeClassifier(LinearSVC(), random_state=0),
    CalibratedClassifierCV(LinearSVC(), cv=2),
    CalibratedClassifierCV(LogisticRegression(), method="temperature", cv=2),
    VotingClassifier([("a", LogisticRegression()), ("b", RidgeClassifier())]),
    VotingClassifier([("a", LogisticRegression())], voting="soft"),
    StackingClassifier([("a", LinearSVC()), ("b", LogisticRegression())], cv=2, passthrough=True),
    StackingClassifier([("a", RidgeClassifier())], LogisticRegression(), cv=2),
    RFE(LogisticRegression(), n_features_to_select=8, step=0.5),
    make_pipeline(SelectKBest(chi2, k=9), LogisticRegression()),
]


@pytest.mark.parametrize("vectorizer", VECTORIZERS, ids=named)
def test_linear_models_of_texts_are_equal_to_the_last_bit(
    vectorizer: Any, tmp_path: "Path"
) -> None:
    for classifier in (LogisticRegression(), SGDClassifier(loss="log_loss", random_state=0)):
        pipeline = fitted(make_pipeline(vectorizer, classifier), texts(), labels())
        assert_identical(pipeline, texts(1), tmp_path)


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=named)
@pytest.mark.parametrize("classes", [2, 3])
def test_classifiers_of_texts(classifier: Any, classes: int, tmp_path: "Path") -> None:
    pipeline = make_pipeline(TfidfVectorizer(min_df=2), classifier)
    if isinstance(classifier, SelectKBest):
        pipeline = make_pipeline(CountVectorizer(), classifier)
    assert_proven(fitted(pipeline, texts(), labels(classes)), texts(1), tmp_path)


def test_a_threshold_and_regressors_of_texts(tmp_path: "Path") -> None:
    classifier = FixedThresholdClassifier(LogisticRegression(), threshold=0.4)
    pipeline = make_pipeline(CountVectorizer(), classifier)
    assert_identical(fitted(pipeline, texts(), labels(2)), texts(1), tmp_path)
    y = np.random.default_rng(0).poisson(3, len(texts())).astype(float)
    for regressor in (Ridge(), SGDRegressor(random_state=0), PoissonRegressor(), SGDOneClassSVM()):
        pipeline = make_pipeline(TfidfVectorizer(), regressor)
        assert_identical(fitted(pipeline, texts(), y), texts(1), tmp_path)
    two = fitted(make_pipeline(TfidfVectorizer(), Ridge()), texts(), np.column_stack((y, -2 * y)))
    assert_identical(two, texts(1), tmp_path)


BETWEEN = [
    StandardScaler(with_mean=False),
    StandardScaler(with_mean=False, with_std=False),
    RobustScaler(with_centering=False),
    RobustScaler(with_centering=False, with_scaling=False),
    MaxAbsScaler(),
    MaxAbsScaler(clip=True),
    Normalizer("l1"),
    Normalizer("l2"),
    Normalizer("max"),
    Binarizer(threshold=1),
    VarianceThreshold(0.05),
    SelectKBest(chi2, k=12),
    TruncatedSVD(5, random_state=0),
    PCA(5, svd_solver="arpack", whiten=True, random_state=0),
    TfidfTransformer(),
    TfidfTransformer(norm="l1", sublinear_tf=True),
    make_union(MaxAbsScaler(), SelectKBest(chi2, k=3), TruncatedSVD(2, random_state=0)),
    make_pipeline(Binarizer(threshold=1), TfidfTransformer(sublinear_tf=True)),
]


@pytest.mark.parametrize("dtype", [np.int64, np.float32])
@pytest.mark.parametrize("step", BETWEEN, ids=named)
def test_steps_that_take_sparse_rows_are_equal_to_the_last_bit(
    step: Any, dtype: Any, tmp_path: "Path"
) -> None:
    pipeline = make_pipeline(CountVectorizer(dtype=dtype), step, LogisticRegression())
    pipeline = fitted(pipeline, texts(), labels())
    assert_identical(pipeline, texts(1), tmp_path)
    if not isinstance(step, PCA):  # whose likelihoods take no sparse rows
        assert_identical(pipeline[:-1], texts(1), tmp_path)


def test_what_takes_no_sparse_rows_is_handed_dense_ones(tmp_path: "Path") -> None:
    forest = RandomForestClassifier(5, random_state=0)
    assert_proven(
        fitted(make_pipeline(TfidfVectorizer(), forest), texts(), labels()), texts(1), tmp_path
    )
    voting = VotingClassifier([("a", LogisticRegression()), ("b", forest)], voting="soft")
    assert_proven(
        fitted(make_pipeline(TfidfVectorizer(), voting), texts(), labels()), texts(1), tmp_path
    )


def frame(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    made = texts(seed)
    return pd.DataFrame(
        {
            "title": made,
            "body": made[::-1],
            "price": rng.normal(5, 2, len(made)),
            "town": rng.choice(["Bern", "Cork"], len(made)),
        }
    )


@pytest.mark.parametrize("threshold", [0, 0.3, 1.0])
@pytest.mark.parametrize("weights", [None, {"title": 0.5, "price": 3}])
def test_columns_of_texts_beside_others(threshold: float, weights: Any, tmp_path: "Path") -> None:
    columns = ColumnTransformer(
        [
            ("title", TfidfVectorizer(), "title"),
            ("body", CountVectorizer(analyzer="char", dtype=np.float32), "body"),
            ("price", MinMaxScaler(), ["price"]),
            ("town", OneHotEncoder(handle_unknown="ignore"), ["town"]),
        ],
        sparse_threshold=threshold,
        transformer_weights=weights,
    )
    pipeline = fitted(make_pipeline(columns, LogisticRegression()), frame(), labels())
    assert_proven(pipeline, frame(1), tmp_path)
    assert_identical(pipeline[:-1], frame(1), tmp_path)


def test_a_number_beside_texts_may_be_missing_where_nothing_refuses_it(
    assert_pair: "AssertPair",
) -> None:
    columns = ColumnTransformer(
        [("title", TfidfVectorizer(), "title"), ("price", "passthrough", ["price"])]
    )
    table = frame()
    table.loc[::5, "price"] = np.nan
    assert_pair(fitted(columns, table), table, table)


def test_a_missing_text_is_refused_with_its_column(assert_pair: "AssertPair") -> None:
    columns = ColumnTransformer(
        [("price", "passthrough", ["price"]), ("title", TfidfVectorizer(), "title")]
    )
    pipeline = fitted(make_pipeline(columns, LogisticRegression()), frame(), labels())
    model = assert_pair(pipeline, frame(), frame(1))
    bad = {name: frame()[name].tolist() for name in frame()}
    for missing in (None, np.nan):
        bad["title"][3] = missing
        with pytest.raises(RowsRefused) as refused:
            model.predict(bad)
        assert [problem[:2] for problem in refused.value.problems] == [(3, 0)]


def test_a_number_among_texts_is_refused_with_its_row(assert_pair: "AssertPair") -> None:
    table = frame().astype({"title": object})
    table.loc[0, "town"] = "Bern"
    columns = ColumnTransformer([("title", HashingVectorizer(n_features=8), "title")])
    model = assert_pair(fitted(columns, table), table, table)
    bad = {name: table[name].tolist() for name in table}
    bad["title"][2] = 7
    bad["title"][5] = True
    with pytest.raises(ValueError, match="text"):
        model.transform(bad)


def test_half_of_a_surrogate_pair_is_refused_where_scikit_learn_refuses_it(
    tmp_path: "Path",
) -> None:
    hashing = HashingVectorizer(n_features=8, analyzer="char")
    model = load(hashing, texts(), tmp_path)
    with pytest.raises(UnicodeEncodeError):
        hashing.transform(["\ud83d"])
    with pytest.raises(RowsRefused, match="row 1"):
        model.transform(["red", "\ud83d"])
    counts = fitted(CountVectorizer(analyzer="char", strip_accents="unicode"), texts())
    model = load(counts, texts(), tmp_path)
    half = ["\ud83d\u00e9"]
    np.testing.assert_array_equal(model.transform(half), counts.transform(half).toarray())


@pytest.mark.parametrize(
    ("vectorizer", "why"),
    [
        (CountVectorizer(analyzer=str.split), "analyzer"),
        (CountVectorizer(tokenizer=str.split, token_pattern=None), "tokenizer"),
        (TfidfVectorizer(preprocessor=str.strip), "preprocessor"),
        (HashingVectorizer(strip_accents=str.strip), "strip_accents"),
        (HashingVectorizer(ngram_range=(0, 2)), "ngram_range"),
        (HashingVectorizer(dtype=complex, norm=None), "complex"),
        (HashingVectorizer(dtype=bool, norm=None), "bool"),
        (CountVectorizer(dtype=complex), "complex"),
        (CountVectorizer(vocabulary=[1, 2], lowercase=False), "1 is no text"),
        (CountVectorizer(vocabulary=["\ud83d"]), "no text"),
    ],
    ids=named,
)
def test_what_is_code_or_no_text_is_unsupported(
    vectorizer: Any, why: str, tmp_path: "Path"
) -> None:
    with pytest.raises(UnsupportedEstimator, match=why):
        export_model(vectorizer.fit(["red green"]), ["red green"], tmp_path / "model")


def test_texts_in_files_are_unsupported(tmp_path: "Path") -> None:
    (tmp_path / "text").write_text("red green")
    vectorizer = HashingVectorizer(input="filename")
    with pytest.raises(UnsupportedEstimator, match="from a filename"):
        export_model(vectorizer, [str(tmp_path / "text")], tmp_path / "model")


def many_words(count: int) -> list[str]:
    return [f"word{i}" for i in range(count)]


def test_memory_follows_the_words_of_a_request_and_not_the_vocabulary(tmp_path: "Path") -> None:
    """1,000 short texts: dense rows would take 400 MB."""
    words = many_words(50_000)
    vectorizer = TfidfVectorizer(vocabulary=words).fit([" ".join(words)])
    classifier = SGDClassifier(loss="log_loss", random_state=0)
    seen = [" ".join(words[i::50]) for i in range(50)]
    pipeline = make_pipeline(vectorizer, classifier).fit(seen, labels(3, 50))
    model = load(pipeline, seen, tmp_path)
    rng = random.Random(0)
    batch = [" ".join(rng.choices(words, k=10)) for _ in range(1000)]
    model.predict_proba(batch[:2])
    tracemalloc.start()
    answer = model.predict_proba(batch)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000
    np.testing.assert_array_equal(answer, pipeline.predict_proba(batch))


def test_a_vocabulary_is_one_string_in_the_artifact(tmp_path: "Path") -> None:
    words = many_words(5000)
    load(fitted(CountVectorizer(vocabulary=words), ["red"]), ["red"], tmp_path)
    size = (tmp_path / "model" / "model.json").stat().st_size
    assert size < sum(len(word) + 3 for word in words)


def test_stop_words_are_kept_only_where_they_change_an_answer(tmp_path: "Path") -> None:
    def artifact(vectorizer: Any) -> str:
        load(vectorizer.fit(["red green about"]), ["red"], tmp_path)
        return (tmp_path / "model" / "model.json").read_text()

    assert "whereupon" not in artifact(CountVectorizer(stop_words="english"))
    assert "whereupon" in artifact(CountVectorizer(stop_words="english", ngram_range=(1, 2)))
    assert "whereupon" in artifact(HashingVectorizer(stop_words="english"))
    known = CountVectorizer(stop_words="english", vocabulary=["about", "red"])
    assert "whereupon" in artifact(known)


def test_one_text_at_a_time_is_as_all_at_once(tmp_path: "Path") -> None:
    pipeline = fitted(make_pipeline(TfidfVectorizer(), LogisticRegression()), texts(), labels())
    model = load(pipeline, texts(), tmp_path)
    whole = model.decision_function(texts(1))
    for i, text in enumerate(texts(1)):
        assert all(found.relative == 0 for found in compare(pipeline, model, [text]))
        np.testing.assert_array_equal(model.decision_function([text])[0], whole[i])
