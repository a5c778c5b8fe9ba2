"""The command line of the benchmarks: ``./build.sh bench [NAME]``."""

import argparse
import sys

from benchmarks import cold_start, estimators
from handler.errors import SkzapError
from model_build.console import Console

BENCHMARKS = {"cold_start": cold_start.run, "estimators": estimators.run}


def main() -> int:
    """Run the named benchmark, or all; return the exit status."""
    parser = argparse.ArgumentParser(prog="build.sh bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=sorted(BENCHMARKS), help="default: all")
    chosen = parser.parse_args().name
    try:
        for name, run in BENCHMARKS.items():
            if chosen in (None, name):
                run(Console())
    except SkzapError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
