"""The pytest fixture ``aws``; use it with ``pytest_plugins = ["local_aws.fixtures"]``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local_aws.cloud import LocalAws


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """Run a local AWS for the tests of a module, which share what they deploy."""
    with LocalAws() as cloud:
        yield cloud
