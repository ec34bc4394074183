"""Which files of blocks are needed: by a record for each, with what lies in it.

What holds after every transaction: a file that a record names has blocks of that flow,
at least one. Who deletes the last deletes the record, and the file after the commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from greenflow.envelope import seal, unseal
from greenflow.errors import BadRecord
from greenflow.store import blocks, bulk, keys, pieces
from greenflow.store.records import decode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenflow.store.claiming import Transactions
    from greenflow.store.work import Work


class Filed(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a file of blocks."""

    flow: str  #: whose it is
    digests: bytes  #: of the blocks in it, in any order


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Filed)


def prefix(name: bytes) -> bytes:
    """Return how the keys of the record of a file begin."""
    return keys.BULK + name


def name_in(key: bytes) -> bytes:
    """Return the name of a file in the key of a piece of its record."""
    return key[1 : -keys.PIECE_BYTES]


def put(work: Work, flow_id: str, name: bytes, digests: list[bytes]) -> None:
    """Note that blocks lie in a file; of none, that it is to be deleted."""
    if not digests:
        work.void_files.add(name)
        return
    key = prefix(name)
    head = _encode(Filed(flow_id, b"".join(digests)))
    pieces.put(work.txn, key, seal(b"bulk", key, b"", head))


def get(work: Work, name: bytes) -> Filed:
    """Return what is known of a file. Raises BadRecord."""
    key = prefix(name)
    _, body = unseal(b"bulk", key, pieces.get(work.txn, key))
    return decode(_decoder, body, "a file of blocks")


def is_named(work: Work, name: bytes) -> bool:
    """Return whether there is a record of a file."""
    return pieces.is_there(work.txn, prefix(name))


def sweep(store: Transactions) -> int:
    """Delete what died processes left over; return how many. Raises StoreError."""
    return bulk.sweep(
        store.depot.folder, lambda name: store.read(lambda work: is_named(work, name))
    )


def names(work: Work) -> list[bytes]:
    """Return the names of all files that have a record."""
    first = bytes(keys.PIECE_BYTES)
    found = work.under(keys.BULK)
    return [name_in(key) for key in found if key.endswith(first)]


def delete(work: Work, flow_id: str, digests: Iterable[bytes]) -> int:
    """Delete blocks of a flow, and the files that are not needed then.

    Returns how many keys were deleted.
    """
    touched, used = set[bytes](), 0
    for digest in digests:
        touched.update(_file_of(work, flow_id, digest))
        used += pieces.delete(work.txn, keys.block(flow_id, digest))
    return used + sum(_delete_void(work, name) for name in touched)


def delete_all(work: Work, flow_id: str) -> int:
    """Delete all blocks of a flow, and their files; return how many keys."""
    found = {blocks.digest_in(key) for key in work.under(keys.block(flow_id))}
    return delete(work, flow_id, found)


def _delete_void(work: Work, name: bytes) -> bool:
    """Delete a file and its record if no block lies in it any more."""
    try:
        listed = blocks.digests_in(get(work, name).digests, "a file of blocks")
        is_void = not has_any(work, name, listed)
    except BadRecord:
        return False  # doctor tells of it
    if is_void:
        void(name, work)
    return is_void


def has_any(work: Work, name: bytes, listed: Iterable[bytes]) -> bool:
    """Return whether any of the blocks that a file was written with is in it still."""
    flow_id = get(work, name).flow
    return any(name in _file_of(work, flow_id, digest) for digest in listed)


def void(name: bytes, work: Work) -> None:
    """Delete a file after the commit, and its record now."""
    work.void_files.add(name)
    pieces.delete(work.txn, prefix(name))


def _file_of(work: Work, flow_id: str, digest: bytes) -> tuple[bytes, ...]:
    """Return the file that a block lies in, if it is there and in one."""
    record = work.txn.get(keys.piece(keys.block(flow_id, digest), 0))
    if record is None:
        return ()
    try:
        found = blocks.place_in(flow_id, digest, record)
    except BadRecord:
        return ()
    return () if found is None else (found.file,)
