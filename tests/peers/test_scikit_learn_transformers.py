"""The quick ones of scikit-learn's own tests: those of transformers."""

from collections.abc import Mapping

import pytest

from tests.peers.exceptions import EXCEPTED
from tests.peers.runner import Report, assert_equal, shadowed

# Modules of tests, with somewhat fewer answers than are compared in each.
QUICK: Mapping[str, int] = {
    "sklearn.cluster.tests.test_affinity_propagation": 20,
    "sklearn.cluster.tests.test_birch": 30,
    "sklearn.compose.tests.test_target": 20,
    "sklearn.cross_decomposition.tests.test_pls": 140,
    "sklearn.decomposition.tests.test_factor_analysis": 5,
    "sklearn.decomposition.tests.test_fastica": 20,
    "sklearn.feature_extraction.tests.test_dict_vectorizer": 20,
    "sklearn.feature_extraction.tests.test_feature_hasher": 6,
    "sklearn.feature_selection.tests.test_chi2": 9,
    "sklearn.feature_selection.tests.test_feature_select": 140,
    "sklearn.feature_selection.tests.test_variance_threshold": 15,
    "sklearn.impute.tests.test_common": 50,
    "sklearn.preprocessing.tests.test_common": 60,
    "sklearn.preprocessing.tests.test_discretization": 170,
    "sklearn.preprocessing.tests.test_encoders": 450,
    "sklearn.preprocessing.tests.test_function_transformer": 30,
    "sklearn.preprocessing.tests.test_label": 70,
    "sklearn.preprocessing.tests.test_target_encoder": 130,
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """What all modules show in one process: to start one takes seconds."""
    return shadowed(QUICK, tmp_path_factory.mktemp("shadow") / "report.json")


@pytest.mark.parametrize(("module", "fewest"), QUICK.items())
def test_every_answer_is_equal(module: str, fewest: int, report: Report) -> None:
    assert_equal(report, module, fewest, EXCEPTED)
