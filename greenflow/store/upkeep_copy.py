"""backup and compact: LMDB's own copy of a snapshot, without the pages that are free.

backup copies while others write. compact puts the copy in the place of the original, so
nobody else may have the store open, nor open it meanwhile: every process that has it
holds a lock on the first byte of lock.mdb, which is taken here for writing.

Who waits for that lock relies on what others wrote into lock.mdb, which told of the old
data. So it is made void before the new data takes its place: if this process is killed
between the two, who comes next makes it anew.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import tempfile
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import lmdb

from greenflow.errors import BadRecord, StoreBusy, StoreError
from greenflow.failpoints import reach
from greenflow.store import bulk, directory, filed, lmdb_facts
from greenflow.store.lmdb import LmdbStore
from greenflow.store.lmdb_env import attach, detach
from greenflow.store.lmdb_errors import translated
from greenflow.store.upkeep_doctor import Examiner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenflow.store.keyfile import Source

    Tell = Callable[[int, int], object]

#: In front of lock.mdb: what tells that the rest of it can be relied on.
_LOCK_HEAD_BYTES: Final = 8
#: struct flock on 64-bit Linux: type, whence, start, length, pid.
_FLOCK: Final = struct.Struct("hhqqi4x")
_LOOK_SECONDS: Final = 0.05
#: Keys that are compared before progress is told.
_COMPARED: Final = 10_000


def backup(
    store: LmdbStore, target: str | os.PathLike[str], tell: Tell = lambda *_: None
) -> None:
    """Copy a store as it is at one moment into a new folder, while others use it.

    The copy is a store, and open_store() opens it: its claims are void, as the workers
    of the original are none of its own. All of it is read before this returns.

    Args:
        store: what is copied.
        target: the folder, which must not be there.
        tell: called with how much was done, and of how much.

    Raises:
        StoreError: it is there, or cannot be written.
        UnsafeStore: others could write it, or it is on another machine's disk.
        BadRecord: the original, and so the copy, is damaged. The copy is there.
    """
    place = os.path.abspath(target)
    if os.path.lexists(place):
        raise StoreError(f"{place} is there already", hint="name a new folder")
    parent, name = os.path.split(place)
    try:
        partial = tempfile.mkdtemp(prefix=f"{name}.", suffix=".partial", dir=parent)
    except OSError as error:
        raise StoreError(f"a backup cannot be made at {place}: {error}") from error
    try:
        _copy_all(store, partial, tell)
        damage = _read_all(partial, store.keys, tell)
        directory.sync(partial)
        os.rename(partial, place)
        directory.sync(place)
    except OSError as error:
        raise StoreError(f"a backup cannot be made at {place}: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    if damage:
        raise BadRecord(f"backup {place}: {damage}", hint="look: greenflow doctor")


def _copy_all(store: LmdbStore, partial: str, tell: Tell) -> None:
    """Copy the data of one moment, and the files of blocks that it names.

    One that is deleted before it was copied was needed no more: a later moment is taken.
    """
    data = os.path.join(partial, directory.DATA)
    target = os.path.join(partial, directory.BULK)
    for last in (False, False, False, True):
        _copy_hot(store, data, tell)
        copy = LmdbStore(partial, create=False, keys=store.keys)
        try:
            wanted = set(copy.read(filed.names)) - set(bulk.names(target))
        finally:
            copy.close()
        try:
            for name in wanted:
                bulk.copy(store.depot.folder, name, target)
        except FileNotFoundError:
            if last:
                return  # it is lost, and what reads the copy tells of it
            os.unlink(data)
            os.unlink(os.path.join(partial, directory.LOCK))
        else:
            break
    copy = LmdbStore(partial, create=False, keys=store.keys)
    try:
        filed.sweep(copy)  # what another moment had
    finally:
        copy.close()


def _copy_hot(store: LmdbStore, target: str, tell: Tell) -> None:
    """Copy, in a thread, while this one tells how far it is."""
    total = lmdb_facts.space(store.environment).live_bytes
    failed: list[BaseException] = []
    copied = new_file(target)

    def copy() -> None:
        try:
            store.environment.using(lambda env: env.copyfd(copied, compact=True))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=copy)
    try:
        thread.start()
        while thread.is_alive():
            thread.join(_LOOK_SECONDS)
            tell(min(os.fstat(copied).st_size, total), total)
        for error in failed:
            if isinstance(error, lmdb.Error):
                raise translated(error, target) from error
            raise error
        os.fsync(copied)
    finally:
        thread.join()
        os.close(copied)


def _read_all(folder: str, keys: Source | None, tell: Tell) -> str:
    """Read every record of a copy; return what is wrong with the first, or ""."""
    copy = LmdbStore(folder, create=False, keys=keys)
    try:
        findings = Examiner(copy, fix=False, tell=tell).run()
    finally:
        copy.close()
    return findings[0].text if findings else ""


def compact(path: str, tell: Tell = lambda *_: None) -> tuple[int, int]:
    """Make the file of a store as small as it can be; nobody may have it open.

    It can be killed at any moment, and the store is as it was, or smaller.

    Args:
        path: the store's folder.
        tell: called with how much was compared, and of how much.

    Returns:
        The bytes of the file, before and after.

    Raises:
        StoreBusy: this or another process has it open.
        StoreError: it is no store, or the copy cannot be written.
    """
    directory.require(path)
    directory.check(path)
    data = os.path.join(path, directory.DATA)
    before = os.stat(data).st_size
    with replacing(path, "compacted") as (original, copy):
        _copy_cold(original, copy, tell)
    return before, os.stat(data).st_size


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
        with _opened(data) as original, _alone(path) as lock:
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
def _opened(file: str) -> Iterator[lmdb.Environment]:
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


def _copy_cold(original: lmdb.Environment, target: str, tell: Tell) -> None:
    copied = new_file(target)
    try:
        original.copyfd(copied, compact=True)
        os.fsync(copied)
    finally:
        os.close(copied)
    with _opened(target) as copy:
        _compare(original, copy, tell)


def _compare(original: lmdb.Environment, copy: lmdb.Environment, tell: Tell) -> None:
    """Refuse a copy that has not all that the original has. Raises StoreError."""
    total = original.stat()["entries"]
    with original.begin() as ours, copy.begin() as theirs:
        pairs = zip(ours.cursor(), theirs.cursor(), strict=False)
        same = 0
        for own, other in pairs:
            if own != other:
                break
            same += 1
            if same % _COMPARED == 0:
                tell(same, total)
        if not same == total == copy.stat()["entries"]:
            raise StoreError(
                f"the copy differs from the original behind {same} of {total} keys",
                hint="the store was left as it is; look: greenflow doctor",
            )
    tell(total, total)


def new_file(path: str) -> int:
    """Make a file that only this user can use."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(path, flags, 0o600)
    os.fchmod(file, 0o600)
    return file
