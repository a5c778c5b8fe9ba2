"""Tests of others that show a difference which is none of the engine's, each with its reason."""

from collections.abc import Mapping

# Every estimator goes through one test, which is excepted with its parameters.
_COMMON, _TYPES = "sklearn.tests.test_common::test_estimators", "check_estimators_dtypes"

# The type of the inputs is the type of the answers.
_WHOLE = "AdditiveChi2Sampler cuts its answers to whole numbers where it is asked by them"

# Requests hold float64.
_SINGLE = "fitted on float32, it predicts for no float64"

EXCEPTED: Mapping[str, str] = {
    "sklearn.compose.tests.test_column_transformer"
    "::test_feature_name_validation_missing_columns_drop_passthrough": (
        "a sample that lacks a column, which the transformer drops, is refused by its name"
    ),
    "sklearn.ensemble.tests.test_forest::test_class_weight_errors": (
        "the trees of its second fit have more targets than those of the first"
    ),
    "sklearn.feature_extraction.tests.test_feature_hasher::test_hash_empty_input": (
        "a row is an iterator"
    ),
    "sklearn.impute.tests.test_impute::test_iterative_imputer_zero_iters": "sets n_iter_ by hand",
    "sklearn.svm.tests.test_svm::test_custom_kernel_not_array_input": (
        "its kernel, a function, takes no single row"
    ),
    "sklearn.tests.test_isotonic::test_fast_predict": "puts its regressor together by hand",
    "sklearn.tests.test_isotonic::test_isotonic_regression_output_predict": (
        "a DataFrame of one column, in place of the 1-D array, where pandas' output is asked for"
    ),
    "sklearn.preprocessing.tests.test_data::test_power_transformer_lambda_one": (
        "sets lambdas_ by hand, to whole numbers"
    ),
    "sklearn.preprocessing.tests.test_polynomial::test_spline_transformer_handles_all_nans": (
        "its first row is refused alone: what stands in for a missing value is beyond the knots"
    ),
    "test_persist::test_persist_operator": "its function takes no single row",
    "sklearn.cluster.tests.test_k_means::test_float_precision": _SINGLE,
    f"{_COMMON}[AdditiveChi2Sampler()-{_TYPES}]": _WHOLE,
    f"{_COMMON}[BisectingKMeans(max_iter=5,n_clusters=2,n_init=2)-{_TYPES}]": _SINGLE,
    f"{_COMMON}[KMeans(max_iter=5,n_clusters=2,n_init=2)-{_TYPES}]": _SINGLE,
    f"{_COMMON}[MiniBatchKMeans(batch_size=10,max_iter=5,n_clusters=2,n_init=2)-{_TYPES}]": _SINGLE,
    "sklearn.tests.test_kernel_approximation::test_input_validation": _WHOLE,
}
