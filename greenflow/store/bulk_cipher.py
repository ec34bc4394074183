"""Files of blocks in an encrypted store: each block is encrypted by itself.

    key id 4 | block, ciphertext and tag | block ... | ...

Every file has a key of its own, derived from its name, which is random and never used
again; a nonce is where in the file the block begins: nothing is written twice there.
That a block is the right one is known by its digest, which a signed record lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from greenflow.errors import BadSignature
from greenflow.store.keyring import ID_BYTES
from greenflow.store.wrapping import TAG_BYTES, cipher_for

if TYPE_CHECKING:
    import mmap

    from greenflow.store.keyring import Keyring
    from greenflow.store.wrapping import Wrap

_NONCE_BYTES: Final = 12


class BulkCipher:
    """Encrypts the blocks of new files, and decrypts those of all."""

    def __init__(self, ring: Keyring) -> None:
        self._ring = ring

    def begin(self, name: bytes) -> FileCipher:
        """Return what encrypts a new file. Raises ExtraMissing."""
        return self.resume(name, self._ring.newest.id)

    def resume(self, name: bytes, data: bytes | mmap.mmap) -> FileCipher:
        """Return what decrypts a file that begins so. Raises BadSignature."""
        head = data[:ID_BYTES]
        key = self._ring.get(head)
        if key is None:
            raise BadSignature(
                f"file of blocks {name.hex()} is encrypted with key {head.hex()}, "
                "which this process does not have",
                hint="add that key to the key file, behind the newest",
            )
        return FileCipher(head, cipher_for(key, b"blocks " + name))


class FileCipher:
    """Encrypts and decrypts the blocks of one file.

    Attributes:
        head: what the file begins with.
        more_bytes: by how much a block becomes longer.
    """

    more_bytes: Final = TAG_BYTES

    def __init__(self, head: bytes, cipher: Any) -> None:
        self.head = head
        self._cipher = cipher

    def encrypt(self, at: int, part: memoryview) -> bytes:
        """Return a block as it is to lie at a place."""
        data: bytes = self._cipher.encrypt(_nonce(at), part, None)
        return data

    def decrypt(self, at: int, data: bytes | memoryview) -> bytes:
        """Return the block that lies at a place. Raises BadSignature."""
        from cryptography.exceptions import InvalidTag

        try:
            plain: bytes = self._cipher.decrypt(_nonce(at), data, None)
        except InvalidTag as error:
            raise BadSignature(
                f"the block at {at} of a file of blocks is not what was put there",
                hint="it was damaged or forged: take the store from a copy",
            ) from error
        return plain


def cipher_of(wrap: Wrap | None) -> BulkCipher | None:
    """Return what encrypts the files of blocks of a store, if it is encrypted."""
    return BulkCipher(wrap.ring) if wrap is not None and wrap.encrypts else None


def _nonce(at: int) -> bytes:
    return at.to_bytes(_NONCE_BYTES, "big")
