"""The bundle: wheels for the target, our code and the artifact, in a slim and proven zip."""

from model_build.bundle.building import build_bundle
from model_build.bundle.errors import (
    BundleError,
    ReplayFailed,
    TooLarge,
    WheelsUnavailable,
    WrongBinary,
)
from model_build.bundle.golden import Golden
from model_build.bundle.replaying import replay
from model_build.bundle.report import BundleReport, Cost, Replay, Size, Sizes
from model_build.bundle.target import Target

__all__ = [
    "BundleError",
    "BundleReport",
    "Cost",
    "Golden",
    "Replay",
    "ReplayFailed",
    "Size",
    "Sizes",
    "Target",
    "TooLarge",
    "WheelsUnavailable",
    "WrongBinary",
    "build_bundle",
    "replay",
]
