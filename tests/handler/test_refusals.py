"""Bad requests: the whole answer, one by one."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.handler.conftest import Served

MISSING = "is missing, and this model takes no missing value here"
TOO_LARGE = "is too large for float32, the precision in which this model compares"
INFINITY = "9" * 400  # an integer that no float64 can hold


def post(served: "Served", body: bytes | str, path: str = "/predict", **options: Any) -> Any:
    options = {"content_type": "application/json"} | options
    return served.client.post(path, data=body, **options)


def problem(status: int, detail: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": "/predict",
    } | more


def assert_problem(answer: Any, expected: dict[str, Any]) -> None:
    assert answer.get_json() == expected
    assert answer.status_code == expected["status"]
    assert answer.content_type == "application/problem+json"


def assert_faults(answer: Any, *faults: dict[str, str]) -> None:
    others = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    detail = f"{faults[0]['path']}: {faults[0]['detail']}{others}."
    assert_problem(answer, problem(422, detail, errors=list(faults)))


def misfit(path: str, expected: str, got: str) -> dict[str, str]:
    detail = f"expected {expected}, got {got}"
    return {"path": path, "detail": detail, "expected": expected, "got": got}


NOT_JSON = {
    "empty": (b"", "it is empty"),
    "blanks": (b" \n\t", "it is empty"),
    "cut off": (b'{"X": [[1,', "it is incomplete, or a surrogate escape lacks its pair (byte 10)"),
    "lone surrogate": (
        b'{"X": [["\\ud800"]]}',
        "it is incomplete, or a surrogate escape lacks its pair (byte 19)",
    ),
    "trailing": (b'{"X": [[1, 2, 3]]} x', "trailing characters (byte 20)"),
    "trailing comma": (b'{"X": [[1, 2, 3,]]}', "trailing comma in array (byte 16)"),
    "NaN": (b'{"X": [[NaN, 1, 2]]}', "invalid character (byte 8)"),
    "Infinity": (b'{"X": [[1, -Infinity, 2]]}', "invalid character (byte 12)"),
    "leading zero": (b'{"X": [[01, 2, 3]]}', "invalid number (byte 9)"),
    "single quotes": (b"{'X': [[1, 2, 3]]}", "object keys must be strings (byte 1)"),
    "form": (b"X=1&X=2", "invalid character (byte 0)"),
    "UTF-8": (b'{"X": [["\xff"]]}', "it is not UTF-8 (byte 9)"),
    "UTF-8 in a name": (b'{"\xc3": 1}', "it is not UTF-8 (byte 2)"),
    "UTF-16": ('{"X": [[1, 2, 3]]}'.encode("utf-16-le"), "object keys must be strings (byte 1)"),
    "byte order mark": (
        b'\xef\xbb\xbf{"X": [[1, 2, 3]]}',
        "it starts with a byte order mark (byte 0)",
    ),
    "deep array": (b'{"X": ' + b"[" * 90_000, "it is nested too deeply"),
    "deep object": (b'{"X": ' * 90_000, "it is nested too deeply"),
    # The wrong type comes before the fault of syntax; the fault of syntax is what is told.
    "type before syntax": (b'{"X": [["a"], [1, 2, 3}', "expected ',' or ']' (byte 22)"),
}


@pytest.mark.parametrize("case", NOT_JSON)
def test_what_is_no_json(regression: "Served", case: str) -> None:
    body, reason = NOT_JSON[case]
    expected = problem(400, f"The body is not valid JSON: {reason}.")
    assert_problem(post(regression, body), expected)


MEMBERS = 'an object with "X" or "records"'
NEITHER = {"path": "$", "detail": 'expected exactly one of "X" and "records", got neither'}

MISFITS: dict[str, tuple[str, list[dict[str, str]]]] = {
    "array": ("[[1, 2, 3]]", [misfit("$", MEMBERS, "array")]),
    "string": ('"X"', [misfit("$", MEMBERS, "string")]),
    "number": (" -1", [misfit("$", MEMBERS, "number")]),
    "boolean": ("true", [misfit("$", MEMBERS, "boolean")]),
    "null": ("null", [misfit("$", MEMBERS, "null")]),
    "no member": ("{}", [NEITHER]),
    "both members": (
        '{"X": [[1, 2, 3]], "records": []}',
        [{"path": "$", "detail": 'expected exactly one of "X" and "records", got both'}],
    ),
    "member misspelt": (
        '{"x": [[1, 2, 3]]}',
        [{"path": "$.x", "detail": 'unknown member; did you mean "X"?'}, NEITHER],
    ),
    "member too many": (
        '{"X": [[1, 2, 3]], "a b": 1}',
        [{"path": '$["a b"]', "detail": "unknown member"}],
    ),
    "X is a number": ('{"X": 1}', [misfit("$.X", "an array of rows", "number")]),
    "X is null": ('{"X": null}', [misfit("$.X", "an array of rows", "null")]),
    "X is an object": ('{"X": {"x0": [1]}}', [misfit("$.X", "an array of rows", "object")]),
    "records is a record": (
        '{"records": {"x0": 1, "x1": 2, "x2": 3}}',
        [misfit("$.records", "an array of rows", "object")],
    ),
    "no rows": ('{"X": []}', [{"path": "$.X", "detail": "expected at least one row, got none"}]),
    "no records": (
        '{"records": []}',
        [{"path": "$.records", "detail": "expected at least one row, got none"}],
    ),
    "one dimension": (
        '{"X": [1, 2, 3]}',
        [misfit(f"$.X[{i}]", "an array of 3 values", "number") for i in range(3)],
    ),
    "row empty": ('{"X": [[]]}', [misfit("$.X[0]", "3 values", "0")]),
    "row too long": (
        '{"X": [[1, 2, 3], [1, 2, 3, 4]]}',
        [misfit("$.X[1]", "3 values", "4")],
    ),
    "record in X": (
        '{"X": [{"x0": 1}]}',
        [misfit("$.X[0]", "an array of 3 values", "object")],
    ),
    "row in records": (
        '{"records": [[1, 2, 3]]}',
        [misfit("$.records[0]", "an object with a member per column", "array")],
    ),
    "values of all kinds": (
        '{"X": [["1", true, {}], [[1], false, 1], [1, 2, 3], [null, 1, "NaN"]]}',
        [
            misfit("$.X[0][0]", "number", "string"),
            misfit("$.X[0][1]", "number", "boolean"),
            misfit("$.X[0][2]", "number", "object"),
            misfit("$.X[1][0]", "number", "array"),
            misfit("$.X[1][1]", "number", "boolean"),
            {"path": "$.X[3][0]", "detail": MISSING},
            misfit("$.X[3][2]", "number", "string"),
        ],
    ),
    "missing values": (
        '{"X": [[null, 2, null], [1, 2, 3], [1, 2, null]]}',
        [{"path": path, "detail": MISSING} for path in ("$.X[0][0]", "$.X[0][2]", "$.X[2][2]")],
    ),
    # A wrong type in one row and a missing value in another are told together.
    "types and values": (
        '{"X": [[1, 2, null], [1, 2, "3"], [1, 2, 3], [null, 2, 3]]}',
        [
            {"path": "$.X[0][2]", "detail": MISSING},
            misfit("$.X[1][2]", "number", "string"),
            {"path": "$.X[3][0]", "detail": MISSING},
        ],
    ),
    "beyond float64": (
        f'{{"X": [[1e999, -1e400, {INFINITY}], [1, 2, 3]]}}',
        [
            misfit(f"$.X[0][{j}]", "a number within float64's range", "a larger one")
            for j in range(3)
        ],
    ),
    "unknown column": (
        '{"records": [{"x0": 1, "x1": 2, "x2": 3, "X2": 3}]}',
        [{"path": "$.records[0].X2", "detail": 'unknown column; did you mean "x2"?'}],
    ),
    "missing column": (
        '{"records": [{"x0": 1, "x1": 2, "x2": 3}, {"x0": 1}]}',
        [
            {"path": "$.records[1].x1", "detail": "missing column"},
            {"path": "$.records[1].x2", "detail": "missing column"},
        ],
    ),
    "record of wrong values": (
        '{"records": [{"x0": "1", "x1": null, "x2": 3}]}',
        [
            misfit("$.records[0].x0", "number", "string"),
            {"path": "$.records[0].x1", "detail": MISSING},
        ],
    ),
}


@pytest.mark.parametrize("case", MISFITS)
def test_what_does_not_fit(regression: "Served", case: str) -> None:
    body, faults = MISFITS[case]
    assert_faults(post(regression, body), *faults)


GOOD = {"age": 40, "monthly income": 1.5, "class": "x", "größe.cm": "s", "_smoker": True}


def test_what_does_not_fit_a_table(table: "Served") -> None:
    bad = {"age": "40", "monthly income": [], "class": 1, "größe.cm": True, "_smoker": 1}
    misspelt = {name if name != "class" else "clas": value for name, value in GOOD.items()}
    answer = table.client.post("/predict", json={"records": [bad, GOOD, misspelt]})
    assert_faults(
        answer,
        misfit("$.records[0].age", "number or null", "string"),
        misfit('$.records[0]["monthly income"]', "number or null", "array"),
        misfit("$.records[0].class", "string or null", "number"),
        misfit('$.records[0]["größe.cm"]', "string or null", "boolean"),
        misfit("$.records[0]._smoker", "boolean", "number"),
        {"path": "$.records[2].clas", "detail": 'unknown column; did you mean "class"?'},
        {"path": "$.records[2].class", "detail": "missing column"},
    )


def test_a_missing_value_by_the_names_of_a_table(table: "Served") -> None:
    answer = table.client.post("/predict", json={"records": [GOOD, GOOD | {"_smoker": None}]})
    assert_faults(answer, {"path": "$.records[1]._smoker", "detail": MISSING})


def test_integers_beyond_float64_in_a_table(wide_integers: "Served") -> None:
    path = misfit("$.X[1][0]", "a number within float64's range", "a larger one")
    assert_faults(post(wide_integers, f'{{"X": [[1], [{INFINITY}]]}}'), path)


def test_what_does_not_fit_odd_names(odd_names: "Served") -> None:
    answer = odd_names.client.post("/predict", json={"records": [{'the "first"': 1, "b\\": 2}]})
    assert_faults(
        answer,
        {"path": '$.records[0]["b\\\\"]', "detail": "unknown column"},
        {"path": '$.records[0]["back\\\\slash\\n"]', "detail": "missing column"},
    )


def test_numbers_beyond_float32_in_a_forest(forest: "Served") -> None:
    answer = post(forest, '{"X": [[0, 1e300, 0, 0], [0, 0, 0, 3.4e38], [-1e39, 0, 0, 1e39]]}')
    assert_faults(
        answer,
        {"path": "$.X[0][1]", "detail": TOO_LARGE},
        {"path": "$.X[2][0]", "detail": TOO_LARGE},
        {"path": "$.X[2][3]", "detail": TOO_LARGE},
    )


def test_what_does_not_fit_texts(text: "Served") -> None:
    assert_faults(
        post(text, '{"X": ["a", null, ["b"]]}'),
        misfit("$.X[1]", "string", "null"),
        misfit("$.X[2]", "string", "array"),
    )
    why = 'this model takes texts: {"X": ["…"]}'
    assert_faults(post(text, '{"records": [{"text": "a"}]}'), {"path": "$.records", "detail": why})


def test_many_faults_are_counted(regression: "Served") -> None:
    answer = post(regression, b'{"X": [' + b",".join([b'["", "", ""]'] * 50) + b"]}").get_json()
    assert answer["detail"] == "$.X[0][0]: expected number, got string (and 149 more)."
    assert [fault["path"] for fault in answer["errors"]] == [
        f"$.X[{i // 3}][{i % 3}]" for i in range(100)
    ]
    assert answer["omitted"] == 50
    assert answer["rows"] == list(range(50))


def test_a_long_name_is_echoed_in_part(regression: "Served") -> None:
    answer = post(regression, '{"%s": 1, "X": [[1, 2, 3]]}' % ("n" * 10_000)).get_json()
    assert answer["errors"] == [{"path": f'$["{"n" * 100}…"]', "detail": "unknown member"}]


@pytest.mark.parametrize("field", ["X", "records"])
def test_too_many_rows(wide_integers: "Served", field: str) -> None:
    row = "[1]" if field == "X" else '{"n": 1}'
    allowed = post(wide_integers, f'{{"{field}": [{",".join([row] * 50)}]}}')
    answer = post(wide_integers, f'{{"{field}": [{",".join([row] * 51)}]}}')
    assert allowed.status_code == 200
    assert_problem(answer, problem(413, f"One request may have at most 50 rows, $.{field} has 51."))


def test_too_many_bytes(regression: "Served") -> None:
    body = b'{"X": [[1, 2, 3]]}'
    allowed = post(regression, body + b" " * (1_000_000 - len(body)))
    answer = post(regression, body + b" " * (1_000_001 - len(body)))
    assert allowed.status_code == 200
    assert_problem(answer, problem(413, "The body may have at most 1000000 bytes."))


@pytest.mark.parametrize(
    ("content_type", "got"),
    [
        ("text/csv", "text/csv"),
        ("application/x-www-form-urlencoded", "application/x-www-form-urlencoded"),
        ("application/json; charset=utf-16", "the character set utf-16"),
        ("application/jsonp", "application/jsonp"),
        ("nonsense", "nonsense"),
    ],
)
def test_media_types_that_are_not_json(regression: "Served", content_type: str, got: str) -> None:
    answer = post(regression, b'{"X": [[1, 2, 3]]}', content_type=content_type)
    detail = f"The header Content-Type must be application/json in UTF-8, got {got}."
    assert_problem(answer, problem(415, detail))


def test_probabilities_of_a_model_that_has_none(regression: "Served") -> None:
    answer = post(regression, b'{"X": [[1, 2, 3]]}', "/predict?probabilities=true")
    assert_problem(answer, problem(422, "The model test has no probabilities; it offers predict."))


@pytest.mark.parametrize("value", ["yes", "", "2", "tru%00e", "%ff"])
def test_a_flag_that_is_none(forest: "Served", value: str) -> None:
    answer = post(forest, b'{"X": [[1, 2, 3, 4]]}', f"/predict?probabilities={value}")
    fault = {
        "path": "?probabilities",
        "detail": "expected true or false",
        "expected": "true or false",
    }
    detail = "The query parameter probabilities must be true or false."
    assert_problem(answer, problem(422, detail, errors=[fault]))


@pytest.mark.parametrize("path", ["/nothing", "/predict/", "/predict//", "/Predict", "/a%20b%0A"])
def test_unknown_paths(regression: "Served", path: str) -> None:
    answer = post(regression, b"{}", path)
    detail = f"There is nothing at {path}; GET / lists what there is."
    assert_problem(answer, problem(404, detail, instance=path))


@pytest.mark.parametrize(
    ("verb", "path", "allowed"),
    [
        ("GET", "/predict", {"POST", "OPTIONS"}),
        ("PUT", "/predict", {"POST", "OPTIONS"}),
        ("POST", "/health", {"GET", "HEAD", "OPTIONS"}),
        ("DELETE", "/model", {"GET", "HEAD", "OPTIONS"}),
        ("BREW", "/", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_wrong_verbs(regression: "Served", verb: str, path: str, allowed: set[str]) -> None:
    answer = regression.client.open(path, method=verb)
    detail = f"{verb} is not offered at {path}; the header Allow lists what is."
    assert_problem(answer, problem(405, detail, instance=path))
    assert set(answer.headers["Allow"].split(", ")) == allowed


def test_a_bug_is_told_without_its_traceback(
    regression: "Served", monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing a client sends does this; the estimator is taken from under the model.
    monkeypatch.delattr(regression.model, "_estimator")
    answer = post(regression, b'{"X": [[1, 2, 3]]}')
    assert_problem(
        answer, problem(500, "The request could not be answered; the log has the reason.")
    )
