"""backup and compact: LMDB's own copy of a snapshot, without the pages that are free.

backup copies while others write. compact puts the copy in the place of the original, so
nobody else may have the store open, nor open it meanwhile.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from typing import TYPE_CHECKING, Final

import lmdb

from greenflow.errors import BadRecord, StoreError
from greenflow.store import bulk, directory, filed, lmdb_facts
from greenflow.store.lmdb import LmdbStore
from greenflow.store.lmdb_errors import translated
from greenflow.store.upkeep_alone import new_file, opened, replacing
from greenflow.store.upkeep_doctor import Examiner
from greenflow.store.upkeep_keys import audited

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.store.keyfile import Source

    Tell = Callable[[int, int], object]

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

    One that is deleted before it was copied is not needed: a later moment is taken.
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
        findings = [*Examiner(copy, fix=False, tell=tell).run(), *audited(copy)]
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


def _copy_cold(original: lmdb.Environment, target: str, tell: Tell) -> None:
    copied = new_file(target)
    try:
        original.copyfd(copied, compact=True)
        os.fsync(copied)
    finally:
        os.close(copied)
    with opened(target) as copy:
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
