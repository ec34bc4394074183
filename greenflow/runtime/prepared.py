"""Worker processes that are forked from a prepared parent, or else started anew.

The parent (:mod:`greenflow.runtime.forking`) is a child of this process. Over a socket
it gets a number and a file with a :class:`Request` for each worker, and a pipe if that
one gets the store's keys by one, which the parent never reads. It answers with
that worker's process, as a descriptor that no other process ever gets, and later with
how it ended. If the parent dies, its workers go on, their descriptors tell that they
ended, and the next worker gets a new parent.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from greenflow.runtime.forked import Forked
from greenflow.runtime.processes import how, searched_paths
from greenflow.store import keyfile
from greenflow.store.workers import TOKEN_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from greenflow.runtime.forked import Task

#: Kind, number of the request, and process or exit code.
NEWS: Final = struct.Struct("<BQi")
STARTED, ENDED, FAILED, UNFIT = range(4)

#: What recvmsg() is given: room for a text and a descriptor, and no time.
_RECEIVED: Final = (
    *(NEWS.size + 1024, socket.CMSG_SPACE(struct.calcsize("i"))),
    socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC,
)
#: Without work for so long a parent is let go.
_IDLE_SECONDS: Final = 60.0
_END_SECONDS: Final = 5.0


class Request(msgspec.Struct, frozen=True):
    """What a forked worker begins with."""

    task: tuple[bytes, str, int, str]
    environment: dict[bytes, bytes]
    folder: bytes
    paths: list[bytes]


class Prepared:
    """The parent of the workers of this process, which is started when needed."""

    def __init__(
        self,
        preload: Sequence[str] = (),
        told: Callable[[str], object] = lambda _: None,
    ) -> None:
        """Prepare for workers.

        Args:
            preload: modules that the parent imports beforehand; in workers they are as
                they were then, also if their files have been changed since.
            told: hears why no worker can be forked.
        """
        self._preload, self._told = preload, told
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._asked: dict[int, Forked] = {}
        self._number = 0
        self._fit = _can_fork()
        self._idle_since = time.monotonic()
        _all.add(self)

    def start(self, task: Task) -> Forked:
        """Start a worker for a task. Raises OSError."""
        made = Forked(self, task)
        self.hear()
        # If the parent has just died a new one is asked.
        if not (self._fit and (self._ask(made) or self._ask(made))):
            made.not_forked()
        return made

    def hear(self) -> None:
        """Take in what the parent has told."""
        while self._socket is not None:
            try:
                data, passed, _, _ = self._socket.recvmsg(*_RECEIVED)
            except BlockingIOError:
                break
            except ConnectionResetError:
                continue  # it did not read all; what it told before comes now
            if not data:
                self._lost()
                break
            self._take(data, passed)
        if self._asked:
            self._idle_since = time.monotonic()
        elif (
            self._socket is not None
            and time.monotonic() - self._idle_since > _IDLE_SECONDS
        ):
            self._lost()

    def wait(self, seconds: float) -> None:
        """Wait until the parent tells something, so long at most."""
        if self._socket is None:
            time.sleep(seconds)
            return
        polled = select.poll()
        polled.register(self._socket, select.POLLIN)
        polled.poll(seconds * 1000)

    def close(self) -> None:
        """Let the parent end; workers that it forked go on."""
        self.hear()
        self._lost()

    def forget(self) -> None:
        """Let go of the parent in a forked child of this process."""
        if self._socket is not None:
            self._socket.close()
        self._socket = self._process = None
        self._asked.clear()

    def _take(self, data: bytes, passed: list[tuple[int, int, bytes]]) -> None:
        kind, number, value = NEWS.unpack_from(data)
        if kind == UNFIT:
            self._fit = False
            self._told(f"no worker is forked: {data[NEWS.size :].decode()}")
            self._lost()
        elif kind == STARTED:
            (_, _, descriptor), *_ = passed
            watched = int.from_bytes(descriptor, sys.byteorder)
            self._asked[number].started(value, watched)
        elif kind == ENDED:
            self._asked.pop(number).ended(how(value) if value else "")
        elif kind == FAILED:
            self._asked.pop(number).not_forked()

    def _ask(self, made: Forked) -> bool:
        """Ask the parent, started if need be; return whether it could be asked."""
        self._number += 1
        data = NEWS.pack(STARTED, self._number, 0)
        file = os.memfd_create("greenflow worker")
        try:
            with (
                open(file, "wb", closefd=False) as written,
                keyfile.Handover(made.task.store) as keys,
            ):
                request = _request(made, keys.environment)
                written.write(msgspec.msgpack.encode(request))
                written.seek(0)
                socket.send_fds(self._parent(), [data], [file, *keys.files])
        except (BrokenPipeError, ConnectionResetError):
            self._lost()
            return False
        finally:
            os.close(file)
        self._asked[self._number] = made
        return True

    def _parent(self) -> socket.socket:
        if self._socket is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                number = theirs.fileno()
                command = [sys.executable, "-m", f"{__package__}.forking", str(number)]
                environment = {**os.environ, "PYTHONPATH": searched_paths()}
                self._process = subprocess.Popen(
                    [*command, *self._preload], env=environment, pass_fds=[number]
                )
            self._socket = ours
        return self._socket

    def _lost(self) -> None:
        """Go on without the parent: it died, or is not needed any more."""
        if self._socket is not None:
            self._socket.close()
        process, self._socket, self._process = self._process, None, None
        if process is not None:
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        asked, self._asked = self._asked, {}
        for made in asked.values():
            made.orphaned()


def _request(made: Forked, added: dict[str, str]) -> Request:
    added = {**added, TOKEN_VARIABLE: made.token}
    environment = {
        os.fsencode(name): os.fsencode(value) for name, value in added.items()
    }
    environment = {**os.environb, **environment}
    folder = b""
    with suppress(FileNotFoundError):
        folder = os.getcwdb()
    paths = [os.fsencode(path) for path in sys.path if path]
    task = made.task
    told = os.fsencode(task.store), task.flow, task.epoch, task.code
    return Request(told, environment, folder, paths)


def _can_fork() -> bool:
    """Whether this system has what is needed."""
    if not (hasattr(os, "pidfd_open") and hasattr(os, "memfd_create")):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return hasattr(signal, "pidfd_send_signal")


#: Of this process. A forked child must not keep the parent waiting for its end.
_all: weakref.WeakSet[Prepared] = weakref.WeakSet()


def _forget_all() -> None:
    for prepared in list(_all):
        prepared.forget()


os.register_at_fork(after_in_child=_forget_all)
