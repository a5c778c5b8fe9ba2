"""The numpy engine: evaluators of fitted estimators, a module per family."""

from importlib import import_module
from typing import Any

from handler.engine.base import Evaluator, fields_of
from handler.errors import ArtifactError

# Every evaluator an artifact may name, by family (a module of this package). The mirror of
# ``model_build.export.FAMILIES``; tests/engine/test_contract.py holds the two together.
# Nothing outside this list is ever imported because an artifact says so.
FAMILIES: dict[str, tuple[str, ...]] = {
    "linear": ("LinearRegressor",),
}


def build(node: dict[str, Any]) -> Evaluator:
    """Return the evaluator of a node whose arrays and children are already built.

    Raises
    ------
    ArtifactError
        For a kind that this version does not know or fields that do not fit it.
    """
    kind = node.get("kind", "")
    family, _, name = str(kind).partition(".")
    if name not in FAMILIES.get(family, ()):
        raise ArtifactError(f"model.json names the evaluator {kind!r}, which this skzap lacks")
    evaluator = getattr(import_module(f"handler.engine.{family}"), name)
    try:
        return evaluator(**fields_of(node))  # type: ignore[no-any-return]
    except TypeError as error:
        raise ArtifactError(f"model.json: fields of {kind!r} do not fit: {error}") from None
