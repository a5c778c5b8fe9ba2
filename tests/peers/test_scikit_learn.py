"""scikit-learn's own tests, with the numpy engine in the shadow of every estimator they fit.

The cases are its developers': settings, data and corner cases that nobody here thought of. The
modules that are quick have tests of their own, of predictors and of transformers.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.peers.exceptions import EXCEPTED
from tests.peers.runner import assert_equal, shadowed

# Modules of tests, with somewhat fewer answers than are compared in each.
SLOW: Mapping[str, int] = {
    "sklearn.cluster.tests.test_bisect_k_means": 30,
    "sklearn.cluster.tests.test_feature_agglomeration": 3,
    "sklearn.cluster.tests.test_k_means": 450,
    "sklearn.cluster.tests.test_mean_shift": 8,
    "sklearn.decomposition.tests.test_dict_learning": 70,
    "sklearn.decomposition.tests.test_incremental_pca": 40,
    "sklearn.decomposition.tests.test_kernel_pca": 70,
    "sklearn.decomposition.tests.test_nmf": 240,
    "sklearn.decomposition.tests.test_pca": 440,
    "sklearn.ensemble._hist_gradient_boosting.tests.test_compare_lightgbm": 160,
    "sklearn.ensemble._hist_gradient_boosting.tests.test_gradient_boosting": 170,
    "sklearn.ensemble._hist_gradient_boosting.tests.test_grower": 10,
    "sklearn.ensemble._hist_gradient_boosting.tests.test_monotonic_constraints": 6,
    "sklearn.ensemble._hist_gradient_boosting.tests.test_warm_start": 20,
    "sklearn.ensemble.tests.test_bagging": 4,
    "sklearn.ensemble.tests.test_gradient_boosting": 290,
    "sklearn.ensemble.tests.test_iforest": 90,
    "sklearn.ensemble.tests.test_stacking": 190,
    "sklearn.ensemble.tests.test_voting": 60,
    "sklearn.ensemble.tests.test_weight_boosting": 20,
    "sklearn.feature_extraction.tests.test_text": 50,
    "sklearn.feature_selection.tests.test_from_model": 50,
    "sklearn.feature_selection.tests.test_rfe": 80,
    "sklearn.feature_selection.tests.test_sequential": 50,
    "sklearn.frozen.tests.test_frozen": 40,
    "sklearn.gaussian_process.tests.test_gpc": 110,
    "sklearn.gaussian_process.tests.test_gpr": 280,
    "sklearn.impute.tests.test_impute": 380,
    "sklearn.impute.tests.test_knn": 1,
    "sklearn.inspection.tests.test_partial_dependence": 310,
    "sklearn.linear_model._glm.tests.test_glm": 190,
    "sklearn.linear_model.tests.test_common": 180,
    "sklearn.linear_model.tests.test_coordinate_descent": 280,
    "sklearn.linear_model.tests.test_huber": 12,
    "sklearn.linear_model.tests.test_logistic": 660,
    "sklearn.linear_model.tests.test_quantile": 70,
    "sklearn.linear_model.tests.test_ridge": 1110,
    "sklearn.linear_model.tests.test_sag": 40,
    "sklearn.linear_model.tests.test_sgd": 270,
    "sklearn.linear_model.tests.test_sparse_coordinate_descent": 170,
    "sklearn.mixture.tests.test_bayesian_mixture": 40,
    "sklearn.mixture.tests.test_gaussian_mixture": 90,
    "sklearn.model_selection.tests.test_classification_threshold": 120,
    "sklearn.neural_network.tests.test_mlp": 110,
    "sklearn.neural_network.tests.test_rbm": 30,
    "sklearn.preprocessing.tests.test_data": 490,
    "sklearn.preprocessing.tests.test_polynomial": 730,
    "sklearn.semi_supervised.tests.test_label_propagation": 170,
    "sklearn.semi_supervised.tests.test_self_training": 20,
    "sklearn.svm.tests.test_sparse": 730,
    "sklearn.tests.test_base": 6,
    "sklearn.tests.test_calibration": 300,
    "sklearn.tests.test_common": 1210,
    "sklearn.tests.test_kernel_approximation": 120,
    "sklearn.tests.test_metaestimators": 20,
    "sklearn.tests.test_multiclass": 180,
    "sklearn.tests.test_multioutput": 150,
    "sklearn.tests.test_pipeline": 60,
    "sklearn.tests.test_random_projection": 490,
    "sklearn.tree.tests.test_export": 19,
    "sklearn.tree.tests.test_monotonic_tree": 480,
    "sklearn.tree.tests.test_tree": 1210,
}


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("module", "fewest"), SLOW.items())
def test_every_answer_is_equal(module: str, fewest: int, tmp_path: Path) -> None:
    assert_equal(shadowed([module], tmp_path / "report.json"), module, fewest, EXCEPTED)
