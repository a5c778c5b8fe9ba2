import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.naive_bayes import (
    BernoulliNB,
    CategoricalNB,
    ComplementNB,
    GaussianNB,
    MultinomialNB,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Binarizer, OneHotEncoder, OrdinalEncoder

from handler.artifact import load_model
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import (
    NAMES,
    Codes,
    Matrix,
    Shape,
    assert_both_refuse,
    assert_identical,
    assert_proven,
    codes_of,
    examples,
    fitted,
    seeds,
    shapes,
    unlike_columns,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import AssertPair

COUNTING = [
    MultinomialNB(),
    MultinomialNB(alpha=0.01, fit_prior=False),
    ComplementNB(),
    ComplementNB(norm=True, alpha=0.3),
    BernoulliNB(),
    BernoulliNB(binarize=1.5, fit_prior=False),
    BernoulliNB(binarize=0.1),
    make_pipeline(Binarizer(), BernoulliNB(binarize=None, alpha=0.2)),
]
WORDS = ["alpha", "beta", "gamma", "delta", "épsilon", "zeta"]
CLASSIFIERS = [GaussianNB(), *COUNTING, CategoricalNB()]
classifiers = pytest.mark.parametrize("classifier", CLASSIFIERS, ids=repr)


def counts(seed: int, width: int, classes: int, rows: int = 70) -> tuple[Matrix, Codes]:
    """Counts of one to four values a column, the last column constant where there are several."""
    rng = np.random.default_rng(seed)
    X = np.minimum(rng.poisson(1.0, size=(rows, width)), rng.integers(1, 4, width)).astype(float)
    X[:, width - 1] = 1.0 if width > 1 else X[:, 0]
    return X, codes_of(X, classes, rng, of_each=2)


@examples(30)
@given(
    shape=shapes(widest=20, fewest_classes=1),
    smoothing=st.sampled_from([1e-9, 0.0, 0.3]),
    given_priors=st.booleans(),
)
def test_normal_features(
    shape: Shape, smoothing: float, given_priors: bool, tmp_path: "Path"
) -> None:
    X = unlike_columns(shape.seed, shape.width)
    codes = codes_of(X, shape.classes, np.random.default_rng(shape.seed), of_each=2)
    priors = np.arange(1.0, shape.classes + 1) / np.arange(1.0, shape.classes + 1).sum()
    classifier = GaussianNB(var_smoothing=smoothing, priors=priors if given_priors else None)
    assert_proven(fitted(classifier, X, shape.labels(codes)), X, tmp_path)


@pytest.mark.parametrize("classifier", COUNTING, ids=repr)
@examples(8)
@given(shape=shapes(widest=12, fewest_classes=1))
def test_counts(classifier: Any, shape: Shape, tmp_path: "Path") -> None:
    # The normalised weight of a single column is 0 / 0.
    X, codes = counts(shape.seed, max(2, shape.width), shape.classes)
    assert_proven(fitted(classifier, X, shape.labels(codes)), X, tmp_path)


@pytest.mark.parametrize("classifier", [MultinomialNB, ComplementNB, BernoulliNB])
@examples(5)
@given(seed=seeds)
def test_given_priors(classifier: Any, seed: int, tmp_path: "Path") -> None:
    X, codes = counts(seed, 5, 3)
    assert_proven(fitted(classifier(class_prior=[0.7, 0.1, 0.2]), X, codes), X, tmp_path)


UNSMOOTHED = [MultinomialNB(alpha=0), ComplementNB(alpha=0), BernoulliNB(alpha=0)]


@pytest.mark.parametrize("classifier", UNSMOOTHED, ids=repr)
def test_without_smoothing(classifier: Any, tmp_path: "Path") -> None:
    X = np.random.default_rng(0).integers(0, 4, size=(60, 5)).astype(float)
    y = np.arange(60) % 2
    assert_proven(fitted(classifier, X, y), X, tmp_path)
    X[:, 1] = y  # a column that tells the class for certain
    with pytest.raises(UnsupportedEstimator, match="not finite"):
        export_model(fitted(classifier, X, y), X, tmp_path / "model")


@examples(25)
@given(
    shape=shapes(widest=9, fewest_classes=1),
    alpha=st.sampled_from([1.0, 0.0, 0.01]),
    fit_prior=st.booleans(),
    least=st.sampled_from([None, 6]),
)
def test_categories(
    shape: Shape, alpha: float, fit_prior: bool, least: int | None, tmp_path: "Path"
) -> None:
    X, codes = counts(shape.seed, shape.width, shape.classes)
    classifier = CategoricalNB(alpha=alpha, fit_prior=fit_prior, min_categories=least)
    assert_proven(fitted(classifier, X, shape.labels(codes)), X, tmp_path)


@classifiers
def test_bit_for_bit(classifier: Any, tmp_path: "Path") -> None:
    X, codes = counts(3, 6, 3)
    assert_identical(fitted(classifier, X, NAMES[codes]), X, tmp_path)


@classifiers
@pytest.mark.parametrize("rows", [1, 2, 70])
def test_frames(classifier: Any, rows: int, assert_pair: "AssertPair") -> None:
    X, codes = counts(5, 9, 3)
    frame = pd.DataFrame(X.astype(int), columns=[f"c{j}" for j in range(9)])
    assert_pair(fitted(classifier, frame, codes), frame, frame.iloc[:rows])


@pytest.mark.parametrize(
    "classifier",
    [GaussianNB, MultinomialNB, ComplementNB, BernoulliNB, lambda: CategoricalNB(min_categories=4)],
)
def test_learned_in_parts_with_a_class_that_never_came(classifier: Any, tmp_path: "Path") -> None:
    X, codes = counts(7, 4, 3)
    reference = classifier()
    with np.errstate(divide="ignore", invalid="ignore"):
        reference.partial_fit(X[:30], codes[:30], classes=np.arange(4))
        reference.partial_fit(X[30:], codes[30:])
    assert_proven(reference, X, tmp_path)


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "classifier", [GaussianNB(), *COUNTING, BernoulliNB(binarize=0.1)], ids=repr
)
def test_after_an_encoder(
    classifier: Any, dtype: Any, sparse: bool, assert_pair: "AssertPair"
) -> None:
    """scikit-learn computes in the precision in which the encoder answers."""
    X, codes = counts(11, 5, 3)
    words = NAMES.astype(object)[X.astype(int)]
    sparse = sparse and not isinstance(classifier, GaussianNB)  # which takes none
    encoder = OneHotEncoder(dtype=dtype, sparse_output=sparse, handle_unknown="ignore")
    assert_pair(fitted(make_pipeline(encoder, classifier), words, codes), words, words)


@pytest.mark.parametrize("classifier", COUNTING, ids=repr)
@pytest.mark.parametrize("vectorizer", [CountVectorizer(), TfidfVectorizer(ngram_range=(1, 2))])
def test_texts(vectorizer: Any, classifier: Any, assert_pair: "AssertPair") -> None:
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, rng.integers(0, 9))) for _ in range(60)]
    reference = fitted(make_pipeline(vectorizer, classifier), texts, np.arange(60) % 3)
    assert_pair(reference, texts, [*texts, "", "unheard of", " ".join(WORDS * 3)])


@pytest.mark.parametrize("classifier", [MultinomialNB(), ComplementNB(), BernoulliNB()], ids=repr)
def test_many_words_cost_memory_by_those_of_the_request(classifier: Any, tmp_path: "Path") -> None:
    words = [f"word{i}" for i in range(50_000)]
    texts = [" ".join(words[i::1000]) for i in range(1000)]
    reference = make_pipeline(CountVectorizer(), classifier).fit(texts, np.arange(1000) % 2)
    export_model(reference, texts[:9], tmp_path / "model")
    model = load_model(tmp_path / "model")
    model.predict(texts[:1])
    tracemalloc.start()
    try:
        labels = model.predict(texts)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(labels, reference.predict(texts))
    assert peak < 40e6  # dense, they were 400 MB


def test_categories_after_an_encoder(tmp_path: "Path") -> None:
    X, codes = counts(11, 5, 3)
    frame = pd.DataFrame(NAMES.astype(object)[X.astype(int)], columns=list("abcde"))
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=4)
    pipeline = make_pipeline(encoder, CategoricalNB(min_categories=5))
    assert_proven(fitted(pipeline, frame, codes), frame, tmp_path)


@classifiers
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_refuses_what_scikit_learn_refuses(classifier: Any, value: float, tmp_path: "Path") -> None:
    X, codes = counts(0, 4, 2)
    reference = fitted(classifier, X, codes)
    export_model(reference, X, tmp_path / "model")
    X[5, 2] = value
    assert_both_refuse(reference, load_model(tmp_path / "model"), X, [(5, 2)])


def test_names_each_category_that_training_never_saw(tmp_path: "Path") -> None:
    X, codes = counts(0, 4, 2)
    reference = fitted(CategoricalNB(), X, codes)
    export_model(reference, X, tmp_path / "model")
    model = load_model(tmp_path / "model")
    X[[2, 6, 9], [1, 0, 3]] = [-1.0, 17.0, -0.5]
    with pytest.raises(ValueError, match="row 2, column 1: is no category") as refused:
        model.predict(X)
    assert "row 6, column 0" in str(refused.value)
    assert "row 9" not in str(refused.value)
