"""A transaction of a store that has a key: it looks like LMDB's, and trusts nothing.

Every value is verified before anybody sees a byte of it, and what is written is signed;
so no other part of the store knows of keys. A value that must not be used is given as
:class:`greenflow.envelope.Refused`, which raises why when it is unsealed: that it is
there can be seen, and it can be replaced or deleted.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Self

from greenflow.envelope import refused
from greenflow.errors import BadRecord, RolledBack
from greenflow.store import keys
from greenflow.store.anchors import Anchors
from greenflow.store.roots import HINT, ROOT, Sum

if TYPE_CHECKING:
    from collections.abc import Iterator

    import lmdb

    from greenflow.store.wrapping import Wrap

#: Where what everybody sees begins: anchors sort before everything else.
_BEHIND: Final = bytes([keys.ANCHOR[0] + 1])


class KeyedTxn:
    """What the store uses of a transaction of LMDB's."""

    def __init__(
        self, txn: lmdb.Transaction[bytes], wrap: Wrap, *, fresh: bool = False
    ) -> None:
        """See through a transaction; ``fresh``: of a store that is being made."""
        self._txn, self._wrap = txn, wrap
        self._anchors = Anchors(txn, wrap, fresh=fresh)

    def get(self, key: bytes, default: bytes | None = None) -> bytes | None:
        """Return a value, verified."""
        data = self._txn.get(key)
        if data is None:
            return self._anchors.missing(key, default)
        return self.verified(key, data)

    def verified(self, key: bytes, data: bytes) -> bytes:
        """Return the value that lies under a key as ``data``."""
        value, stamp = self._wrap.open(key, data)
        try:
            self._anchors.check(key, data, stamp)
        except BadRecord as error:
            return refused(error)
        return value

    def put(self, key: bytes, value: bytes) -> bool:
        """Write a value, signed. Raises BadRecord: its anchor, or the root, is not."""
        old = self._txn.get(key)
        data = self._wrap.wrap(key, self._anchors.stamp, value)
        done = bool(self._txn.put(key, data))
        self._anchors.wrote(key, old, data)
        return done

    def delete(self, key: bytes) -> bool:
        """Delete a value; return whether there was one. Raises BadRecord."""
        old = self._txn.get(key)
        if old is None:
            return False
        self._txn.delete(key)
        self._anchors.deleted(key, old)
        return True

    def pop(self, key: bytes) -> bytes | None:
        """Delete a value, and return it."""
        value = self.get(key)
        self.delete(key)
        return value

    def cursor(self) -> KeyedCursor:
        """Return a cursor that sees all values but anchors."""
        return KeyedCursor(self, self._txn.cursor(), self._anchors)

    def stat(self) -> dict[str, Any]:
        """Return what LMDB tells of the tree, without what nobody sees."""
        told: dict[str, Any] = dict(self._txn.stat().items())
        with suppress(BadRecord):
            told["entries"] -= self._anchors.root.anchors + 1
        return told

    def id(self) -> int:
        """Return LMDB's number of the transaction."""
        return int(self._txn.id())

    def flush(self) -> None:
        """Write anchors and root: the last thing before a commit."""
        self._anchors.flush()


class KeyedCursor:
    """What the store uses of a cursor of LMDB's. A context manager."""

    def __init__(self, txn: KeyedTxn, cursor: Any, anchors: Anchors) -> None:
        self._txn, self._cursor, self._anchors = txn, cursor, anchors

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give it back."""
        self._cursor.close()

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        more = self.set_range(b"")
        while more:
            yield self.item()
            more = self.next()

    def set_range(self, key: bytes) -> bool:
        """Go to the first key from this one on; return whether there is one."""
        return bool(self._cursor.set_range(max(key, _BEHIND)))

    def next(self) -> bool:
        """Go to the next key; return whether there is one."""
        return bool(self._cursor.next())

    def prev(self) -> bool:
        """Go to the key before; return whether there is one."""
        return bool(self._cursor.prev()) and self._cursor.key() >= _BEHIND

    def last(self) -> bool:
        """Go to the last key; return whether there is one."""
        return bool(self._cursor.last())

    def key(self) -> bytes:
        """Return the key that it is at."""
        key: bytes = self._cursor.key()
        return key

    def value(self) -> bytes:
        """Return the value that it is at, verified."""
        return self._txn.verified(self._cursor.key(), self._cursor.value())

    def item(self) -> tuple[bytes, bytes]:
        """Return both."""
        return self.key(), self.value()

    def delete(self) -> bool:
        """Delete the value that it is at, and go to the next."""
        key, old = self._cursor.item()
        done = bool(self._cursor.delete())
        self._anchors.deleted(key, old)
        return done


def audit(txn: lmdb.Transaction[bytes], wrap: Wrap) -> list[BadRecord]:
    """Return what of all records is not signed, or whether they are not the last.

    Only all together can be: one that is missing, or that was put back with all that
    tells of it, is not named by this.
    """
    try:
        root = Anchors(txn, wrap).root
        known = Sum(wrap, root)
    except BadRecord as error:
        return [error]
    found: list[BadRecord] = []
    total = records = 0
    with txn.cursor() as cursor:
        for key, data in cursor:
            if key == ROOT:
                continue
            try:
                wrap.opened(key, data)
            except BadRecord as error:
                found.append(error)
            total += known.of(key, data)
            records += 1
    if not found and (known.differs(total) or records != root.records):
        found.append(
            RolledBack(
                f"the {records} records of the store are not those that were written "
                f"last, {root.records} of transaction {root.stamp}: somebody who did "
                "not have the key put some back, added or deleted them",
                hint=HINT,
            )
        )
    return found
