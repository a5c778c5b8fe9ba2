"""The report on the terminal: engine, parity, sizes by package; training shows the metrics."""

from collections.abc import Iterator
from typing import Any

from model_build.console import Console

_MEGABYTE = 1e6
_SMALLEST = 50_000  # bytes; smaller parts are added up


def print_report(report: dict[str, Any], console: Console) -> None:
    """Print ``dist/report.json`` for people."""
    console.table("Model", list(_model_rows(report)))
    console.table("dist/lambda.zip", list(_size_rows(report)), ("", "unzipped MB", "zipped MB"))
    if report["cost"]:
        console.table("What scikit-learn costs more than numpy", list(_cost_rows(report["cost"])))
    for warning in report["warnings"]:
        console.warn(warning)
    for note in report["notes"]:
        console.note(note)


def _model_rows(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    model, parity, replay = report["model"], report["parity"], report["replay"]
    yield "model", f"{model['name']}, version {model['version']}"
    yield "engine", report["engine"]
    yield "parity", _parity(parity)
    yield "target", f"{report['runtime']}, {report['architecture']}"
    if replay["replayed"]:
        yield "replay", f"{replay['requests']} golden requests answered right from the zip"
        yield "cold start", f"{replay['cold_ms']:.0f} ms from process start to first answer, here"
        yield "warm request", f"{replay['warm_ms']:.1f} ms, here"
        yield "memory", f"{replay['memory_bytes'] / _MEGABYTE:.0f} MB at its peak"
    else:
        yield "replay", f"none: {replay['reason']}"
    yield "SHA-256", report["sha256"]


def _parity(parity: dict[str, Any]) -> str:
    relative = [m["relative"] for kind in parity["methods"].values() for m in kind.values()]
    return (
        f"proven on {parity['held_out_rows']} held-out and {parity['nasty_rows']} nasty rows, "
        f"largest relative difference {max(relative):.1e}"
    )


def _size_rows(report: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    small = {"unzipped": 0, "zipped": 0}
    for name, size in report["packages"].items():
        if size["unzipped"] < _SMALLEST:
            small = {key: small[key] + size[key] for key in small}
        else:
            yield name, _megabytes(size["unzipped"]), _megabytes(size["zipped"])
    yield "others", _megabytes(small["unzipped"]), _megabytes(small["zipped"])
    yield "all", _megabytes(report["unzipped_bytes"]), _megabytes(report["zip_bytes"])


def _cost_rows(cost: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "zipped", f"{_megabytes(cost['zip_bytes'])} MB"
    yield "unzipped", f"{_megabytes(cost['unzipped_bytes'])} MB"
    if cost["cold_ms"] is not None:
        yield "cold start", f"{cost['cold_ms']:.0f} ms"
        yield "memory", f"{_megabytes(cost['memory_bytes'])} MB"


def _megabytes(count: int) -> str:
    return f"{count / _MEGABYTE:.2f}"
