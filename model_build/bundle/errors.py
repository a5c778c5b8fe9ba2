"""What can go wrong while bundling, in words for the one who builds."""

from __future__ import annotations

from handler.errors import SkzapError


class BundleError(SkzapError):
    """A bundle cannot be built from what was given."""


class WheelsUnavailable(BundleError):
    """pip could not get the pinned wheels for the target."""


class WrongBinary(BundleError):
    """A library in the bundle would not run on the target."""


class TooLarge(BundleError):
    """The bundle is over one of Lambda's limits."""


class ReplayFailed(BundleError):
    """The zipped bundle answered a golden request otherwise than expected."""
