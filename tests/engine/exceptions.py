"""What the sweeps of the registry except, each with its reason."""

from collections.abc import Mapping

# Estimators without an exact numpy form, which scikit-learn serves itself.
SERVED_BY_SKLEARN: Mapping[str, str] = {}

# Estimators whose numbers differ by more than 1e-12 somewhere (and by less than 1e-9).
ABOVE_1E12: Mapping[str, str] = {}
