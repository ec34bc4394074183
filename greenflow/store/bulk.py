"""Files of blocks: what one save adds, if that is much, beside LMDB's own file.

LMDB would copy each large value twice more, and writes it when the disk could have been
at it long since. So blocks that are more than a few go into a file of their own before
the transaction begins, and the transaction names it: it never changes afterwards.

Who writes a file holds a lock on it until the transaction has ended. A file that no
record names and that nobody holds is left over from a process that died, and goes with
the next sweep. What a file is needed for no more, a commit deletes behind itself.
"""

from __future__ import annotations

import fcntl
import os
import threading
import uuid
from contextlib import suppress
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from greenflow._pages import write_soon
from greenflow.errors import StoreError
from greenflow.failpoints import reach
from greenflow.store.directory import sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from greenflow.store.bulk_cipher import BulkCipher

NAME_BYTES: Final = 16
_FLAGS: Final = os.O_NOFOLLOW | os.O_CLOEXEC
#: The kernel begins to write so much at once.
_SOON_BYTES: Final = 1024 * 1024
#: Folders whose own names are on disk, as far as this process saw to it.
_named: set[str] = set()


class BulkFile:
    """A new file of blocks. To be ended by :meth:`keep` or :meth:`drop`.

    Attributes:
        name: what records call it.
    """

    def __init__(self, folder: str, cipher: BulkCipher | None = None) -> None:
        """Make one. Raises StoreError."""
        self.name = b""
        self._folder = folder
        self._file = -1
        self._end = 0
        self._growing = threading.Lock()
        try:
            while self._file < 0:
                self._file = self._begun()
            self._cipher = None if cipher is None else cipher.begin(self.name)
            if self._cipher is not None:
                self._end = len(self._cipher.head)
                _write(self._file, [memoryview(self._cipher.head)], 0)
        except OSError as error:
            raise _failed(folder, error) from error

    def _begun(self) -> int:
        _make_folder(self._folder)
        self.name = uuid.uuid4().bytes
        flags = _FLAGS | os.O_WRONLY | os.O_CREAT | os.O_EXCL
        file = os.open(_path(self._folder, self.name), flags, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file).st_nlink:
            return file
        os.close(file)  # a sweep came between the two
        return -1

    def add(self, parts: Sequence[memoryview]) -> list[int]:
        """Write blocks behind the others; return where each is. Any thread may.

        Raises StoreError.
        """
        more = 0 if self._cipher is None else self._cipher.more_bytes
        sizes = [len(part) + more for part in parts]
        with self._growing:
            begin, self._end = self._end, self._end + sum(sizes)
        *places, end = accumulate(sizes, initial=begin)
        if self._cipher is not None:
            pairs = zip(places, parts, strict=True)
            parts = [memoryview(self._cipher.encrypt(*each)) for each in pairs]
        try:
            _write(self._file, parts, begin)
        except OSError as error:
            raise _failed(self._folder, error) from error
        soon = end // _SOON_BYTES * _SOON_BYTES
        if soon > begin:
            write_soon(self._file, soon - _SOON_BYTES, _SOON_BYTES)
        return places

    def sync(self) -> None:
        """Return when all of it is on disk, its name too. Raises StoreError."""
        reach("before-bulk-sync")
        try:
            os.fdatasync(self._file)
            sync_folder(self._folder)
            if self._folder not in _named:
                # Whoever made it may not have come so far.
                sync_folder(os.path.dirname(self._folder))
                _named.add(self._folder)
        except OSError as error:
            raise _failed(self._folder, error) from error
        reach("after-bulk-sync")

    def keep(self) -> None:
        """End it: a record names it now, or perhaps, which the next sweep finds out."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def drop(self) -> None:
        """End it, and delete it: no record names it."""
        if self._file >= 0:
            unlink(self._folder, [self.name])
            self.keep()

    def __del__(self) -> None:
        """Let go of the lock, if nobody ended it."""
        self.keep()


def opened(folder: str, name: bytes) -> int:
    """Open a file for reading. Raises OSError."""
    return os.open(_path(folder, name), os.O_RDONLY | _FLAGS)


def names(folder: str) -> list[bytes]:
    """Return the names of all files there are."""
    found: list[bytes] = []
    with suppress(FileNotFoundError):
        for text in os.listdir(folder):
            with suppress(ValueError):
                found.append(bytes.fromhex(text))
    return [name for name in found if len(name) == NAME_BYTES]


def size(folder: str, name: bytes) -> int:
    """Return how long a file is; -1 if it is not there."""
    try:
        return os.stat(_path(folder, name), follow_symlinks=False).st_size
    except OSError:
        return -1


def unlink(folder: str, gone: Iterable[bytes]) -> None:
    """Delete files; who reads one of them goes on reading."""
    for name in gone:
        with suppress(FileNotFoundError):
            os.unlink(_path(folder, name))


def sweep(folder: str, is_named: Callable[[bytes], bool]) -> int:
    """Delete the files that nobody holds and no record names; return how many.

    Args:
        folder: where they are.
        is_named: looks, in a transaction that begins with the call.
    """
    count = 0
    for name in names(folder):
        with suppress(OSError):
            file = opened(folder, name)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Its writer has ended by now: what it committed is seen.
                if not is_named(name):
                    unlink(folder, [name])
                    count += 1
            finally:
                os.close(file)
    return count


def copy(folder: str, name: bytes, target: str) -> None:
    """Copy a file into another folder, on disk when this returns. Raises OSError."""
    from shutil import copyfileobj

    os.makedirs(target, 0o700, exist_ok=True)
    with (
        open(_path(folder, name), "rb", opener=_opened) as source,
        open(_path(target, name), "xb", opener=_opened) as made,
    ):
        copyfileobj(source, made, _SOON_BYTES)
        made.flush()
        os.fsync(made.fileno())
    sync_folder(target)


def _write(file: int, parts: Sequence[memoryview], at: int) -> None:
    size = sum(map(len, parts))
    done = os.pwritev(file, parts, at)
    if done < size:  # a signal, or a disk that is all but full
        rest = memoryview(b"".join(parts))
        while done < size:
            done += os.pwrite(file, rest[done:], at + done)


def _make_folder(folder: str) -> None:
    with suppress(FileExistsError):
        os.mkdir(folder, 0o700)
        _named.discard(folder)


def _opened(path: str, flags: int) -> int:
    return os.open(path, flags | _FLAGS, 0o600)


def _path(folder: str, name: bytes) -> str:
    return os.path.join(folder, name.hex())


def _failed(folder: str, error: OSError) -> StoreError:
    return StoreError(
        f"a file of blocks cannot be written in {folder}: {error}",
        hint="see how much room the disk has",
    )
