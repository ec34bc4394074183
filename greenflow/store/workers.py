"""Which workers live. A worker holds a lock on a file of its own as long as it does.

The kernel drops the lock when the process ends, however it ends, so a dead worker is
known at once and no clock is involved. An id is never used again: who is dead stays so.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import weakref
from contextlib import suppress
from typing import Final

from greenflow.errors import StoreError

_NAME: Final = re.compile(r"[0-9]{1,10}-[0-9a-f]{16}", re.ASCII)
_SUFFIX: Final = ".lock"


class Worker:
    """The right to claim flows in one store, from here to :meth:`close`.

    Attributes:
        id: what a flow's record tells as its owner; begins with the process's id.
    """

    def __init__(self, folder: str) -> None:
        """Register a worker in ``folder``, which is made. Raises StoreError."""
        try:
            with suppress(FileExistsError):
                os.mkdir(folder, 0o700)
            while not self._register(folder):
                pass
        except OSError as error:
            raise StoreError(f"cannot register a worker: {error}") from error
        _workers.add(self)

    def _register(self, folder: str) -> bool:
        self.id = f"{os.getpid()}-{secrets.token_hex(8)}"
        self._path = _path(folder, self.id)
        # Python's descriptors are not inherited over exec(): a child holds no lock.
        self._lock = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        if os.fstat(self._lock).st_nlink:
            return True
        # Somebody found the file before it was locked, and removed it as a dead one's.
        os.close(self._lock)
        return False

    def close(self) -> None:
        """Be dead: what this worker has claimed can be claimed by others."""
        if self in _workers:
            _workers.discard(self)
            with suppress(FileNotFoundError):
                os.unlink(self._path)
            os.close(self._lock)

    def forget(self) -> None:
        """Let go of the file in a forked child; the parent's lock is not touched."""
        os.close(self._lock)


def alive(folder: str, worker: str) -> bool:
    """Return whether this worker lives. Raises StoreError if that cannot be told."""
    if _NAME.fullmatch(worker) is None:
        return False
    try:
        lock = os.open(_path(folder, worker), os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreError(f"cannot tell if worker {worker} lives: {error}") from error
    try:
        # Shared, so that two who ask at once do not take each other for the worker.
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(lock)


def dead(folder: str) -> list[str]:
    """Return the dead workers whose files are still there."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    stems = (name.removesuffix(_SUFFIX) for name in names)
    return [stem for stem in stems if _NAME.fullmatch(stem) and not alive(folder, stem)]


def bury(folder: str, worker: str) -> None:
    """Remove the file of a dead worker that has no flows any more."""
    if _NAME.fullmatch(worker) is not None:
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
