"""What can go wrong between the built bundle and AWS, in words for the one who deploys."""

from __future__ import annotations

from handler.errors import SkzapError


class DeployError(SkzapError):
    """A deployment cannot go on; the text says what was found and what to do."""
