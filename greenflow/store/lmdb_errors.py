"""What LMDB's errors mean to those who use a store."""

from __future__ import annotations

from typing import Final

import lmdb

from greenflow.errors import StoreError

_HINTS: Final[tuple[tuple[type[lmdb.Error], str], ...]] = (
    (lmdb.DiskError, "make room on the disk; what was committed is safe"),
    (lmdb.MemoryError, "give the process more address space (ulimit -v)"),
    (lmdb.ReadersFullError, "end some of the processes that read this store"),
    (lmdb.ReadonlyError, "the store must be on a disk that can be written"),
    (lmdb.PanicError, "end this process; a new one goes on from what was committed"),
    (lmdb.CorruptedError, "take the store from a copy"),
    (lmdb.PageNotFoundError, "take the store from a copy"),
    (lmdb.InvalidError, "this is no LMDB file; take the store from a copy"),
    (lmdb.VersionMismatchError, "another LMDB wrote this; use the one that did"),
)


def translated(error: lmdb.Error, path: str) -> StoreError:
    """Return the StoreError that tells of an LMDB error; nothing was written."""
    hint = next((text for kind, text in _HINTS if isinstance(error, kind)), "")
    return StoreError(f"store {path}: {error}", hint=hint)


def outcome_unknown(error: lmdb.Error, path: str) -> StoreError:
    """Return the error of a commit that failed but may be on disk all the same."""
    return StoreError(
        f"store {path}: a commit failed, and may have been written or not: {error}",
        hint="end this process; a new one goes on from what is there",
    )
