"""rekey: all records of a store are signed, or encrypted, anew.

They are copied into a new file, which then takes the place of the old one: so there is
no moment at which a store has records of two kinds, nothing that was encrypted with an
old key stays in free pages, and a rekey that is killed has changed nothing; to run it
again is all there is to do. What is read is verified first; and as the store's era is
a new one, no record of before is taken for one of after.
"""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import lmdb
from msgspec.structs import replace

from greenflow import limits
from greenflow.envelope import check_trusted
from greenflow.errors import StoreError
from greenflow.failpoints import reach
from greenflow.store import blocks, bulk, directory, filed, keyfile, keys, meta
from greenflow.store.bulk_cipher import cipher_of
from greenflow.store.bulk_reading import Reader
from greenflow.store.keyed import KeyedTxn, audit
from greenflow.store.lmdb_errors import translated
from greenflow.store.records import Packed, is_wrapped
from greenflow.store.upkeep_alone import new_file, replacing
from greenflow.store.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenflow.store.keyfile import Source
    from greenflow.store.records import Meta
    from greenflow.store.wrapping import Wrap

    Tell = Callable[[int, int], object]

#: Records that one transaction copies.
_BATCH: Final = 2000


class Rekeyed(NamedTuple):
    """What rekey did."""

    records: int
    key: str  #: the id of the key that signed them
    encrypted: bool


def rekey(
    path: str,
    source: Source,
    *,
    encrypt: bool | None = None,
    tell: Tell = lambda *_: None,
) -> Rekeyed:
    """Sign all records of a store with the newest key; nobody may have it open.

    It can be killed at any moment, and the store is as it was, or has the new key.

    Args:
        path: the store's folder. It may have no key yet.
        source: the newest key, and those that the store was signed with.
        encrypt: whether it is encrypted then; None: as it was.
        tell: called with how many records were copied, and of how many.

    Raises:
        StoreBusy: this or another process has it open.
        WrongKey: the keys are not those that it was signed with.
        ExtraMissing: it is encrypted, or is to be, and a library is missing.
        BadRecord: a record is not what was written last; nothing was changed.
        StoreError: it is no store, or the copy cannot be written.
    """
    directory.require(path)
    directory.check(path)
    keyfile.check_outside(source, path)
    with replacing(path, "given another key") as (original, target):
        with original.begin() as txn:
            known, wrap = _meta_of(txn, source, path)
            wanted = known.encrypted if encrypt is None else encrypt
            made = replace(meta.anew(known), encrypted=wanted)
            if wrap is not None:
                for error in audit(txn, wrap):
                    raise error
            copy = _Copy(path, _seen(txn, wrap, path), wrap)
            count = copy.write(target, made, source, tell)
        reach("before-rekey")
    reach("after-rekey")
    copy.sweep()
    return Rekeyed(count, source.ring.newest.id.hex(), wanted)


def _meta_of(
    txn: lmdb.Transaction[bytes], source: Source, path: str
) -> tuple[Meta, Wrap | None]:
    data = txn.get(keys.META)
    if data is None:
        raise StoreError(
            f"{path} holds an LMDB file that is no greenflow store",
            hint="name another folder",
        )
    wanted = meta.Wanted(create=False, source=source if is_wrapped(data) else None)
    known, wrap = meta.opened(data, wanted, path)
    meta.compare(known, known.page_bytes, path)
    return known, wrap


def _seen(txn: lmdb.Transaction[bytes], wrap: Wrap | None, path: str) -> Work:
    seen = txn if wrap is None else KeyedTxn(txn, wrap)
    return Work(seen, os.path.join(path, directory.BULK), cipher_of(wrap))


class _Copy:
    """A copy of all records in a new file, and of blocks in files if need be."""

    def __init__(self, path: str, old: Work, wrap: Wrap | None) -> None:
        self._path, self._old = path, old
        self._was_encrypted = wrap is not None and wrap.encrypts
        self._files: dict[bytes, bulk.BulkFile] = {}
        self._flow = ""
        self._named: dict[bytes, bytes] = {}
        self._recoded = False

    def write(self, target: str, made: Meta, source: Source, tell: Tell) -> int:
        """Write it, on disk when this returns; return how many records it has."""
        os.close(new_file(target))
        env = _begun(target)
        try:
            with _transaction(env) as txn:
                wrap = meta.write(txn, made, source.ring)
            self._recoded = self._was_encrypted or made.encrypted
            with Reader(self._old.folder, self._old.cipher) as reader:
                count = self._copy(env, wrap, reader, tell)
            env.sync(True)
        except lmdb.Error as error:
            raise translated(error, target) from error
        finally:
            for file in self._files.values():
                file.keep()  # whether it is needed, the next sweep finds out
            env.close()
        directory.sync_file(target)
        return count

    def _copy(
        self,
        env: lmdb.Environment,
        wrap: Wrap | None,
        reader: Reader,
        tell: Tell,
    ) -> int:
        total, count = self._old.txn.stat()["entries"], 0
        with self._old.txn.cursor() as cursor:
            pairs = _others(cursor)
            while batch := list(islice(pairs, _BATCH)):
                with _transaction(env) as txn:
                    new = Work(
                        txn if wrap is None else KeyedTxn(txn, wrap),
                        self._old.folder,
                        cipher_of(wrap),
                    )
                    for key, value in batch:
                        self._put(new, key, value, reader)
                    if isinstance(new.txn, KeyedTxn):
                        new.txn.flush()
                reach("in-rekey")
                count += len(batch)
                tell(min(count, total), total)
        self._end_flow("")
        tell(total, total)
        return count

    def _put(self, new: Work, key: bytes, value: bytes, reader: Reader) -> None:
        if self._recoded and key[:1] == keys.BULK:
            if key.endswith(bytes(keys.PIECE_BYTES)):
                self._put_file(new, filed.name_in(key))
            return
        if self._recoded and key[:1] == keys.FLOW and _is_block(key):
            value = self._moved(new, key, value, reader)
        new.txn.put(key, value)

    def _moved(self, new: Work, key: bytes, value: bytes, reader: Reader) -> bytes:
        """Return the record of a block, which is in a new file if it is in one."""
        flow_id, digest = keys.flow_id(key), blocks.digest_in(key)
        self._end_flow(flow_id)
        place = blocks.place_in(flow_id, digest, value)
        if place is None:
            return value
        plain = memoryview(blocks.unseal_block(flow_id, digest, value, reader))
        file = self._files.get(place.file)
        if file is None:
            file = bulk.BulkFile(new.folder, new.cipher)
            self._files[place.file] = file
            self._named[place.file] = file.name
        moved = blocks.Place(file.name, *file.add([plain]))
        block = blocks.Block(digest, len(plain), None, None, moved)
        return blocks.seal_block(flow_id, block, Packed(b"", len(plain), False))

    def _end_flow(self, flow_id: str) -> None:
        """Bring the files of one flow to the disk, if another one begins."""
        if flow_id == self._flow:
            return
        self._flow = flow_id
        for file in self._files.values():
            file.sync()
            file.keep()
        self._files.clear()

    def _put_file(self, new: Work, name: bytes) -> None:
        """Write the record of a file under its new name."""
        known, moved = filed.get(self._old, name), self._named.get(name)
        if moved is not None:
            listed = blocks.digests_in(known.digests, "a file of blocks")
            filed.put(new, known.flow, moved, listed)

    def sweep(self) -> None:
        """Delete the files that were copied."""
        bulk.unlink(self._old.folder, self._named)


def _others(cursor: Any) -> Iterator[tuple[bytes, bytes]]:
    """Yield all that a store holds but what it says of itself. Raises BadRecord."""
    for key, value in cursor:
        if key != keys.META and key[:1] != keys.ANCHOR:
            check_trusted(value)
            yield key, value


def _is_block(key: bytes) -> bool:
    """Whether this is the first piece of a block."""
    part = key.partition(b"\0")[2]
    return part[:1] == keys.BLOCK and key.endswith(bytes(keys.PIECE_BYTES))


def _begun(target: str) -> lmdb.Environment:
    """Open a new file that this process alone writes; it is synced at the end."""
    map_bytes = limits.MAP_BYTES_MAX
    while True:
        try:
            return lmdb.open(
                target,
                map_size=map_bytes,
                subdir=False,
                lock=False,
                sync=False,
                max_dbs=0,
                lib_version=0,
            )
        except lmdb.MemoryError as error:
            map_bytes //= 8
            if map_bytes < limits.MAP_BYTES_MIN:
                raise translated(error, target) from error


def _transaction(env: lmdb.Environment) -> Any:
    return env.begin(write=True)
