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
    "sklearn.cluster.tests.test_bisect_k_means": 40,
    "sklearn.cluster.tests.test_feature_agglomeration": 6,
    "sklearn.cluster.tests.test_k_means": 640,
    "sklearn.cluster.tests.test_mean_shift": 11,
    "sklearn.compose.tests.test_column_transformer": 80,
    "sklearn.decomposition.tests.test_dict_learning": 110,
    "sklearn.decomposition.tests.test_incremental_pca": 50,
    "sklearn.decomposition.tests.test_kernel_pca": 110,
    "sklearn.decomposition.tests.test_nmf": 350,
    "sklearn.decomposition.tests.test_online_lda": 60,
    "sklearn.decomposition.tests.test_pca": 640,
    "sklearn.decomposition.tests.test_sparse_pca": 40,
    "sklearn.decomposition.tests.test_truncated_svd": 70,
    "sklearn.ensemble._hist_gradient_boosting.tests.test_compare_lightgbm": 230,
    "sklearn.ensemble._hist_gradient_boosting.tests.test_gradient_boosting": 240,
    "sklearn.ensemble._hist_gradient_boosting.tests.test_grower": 16,
    "sklearn.ensemble._hist_gradient_boosting.tests.test_monotonic_constraints": 9,
    "sklearn.ensemble._hist_gradient_boosting.tests.test_warm_start": 40,
    "sklearn.ensemble.tests.test_bagging": 4,
    "sklearn.ensemble.tests.test_common": 20,
    "sklearn.ensemble.tests.test_forest": 830,
    "sklearn.ensemble.tests.test_gradient_boosting": 420,
    "sklearn.ensemble.tests.test_iforest": 130,
    "sklearn.ensemble.tests.test_stacking": 180,
    "sklearn.ensemble.tests.test_voting": 90,
    "sklearn.ensemble.tests.test_weight_boosting": 40,
    "sklearn.feature_extraction.tests.test_text": 70,
    "sklearn.feature_selection.tests.test_from_model": 80,
    "sklearn.feature_selection.tests.test_rfe": 110,
    "sklearn.feature_selection.tests.test_sequential": 70,
    "sklearn.frozen.tests.test_frozen": 50,
    "sklearn.gaussian_process.tests.test_gpc": 160,
    "sklearn.gaussian_process.tests.test_gpr": 410,
    "sklearn.impute.tests.test_impute": 520,
    "sklearn.impute.tests.test_knn": 70,
    "sklearn.inspection.tests.test_partial_dependence": 300,
    "sklearn.linear_model._glm.tests.test_glm": 270,
    "sklearn.linear_model.tests.test_common": 270,
    "sklearn.linear_model.tests.test_coordinate_descent": 410,
    "sklearn.linear_model.tests.test_huber": 18,
    "sklearn.linear_model.tests.test_logistic": 950,
    "sklearn.linear_model.tests.test_quantile": 110,
    "sklearn.linear_model.tests.test_ridge": 1590,
    "sklearn.linear_model.tests.test_sag": 60,
    "sklearn.linear_model.tests.test_sgd": 390,
    "sklearn.linear_model.tests.test_sparse_coordinate_descent": 250,
    "sklearn.manifold.tests.test_isomap": 90,
    "sklearn.manifold.tests.test_locally_linear": 14,
    "sklearn.mixture.tests.test_bayesian_mixture": 60,
    "sklearn.mixture.tests.test_gaussian_mixture": 140,
    "sklearn.model_selection.tests.test_classification_threshold": 110,
    "sklearn.model_selection.tests.test_search": 170,
    "sklearn.neighbors.tests.test_graph": 9,
    "sklearn.neighbors.tests.test_kde": 220,
    "sklearn.neighbors.tests.test_lof": 200,
    "sklearn.neighbors.tests.test_nca": 80,
    "sklearn.neighbors.tests.test_nearest_centroid": 40,
    "sklearn.neighbors.tests.test_neighbors": 1560,
    "sklearn.neighbors.tests.test_neighbors_pipeline": 10,
    "sklearn.neural_network.tests.test_mlp": 170,
    "sklearn.neural_network.tests.test_rbm": 40,
    "sklearn.preprocessing.tests.test_data": 700,
    "sklearn.preprocessing.tests.test_polynomial": 1050,
    "sklearn.semi_supervised.tests.test_label_propagation": 160,
    "sklearn.semi_supervised.tests.test_self_training": 20,
    "sklearn.svm.tests.test_sparse": 1050,
    "sklearn.tests.test_base": 6,
    "sklearn.tests.test_calibration": 350,
    "sklearn.tests.test_common": 9070,
    "sklearn.tests.test_kernel_approximation": 180,
    "sklearn.tests.test_metaestimators": 40,
    "sklearn.tests.test_multiclass": 210,
    "sklearn.tests.test_multioutput": 210,
    "sklearn.tests.test_pipeline": 70,
    "sklearn.tests.test_random_projection": 700,
    "sklearn.tree.tests.test_export": 20,
    "sklearn.tree.tests.test_monotonic_tree": 690,
    "sklearn.tree.tests.test_tree": 1730,
    "sklearn.utils.tests.test_estimator_checks": 30,
    "sklearn.utils.tests.test_response": 130,
}


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("module", "fewest"), SLOW.items())
def test_every_answer_is_equal(module: str, fewest: int, tmp_path: Path) -> None:
    assert_equal(shadowed([module], tmp_path / "report.json"), module, fewest, EXCEPTED)
