"""Dump and restore by CRIU: through its service, lazily, or by its command line.

Each is a :class:`Criu`: it dumps a process into a folder, and restores it from there.
"""

from __future__ import annotations

import os
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from bench.criu import wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Requests of CRIU's service, and the fields of their options.
_DUMP, _RESTORE = 1, 2
_FOLDER, _PID, _LEAVE_RUNNING, _LOG_LEVEL, _LOG_FILE, _LAZY = 1, 2, 3, 9, 10, 48
_ERRORS_ONLY: Final = 1
_GIVE_UP_SECONDS: Final = 60.0
_ANSWER_BYTES_MAX: Final = 1 << 16


class CriuError(Exception):
    """CRIU could not do it; the text is its own first line about why."""


class Criu(Protocol):
    """A way of calling CRIU."""

    def dump(self, pid: int, folder: str, *, leave_running: bool = False) -> None:
        """Save a process into a folder, and end it. Raises CriuError."""

    def prepare(self, folder: str) -> None:
        """Do what can be done before somebody waits for the restore."""

    def restore(self, folder: str) -> None:
        """Let the process go on; return when it does. Raises CriuError."""

    def settle(self) -> None:
        """Wait until the last restored process needs nobody any more."""


class Commands:
    """CRIU by its command line, one process for each call."""

    def __init__(self, program: str) -> None:
        self._program = program

    def dump(self, pid: int, folder: str, *, leave_running: bool = False) -> None:
        """See :class:`Criu`."""
        options = ["--leave-running"] if leave_running else []
        self._run(["dump", "-t", str(pid), *options], folder)

    def prepare(self, folder: str) -> None:
        """Nothing."""

    def restore(self, folder: str) -> None:
        """See :class:`Criu`."""
        self._run(["restore", "--restore-detached"], folder)

    def settle(self) -> None:
        """Nothing."""

    def _run(self, words: Sequence[str], folder: str) -> None:
        log = f"{words[0]}.log"
        command = [self._program, *words, "-D", folder, "-v1", "-o", log]
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=_GIVE_UP_SECONDS,
        )
        if done.returncode:
            raise CriuError(f"{words[0]}: {first_error(f'{folder}/{log}')}")


class Service:
    """CRIU by its service, which spares its start: made by :func:`service`."""

    def __init__(self, address: str) -> None:
        self._address = address

    def dump(self, pid: int, folder: str, *, leave_running: bool = False) -> None:
        """See :class:`Criu`."""
        options = [(_PID, pid), (_LEAVE_RUNNING, int(leave_running))]
        self.ask(_DUMP, folder, options)

    def prepare(self, folder: str) -> None:
        """Nothing."""

    def restore(self, folder: str) -> None:
        """See :class:`Criu`."""
        self.ask(_RESTORE, folder, [])

    def settle(self) -> None:
        """Nothing."""

    def ask(
        self, kind: int, folder: str, options: Sequence[tuple[int, wire.Value]]
    ) -> None:
        """Send a request, and wait for its answer. Raises CriuError."""
        log = "dump.log" if kind == _DUMP else "restore.log"
        file = os.open(folder, os.O_RDONLY)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
            try:
                line.settimeout(_GIVE_UP_SECONDS)
                line.connect(self._address)
                fields = [(_FOLDER, file), (_LOG_LEVEL, _ERRORS_ONLY), (_LOG_FILE, log)]
                body = wire.message([*fields, *options])
                line.send(wire.message([(1, kind), (2, body)]))
                answer = wire.parse(line.recv(_ANSWER_BYTES_MAX))
            finally:
                os.close(file)
        if answer.get(1) != kind or answer.get(2) != 1:
            raise CriuError(f"{log[:-4]}: {first_error(f'{folder}/{log}')}")


class Lazily:
    """A service whose restored processes get their memory when they touch it."""

    def __init__(self, program: str, service: Service) -> None:
        self._program = program
        self._service = service
        self._pages: subprocess.Popen[bytes] | None = None

    def dump(self, pid: int, folder: str, *, leave_running: bool = False) -> None:
        """See :class:`Criu`."""
        self._service.dump(pid, folder, leave_running=leave_running)

    def prepare(self, folder: str) -> None:
        """Start what will serve the pages."""
        command = [self._program, "lazy-pages", "-D", folder]
        self._pages = _start(command, f"{folder}/lazy.log")

    def restore(self, folder: str) -> None:
        """See :class:`Criu`."""
        self._service.ask(_RESTORE, folder, [(_LAZY, 1)])

    def settle(self) -> None:
        """See :class:`Criu`."""
        if self._pages is not None:
            self._pages.wait(_GIVE_UP_SECONDS)
            self._pages = None


@contextmanager
def service(program: str, folder: str) -> Iterator[Service]:
    """Let CRIU's service run, with its files in a folder."""
    address = f"{folder}/criu.sock"
    command = [program, "service", "--address", address, "-D", folder]
    process = _start(command, f"{folder}/service.log")
    try:
        yield Service(address)
    finally:
        process.terminate()
        process.wait()


def _start(command: list[str], log: str) -> subprocess.Popen[bytes]:
    """Start what listens for others; return when it does. Raises CriuError."""
    ready, told = os.pipe()
    try:
        process = subprocess.Popen(
            [*command, "-v1", "-o", log, "--status-fd", str(told)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[told],
        )
        os.close(told)
        # A byte when it listens, and nothing if it has ended instead.
        if not os.read(ready, 1):
            process.wait()
            raise CriuError(f"{command[1]}: {first_error(log)}")
    finally:
        os.close(ready)
    return process


def first_error(log: str) -> str:
    """Return the first line of a log that tells of an error."""
    try:
        lines = Path(log).read_text(errors="replace").splitlines()
    except OSError:
        return "it left no log"
    # That it may not have more open files is told as an error, and does no harm.
    errors = [line for line in lines if "Error" in line and "rlimit" not in line]
    return (errors or lines or ["its log is empty"])[0].strip()
