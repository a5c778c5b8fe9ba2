"""What scikit-learn's bundle needs, found by running it: files that the golden requests touch.

scikit-learn, scipy and pandas are 180 MB and more, of which a model uses a part that no static list
can tell. So the function is run, whole, under Lambda's runtime client, and what it opens is noted.

A folder stays whole if anything in it was touched. That is the margin for what only an unusual
request needs (an error's formatting, a branch for missing values): such code imports its
neighbours. It costs some 4 % of the bytes against keeping the touched files alone.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from local_aws.task_root import make_writable
from model_build.bundle import slim
from model_build.bundle.golden import Golden
from model_build.bundle.replaying import checked, explained, instance
from model_build.bundle.target import Target

_ENTRY = Path(__file__).with_name("traced_entry.py")
# Ours, and small: kept whole.
_WHOLE = ("handler", "model", "licenses")


def keep_touched(root: Path, golden: Sequence[Golden], target: Target) -> None:
    """Remove from an unzipped bundle the folders in which the golden requests touch nothing.

    Parameters
    ----------
    root : the unzipped bundle; this machine must be able to run it
    golden : requests of every kind that the function answers; their answers are checked
    target : Target

    Raises
    ------
    ReplayFailed
        The bundle answers otherwise than expected even before anything is removed.
    """
    folders = {path.parent for path in _touched(root, golden, target)}
    files = [path for path in root.rglob("*") if path.is_file()]
    slim.prune(root, [path for path in files if _stays(path, root, folders)])


def _stays(path: Path, root: Path, folders: set[Path]) -> bool:
    return path.parent in folders or path.relative_to(root).parts[0] in _WHOLE


def _touched(root: Path, golden: Sequence[Golden], target: Target) -> list[Path]:
    entry = root / "traced_entry.py"
    shutil.copyfile(_ENTRY, entry)
    try:
        opened = _run(root, golden, target)
    finally:
        make_writable(root)
        entry.unlink()
    real = root.resolve()  # as the process saw it
    paths = (Path(name) for name in opened)
    return [root / path.relative_to(real) for path in paths if path.is_relative_to(real)]


def _run(root: Path, golden: Sequence[Golden], target: Target) -> list[str]:
    with (
        tempfile.TemporaryDirectory(prefix="skzap-trace-") as scratch,
        explained("the whole bundle"),
    ):
        report = Path(scratch) / "touched.json"
        environment = {"TOUCHED_FILES": str(report)}
        with instance(root, target, "traced_entry.lambda_handler", environment) as running:
            for request in golden:
                checked(running, request)
        touched: list[str] = json.loads(report.read_text())
    return touched
