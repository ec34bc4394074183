"""How times, sizes and foreign text are written, and which error gives which code."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from greenflow import errors
from greenflow.cli import exits
from greenflow.cli.source import marked
from greenflow.cli.text import json_or_text, plain, size
from greenflow.inspect.lines import Position
from greenflow.inspect.sources import excerpt
from greenflow.inspect.waits import age, instant


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (0, "0s"),
        (59.9, "59s"),
        (60, "1m"),
        (61, "1m1s"),
        (3599, "59m59s"),
        (3600, "1h"),
        (2 * 3600 + 5 * 60 + 9, "2h5m"),
        (3 * 86400 + 4 * 3600, "3d4h"),
        (400 * 86400 + 59, "400d"),
    ],
)
def test_age(seconds: float, text: str) -> None:
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (3149, "3.1 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (64 * 1024 * 1024, "67.1 MB"),
        (5 * 10**9, "5.0 GB"),
        (5 * 10**12, "5000.0 GB"),
    ],
)
def test_size(size_bytes: int, text: str) -> None:
    assert size(size_bytes) == text


def test_instants_are_utc() -> None:
    assert instant(0.25) == "1970-01-01T00:00:00.250+00:00"


@pytest.mark.parametrize("text", ["", "a b", "größe", "値"])
def test_visible_text_stays(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", r"a\nb"),
        ("\x1b[1m", r"\x1b[1m"),
        ("\x9b", r"\x9b"),
        ("\u202e", r"\u202e"),
    ],
)
def test_everything_else_is_escaped(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_arguments() -> None:
    assert json_or_text("1e3") == 1000.0
    assert json_or_text("1e") == "1e"
    assert json_or_text("") == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.FlowNotFound, exits.NOT_FOUND),
        (errors.FlowBusy, exits.BUSY),
        (errors.FlowExists, exits.BUSY),
        (errors.Conflict, exits.BUSY),
        (errors.CodeChanged, exits.NOT_RESTORABLE),
        (errors.CodeMissing, exits.NOT_RESTORABLE),
        (errors.WrongInterpreter, exits.NOT_RESTORABLE),
        (errors.BadChecksum, exits.DAMAGED),
        (errors.BadFormat, exits.DAMAGED),
        (errors.UnsafeStore, exits.DAMAGED),
        (errors.NotSaveable, exits.FAILED),
        (errors.FlowFailed, exits.FAILED),
    ],
)
def test_exit_codes(error: type[errors.GreenflowError], code: int) -> None:
    assert exits.exit_code(error("it went wrong")) == code


def test_every_error_has_an_exit_code_that_is_documented() -> None:
    from greenflow.cli.app import app

    documented = inspect.cleandoc(app.help or "")
    for error in vars(errors).values():
        if inspect.isclass(error) and issubclass(error, errors.GreenflowError):
            assert f" {exits.exit_code(error('x'))} " in documented


def at(
    file: Path, line: int, end_line: int | None = None, col: int = -1, end_col: int = -1
) -> tuple[str, str]:
    position = Position(line, end_line or line, col, end_col)
    return marked(excerpt(str(file), position, None).line)


def test_carets_count_characters_and_columns_not_bytes(tmp_path: Path) -> None:
    file = tmp_path / "wide.py"
    file.write_text('    x = "値ö" + f(1)\n', encoding="utf-8")
    before = len('    x = "値ö" + '.encode())
    text, carets = at(file, 1, col=before, end_col=before + len("f(1)"))
    assert text == 'x = "値ö" + f(1)'
    # 値 fills two columns of a terminal.
    assert carets == " " * (len('x = "値ö" + ') + 1) + "^^^^"


def test_an_expression_over_several_lines_is_marked_to_the_end(tmp_path: Path) -> None:
    file = tmp_path / "long.py"
    file.write_text("x = f(\n    1,\n)\n")
    text, carets = at(file, 1, end_line=3, col=4, end_col=1)
    assert (text, carets) == ("x = f(", "    ^^")


def test_an_unknown_position_has_no_carets(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("f()\n")
    assert at(file, 1) == ("f()", "")
    assert at(file, 0) == ("", "")
    assert at(file, 9, col=0, end_col=1) == ("", "")
    assert at(tmp_path / "b.py", 1, col=0, end_col=1) == ("", "")
