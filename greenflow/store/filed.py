"""Which files of blocks are needed: by a record for each, with what lies in it.

What holds after every transaction: a file that a record names has blocks of that flow,
at least one. Who deletes the last one deletes the record, and the file after the commit.
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


def put(work: Work, flow_id: str, name: bytes, digests: list[bytes]) -> None:
    """Note that blocks lie in a file; of none, that it is to be deleted."""
    if not digests:
        work.void_files.add(name)
        return
    prefix = keys.bulk(name)
    head = _encode(Filed(flow_id, b"".join(digests)))
    pieces.put(work.txn, prefix, seal(b"bulk", prefix, b"", head))


def get(work: Work, name: bytes) -> Filed:
    """Return what is known of a file. Raises BadRecord."""
    prefix = keys.bulk(name)
    _, body = unseal(b"bulk", prefix, pieces.get(work.txn, prefix))
    return decode(_decoder, body, "a file of blocks")


def is_named(work: Work, name: bytes) -> bool:
    """Return whether there is a record of a file."""
    return pieces.is_there(work.txn, keys.bulk(name))


def sweep(store: Transactions) -> int:
    """Delete files that died processes left over; return how many. Raises StoreError."""
    return bulk.sweep(
        store.depot.folder, lambda name: store.read(lambda work: is_named(work, name))
    )


def names(work: Work) -> list[bytes]:
    """Return the names of all files that have a record."""
    first = bytes(keys.PIECE_BYTES)
    found = work.under(keys.BULK)
    return [keys.bulk_name(key) for key in found if key.endswith(first)]


def delete(work: Work, flow_id: str, digests: Iterable[bytes]) -> int:
    """Delete blocks of a flow, and the files that are not needed then.

    Returns how many keys were deleted.
    """
    touched, used = set[bytes](), 0
    for digest in digests:
        prefix = keys.block(flow_id, digest)
        touched.update(_file_of(work, flow_id, digest))
        used += pieces.delete(work.txn, prefix)
    return used + sum(_delete_void(work, name) for name in touched)


def delete_all(work: Work, flow_id: str) -> int:
    """Delete all blocks of a flow, and their files; return how many keys."""
    found = {keys.block_digest(key) for key in work.under(keys.block(flow_id))}
    return delete(work, flow_id, found)


def _delete_void(work: Work, name: bytes) -> int:
    """Delete a file's record if no block lies in it any more."""
    try:
        known = get(work, name)
        listed = blocks.digests_in(known.digests, "a file of blocks")
    except BadRecord:
        return 0  # doctor tells of it
    return 0 if has_any(work, name, listed) else void(name, work)


def has_any(work: Work, name: bytes, listed: Iterable[bytes]) -> bool:
    """Return whether any of the blocks that a file was written with is in it still."""
    flow_id = get(work, name).flow
    return any(name in _file_of(work, flow_id, digest) for digest in listed)


def void(name: bytes, work: Work) -> int:
    """Delete a file after the commit, and its record; return how many keys."""
    work.void_files.add(name)
    return pieces.delete(work.txn, keys.bulk(name))


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
