import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_build.console import Console, seconds


def test_a_pipe_gets_plain_lines() -> None:
    log = io.StringIO()
    console = Console(log)
    with console.step("Train [x]"):
        with console.progress("fits", 3) as progress:
            progress.advance()
            progress.advance(2)
        console.note("one\ntwo")
        console.warn("careful")
        console.table("sizes", [["numpy", 12], ["flask", 3]], header=["package", "MB"])
    assert re.sub(r"\d\.\d s", "0.0 s", log.getvalue()) == (
        "==> Train [x]\n"
        "    fits: 3 of 3\n"
        "    one\n"
        "    two\n"
        "    WARNING: careful\n"
        "    sizes:\n"
        "      package  MB\n"
        "      numpy    12\n"
        "      flask    3\n"
        "    done in 0.0 s\n"
    )


def test_a_terminal_gets_colours_and_bars() -> None:
    log = io.StringIO()
    console = Console(log, terminal=True)
    with console.step("Train [x]"), console.progress("fits [y]", 2) as progress:
        progress.advance()
        progress.advance()
    console.warn("careful [z]")
    console.table("sizes [w]", [["[numpy]", 12]])
    shown = log.getvalue()
    assert "\x1b[" in shown
    assert "2/2" in shown
    for text in ("Train [x]", "fits [y]", "WARNING: careful [z]", "sizes [w]", "[numpy]"):
        assert text in shown


def test_a_failing_step_says_so_and_raises() -> None:
    log = io.StringIO()
    with pytest.raises(KeyError), Console(log).step("Break"):
        raise KeyError
    assert re.fullmatch(r"==> Break\n    failed after \d\.\d s\n", log.getvalue())


def test_it_writes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    Console().note("hello")
    assert capsys.readouterr() == ("    hello\n", "")


def test_an_empty_table_shows_its_title() -> None:
    log = io.StringIO()
    Console(log).table("nothing", [])
    Console(log, terminal=True).table("still nothing", [])
    assert "nothing" in log.getvalue()
    assert "still nothing" in log.getvalue()


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])),
    st.sampled_from(["ascii", "utf-8", "cp1252"]),
)
def test_no_text_fails_in_any_encoding(text: str, encoding: str) -> None:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding=encoding, newline="\n")
    Console(stream).note(f"<{text}>")
    shown = buffer.getvalue().decode(encoding)
    assert shown == "    <" + text.encode(encoding, "backslashreplace").decode(encoding) + ">\n"


@pytest.mark.parametrize(
    ("duration", "expected"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (12.4, "12 s"), (59.6, "1 min 0 s"), (125, "2 min 5 s")],
)
def test_durations_are_written_for_people(duration: float, expected: str) -> None:
    assert seconds(duration) == expected
