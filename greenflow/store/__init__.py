"""Stores: places where flows outlive processes. They know bytes, never objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenflow.store.base import Store
from greenflow.store.lmdb import LmdbStore

if TYPE_CHECKING:
    import os

__all__ = ["LmdbStore", "Store", "open_store"]


def open_store(path: str | os.PathLike[str], *, create: bool = True) -> Store:
    """Return the store in a folder; made, with all parents, unless ``create`` is false.

    Raises:
        UnsafeStore: others could write it, or it is on another machine's disk.
        StoreError: it is not there, is no store, or is of another format.
        BadRecord: what it says of itself was damaged.
    """
    return LmdbStore(path, create=create)
