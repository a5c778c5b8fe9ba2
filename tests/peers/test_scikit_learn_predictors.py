"""The quick ones of scikit-learn's own tests: those of predictors."""

from collections.abc import Mapping

import pytest

from tests.peers.exceptions import EXCEPTED
from tests.peers.runner import Report, assert_equal, shadowed

# Modules of tests, with somewhat fewer answers than are compared in each.
QUICK: Mapping[str, int] = {
    "sklearn.covariance.tests.test_elliptic_envelope": 10,
    "sklearn.linear_model.tests.test_base": 80,
    "sklearn.linear_model.tests.test_bayes": 70,
    "sklearn.linear_model.tests.test_least_angle": 60,
    "sklearn.linear_model.tests.test_omp": 7,
    "sklearn.linear_model.tests.test_passive_aggressive": 120,
    "sklearn.linear_model.tests.test_perceptron": 10,
    "sklearn.linear_model.tests.test_ransac": 30,
    "sklearn.linear_model.tests.test_theil_sen": 14,
    "sklearn.svm.tests.test_bounds": 40,
    "sklearn.svm.tests.test_svm": 330,
    "sklearn.tests.test_discriminant_analysis": 190,
    "sklearn.tests.test_dummy": 170,
    "sklearn.tests.test_isotonic": 120,
    "sklearn.tests.test_kernel_ridge": 30,
    "sklearn.tests.test_naive_bayes": 240,
    "sklearn.tree.tests.test_split": 70,
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """What all modules show in one process: to start one takes seconds."""
    return shadowed(QUICK, tmp_path_factory.mktemp("shadow") / "report.json")


@pytest.mark.parametrize(("module", "fewest"), QUICK.items())
def test_every_answer_is_equal(module: str, fewest: int, report: Report) -> None:
    assert_equal(report, module, fewest, EXCEPTED)
