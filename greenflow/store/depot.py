"""Where the blocks of a store lie: in LMDB, and in files of their own beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from greenflow.store.bulk_cipher import BulkCipher
    from greenflow.store.work import Work


class Depot(NamedTuple):
    """What makes, finds and reads blocks needs of a store."""

    folder: str  #: of the files
    read: Callable[[Callable[[Work], Any]], Any]  #: in a read transaction
    cipher: BulkCipher | None = None  #: of the files, if they are encrypted
