"""What LMDB tells of an environment: space, readers, and who holds the write lock."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from greenflow.store import directory

if TYPE_CHECKING:
    import lmdb

    from greenflow.store.lmdb_env import Environment

#: Where the thread that holds the robust mutex of writers is in lock.mdb: Linux, glibc.
_WRITER_AT: Final = 64
_WRITER_BYTES: Final = 4
_TID_MASK: Final = 0x3FFFFFFF
#: Pages in front that say where everything else is.
_META_PAGES: Final = 2
_NO_TRANSACTION: Final = "-"


class Space(msgspec.Struct, frozen=True, kw_only=True):
    """How much room a store takes."""

    file_bytes: int  #: of the file; it never becomes smaller, but by compact
    live_bytes: int  #: of the pages that hold something
    free_bytes: int  #: of the pages that are used next
    map_bytes: int  #: the address space the file may grow into
    disk_free_bytes: int  #: what this user can still write to the disk


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """A place among the readers, of a thread that reads or has read."""

    pid: int
    lag_transactions: int | None  #: behind the newest; None while it does not read
    alive: bool


class Writer(msgspec.Struct, frozen=True, kw_only=True):
    """Who is in a write transaction: all others that want to write wait for it."""

    tid: int
    pid: int  #: 0 if that thread is gone; the next writer then takes over
    name: str
    state: str  #: as in /proc: "R (running)", "T (stopped)", ...


def space(env: Environment) -> Space:
    """Return how much room a store takes."""
    info, stat = env.using(lambda lmdb_env: (lmdb_env.info(), lmdb_env.stat()))
    page = stat["psize"]
    live = stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"]
    # Pages at the end that were given back before they were written are in no file.
    file_bytes = os.stat(os.path.join(env.path, directory.DATA)).st_size
    used = min(info["last_pgno"] + 1, file_bytes // page)
    disk = os.statvfs(env.path)
    return Space(
        file_bytes=file_bytes,
        live_bytes=(live + _META_PAGES) * page,
        free_bytes=max(used - live - _META_PAGES, 0) * page,
        map_bytes=info["map_size"],
        disk_free_bytes=disk.f_bavail * disk.f_frsize,
    )


def readers(env: Environment) -> list[Reader]:
    """Return who has a place among the readers."""
    table, newest = env.using(_reader_table)
    found = []
    for line in table.splitlines():
        words = line.split()
        if len(words) == 3 and words[0].isdigit():
            pid, _, number = words
            lag = None if number == _NO_TRANSACTION else max(newest - int(number), 0)
            alive = os.path.exists(f"/proc/{pid}")
            found.append(Reader(pid=int(pid), lag_transactions=lag, alive=alive))
    return found


def _reader_table(lmdb_env: lmdb.Environment) -> tuple[str, int]:
    return lmdb_env.readers(), lmdb_env.info()["last_txnid"]


def newest(env: Environment) -> int:
    """Return the number of the newest transaction."""
    return env.using(lambda lmdb_env: int(lmdb_env.info()["last_txnid"]))


def writer(env: Environment) -> Writer | None:
    """Return who holds the write lock at this moment; None if nobody, or not known.

    It is read in this process's own map of lock.mdb: to open and close that file here
    would drop LMDB's locks on it.
    """
    tid = env.using(lambda _: _read_writer(os.path.join(env.path, directory.LOCK)))
    if not tid:
        return None
    told = _status(tid)
    return Writer(
        tid=tid,
        pid=int(told.get("Tgid", "0")),
        name=told.get("Name", ""),
        state=told.get("State", ""),
    )


def _read_writer(path: str) -> int:
    with suppress(OSError), open("/proc/self/maps", encoding="utf-8") as maps:
        for line in maps:
            place, _, _, _, _, *name = line.rstrip("\n").split(maxsplit=5)
            if name == [path]:
                # An address that is gone is an error here, and not a crash.
                memory = os.open("/proc/self/mem", os.O_RDONLY | os.O_CLOEXEC)
                try:
                    begin = int(place.partition("-")[0], 16)
                    word = os.pread(memory, _WRITER_BYTES, begin + _WRITER_AT)
                finally:
                    os.close(memory)
                return int.from_bytes(word, "little") & _TID_MASK
    return 0


def _status(tid: int) -> dict[str, str]:
    """Return what /proc tells of a thread."""
    told: dict[str, str] = {}
    with suppress(OSError), open(f"/proc/{tid}/status", encoding="utf-8") as status:
        for line in status:
            name, _, value = line.partition(":")
            told[name] = value.strip()
    return told
