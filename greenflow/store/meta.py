"""What a store says of itself, written when it is made and compared ever after."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from greenflow.errors import StoreError
from greenflow.store import directory, keys
from greenflow.store.records import FORMAT, Meta, decode_meta, encode_meta

if TYPE_CHECKING:
    import lmdb

    from greenflow.store.lmdb_env import Environment

#: The data format, not the library: the one of LMDB 0.9 is also read by later ones.
ENGINE: Final = "lmdb 0.9"
_WAIT_TRIES: Final = 25
_WAIT_SECONDS: Final = 0.02


def settle(env: Environment, *, create: bool) -> None:
    """Compare what the store says of itself, or write it into an empty one.

    Raises:
        StoreError: it is no store, or of another format, engine or page size.
        BadRecord: what it says of itself was damaged.
    """
    data = env.read(lambda txn: txn.get(keys.META))
    if data is None and create:
        meta = _new(env)
        data = env.write(lambda txn: _put(txn, meta, env.path))
        directory.sync(env.path)
    for _ in range(_WAIT_TRIES):
        if data is not None or env.read(lambda txn: txn.stat()["entries"]):
            break
        # Another process may have made the file and not yet written into it.
        time.sleep(_WAIT_SECONDS)
        data = env.read(lambda txn: txn.get(keys.META))
    if data is None:
        raise _no_store(env.path)
    _compare(decode_meta(data), _new(env), env.path)


def _new(env: Environment) -> Meta:
    return Meta(
        format=FORMAT,
        engine=ENGINE,
        page_bytes=env.page_bytes,
        store=os.urandom(8).hex(),
        created=time.time(),
    )


def _put(txn: lmdb.Transaction[bytes], meta: Meta, path: str) -> bytes:
    data: bytes | None = txn.get(keys.META)
    if data is None:
        if txn.stat()["entries"]:
            raise _no_store(path)
        data = encode_meta(meta)
        txn.put(keys.META, data)
    return data


def _compare(found: Meta, own: Meta, path: str) -> None:
    for name in ("format", "engine", "page_bytes"):
        theirs, ours = getattr(found, name), getattr(own, name)
        if theirs != ours:
            raise StoreError(
                f"store {path} has {name} {theirs!r}; this greenflow reads {ours!r}",
                hint="use the greenflow, and the kind of machine, that made it",
            )


def _no_store(path: str) -> StoreError:
    return StoreError(
        f"{path} holds an LMDB file that is no greenflow store",
        hint="name another folder",
    )
