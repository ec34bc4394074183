"""The root of a store that has a key: what all of its records add up to.

The sum is of keyed hashes, which nobody without the key can see or make, and is stored
behind a mask that is new each time: else one could choose among old records until they
add up to the same (Clarke et al., Incremental Multiset Hash Functions, 2003).
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec
from blake3 import blake3

from greenflow.errors import BadSignature
from greenflow.store import keys
from greenflow.store.records import is_wrapped
from greenflow.store.wrapping import tag

if TYPE_CHECKING:
    from greenflow.store.keyring import Key
    from greenflow.store.wrapping import Wrap

ROOT: Final = keys.ANCHOR
_SALT_BYTES: Final = 16
_SUM_BYTES: Final = 32
_MODULUS: Final = 1 << (8 * _SUM_BYTES)
#: For an error that tells of somebody who wrote the store.
HINT: Final = "see who can write the store, and take it from a copy"


class Root(msgspec.Struct, array_like=True):
    """What is known of the store."""

    key: bytes  #: the id of the one that the sum is made with
    stamp: int = 0  #: the number of the last transaction
    records: int = 0  #: there are, but for this one
    salt: bytes = b""
    masked: bytes = bytes(_SUM_BYTES)  #: the sum
    anchors: int = 0  #: of these records
    named: dict[bytes, bytes] = {}  #: signatures of settings and limits, by key


@lru_cache(maxsize=64)
def _keys_of(key: Key) -> tuple[bytes, bytes]:
    """Return what sums are made with, and what hides them."""
    return key.derive(b"sum"), key.derive(b"mask")


class Sum:
    """The sum of a root while it is changed, which only who has the key can do."""

    def __init__(self, wrap: Wrap, root: Root) -> None:
        """Raises BadSignature: this process does not have the key."""
        key = wrap.ring.get(root.key)
        if key is None:
            raise BadSignature(
                f"the root of the store is made with key {root.key.hex()}, which this "
                "process does not have",
                hint="add that key to the key file, behind the newest",
            )
        self._summing, self._masking = _keys_of(key)
        self._root = root
        self.total = 0
        if root.salt:
            self.total = int.from_bytes(root.masked, "big") - self._mask()

    def of(self, key: bytes, data: bytes | None) -> int:
        """Return what a record adds to the sum; nothing if it is not there."""
        if data is None or not is_wrapped(data):
            return 0
        bound = b"%d:%b%b" % (len(key), key, tag(data))
        return int.from_bytes(blake3(bound, key=self._summing).digest(), "big")

    def change(self, key: bytes, old: bytes | None, data: bytes | None) -> None:
        """Let a record be in place of another one, or of none."""
        self.total += self.of(key, data) - self.of(key, old)
        self._root.records += (data is not None) - (old is not None)

    def close(self) -> None:
        """Put the sum into the root, behind a new mask."""
        self._root.salt = os.urandom(_SALT_BYTES)
        total = (self.total + self._mask()) % _MODULUS
        self._root.masked = total.to_bytes(_SUM_BYTES, "big")

    def differs(self, total: int) -> bool:
        """Return whether this is another sum."""
        return (total - self.total) % _MODULUS != 0

    def _mask(self) -> int:
        masked = blake3(self._root.salt, key=self._masking).digest()
        return int.from_bytes(masked, "big")
