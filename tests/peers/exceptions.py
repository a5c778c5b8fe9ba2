"""Tests of others that show a difference which is none of the engine's, each with its reason."""

from collections.abc import Mapping

EXCEPTED: Mapping[str, str] = {
    "sklearn.compose.tests.test_column_transformer"
    "::test_feature_name_validation_missing_columns_drop_passthrough": (
        "a sample that lacks a column, which the transformer drops, is refused by its name"
    ),
    "sklearn.feature_extraction.tests.test_feature_hasher::test_hash_empty_input": (
        "a row is an iterator"
    ),
    "sklearn.impute.tests.test_impute::test_iterative_imputer_zero_iters": "sets n_iter_ by hand",
    "sklearn.svm.tests.test_svm::test_custom_kernel_not_array_input": (
        "its kernel, a function, takes no single row"
    ),
    "sklearn.tests.test_kernel_approximation::test_input_validation": (
        "AdditiveChi2Sampler cuts its answers to whole numbers, in whose type it is asked"
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
}
