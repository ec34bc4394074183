"""Stores: places where flows outlive processes. They know bytes, never objects."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from greenflow import limits
from greenflow.errors import StoreError
from greenflow.store.base import Store
from greenflow.store.lmdb import LmdbStore

if TYPE_CHECKING:
    from greenflow.store.keyfile import Source

__all__ = ["LmdbStore", "Store", "open_store"]

#: After so many seconds without a sign a worker is taken for dead by others.
LEASE_VARIABLE: Final = "GREENFLOW_LEASE_SECONDS"


def open_store(
    path: str | os.PathLike[str],
    *,
    create: bool = True,
    keys: Source | None = None,
    encrypt: bool = False,
) -> Store:
    """Return the store in a folder; made, with all parents, unless ``create`` is false.

    Args:
        path: the folder.
        create: make it if it is not there.
        keys: its keys, if it has any; else those that the environment names.
        encrypt: it must be encrypted, and is if it is made.

    Raises:
        WrongKey, ExtraMissing: see :class:`LmdbStore`.
        UnsafeStore: others could write it, or it is on another machine's disk.
        StoreError: it is not there, is no store, or is of another format; or
            $GREENFLOW_LEASE_SECONDS is no number of seconds.
        BadRecord: what it says of itself was damaged.
    """
    return LmdbStore(
        path,
        create=create,
        lease_seconds=_lease_seconds(),
        keys=keys,
        encrypt=encrypt,
    )


def _lease_seconds() -> float:
    given = os.environ.get(LEASE_VARIABLE, limits.LEASE_SECONDS)
    with suppress(ValueError):
        if (seconds := float(given)) > 0:
            return seconds
    raise StoreError(
        f"{LEASE_VARIABLE}={given!r} is no number of seconds",
        hint=f"unset it, which means {limits.LEASE_SECONDS:g}, or give all workers "
        "the same",
    )
