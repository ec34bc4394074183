"""Files of blocks are mapped, and what is needed of them is copied from there.

Who can write the store can change a file while it is mapped. So a block is checked
where it was copied to, and never where it lies.
"""

from __future__ import annotations

import mmap
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from greenflow.errors import BadContents
from greenflow.store import bulk

if TYPE_CHECKING:
    from greenflow.store.bulk_cipher import BulkCipher, FileCipher


class Reader:
    """Reads files of blocks, each mapped once. A context manager; any thread may read.

    Attributes:
        is_plain: whether blocks that lie one behind the other can be read as one.
    """

    def __init__(self, folder: str, cipher: BulkCipher | None = None) -> None:
        self.is_plain = cipher is None
        self._folder, self._cipher = folder, cipher
        self._files: dict[bytes, tuple[mmap.mmap, FileCipher | None]] = {}
        self._opening = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for mapped, _ in self._files.values():
            with suppress(BufferError):  # an error may keep a part of it a while
                mapped.close()

    def read(self, flow_id: str, name: bytes, at: int, size: int) -> bytes:
        """Return the block of a flow that lies at a place. Raises BadRecord."""
        mapped, cipher = self._file(flow_id, name)
        with _part(flow_id, mapped, at, size + _more(cipher)) as part:
            return bytes(part) if cipher is None else cipher.decrypt(at, part)

    def read_into(self, flow_id: str, name: bytes, at: int, target: memoryview) -> None:
        """Copy a block of a flow, or several if it is plain. Raises BadRecord."""
        mapped, cipher = self._file(flow_id, name)
        with _part(flow_id, mapped, at, len(target) + _more(cipher)) as part:
            target[:] = part if cipher is None else cipher.decrypt(at, part)

    def _file(self, flow_id: str, name: bytes) -> tuple[mmap.mmap, FileCipher | None]:
        with self._opening:
            found = self._files.get(name)
            if found is None:
                try:
                    mapped = _mapped(self._folder, name)
                except (OSError, ValueError) as error:  # it is not there, or empty
                    raise _unreadable(flow_id, str(error)) from error
                cipher = None
                if self._cipher is not None:
                    cipher = self._cipher.resume(name, mapped)
                found = self._files[name] = mapped, cipher
        return found


def _mapped(folder: str, name: bytes) -> mmap.mmap:
    file = bulk.opened(folder, name)
    try:
        # No file becomes shorter: to read behind its end would kill.
        return mmap.mmap(file, 0, mmap.MAP_SHARED, mmap.PROT_READ)
    finally:
        os.close(file)


def _part(flow_id: str, mapped: mmap.mmap, at: int, size: int) -> memoryview:
    with memoryview(mapped) as whole:
        part = whole[at : at + size]
    if len(part) != size:
        part.release()
        raise _unreadable(flow_id, "it is behind the end of its file")
    return part


def _more(cipher: FileCipher | None) -> int:
    return 0 if cipher is None else cipher.more_bytes


def _unreadable(flow_id: str, why: str) -> BadContents:
    return BadContents(
        f"a block of a state of flow {flow_id} cannot be read: {why}",
        hint="take the store from a copy",
    )
