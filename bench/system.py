"""What the benchmarks ask of Linux beyond the standard library."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Final

_CLONE_NEWNS: Final = 0x00020000
_MS_REC, _MS_PRIVATE = 1 << 14, 1 << 18
_PR_SET_CHILD_SUBREAPER: Final = 36
_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def sync_folder(folder: str) -> None:
    """Return when all that was written to a folder's file system is on its disk."""
    file = os.open(folder, os.O_RDONLY)
    try:
        _check(_libc.syncfs(file), "syncfs")
    finally:
        os.close(file)


def adopt_orphans() -> None:
    """Become the parent of what descendants of this process leave behind.

    A process that CRIU restored is such an orphan, and its id is free only once its
    parent has waited for it.
    """
    _check(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


def own_mounts() -> None:
    """Give this process mounts of its own. Raises OSError without the right to."""
    _check(_libc.unshare(_CLONE_NEWNS), "unshare")
    _check(_libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None), "mount")


def run_in_memory() -> None:
    """Put a tmpfs on /run, of this process alone; nothing if there is one already.

    CRIU keeps what it found out about the kernel in /run, and only in a tmpfs: else
    each of its commands finds it out anew.
    """
    if file_system("/run") != "tmpfs":
        own_mounts()
        _check(_libc.mount(b"tmpfs", b"/run", b"tmpfs", 0, None), "mount /run")


def run_as_it_was() -> None:
    """Take that tmpfs away again, in mounts of this process's own."""
    own_mounts()
    _check(_libc.umount2(b"/run", 0), "umount /run")


def file_system(place: str) -> str:
    """Return the type of the file system that a folder is on, like ``ext4``."""
    found, best = "unknown", ""
    wanted = os.path.realpath(place)
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, *_ = line.split()
        inside = wanted == point or wanted.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            found, best = kind, point
    return found


def written_bytes() -> int:
    """Return how many bytes this process has given to the disk so far."""
    for line in Path("/proc/self/io").read_text().splitlines():
        name, _, count = line.partition(": ")
        if name == "write_bytes":
            return int(count)
    raise OSError("/proc/self/io tells no write_bytes")


def memory_bytes(pid: int | str, field: str) -> int:
    """Return a field of a process's memory: ``Rss`` or ``Pss``, in bytes."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"/proc/{pid}/smaps_rollup tells no {field}")


def disk_bytes(folder: str) -> int:
    """Return what the files of a folder take on its disk."""
    return sum(path.stat().st_blocks * 512 for path in _files(folder))


def apparent_bytes(folder: str) -> int:
    """Return how long the files of a folder are, together."""
    return sum(path.stat().st_size for path in _files(folder))


def _files(folder: str) -> list[Path]:
    return [path for path in Path(folder).rglob("*") if path.is_file()]
