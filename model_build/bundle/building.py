"""From an artifact to a proven zip, in the order in which it happens."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from handler.artifact import MANIFEST, NODES, read_manifest
from model_build.bundle import requirements
from model_build.bundle.archive import write_zip
from model_build.bundle.bytecode import OWN_CODE, compile_all
from model_build.bundle.checks import Upload, check_limits, check_machine, check_system
from model_build.bundle.cost import cost, write_smallest_model
from model_build.bundle.errors import BundleError
from model_build.bundle.golden import Golden
from model_build.bundle.own_code import families_of, needed_modules
from model_build.bundle.replaying import replay, unable_because
from model_build.bundle.report import BundleReport, Cost, measure, sha256
from model_build.bundle.slim import leave_out_unnamed, owners, slim
from model_build.bundle.target import Target
from model_build.bundle.trace import keep_touched
from model_build.bundle.wheels import install
from model_build.console import Console

_PROJECT = Path(__file__).resolve().parents[2]
# handler.entry looks for the artifact in this folder beside its own package.
_MODEL = "model"
# Requests that every function answers, beside the golden ones of its model.
_EVERY_MODEL = [Golden("/"), Golden("/health"), Golden("/model")]


@dataclass(frozen=True)
class _Plan:
    """What is to be built."""

    model_dir: Path
    target: Target
    golden: Sequence[Golden]
    cache: Path
    console: Console
    engine: str
    pins: requirements.Pins
    modules: Sequence[Path] = ()
    upload: Upload = "s3"


@dataclass(frozen=True)
class _Tree:
    """The bundle's files, before they are zipped."""

    root: Path
    owners: dict[str, str]
    warnings: list[str]
    bytecode: bool


def build_bundle(
    model_dir: Path,
    out: Path,
    *,
    target: Target,
    golden: Sequence[Golden],
    console: Console,
    cache: Path,
    modules: Sequence[Path] = (),
    upload: Upload = "s3",
) -> BundleReport:
    """Bundle an artifact with our code and the wheels it needs; prove that the zip answers.

    Parameters
    ----------
    model_dir : the artifact; its manifest tells the engine
    out : the zip, dist/lambda.zip; replaced only when all checks have passed
    target : Target
    golden : requests with their right answers; at least one
    console : Console
    cache : folder for wheels and for the work in progress
    modules : files and folders of the user's own that a joblib file's estimator imports
    upload : how the zip will get to Lambda, which decides its limit

    Returns
    -------
    BundleReport

    Raises
    ------
    BundleError
        Or one of its kinds: WheelsUnavailable, WrongBinary, TooLarge, ReplayFailed.
    handler.errors.ArtifactError
        The artifact is corrupt.
    """
    if not golden:
        raise BundleError("no golden requests were given; at least one must prove the bundle")
    plan = _plan(model_dir, target, golden, cache, console)
    plan = replace(plan, modules=modules, upload=upload)
    cache.mkdir(parents=True, exist_ok=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    # The zip is written beside its place, so that it can be renamed into it.
    with (
        tempfile.TemporaryDirectory(dir=cache, prefix="bundle-") as work,
        tempfile.TemporaryDirectory(dir=out.parent, prefix=".bundle-") as beside,
    ):
        zipped = Path(beside) / out.name
        report = _build(Path(work) / "task", zipped, plan)
        if plan.engine != "numpy":
            report = replace(report, cost=_cost(report, Path(work), plan))
        zipped.replace(out)
    return report


def _plan(
    model_dir: Path, target: Target, golden: Sequence[Golden], cache: Path, console: Console
) -> _Plan:
    engine = read_manifest(model_dir)["engine"]
    if engine == "numpy":
        pins = requirements.for_numpy()
    else:
        signature = json.loads((model_dir / NODES).read_bytes())["signature"]
        pins = requirements.for_sklearn(target, table=signature["kind"] == "table")
    return _Plan(model_dir, target, golden, cache, console, engine, pins)


def _build(root: Path, zipped: Path, plan: _Plan) -> BundleReport:
    tree = _assemble(root, plan)
    with plan.console.step("Zip"):
        write_zip(root, zipped)
        sizes = measure(zipped, tree.owners)
        tree.warnings.extend(check_limits(sizes, plan.upload))
    for warning in tree.warnings:
        plan.console.warn(warning)
    with plan.console.step("Replay the golden requests from the zip under Lambda's runtime client"):
        proof = replay(zipped, plan.golden, target=plan.target, console=plan.console)
    return BundleReport(
        engine=plan.engine,
        sha256=sha256(zipped),
        sizes=sizes,
        runtime=plan.target.runtime,
        architecture=plan.target.architecture,
        bytecode=tree.bytecode,
        versions={name: requirements.version(pin) for name, pin in plan.pins.items()},
        replay=proof,
        warnings=tree.warnings,
    )


def _assemble(root: Path, plan: _Plan) -> _Tree:
    """Put the bundle's files together below `root`: wheels, our code, the artifact, bytecode."""
    target, console, warnings = plan.target, plan.console, []
    with console.step(f"Wheels for {target.runtime} on {target.architecture}"):
        cached = install(plan.pins, root, target=target, cache=plan.cache)
        console.note("from the cache" if cached else "downloaded")
    check_system(root)
    owned = owners(root)
    slim(root, numpy_engine=plan.engine == "numpy")
    _add_ours(root, plan.model_dir)
    if plan.engine == "numpy":
        leave_out_unnamed(root, root / OWN_CODE)
    _add_modules(root, plan.modules)
    with console.step("Bytecode"):
        uncompiled = compile_all(root, target)
    if uncompiled:
        warnings.append(f"No bytecode, so each cold start compiles every module: {uncompiled}")
    if plan.engine != "numpy":
        warnings += _only_what_is_needed(root, plan)
    check_machine(root, target)
    return _Tree(root, owned, warnings, bytecode=not uncompiled)


def _add_ours(root: Path, model_dir: Path) -> None:
    """Copy what is ours: what the artifact needs of the package, its parts, our licence."""
    for path in needed_modules(_PROJECT / OWN_CODE, families_of(model_dir)):
        copy = root / path.relative_to(_PROJECT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    (root / _MODEL).mkdir()
    for part in (MANIFEST, *read_manifest(model_dir)["parts"]):
        shutil.copyfile(model_dir / part, root / _MODEL / part)
    licence = root / "licenses" / "skzap" / "LICENSE"
    licence.parent.mkdir(parents=True)
    shutil.copyfile(_PROJECT / "LICENSE", licence)


def _add_modules(root: Path, modules: Sequence[Path]) -> None:
    """Copy the modules that the user's estimator is made of, at the top, as they are imported."""
    for module in modules:
        copy = root / module.name
        if copy.exists() or (root / module.stem).exists():
            raise BundleError(
                f"{module.name}: a module of this name is in the bundle already; rename yours"
            )
        if module.is_dir():
            shutil.copytree(module, copy, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        else:
            shutil.copyfile(module, copy)


def _cost(bundle: BundleReport, work: Path, plan: _Plan) -> Cost:
    """Build the smallest bundle with the numpy engine, to tell what this one costs more."""
    with plan.console.step("For comparison, a bundle with the numpy engine"):
        request = write_smallest_model(work / "smallest")
        smallest = _plan(work / "smallest", plan.target, [request], plan.cache, plan.console)
        return cost(bundle, _build(work / "task-smallest", work / "smallest.zip", smallest))


def _only_what_is_needed(root: Path, plan: _Plan) -> list[str]:
    """Leave out what the golden requests do not touch; return why that was not possible, if so."""
    reason = unable_because(plan.target)
    if reason:
        return [f"The bundle has all of scikit-learn, scipy and their like: {reason}"]
    with plan.console.step("Trace what the golden requests touch"):
        keep_touched(root, [*plan.golden, *_EVERY_MODEL], plan.target)
    return []
