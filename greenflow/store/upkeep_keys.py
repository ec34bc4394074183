"""What a key tells of a store as a whole, and of a flow in a file.

An export of a store with a key is signed with it, and encrypted if the store is: each
record for this very file and its place there. A store with a key takes no other file,
unless who imports it says that it is to be trusted.
"""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from greenflow.errors import BadSignature, WrongKey
from greenflow.store.keyed import audit
from greenflow.store.upkeep_finding import FROM_COPY, Finding
from greenflow.store.wrapping import ENCRYPTED, SIGNED, Wrap

if TYPE_CHECKING:
    from greenflow.store.keyring import Keyring
    from greenflow.store.lmdb import LmdbStore

_MAGIC: Final = b"\x93gx"
_ID_BYTES: Final = 16
#: Findings of one kind that are told.
_TOLD_MAX: Final = 20


def audited(store: LmdbStore) -> list[Finding]:
    """Return whether all records are those that were written last, if it has a key."""
    wrap = store.wrap
    if wrap is None:
        return []
    errors = store.environment.read(lambda txn: audit(txn, wrap))
    return [
        Finding(kind="not-signed-so", text=error.message, advice=FROM_COPY)
        for error in errors[:_TOLD_MAX]
    ]


class FileKey(NamedTuple):
    """What wraps the records of one file."""

    wrap: Wrap

    def closed(self, number: bytes, record: bytes) -> bytes:
        """Return a record as it is to stand at its place."""
        return self.wrap.wrap(b"x" + number, 0, record)

    def opened(self, number: bytes, data: bytes) -> bytes:
        """Return the record that stands at a place. Raises BadSignature."""
        return self.wrap.opened(b"x" + number, data).value


def begin_file(wrap: Wrap | None, file: IO[bytes]) -> FileKey | None:
    """Begin a file that is signed as a store is, if that one has a key."""
    if wrap is None:
        return None
    name = os.urandom(_ID_BYTES)
    file.write(_MAGIC + (ENCRYPTED if wrap.encrypts else SIGNED) + name)
    return _file_key(wrap.ring, name, encrypts=wrap.encrypts)


def resume_file(
    ring: Keyring | None, file: IO[bytes], *, unsigned: bool
) -> FileKey | None:
    """Return what opens the records of a file, if it is signed; go to the first.

    Raises:
        WrongKey: it is signed, and there is no key.
        BadSignature: there is a key, and it is not signed, which ``unsigned`` allows.
        ExtraMissing: it is encrypted, and a library is missing.
    """
    begin = file.read(len(_MAGIC) + 1)
    if begin[:-1] == _MAGIC and begin[-1:] in (SIGNED, ENCRYPTED):
        if ring is None:
            raise WrongKey(
                "this export is signed, and there is no key to verify it",
                hint="name the key file of the store that it came from; or export it "
                "there with --unsigned",
            )
        name = file.read(_ID_BYTES)
        return _file_key(ring, name, encrypts=begin[-1:] == ENCRYPTED)
    if ring is not None and not unsigned:
        raise BadSignature(
            "this export is not signed, and the store has a key: whoever wrote it "
            "could run code here",
            hint="if you trust who wrote it: --unsigned",
        )
    file.seek(0)
    return None


def _file_key(ring: Keyring, name: bytes, *, encrypts: bool) -> FileKey:
    return FileKey(Wrap(ring, b"export " + name, encrypts=encrypts))
