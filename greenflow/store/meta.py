"""What a store says of itself, written when it is made and compared ever after."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import replace

from greenflow.errors import BadSignature, StoreError, WrongKey
from greenflow.later import later_all
from greenflow.store import directory, keys
from greenflow.store.keyfile import FILE_VARIABLE
from greenflow.store.records import (
    FORMAT,
    FORMATS,
    Meta,
    decode_meta,
    encode_meta,
    is_wrapped,
)

if TYPE_CHECKING:
    import lmdb

    from greenflow.store import keyed, wrapping
    from greenflow.store.keyfile import Source
    from greenflow.store.keyring import Keyring
    from greenflow.store.lmdb_env import Environment
    from greenflow.store.wrapping import Wrap
else:
    keyed, wrapping = later_all(__name__, "greenflow.store", "keyed", "wrapping")

#: The data format, not the library: the one of LMDB 0.9 is also read by later ones.
ENGINE: Final = "lmdb 0.9"
_WAIT_TRIES: Final = 25
_WAIT_SECONDS: Final = 0.02


class Wanted(msgspec.Struct, frozen=True):
    """With what a store is opened."""

    create: bool
    source: Source | None = None  #: its keys
    encrypt: bool = False  #: it must be encrypted; or is, if it is made


def settle(env: Environment, wanted: Wanted) -> Wrap | None:
    """Compare what the store says of itself, or write it into an empty one.

    Returns what wraps its values, if it has a key.

    Raises:
        StoreError: it is no store, or of another format, engine or page size.
        WrongKey: it has a key that this process does not have, or the other way round.
        ExtraMissing: it is encrypted, and a library is missing.
        BadRecord: what it says of itself was damaged.
    """
    data = env.read(lambda txn: txn.get(keys.META))
    if data is None and wanted.create:
        meta = new(env.page_bytes, wanted)
        data = env.write(lambda txn: _put(txn, meta, wanted, env.path))
        directory.sync(env.path)
    for _ in range(_WAIT_TRIES):
        if data is not None or env.read(lambda txn: txn.stat()["entries"]):
            break
        # Another process may have made the file and not yet written into it.
        time.sleep(_WAIT_SECONDS)
        data = env.read(lambda txn: txn.get(keys.META))
    if data is None:
        raise _no_store(env.path)
    meta, wrap = opened(data, wanted, env.path)
    compare(meta, env.page_bytes, env.path)
    return wrap


def opened(data: bytes, wanted: Wanted, path: str) -> tuple[Meta, Wrap | None]:
    """Return what a store says of itself, and what wraps its values.

    Raises WrongKey, ExtraMissing, BadRecord.
    """
    if not is_wrapped(data):
        if wanted.source is not None:
            raise WrongKey(
                f"store {path} has no key, and this process has {wanted.source.ring}",
                hint="to give it one: greenflow rekey --key-file FILE; to use it as it "
                f"is: unset {FILE_VARIABLE}, and name no key",
            )
        return decode_meta(data), None
    if wanted.source is None:
        raise WrongKey(
            f"store {path} has a key, and this process has none",
            hint="name the file that has it: --key-file FILE, "
            f"{FILE_VARIABLE}=FILE, open(..., key=FILE)",
        )
    ring = wanted.source.ring
    try:
        first = wrapping.Wrap(ring, b"", encrypts=wrapping.is_encrypted(data))
        plain = first.opened(keys.META, data)
    except BadSignature as error:
        raise WrongKey(
            f"store {path}: {error.message}",
            hint="name the file of the key that it was written with",
        ) from error
    meta = decode_meta(plain.value)
    if wanted.encrypt and not meta.encrypted:
        raise WrongKey(
            f"store {path} is signed, and not encrypted",
            hint="to encrypt it: greenflow rekey --encrypt",
        )
    return meta, wrap_of(meta, ring)


def wrap_of(meta: Meta, ring: Keyring) -> Wrap:
    """Return what wraps the values of a store. Raises ExtraMissing."""
    name = f"{meta.store}:{meta.era}".encode()
    return wrapping.Wrap(ring, name, encrypts=meta.encrypted)


def check(wanted: Wanted) -> None:
    """Refuse what cannot be, before anything is made. Raises WrongKey, ExtraMissing."""
    if not wanted.encrypt:
        return
    if wanted.source is None:
        raise WrongKey(
            "an encrypted store needs a key",
            hint="make one: greenflow key new FILE; and name it: key=FILE",
        )
    wrapping.require_cryptography()


def new(page_bytes: int, wanted: Wanted) -> Meta:
    """Return what a new store says of itself."""
    return Meta(
        format=FORMAT,
        engine=ENGINE,
        page_bytes=page_bytes,
        store=os.urandom(8).hex(),
        created=time.time(),
        era="" if wanted.source is None else os.urandom(8).hex(),
        encrypted=wanted.encrypt,
    )


def anew(known: Meta) -> Meta:
    """Return what the same store says of itself in another era."""
    return replace(known, era=os.urandom(8).hex())


def _put(txn: lmdb.Transaction[bytes], meta: Meta, wanted: Wanted, path: str) -> bytes:
    data: bytes | None = txn.get(keys.META)
    if data is None:
        if txn.stat()["entries"]:
            raise _no_store(path)
        write(txn, meta, None if wanted.source is None else wanted.source.ring)
        data = txn.get(keys.META)
        assert data is not None
    return data


def write(
    txn: lmdb.Transaction[bytes], meta: Meta, ring: Keyring | None
) -> Wrap | None:
    """Write what a store says of itself, as its first record; return what wraps others.

    Raises ExtraMissing.
    """
    if ring is None:
        txn.put(keys.META, encode_meta(meta))
        return None
    wrap = wrap_of(meta, ring)
    first = keyed.KeyedTxn(txn, wrap, fresh=True)
    first.put(keys.META, encode_meta(meta))
    first.flush()
    return wrap


def need_format(txn: Any) -> None:
    """Let a store of an older format be of this one: what is written now is.

    An older greenflow does not read it any more. Raises BadRecord.
    """
    known = decode_meta(txn.get(keys.META, b""))
    if known.format != FORMAT:
        txn.put(keys.META, encode_meta(replace(known, format=FORMAT)))


def compare(found: Meta, page_bytes: int, path: str) -> None:
    """Refuse a store that this greenflow cannot read. Raises StoreError."""
    for name, ours in (
        ("format", FORMAT if found.format not in FORMATS else found.format),
        ("engine", ENGINE),
        ("page_bytes", page_bytes),
    ):
        theirs = getattr(found, name)
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
