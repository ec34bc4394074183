"""Programs in the manner of Stackless's examples: run, and moved in the middle."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import Child, child_environment

_HERE = Path(__file__).parent
PROGRAMS = str(_HERE / "target_programs.py")

PRIMES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71]
PRIMES += [73, 79, 83, 89, 97, 101, 103, 107, 109, 113]


@pytest.mark.parametrize("name", ["sieve", "producer_consumer", "hackysack", "actors"])
@pytest.mark.parametrize("steps", [15, 40])
def test_a_program_is_saved_in_the_middle_and_ends_elsewhere(
    child: Child, tmp_path: Path, name: str, steps: int
) -> None:
    whole = json.loads(child(PROGRAMS, "whole", name).stdout)
    path = str(tmp_path / "image")
    part = json.loads(child(PROGRAMS, "begin", name, path, str(steps)).stdout)
    assert 0 < len(part) < len(whole)
    assert part == whole[: len(part)]
    assert json.loads(child(PROGRAMS, "end", name, path).stdout) == whole
    # An image can be gone on with again and again.
    assert json.loads(child(PROGRAMS, "end", name, path).stdout) == whole


def test_what_the_programs_do_is_right(child: Child) -> None:
    assert json.loads(child(PROGRAMS, "whole", "sieve").stdout) == PRIMES
    items = json.loads(child(PROGRAMS, "whole", "producer_consumer").stdout)
    assert sorted(item[1:] for item in items) == [
        [name, number] for name in ("p1", "p2", "p3") for number in range(8)
    ]
    throws = json.loads(child(PROGRAMS, "whole", "hackysack").stdout)
    assert len(throws) == 61
    moves = json.loads(child(PROGRAMS, "whole", "actors").stdout)
    last = dict(moves)
    assert sum(last.values()) == 200


@contextmanager
def server(path: Path) -> Iterator[int]:
    command = [sys.executable, str(_HERE / "target_chat.py"), str(path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=child_environment()
    ) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
            assert process.wait(60) == 0
        finally:
            process.kill()


def enter(port: int, name: str) -> socket.socket:
    guest = socket.create_connection(("127.0.0.1", port), 60)
    guest.sendall(f"{name}\n".encode())
    return guest


def test_a_chat_goes_on_in_another_process(tmp_path: Path) -> None:
    path = tmp_path / "room"
    with server(path) as port, enter(port, "ann") as ann, ann.makefile() as to_ann:
        ann.sendall(b"hello\n")
        assert to_ann.readline() == "ann 1: hello\n"
        with enter(port, "bob") as bob, bob.makefile() as to_bob:
            bob.sendall(b"hi ann\n")
            assert to_ann.readline() == "bob 1: hi ann\n"
            assert to_bob.readline() == "bob 1: hi ann\n"
            ann.sendall(b"/save\n")
            assert to_ann.readline() == ""
    with server(path) as port, enter(port, "bob") as bob, bob.makefile() as to_bob:
        bob.sendall(b"again\n")
        # The same guest in the same room: the count of what he said goes on.
        assert to_bob.readline() == "bob 2: again\n"
        with enter(port, "ann") as ann, ann.makefile() as to_ann:
            ann.sendall(b"yes\n")
            assert to_bob.readline() == "ann 2: yes\n"
            assert to_ann.readline() in ("bob 2: again\n", "ann 2: yes\n")
        bob.sendall(b"/save\n")
        assert to_bob.readline() == ""
