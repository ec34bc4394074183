"""A store alone: nobody else has it open, and its data can be replaced.

Every process that has a store open holds a lock on the first byte of lock.mdb, which is
taken here for writing. Who waits for that lock relies on what others wrote into
lock.mdb, which told of the old data. So it is made void before the new data takes its
place: if this process is killed between the two, who comes next makes it anew.
"""

from __future__ import annotations

import fcntl
import os
import struct
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import lmdb

from greenflow.errors import StoreBusy, StoreError
from greenflow.failpoints import reach
from greenflow.store import directory
from greenflow.store.lmdb_env import attach, detach
from greenflow.store.lmdb_errors import translated

if TYPE_CHECKING:
    from collections.abc import Iterator

#: In front of lock.mdb: what tells that the rest of it can be relied on.
_LOCK_HEAD_BYTES: Final = 8
#: struct flock on 64-bit Linux: type, whence, start, length, pid.
_FLOCK: Final = struct.Struct("hhqqi4x")


@contextmanager
def replacing(path: str, done: str) -> Iterator[tuple[lmdb.Environment, str]]:
    """Put another file in the place of a store's data; nobody may have it open.

    Gives the data, and the path at which the block makes the other file, on disk when
    it ends. Killed at any moment, the store has the one or the other.

    Raises:
        StoreBusy: this or another process has it open.
        StoreError: the file cannot be written: the store cannot be ``done``.
    """
    data = os.path.join(path, directory.DATA)
    try:
        with opened(data) as original, _alone(path) as lock:
            copy = os.path.join(path, directory.COMPACTED)
            with suppress(FileNotFoundError):
                os.unlink(copy)
            try:
                yield original, copy
                os.pwrite(lock, bytes(_LOCK_HEAD_BYTES), 0)
                reach("in-swap")
                os.rename(copy, data)
            except BaseException:
                with suppress(FileNotFoundError):
                    os.unlink(copy)
                raise
            reach("after-swap")
            directory.sync(path)
            # LMDB makes lock.mdb anew, as this process has it alone; then it lets
            # others in, who may be waiting.
            detach(attach(path))
    except lmdb.Error as error:
        raise translated(error, path) from error
    except OSError as error:
        raise StoreError(f"store {path} cannot be {done}: {error}") from error


@contextmanager
def opened(file: str) -> Iterator[lmdb.Environment]:
    """Open a file of LMDB for reading, without touching the locks of its users."""
    try:
        env = lmdb.open(
            file,
            subdir=False,
            readonly=True,
            lock=False,
            create=False,
            max_dbs=0,
            readahead=True,
            lib_version=0,
        )
    except lmdb.Error as error:
        if "already open" in str(error):
            raise StoreBusy(
                f"{file} is open in this process", hint="close the store first"
            ) from error
        raise
    try:
        yield env
    finally:
        env.close()


@contextmanager
def _alone(path: str) -> Iterator[int]:
    """Keep all others from having a store open; give its lock file. Raises StoreBusy.

    No store of this process may be open here: to close the file drops its locks.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    lock = os.open(os.path.join(path, directory.LOCK), flags, 0o600)
    try:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 0)
        except OSError as error:
            holder = _holder(lock)
            who = f"process {holder}" if holder else "another process"
            raise StoreBusy(
                f"store {path} is open in {who}",
                hint="end what uses it: workers, and whoever waits for a flow",
            ) from error
        yield lock
    finally:
        os.close(lock)


def _holder(lock: int) -> int:
    """Return a process that has the store open, or 0."""
    asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 1, 0)
    kind, _, _, _, pid = _FLOCK.unpack(fcntl.fcntl(lock, fcntl.F_GETLK, asked))
    return 0 if kind == fcntl.F_UNLCK else pid


def new_file(path: str) -> int:
    """Make a file that only this user can use."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(path, flags, 0o600)
    os.fchmod(file, 0o600)
    return file
