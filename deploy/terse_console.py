"""What a build says inside of a deployment: its steps, not the report that ./build.sh shows."""

from __future__ import annotations

from collections.abc import Sequence

from model_build.console import Console


class TerseConsole(Console):
    """A console without tables: dist/report.json has them."""

    def table(
        self, title: str, rows: Sequence[Sequence[object]], header: Sequence[str] = ()
    ) -> None:
        """Print nothing."""
