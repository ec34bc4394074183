"""The prepared parent: a process that has loaded greenflow, and forks workers.

``python -m greenflow.runtime.forking DESCRIPTOR [MODULE ...]``, started by
:mod:`greenflow.runtime.prepared`, which tells what goes over the socket. To fork takes
a millisecond, to start Python and load greenflow a hundred. It has one thread, no store
open, and no module of users' but those that were named, so what it forks is as a new
process is: code that was changed on the disk is found as it is now.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pkgutil
import select
import signal
import socket
import sys
from typing import TYPE_CHECKING, Final, cast

import msgspec

from greenflow.errors import GreenflowError
from greenflow.runtime import isolation, stores
from greenflow.runtime.forked import Task
from greenflow.runtime.prepared import ENDED, FAILED, NEWS, STARTED, UNFIT, Request
from greenflow.store.keyfile import PIPE_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenflow.runtime.names import CodePolicy

#: What a worker loads sooner or later: nothing that looks at flows or debugs them.
_PACKAGES: Final = ("continuation", "store", "runtime")
#: They reach all processes of a terminal or a service. It ends with who started it.
_BLOCKED: Final = (signal.SIGINT, signal.SIGTERM)
_KEYS: Final = os.fsencode(PIPE_VARIABLE)


def load(modules: Sequence[str]) -> None:
    """Import greenflow, its libraries, and these modules. Raises what they raise."""
    for name in _PACKAGES:
        package = importlib.import_module(f"greenflow.{name}")
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            # Event loops are for who has one.
            if ".aio_" not in found.name:
                importlib.import_module(found.name)
    for name in modules:
        importlib.import_module(name)


def unfit() -> str:
    """Return why this process must not fork workers; "" if it may."""
    from greenflow.store import lmdb_env

    if len(os.listdir("/proc/self/task")) > 1:
        return "a module that it was to load beforehand started a thread"
    if lmdb_env.is_any_open():
        return "a module that it was to load beforehand opened a store"
    return ""


class Parent:
    """Forks a worker for each request, and tells how it ended."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._children: dict[int, int] = {}
        self._woken, self._waking = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        # Not ignored: what is sent to a worker that was just forked must reach it.
        signal.pthread_sigmask(signal.SIG_BLOCK, _BLOCKED)
        self._before = signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waking, warn_on_full_buffer=False)

    def serve(self) -> Request | None:
        """Return what a forked worker is to do, in its process; None at the end."""
        polled = select.poll()
        polled.register(self._control, select.POLLIN)
        polled.register(self._woken, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in polled.poll()}
            if self._woken in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._woken, 4096)
                self._reap()
            if self._control.fileno() in ready:
                data, descriptors, _, _ = socket.recv_fds(self._control, NEWS.size, 2)
                if not data:
                    return None
                request = self._fork(NEWS.unpack(data)[1], *descriptors)
                if request is not None:
                    return request

    def _fork(self, number: int, descriptor: int, *keys: int) -> Request | None:
        """Fork a worker; ``keys`` is where it reads those of its store, if at all."""
        with os.fdopen(descriptor, "rb") as file:
            data = file.read()
        try:
            pid = os.fork()
        except OSError:
            pid = -1
        if pid == 0:
            self._let_go()
            request = msgspec.msgpack.decode(data, type=Request)
            for each in keys:
                request.environment[_KEYS] = b"%d" % each
            return request
        for each in keys:
            os.close(each)
        if pid < 0:
            self._control.send(NEWS.pack(FAILED, number, 0))
            return None
        self._children[pid] = number
        watched = os.pidfd_open(pid)
        try:
            socket.send_fds(self._control, [NEWS.pack(STARTED, number, pid)], [watched])
        finally:
            os.close(watched)
        return None

    def _reap(self) -> None:
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            code = os.waitstatus_to_exitcode(status)
            self._control.send(NEWS.pack(ENDED, self._children.pop(pid), code))

    def _let_go(self) -> None:
        """Keep nothing of the parent's in a forked worker."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, self._before)
        self._control.close()
        os.close(self._woken)
        os.close(self._waking)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _BLOCKED)


def become(request: Request) -> int:
    """Be the worker that was asked for; return its exit code."""
    os.environb.clear()
    os.environb.update(request.environment)
    if request.folder:
        os.chdir(request.folder)
    sys.path[:] = ["", *map(os.fsdecode, request.paths)]
    importlib.invalidate_caches()
    place, flow_id, epoch, code = request.task
    task = Task(os.fsdecode(place), flow_id, epoch, code)
    sys.argv[:] = ["greenflow", "worker", "--store", task.store, *task.words()]
    try:
        told = cast("CodePolicy | None", task.code or None)
        with stores.open(task.store, create=False, code=told) as store:
            isolation.run_alone(store, task.flow, task.epoch, _tell)
            store.close()
    except GreenflowError as error:
        _tell("", error)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _tell(flow_id: str, error: Exception) -> None:
    about = f"{flow_id} cannot go on" if flow_id else "error"
    sys.stderr.write(f"{about}: {error}\n")


def main() -> None:
    """Serve until who started it closes the socket, or ends."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    try:
        load(sys.argv[2:])
        why = unfit()
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
    if why:
        control.send(NEWS.pack(UNFIT, 0, 0) + why.encode()[:500])
        return
    # What lies still is neither looked at by the collector nor copied for that.
    gc.collect()
    gc.freeze()
    request = Parent(control).serve()
    if request is not None:
        sys.exit(become(request))


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has ended
        main()
