from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelBinarizer, LabelEncoder, MultiLabelBinarizer

from handler.artifact import load_model
from handler.errors import InvalidInput, RowsRefused
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import LABELS, NAMES, assert_identical, examples, seeds


def labels(seed: int, classes: int, kind: int, count: int = 30) -> list[Any]:
    codes = np.random.default_rng(seed).integers(0, classes, count)
    codes[:classes] = np.arange(classes)
    found: list[Any] = LABELS[kind](codes).tolist()
    return found


def learned(encoder: Any, y: Any) -> Any:
    """Return a fitted clone; encoders of labels take nothing beside them."""
    return clone(encoder).fit(y)


kinds = st.integers(0, len(LABELS) - 1)


@examples(20)
@given(seed=seeds, classes=st.integers(1, 5), kind=kinds)
def test_numbers_of_labels(seed: int, classes: int, kind: int, tmp_path: Path) -> None:
    y = labels(seed, classes, kind)
    assert_identical(learned(LabelEncoder(), y), y, tmp_path)


@examples(30)
@given(
    seed=seeds,
    classes=st.integers(1, 5),
    kind=kinds,
    values=st.sampled_from([(0, 1), (-1, 1), (-2, 0), (3, 7)]),
    sparse_output=st.booleans(),
)
def test_columns_of_labels(
    seed: int, classes: int, kind: int, values: Any, sparse_output: bool, tmp_path: Path
) -> None:
    y = labels(seed, classes, kind)
    sparse_output = sparse_output and values == (0, 1)
    binarizer = LabelBinarizer(
        neg_label=values[0], pos_label=values[1], sparse_output=sparse_output
    )
    reference = learned(binarizer, y)
    assert_identical(reference, y, tmp_path)
    # Labels that training never saw: none, one beside one that it saw, or so many that
    # scikit-learn takes the batch for one of several classes.
    model = load_model(tmp_path / "model")
    unseen = ["x", "y", "z"] if isinstance(y[0], str) else [77, 88, 99]
    for batch in (y[:1], unseen[:1], [y[0], unseen[0]], [*unseen, *y]):
        expected = reference.transform(batch)
        np.testing.assert_array_equal(
            model.transform(batch), expected.toarray() if sparse_output else expected
        )


@examples(15)
@given(
    seed=seeds,
    width=st.integers(2, 4),
    values=st.sampled_from([(0, 1), (-1, 1), (-2, 0), (3, 7)]),
)
def test_indicators(seed: int, width: int, values: Any, tmp_path: Path) -> None:
    y = np.random.default_rng(seed).integers(0, 2, (20, width))
    reference = learned(LabelBinarizer(neg_label=values[0], pos_label=values[1]), y)
    export_model(reference, y, tmp_path / "model")
    model = load_model(tmp_path / "model")
    for rows in (y, y[:1], np.where(y == 1, 5, 0)):
        np.testing.assert_array_equal(model.transform(rows), reference.transform(rows))
    for bad in (np.arange(3 * width).reshape(3, width), y + 0.5):
        with pytest.raises(ValueError, match=r"not supported|[Uu]nknown"):
            reference.transform(bad)
        with pytest.raises(InvalidInput, match="two values were expected"):
            model.transform(bad)


def test_labels_in_the_classes_own_type(tmp_path: Path) -> None:
    """A fraction is cut off, and a text at the length of the longest class."""
    numbers = learned(LabelEncoder(), [1, 2, 5])
    export_model(numbers, [1, 2, 5], tmp_path / "model")
    model = load_model(tmp_path / "model")
    assert model.transform([1.9, 5, True]).tolist() == numbers.transform([1.9, 5, True]).tolist()
    texts = learned(LabelEncoder(), np.array(["a", "bb"]))
    export_model(texts, ["a", "bb"], tmp_path / "model")
    model = load_model(tmp_path / "model")
    assert model.transform(["bbb", "a"]).tolist() == texts.transform(["bbb", "a"]).tolist()


@pytest.mark.parametrize("y", [["a", "b"], [1, 2], [1.0, 2.5], np.array(["a", "b"], dtype=object)])
def test_labels_that_training_never_saw(y: Any, tmp_path: Path) -> None:
    reference = learned(LabelEncoder(), y)
    export_model(reference, y, tmp_path / "model")
    rows = [y[0], "c", "d"] if isinstance(y[0], str) else [y[0], 9, -9]
    with pytest.raises(ValueError, match="unseen"):
        reference.transform(rows)
    with pytest.raises(RowsRefused, match="none of the labels") as refused:
        load_model(tmp_path / "model").transform(rows)
    assert [problem[:2] for problem in refused.value.problems] == [(1, None), (2, None)]


@pytest.mark.parametrize("encoder", [LabelEncoder(), LabelBinarizer()])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_no_labels(encoder: Any, value: float, tmp_path: Path) -> None:
    reference = learned(encoder, [1, 2, 5])
    export_model(reference, [1, 2, 5], tmp_path / "model")
    with pytest.raises(ValueError, match=r"NaN|infinity|unseen"), np.errstate(invalid="ignore"):
        reference.transform([1.0, value])
    with pytest.raises(RowsRefused, match="row 1"):
        load_model(tmp_path / "model").transform([1.0, value])


@pytest.mark.parametrize("known", [NAMES.tolist(), [3, 1, 2], [True, False]])
@pytest.mark.parametrize("sparse_output", [False, True])
@pytest.mark.parametrize("given_classes", [False, True])
def test_several_labels(
    known: list[Any], sparse_output: bool, given_classes: bool, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    y = [[known[i] for i in rng.integers(0, len(known), rng.integers(0, 4))] for _ in range(30)]
    y[0] = known
    binarizer = MultiLabelBinarizer(
        classes=known[::-1] if given_classes else None, sparse_output=sparse_output
    )
    assert_identical(learned(binarizer, y), y, tmp_path)
    model = load_model(tmp_path / "model")
    np.testing.assert_array_equal(model.transform([set(y[0])]), model.transform(y[:1]))
    with pytest.raises(RowsRefused, match="row 1: holds what is neither"):
        model.transform([y[0], [["nested"]]])
    with pytest.raises(InvalidInput, match=r"X\[0\]: a list was expected, got int"):
        model.transform([3])


def test_lists_of_one_length_are_lists_still(tmp_path: Path) -> None:
    y = [["a", "b"], ["b", "c"]]
    assert_identical(learned(MultiLabelBinarizer(), y), y, tmp_path)


def test_rows_of_an_array_are_lists(tmp_path: Path) -> None:
    y = np.array([[1, 2], [3, 1]])
    assert_identical(learned(MultiLabelBinarizer(), y), y, tmp_path)


def test_lists_before_a_classifier(tmp_path: Path) -> None:
    y = [["a", "b"], ["b", "c"], [], ["a"]] * 10
    binarizer = MultiLabelBinarizer().fit(y)
    reference = make_pipeline(binarizer, LogisticRegression())
    reference.steps[-1][1].fit(binarizer.transform(y), [0, 1, 1, 0] * 10)
    export_model(reference, y, tmp_path / "model")
    assert load_model(tmp_path / "model").predict(y).tolist() == reference.predict(y).tolist()


def test_labels_that_json_cannot_hold_are_unsupported(tmp_path: Path) -> None:
    times = [pd.Timestamp("2020-01-01"), pd.Timestamp("2021-01-01")]
    with pytest.raises(UnsupportedEstimator, match=r"MultiLabelBinarizer.*Timestamp"):
        export_model(learned(MultiLabelBinarizer(), [times]), [times], tmp_path / "model")
