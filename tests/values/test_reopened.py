"""Files that are opened again at their position, because the user wants it."""

from __future__ import annotations

import subprocess
import sys

import pytest

import greenflow
from greenflow import Continuation, NotRestorable, NotSaveable, suspend
from tests.conftest import child_environment
from tests.values import test_reopened


def lines(path):
    with greenflow.open_file(path, encoding="utf-8") as file:
        for line in file:
            suspend(line.strip())
        end = file.tell()
    return end, file.closed, file.name


def pieces(path):
    file = greenflow.open_file(path, "rb")
    got = [file.read(3)]
    suspend(got[0])
    got.append(file.read(4))
    return got, file.name


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_bytes("önë\r\ntwo\nthree".encode())
    return path


def elsewhere(data, code):
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=data,
        env=child_environment(),
        cwd="/",
        capture_output=True,
        check=True,
    )
    return done.stdout


STEP = """
import sys
from greenflow import Continuation
k = Continuation.loads(sys.stdin.buffer.read()).resume()
sys.stdout.buffer.write(k.dumps())
"""


def test_a_loop_over_lines(text):
    data, told = Continuation.start(test_reopened.lines, text).dumps(), []
    while not (k := Continuation.loads(data)).done:
        told.append(k.value)
        data = elsewhere(data, STEP)
    assert told == ["önë", "two", "three"]
    assert k.value == (text.stat().st_size, True, str(text))


def test_bytes(text, monkeypatch):
    monkeypatch.chdir(text.parent)
    k = Continuation.start(pieces, text.name)
    monkeypatch.chdir("/")
    got, name = Continuation.loads(k.dumps()).resume().value
    assert b"".join(got) == text.read_bytes()[:7]
    assert name == str(text)


def test_other_newlines_and_encodings(tmp_path):
    path = tmp_path / "text"
    path.write_bytes("a\rb\r\nc".encode("utf-16"))

    def flow():
        file = greenflow.open_file(path, encoding="utf-16", newline="")
        got = [next(file)]
        suspend()
        return got + list(file)

    k = Continuation.start(flow)
    assert Continuation.loads(k.dumps()).resume().value == ["a\r", "b\r\n", "c"]


def test_a_closed_one_stays_closed(text):
    def flow():
        with greenflow.open_file(text) as file:
            pass
        with greenflow.open_file(text, "rb") as other:
            pass
        suspend()
        return file.closed, other.closed, file.name, other.name

    k = Continuation.start(flow)
    place = str(text)
    assert Continuation.loads(k.dumps()).resume().value == (True, True, place, place)


@pytest.mark.parametrize("change", ["gone", "shorter"])
@pytest.mark.parametrize("flow", [lines, pieces])
def test_a_file_that_is_another_one_now(text, change, flow):
    data = Continuation.start(flow, text).dumps()
    if change == "gone":
        text.unlink()
    else:
        text.write_text("")
    with pytest.raises(NotRestorable, match=r"lines\.txt"):
        Continuation.loads(data)


def test_only_for_reading(text):
    with pytest.raises(ValueError, match="'w'"):
        greenflow.open_file(text, "w")
    with pytest.raises(FileNotFoundError):
        greenflow.open_file(text.parent / "none")


def test_other_files_are_refused_and_the_way_out_is_named(text):
    def flow():
        with open(text) as file:
            suspend(file)

    k = Continuation.start(flow)
    with k.value, pytest.raises(NotSaveable, match=r"greenflow\.open_file"):
        k.dumps()
