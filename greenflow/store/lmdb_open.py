"""How LMDB is opened."""

from __future__ import annotations

import time
from typing import Final

import lmdb

from greenflow import limits
from greenflow.store.lmdb_errors import translated

_TRIES_MAX: Final = 5
_PAUSE_SECONDS: Final = 0.02
#: By which the map is made smaller where it is refused: others need room beside it.
_MAP_DIVISOR: Final = 8


def open_lmdb(path: str) -> lmdb.Environment:
    """Open LMDB as it is safe: every commit is on disk when it returns.

    Raises: StoreError.
    """
    map_bytes = limits.MAP_BYTES_MAX
    tries = 0
    while True:
        try:
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
        except lmdb.MemoryError as error:
            map_bytes //= _MAP_DIVISOR
            if map_bytes < limits.MAP_BYTES_MIN:
                raise translated(error, path) from error
        except lmdb.Error as error:
            # Opening can fail while another process opens or closes it.
            tries += 1
            if tries == _TRIES_MAX:
                raise translated(error, path) from error
            time.sleep(_PAUSE_SECONDS)
