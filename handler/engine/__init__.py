"""The numpy engine: evaluators of fitted estimators, a module per family."""

from importlib import import_module
from typing import Any

from handler.engine.base import Evaluator
from handler.errors import ArtifactError

# Every evaluator an artifact may name, by family (a module of this package). The mirror of
# ``model_build.export.FAMILIES``; tests/engine/test_contract.py holds the two together.
# Nothing outside this list is ever imported because an artifact says so.
FAMILIES: dict[str, tuple[str, ...]] = {
    "linear": (
        "BayesianRegressor",
        "LinearClassifier",
        "LinearOneClass",
        "LinearRegressor",
        "LogLinearRegressor",
        "LogisticClassifier",
        "ModifiedHuberClassifier",
        "MultilabelLinearClassifier",
        "SoftmaxClassifier",
    ),
    "compose": (
        "ColumnTransformer",
        "FeatureUnion",
        "Identity",
        "Pipeline",
    ),
    "preprocessing": (
        "Binarizer",
        "MaxAbsScaler",
        "MinMaxScaler",
        "Normalizer",
        "OneHotEncoder",
        "OrdinalEncoder",
        "RobustScaler",
        "StandardScaler",
    ),
    "discretization": ("KBinsDiscretizer",),
    "distribution": (
        "BoxCox",
        "QuantileTransformer",
        "YeoJohnson",
    ),
    "target_encoding": ("MulticlassTargetEncoder",),
    "dict_features": (
        "DictVectorizer",
        "FeatureHasher",
    ),
    "labels": (
        "IndicatorBinarizer",
        "LabelBinarizer",
        "LabelEncoder",
        "MultiLabelBinarizer",
    ),
    "image": ("PatchExtractor",),
    "expansion": (
        "PolynomialFeatures",
        "SplineTransformer",
    ),
    "impute": (
        "IterativeImputer",
        "MissingIndicator",
        "SimpleImputer",
    ),
    "trees": (
        "MultiOutputTreesClassifier",
        "TreesClassifier",
        "TreesRegressor",
    ),
    "adaboost": (
        "AdaBoostClassifier",
        "AdaBoostRegressor",
        "EstimatorVotes",
        "TreeVotes",
        "TreesMedian",
    ),
    "bagging": (
        "BaggingClassifier",
        "BaggingRegressor",
        "ClassifierSum",
        "RegressorSum",
        "TreeSum",
    ),
    "isolation": ("IsolationForest",),
    "embedding": ("TreesEmbedding",),
    "boosting": (
        "BoostingClassifier",
        "BoostingRegressor",
        "GradientScores",
        "HistogramScores",
    ),
    "lightgbm": (
        "LightGBMClassifier",
        "LightGBMRegressor",
        "LightGBMScores",
    ),
    "xgboost": (
        "XGBoostClassifier",
        "XGBoostLinear",
        "XGBoostRegressor",
        "XGBoostTrees",
    ),
    "catboost": (
        "CatBoostClassifier",
        "CatBoostRegressor",
        "CatBoostScores",
    ),
    "selection": (
        "Elimination",
        "Selector",
    ),
    "decomposition": (
        "CentredProjection",
        "FactorAnalysis",
        "PrincipalComponents",
        "Projection",
    ),
    "factorization": (
        "BatchUpdate",
        "CoordinateDescent",
        "MultiplicativeUpdate",
    ),
    "topics": ("Topics",),
    "sparse_coding": (
        "LeastAngle",
        "Pursuit",
        "Thresholds",
    ),
    "cluster": (
        "BisectedCenters",
        "Centers",
        "NearestPoint",
        "PooledFeatures",
        "PooledMeans",
        "Subclusters",
        "Unclustered",
    ),
    "cross_decomposition": (
        "LatentRegressor",
        "LatentScores",
    ),
    "random_projection": ("SparseProjection",),
    "svm": (
        "SupportVectorClassifier",
        "SupportVectorOneClass",
        "SupportVectorRegressor",
    ),
    "multiclass": (
        "ConstantClassifier",
        "OneVsOneClassifier",
        "OneVsRestClassifier",
        "OutputCodeClassifier",
    ),
    "multioutput": (
        "ClassifierChain",
        "MultiOutputClassifier",
        "MultiOutputRegressor",
        "RegressorChain",
    ),
    "calibration": (
        "CalibratedByClass",
        "CalibratedByTemperature",
        "CalibratedClassifier",
        "Isotonic",
        "Sigmoid",
        "SingleIsotonic",
    ),
    "voting": (
        "HardVotingClassifier",
        "SoftVotingClassifier",
        "VotingRegressor",
    ),
    "stacking": (
        "MultilabelStackingClassifier",
        "Stacking",
        "StackingClassifier",
    ),
    "target": (
        "Elementwise",
        "InverseBoxCox",
        "InverseQuantile",
        "InverseYeoJohnson",
        "ScaleThenShift",
        "ShiftThenScale",
        "TransformedTargetRegressor",
    ),
    "meta": (
        "Numbers",
        "ThresholdClassifier",
    ),
    "text": (
        "CountVectorizer",
        "HashingVectorizer",
        "TfidfTransformer",
    ),
    "naive_bayes": (
        "BernoulliNaiveBayes",
        "CategoricalNaiveBayes",
        "GaussianNaiveBayes",
        "MultinomialNaiveBayes",
    ),
    "discriminant": (
        "LinearDiscriminant",
        "LinearDiscriminantProjection",
        "NearestCentroid",
        "QuadraticDiscriminant",
    ),
    "mixture": (
        "DiagonalMixture",
        "FullMixture",
        "SphericalMixture",
        "TiedMixture",
    ),
    "kernels": (
        "AdditiveChiSquared",
        "ChiSquared",
        "Cosine",
        "Laplacian",
        "Linear",
        "Polynomial",
        "Precomputed",
        "RadialBasis",
        "Sigmoid",
    ),
    "covariances": (
        "Constant",
        "DotProduct",
        "Matern",
        "Periodic",
        "Power",
        "Product",
        "RationalQuadratic",
        "SquaredExponential",
        "Sum",
    ),
    "kernel_ridge": ("KernelRidge",),
    "kernel_pca": (
        "KernelCenterer",
        "KernelPrincipalComponents",
    ),
    "kernel_approximation": (
        "AdditiveChiSquaredSampler",
        "Nystroem",
        "PolynomialSketch",
        "RandomFourier",
        "SkewedFourier",
    ),
    "gaussian_process": (
        "GaussianProcessRegressor",
        "LaplaceClassifier",
    ),
    "covariance": ("EllipticEnvelope",),
    "dummy": (
        "ConstantClassifier",
        "DummyRegressor",
        "StratifiedClassifier",
        "UniformClassifier",
    ),
    "semi_supervised": (
        "KernelPropagation",
        "NeighborPropagation",
    ),
    "neural_network": (
        "BinaryPerceptronClassifier",
        "BoltzmannFeatures",
        "BoltzmannMachine",
        "MultilabelPerceptronClassifier",
        "PerceptronClassifier",
        "PerceptronRegressor",
    ),
    "searches": (
        "BruteSearch",
        "PrecomputedSearch",
    ),
    "tree_searches": (
        "BallTreeSearch",
        "KDTreeSearch",
    ),
    "density": ("KernelDensity",),
    "neighbors": (
        "LocalOutlierFactor",
        "NeighborsClassifier",
        "NeighborsGraph",
        "NeighborsRegressor",
        "RadiusClassifier",
        "RadiusGraph",
        "RadiusRegressor",
    ),
    "knn_impute": ("NeighborsImputer",),
    "manifold": (
        "IsometricMap",
        "LocallyLinearEmbedding",
    ),
}


def build(tree: Any) -> Any:
    """Return a decoded tree of nodes as evaluators, built from the inside out.

    Raises
    ------
    ArtifactError
        For a kind that this version does not know or fields that do not fit it.
    """
    if isinstance(tree, list | tuple):
        return [build(item) for item in tree]
    if not isinstance(tree, dict):
        return tree
    fields = {key: build(value) for key, value in tree.items()}
    return _evaluator(fields) if "kind" in fields else fields


def _evaluator(fields: dict[str, Any]) -> Evaluator:
    kind = fields.pop("kind")
    family, _, name = str(kind).partition(".")
    if name not in FAMILIES.get(family, ()):
        raise ArtifactError(f"model.json names the evaluator {kind!r}, which this skzap lacks")
    evaluator = getattr(import_module(f"handler.engine.{family}"), name)
    try:
        return evaluator(**fields)  # type: ignore[no-any-return]
    except TypeError as error:
        raise ArtifactError(f"model.json: fields of {kind!r} do not fit: {error}") from None
