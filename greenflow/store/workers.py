"""Which workers live. A worker holds a lock on a file of its own as long as it does.

The kernel drops the lock when the process ends, however it ends, so a dead worker is
known at once and no clock is involved. An id is never used again: who is dead stays so.
One that hangs keeps its lock, but does not renew its lease: a time in that file, by the
clock that counts since the machine was started. Nobody's commits depend on a clock.
"""

from __future__ import annotations

import fcntl
import math
import mmap
import os
import re
import threading
import time
import weakref
from contextlib import suppress
from typing import Final

from greenflow import limits
from greenflow.errors import StoreError
from greenflow.failpoints import reach

_NAME: Final = re.compile(r"[0-9]{1,10}-[0-9a-f]{16}", re.ASCII)
_SUFFIX: Final = ".lock"
#: By which a process is told the second half of its worker's id: 16 hexadecimal digits.
TOKEN_VARIABLE: Final = "GREENFLOW_WORKER_TOKEN"
#: Where in its file a worker says which flow it runs; before, until when it lives.
_MARK_AT: Final = 32
_MARK_BYTES: Final = limits.NAME_CHARS_MAX
_FILE_BYTES: Final = _MARK_AT + _MARK_BYTES


def worker_id(pid: int, token: str) -> str:
    """Return the id of the worker in a process that was given this token."""
    return f"{pid}-{token}"


class Worker:
    """The right to claim flows in one store, from here to :meth:`close`.

    Attributes:
        id: what a flow's record tells as its owner; begins with the process's id.
    """

    def __init__(
        self, folder: str, lease_seconds: float = limits.LEASE_SECONDS
    ) -> None:
        """Register a worker in ``folder``, which is made. Raises StoreError.

        Args:
            folder: where the workers of a store are registered.
            lease_seconds: after so long without a sign it is taken for dead.
        """
        self._lease = lease_seconds
        self._marked = ""
        self._closing = threading.Event()
        #: Held while the file is written: it must not be another's by then.
        self._using = threading.Lock()
        try:
            with suppress(FileExistsError):
                os.mkdir(folder, 0o700)
            while not self._register(folder):
                pass
        except OSError as error:
            raise StoreError(f"cannot register a worker: {error}") from error
        _workers.add(self)
        thread = threading.Thread(
            target=_renew, args=(weakref.ref(self), self._closing), daemon=True
        )
        # A deadlock of tasklets is one in spite of it: green/reports.py.
        thread.watches = True  # type: ignore[attr-defined]
        thread.start()

    def renew(self) -> float:
        """Live for another lease; return the seconds until it should be renewed."""
        self._write(b"%-*.3f" % (_MARK_AT, _clock() + self._lease), 0)
        return self._lease / 3

    def mark(self, flow_id: str) -> None:
        """Tell which flow it runs from here on; none if empty."""
        if flow_id != self._marked:
            text = flow_id.encode().ljust(_MARK_BYTES)
            with self._using:
                if not self._closing.is_set():
                    self._page[_MARK_AT:_FILE_BYTES] = text
            self._marked = flow_id

    def _write(self, text: bytes, place: int) -> None:
        with self._using, suppress(OSError):
            if not self._closing.is_set():
                os.pwrite(self._lock, text, place)

    def _register(self, folder: str) -> bool:
        # Who started this process wants to know which worker it is; only the first.
        token = os.environ.pop(TOKEN_VARIABLE, "") or os.urandom(8).hex()
        self.id = worker_id(os.getpid(), token)
        self._path = _path(folder, self.id)
        # Python's descriptors are not inherited over exec(): a child holds no lock.
        self._lock = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        reach("in-register")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        # Marks are set at every switch between flows, too often for a system call. The
        # file's page in memory outlives the process. It gets its place on the disk
        # here: on a full one, to write to the page would be a SIGBUS.
        os.pwrite(self._lock, bytes(_FILE_BYTES), 0)
        self._page = mmap.mmap(self._lock, _FILE_BYTES)
        self.renew()
        if os.fstat(self._lock).st_nlink:
            return True
        # Somebody found the file before it was locked, and removed it as a dead one's.
        self._let_go()
        return False

    def close(self) -> None:
        """Be dead: what this worker has claimed can be claimed by others."""
        if self in _workers:
            _workers.discard(self)
            with suppress(FileNotFoundError):
                os.unlink(self._path)
            with self._using:
                self._closing.set()
                self._let_go()

    def forget(self) -> None:
        """Let go of the file in a forked child; the parent's lock is not touched."""
        self._closing, self._using = threading.Event(), threading.Lock()
        self._closing.set()
        self._let_go()

    def _let_go(self) -> None:
        self._page.close()
        os.close(self._lock)


def alive(folder: str, worker: str) -> bool:
    """Return whether this worker lives. Raises StoreError if that cannot be told."""
    return not gone(folder, worker)


def gone(folder: str, worker: str) -> str:
    """Return why others may have a worker's flows; "" if they may not.

    Raises: StoreError if that cannot be told.
    """
    if _NAME.fullmatch(worker) is None:
        return "is not known"
    try:
        lock = os.open(_path(folder, worker), os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return "died"
    except OSError as error:
        raise StoreError(f"cannot tell if worker {worker} lives: {error}") from error
    try:
        # Shared, so that two who ask at once do not take each other for the worker.
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return "" if _until(lock) >= _clock() else "gave no sign for its lease"
    else:
        return "died"
    finally:
        os.close(lock)


def marked(folder: str, worker: str) -> str:
    """Return the id of the flow that a worker ran when it was last seen, or ""."""
    if _NAME.fullmatch(worker) is None:
        return ""
    try:
        lock = os.open(_path(folder, worker), os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return ""
    try:
        text = os.pread(lock, _MARK_BYTES, _MARK_AT)
    finally:
        os.close(lock)
    return text.decode("ascii", "replace").rstrip("\0 ")


def _until(lock: int) -> float:
    """Return until when a worker's lease is."""
    try:
        return float(os.pread(lock, _MARK_AT, 0))
    except ValueError:
        return math.inf  # it just registers


def _clock() -> float:
    # It goes on while the machine sleeps, and nobody can set it.
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _renew(worker: weakref.ref[Worker], closing: threading.Event) -> None:
    """Renew a worker's lease until it is closed, in a thread of its own."""
    pause = 0.0
    while not closing.wait(pause):
        lives = worker()
        if lives is None:
            return
        pause = lives.renew()
        del lives


def registered(folder: str) -> list[str]:
    """Return the workers whose files are there, living or dead."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    stems = (name.removesuffix(_SUFFIX) for name in names)
    return [stem for stem in stems if _NAME.fullmatch(stem)]


def dead(folder: str) -> list[str]:
    """Return the dead workers whose files are still there."""
    return [each for each in registered(folder) if gone(folder, each) == "died"]


def bury(folder: str, worker: str) -> None:
    """Remove the file of a dead worker that has no flows any more.

    That of one which only hangs stays: it goes on some time, under the same id.
    """
    if _NAME.fullmatch(worker) is not None and gone(folder, worker) == "died":
        with suppress(FileNotFoundError):
            os.unlink(_path(folder, worker))


def _path(folder: str, worker: str) -> str:
    return os.path.join(folder, worker + _SUFFIX)


def _forget_all() -> None:
    for worker in list(_workers):
        worker.forget()
    _workers.clear()


#: The living workers of this process.
_workers: weakref.WeakSet[Worker] = weakref.WeakSet()
# A forked child shares the lock, and would make its dead parent seem alive.
os.register_at_fork(after_in_child=_forget_all)
