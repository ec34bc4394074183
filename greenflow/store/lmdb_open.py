"""How LMDB is opened.

Who opens it first makes lock.mdb anew, and others wait meanwhile. If it is killed
before it has written there which transaction was the last, LMDB lets them in and tells
them that there was none: they would read the older of the two roots, or an empty one,
and what they wrote would be lost, or lose all there is. So nobody stays in such a
store: once all are out of it, who opens it next makes lock.mdb anew.
"""

from __future__ import annotations

import os
import time
from typing import Final

import lmdb

from greenflow import limits
from greenflow.errors import StoreError
from greenflow.store.lmdb_errors import translated

_TRIES_MAX: Final = 5
#: Of many who wait at once, one must be alone some time.
_HALF_MADE_MAX: Final = 40
_PAUSE_SECONDS: Final = 0.02
#: By which the map is made smaller where it is refused: others need room beside it.
_MAP_DIVISOR: Final = 8


def open_lmdb(path: str) -> lmdb.Environment:
    """Open LMDB as it is safe: every commit is on disk when it returns.

    Raises: StoreError.
    """
    map_bytes = limits.MAP_BYTES_MAX
    failed = half_made = 0
    while half_made < _HALF_MADE_MAX:
        try:
            env = _open(path, map_bytes)
            if not _is_half_made(env):
                return env
            env.close()
            half_made += 1
        except lmdb.MemoryError as refused:
            map_bytes //= _MAP_DIVISOR
            if map_bytes < limits.MAP_BYTES_MIN:
                raise translated(refused, path) from refused
            continue
        except lmdb.Error as error:
            # Opening can fail while another process opens or closes it.
            failed += 1
            if failed == _TRIES_MAX:
                raise translated(error, path) from error
        time.sleep(_PAUSE_SECONDS * (0.5 + os.urandom(1)[0] / 255))
    raise StoreError(
        f"store {path}: a process was killed while it opened it first, and others "
        "hold it open as that left it",
        hint="open it again; if that does not help, end all that use it",
    )


def _open(path: str, map_bytes: int) -> lmdb.Environment:
    return lmdb.open(
        path,
        map_size=map_bytes,
        subdir=True,
        mode=0o600,
        create=False,
        max_dbs=0,
        max_readers=limits.READERS_MAX,
        sync=True,
        metasync=True,
        writemap=False,
        map_async=False,
        lock=True,
        readahead=False,
        meminit=True,
        lib_version=0,
    )


def _is_half_made(env: lmdb.Environment) -> bool:
    """Whether lock.mdb says that nothing was ever written, where something was.

    So it is also between the two moments at which another process ends the very first
    transaction: a while later it is not.
    """
    last = env.info()["last_txnid"]
    txn = env.begin()
    try:
        return bool(txn.id() == 0 < last)
    finally:
        txn.abort()
