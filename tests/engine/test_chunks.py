"""Many rows are computed in chunks, and answers and refusals are as of one batch."""

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from handler.artifact import load_model
from handler.engine.base import Evaluator
from handler.engine.chunks import Pace, in_chunks
from handler.engine.compose import FeatureUnion, Identity
from handler.engine.table import Floats, Inputs, Table, as_float, n_rows, take_columns
from handler.errors import Refusal, RowsRefused
from model_build.compare import compare
from model_build.export import export_model

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, eq=False)
class Centred(Evaluator):
    """Centres each batch by its own mean."""

    by_row = False

    def transform(self, X: Inputs) -> Floats:
        values = as_float(X)
        return values - values.mean(axis=0)


def sizes_seen(count: int, size: int) -> list[int]:
    seen = []

    def compute(X: Inputs) -> Floats:
        seen.append(X.shape[0])
        return as_float(X)

    X = np.arange(2.0 * count).reshape(count, 2)
    np.testing.assert_array_equal(in_chunks(compute, X, size), X)
    return seen


def test_no_chunk_is_larger_than_asked() -> None:
    assert sizes_seen(10, 4) == [4, 4, 2]
    assert sizes_seen(8, 4) == [4, 4]
    assert sizes_seen(4, 4) == [4]


def slow_doubles(X: Inputs) -> Floats:
    time.sleep(0.01)  # as long as it pays to have threads
    return as_float(X) * 2


def test_what_takes_long_is_computed_in_threads() -> None:
    seen = set()

    def compute(X: Inputs) -> Floats:
        seen.add(threading.get_ident())
        return slow_doubles(X)

    X = np.arange(20_000.0).reshape(10_000, 2)
    np.testing.assert_array_equal(in_chunks(compute, X, 4096, threads=3), X * 2)
    assert len(seen) > 1


def test_what_is_quick_stays_in_one_thread() -> None:
    seen = set()

    def compute(X: Inputs) -> Floats:
        seen.add(threading.get_ident())
        return as_float(X)

    in_chunks(compute, np.zeros((5000, 2)), 4096, threads=3)
    assert seen == {threading.get_ident()}


def test_what_is_known_to_be_quick_is_not_cut() -> None:
    seen = []

    def compute(X: Inputs) -> Floats:
        seen.append(n_rows(X))
        return as_float(X)

    pace, X = Pace(), np.zeros((5000, 2))
    in_chunks(compute, X, 8000, threads=3, pace=pace)
    in_chunks(compute, X, 8000, threads=3, pace=pace)
    in_chunks(compute, X, 4800, threads=3, pace=pace)  # larger than a chunk may be
    assert seen == [1008, 3992, 5000, 1008, 3992]


def test_what_was_quick_and_takes_long_is_computed_in_threads_again() -> None:
    pace, X = Pace(), np.arange(10_000.0).reshape(5000, 2)
    in_chunks(as_float, X, 8000, threads=2, pace=pace)
    for _ in range(2):
        np.testing.assert_array_equal(in_chunks(slow_doubles, X, 8000, threads=2, pace=pace), X * 2)
    assert pace.expected(5000) > 0.01


def test_threads_do_about_overflows_as_their_caller() -> None:
    def compute(X: Inputs) -> Floats:
        time.sleep(0.01)
        return as_float(X) * 1e300

    with np.errstate(over="ignore"):
        assert np.isinf(in_chunks(compute, np.full((6000, 1), 1e300), 4096, threads=2)).all()


def test_refusals_in_threads_are_those_of_the_first_chunk_that_is_refused() -> None:
    def refuse(X: Inputs) -> Floats:
        time.sleep(0.01)
        bad = np.flatnonzero(as_float(X)[:, 0] >= 3000)
        if len(bad):
            raise RowsRefused([Refusal(int(bad[0]), 0, "is too large")])
        return as_float(X)

    with pytest.raises(RowsRefused) as caught:
        in_chunks(refuse, np.arange(9000.0)[:, None], 2048, threads=2)
    assert [problem.row for problem in caught.value.problems] == [3000]


def test_lists_of_arrays_are_joined_by_part() -> None:
    X = np.arange(12.0).reshape(6, 2)
    first, second = in_chunks(lambda rows: [as_float(rows), 2 * as_float(rows)[:, :1]], X, 4)
    np.testing.assert_array_equal(first, X)
    np.testing.assert_array_equal(second, 2 * X[:, :1])


def test_tables_are_cut_too() -> None:
    table = Table([np.arange(5.0), np.array(list("abcde"), dtype=object)], 5)
    answer = in_chunks(lambda rows: as_float(take_columns(rows, [0])), table, 2)
    np.testing.assert_array_equal(answer[:, 0], np.arange(5.0))


def test_refused_rows_are_numbered_as_in_the_whole() -> None:
    def refuse(X: Inputs) -> Floats:
        bad = np.flatnonzero(as_float(X)[:, 0] > 6)
        raise RowsRefused([Refusal(int(row), 0, "is too large") for row in bad])

    with pytest.raises(RowsRefused) as caught:
        in_chunks(lambda X: refuse(X) if as_float(X).max() > 6 else X, np.arange(9.0)[:, None], 4)
    assert [problem.row for problem in caught.value.problems] == [7]


def test_an_evaluator_is_by_row_as_its_parts_are() -> None:
    assert Identity(validate=False).by_row
    assert not Centred().by_row
    assert not FeatureUnion([Identity(validate=False), Centred()], [None, None]).by_row


def test_a_model_answers_many_rows_as_scikit_learn_does(tmp_path: "Path") -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(9000, 3))
    y = np.column_stack([X[:, 0] > 0, X[:, 1] > 0])
    forest = RandomForestClassifier(n_estimators=3, random_state=0).fit(X[:100], y[:100])
    export_model(forest, X[:100], tmp_path / "model")
    model = load_model(tmp_path / "model")
    assert all(difference.equal for difference in compare(forest, model, X))
    X[[5, 8999], 1] = -np.inf, np.inf
    with pytest.raises(RowsRefused) as caught:
        model.predict(X)
    assert [(each.row, each.column) for each in caught.value.problems] == [(5, 1), (8999, 1)]
