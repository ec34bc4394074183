"""What is around every value of a store that has a key: a signature, or a cipher.

    magic 3 | kind 1 | key id 4 | stamp 8 | value | signature 16                  (S)
    magic 3 | kind 1 | key id 4 | stamp 8 | salt 16 | count 6 | ciphertext | tag 16  (E)

Signed is HMAC-SHA256, of which 16 bytes are kept: who does not have the key can only
guess, at 2**-128 a try, and every try must be written into the store. (It is RFC 4868's
choice too. Most values are entries of an index of some 50 bytes, so the other half
would cost more than it could ever be worth.) Encrypted is AES-256-GCM.

Both bind the value to all that its place and time are: the store and its era (an id
that is new with each rekey), the whole key it lies under (with it the kind of record,
the flow, the checkpoint, topic, seq and piece), the key id, the kind, and the stamp,
which is the number of the transaction that wrote it. Nothing of a value is given to
anybody before that has been verified.

A nonce must never come twice under one key. A count alone would: a process that is
killed in a commit may have written pages that nobody sees, and the next one would count
on from before them. So each opening of a store draws a salt of 128 random bits, has an
AES key of its own derived from it, and counts under that in memory.
"""

from __future__ import annotations

import hmac
import os
import struct
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from greenflow.envelope import refused
from greenflow.errors import BadSignature, ExtraMissing
from greenflow.store import keys
from greenflow.store.records import WRAPPED

if TYPE_CHECKING:
    from greenflow.errors import BadRecord
    from greenflow.store.keyring import Key, Keyring

SIGNED: Final = b"S"
ENCRYPTED: Final = b"E"
TAG_BYTES: Final = 16
_HEAD: Final = struct.Struct(">3sc4sQ")
_SALT_BYTES: Final = 16
_COUNT_BYTES: Final = 6
_NONCE_BYTES: Final = 12
_ENCRYPTED_FROM: Final = _HEAD.size + _SALT_BYTES + _COUNT_BYTES
#: By how much a value becomes longer.
WRAP_BYTES_MAX: Final = _ENCRYPTED_FROM + TAG_BYTES
#: Derived keys that are kept: one for each opening of the store that wrote there.
_CIPHERS_MAX: Final = 4096


#: Flows and what tells of them, of which so many are remembered.
_OFTEN: Final = frozenset({keys.FLOW, keys.ANCHOR})
_OFTEN_BYTES_MAX: Final = 1024
_KNOWN_MAX: Final = 1024


class Opened(NamedTuple):
    """A value that was verified, and when it was written."""

    value: bytes
    stamp: int


class Wrap:
    """Wraps and opens the values of one store, for one opening of it.

    Attributes:
        ring: its keys.
        encrypts: whether values are encrypted, besides being signed.
    """

    def __init__(self, ring: Keyring, store: bytes, *, encrypts: bool) -> None:
        """Prepare for a store that is told from all others by ``store``.

        Raises ExtraMissing.
        """
        self.ring = ring
        self.encrypts = encrypts
        self._store = store
        self._kind = ENCRYPTED if encrypts else SIGNED
        #: What this process has signed itself, of what is read again and again.
        self._known: dict[bytes, tuple[bytes, Opened]] = {}
        self._salt = os.urandom(_SALT_BYTES)
        self._count = count(1)
        if encrypts:
            require_cryptography()

    def wrap(self, key: bytes, stamp: int, value: bytes) -> bytes:
        """Return a value as it is to lie under a key."""
        data = self._wrapped(key, stamp, value)
        if key[:1] in _OFTEN and len(value) < _OFTEN_BYTES_MAX:
            if len(self._known) >= _KNOWN_MAX:
                self._known.clear()
            self._known[key] = data, Opened(value, stamp)
        return data

    def _wrapped(self, key: bytes, stamp: int, value: bytes) -> bytes:
        newest = self.ring.newest
        head = _HEAD.pack(WRAPPED, self._kind, newest.id, stamp)
        if not self.encrypts:
            signature = _signature(newest, self._bound(key, head), value)
            return b"".join((head, value, signature))
        number = next(self._count).to_bytes(_COUNT_BYTES, "big")
        cipher = _cipher(newest, self._salt)
        nonce = number.rjust(_NONCE_BYTES, b"\0")
        closed = cipher.encrypt(nonce, value, self._bound(key, head))
        return b"".join((head, self._salt, number, closed))

    def open(self, key: bytes, data: bytes) -> Opened:
        """Return the value under a key; if it may not be used, what says so instead."""
        try:
            return self.opened(key, data)
        except BadSignature as error:
            return Opened(refused(error), 0)

    def opened(self, key: bytes, data: bytes) -> Opened:
        """Return the value under a key. Raises BadSignature."""
        known = self._known.get(key)
        if known is not None and known[0] == data:
            return known[1]
        if len(data) < _HEAD.size + TAG_BYTES:
            raise _unsigned(key)
        magic, kind, key_id, stamp = _HEAD.unpack_from(data)
        if magic != WRAPPED or kind != self._kind:
            raise _unsigned(key)
        signer = self.ring.get(key_id)
        if signer is None:
            raise BadSignature(
                f"the record under key {key!r} is signed by key {key_id.hex()}; this "
                f"process has {_listed(self.ring)}",
                hint="add that key to the key file, behind the newest",
            )
        bound = self._bound(key, data[: _HEAD.size])
        if self.encrypts:
            value = self._decrypted(signer, bound, data)
        else:
            value = data[_HEAD.size : -TAG_BYTES]
            if not hmac.compare_digest(
                _signature(signer, bound, value), data[-TAG_BYTES:]
            ):
                value = None
        if value is None:
            raise BadSignature(
                f"the record under key {key!r} is not what key {key_id.hex()} signed "
                "there",
                hint="it was damaged, put there from elsewhere, or forged: see who can "
                "write the store, and take it from a copy",
            )
        return Opened(value, int(stamp))

    def _decrypted(self, signer: Key, bound: bytes, data: bytes) -> bytes | None:
        from cryptography.exceptions import InvalidTag

        if len(data) < WRAP_BYTES_MAX:
            return None
        salt = data[_HEAD.size : _HEAD.size + _SALT_BYTES]
        number = data[_HEAD.size + _SALT_BYTES : _ENCRYPTED_FROM]
        nonce = number.rjust(_NONCE_BYTES, b"\0")
        try:
            plain: bytes = _cipher(signer, salt).decrypt(
                nonce, data[_ENCRYPTED_FROM:], bound
            )
        except InvalidTag:
            return None
        return plain

    def _bound(self, key: bytes, head: bytes) -> bytes:
        # What a store says of itself tells which one it is, so that is not bound to it.
        store = b"" if key == keys.META else self._store
        return b"%d:%b%d:%b%b" % (len(store), store, len(key), key, head)


def is_encrypted(data: bytes) -> bool:
    """Return whether a wrapped value is encrypted."""
    return data[len(WRAPPED) : len(WRAPPED) + 1] == ENCRYPTED


def tag(data: bytes) -> bytes:
    """Return the end of a wrapped value, which nobody without its key can make."""
    return data[-TAG_BYTES:]


def cipher_for(key: Key, purpose: bytes) -> Any:
    """Return AES-256-GCM under a key derived for one purpose. Raises ExtraMissing."""
    require_cryptography()
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key.derive(b"cipher " + purpose))


@lru_cache(maxsize=_CIPHERS_MAX)
def _cipher(key: Key, salt: bytes) -> Any:
    return cipher_for(key, b"value " + salt)


@lru_cache(maxsize=1024)
def _signing(key: Key) -> bytes:
    return key.derive(b"sign")


def _signature(key: Key, bound: bytes, value: bytes) -> bytes:
    return hmac.digest(_signing(key), bound + value, "sha256")[:TAG_BYTES]


def _unsigned(key: bytes) -> BadRecord:
    return BadSignature(
        f"the record under key {key!r} is not signed as this store's records are",
        hint="it was put there by somebody without the key: see who can write the "
        "store, and take it from a copy",
    )


def _listed(ring: Keyring) -> str:
    return ", ".join(key.id.hex() for key in ring.keys)


def require_cryptography() -> None:
    """Raise ExtraMissing if nothing can be encrypted."""
    try:
        import cryptography  # noqa: F401
    except ImportError as error:
        raise ExtraMissing(
            "an encrypted store needs the library cryptography, which is not installed",
            hint="pip install 'greenflow[crypto]'",
        ) from error
