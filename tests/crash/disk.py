"""A disk of which it is known what a power cut may leave: what recorder.c wrote down.

What POSIX promises, and no more: the bytes of a file are on the disk once it was
synced, a name once its folder was. Of all else any part may be there, in any order,
torn at the border of a sector.
"""

from __future__ import annotations

import enum
import random
import struct
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

_ENTRY = struct.Struct("<IIQQI")
SECTOR_BYTES = 512
#: Of the crash states, by how much of what was not synced is there.
NOTHING, WHOLE_WRITES, TORN, EVERYTHING = (
    "nothing",
    "whole writes",
    "torn",
    "everything",
)
WAYS = (NOTHING, WHOLE_WRITES, WHOLE_WRITES, TORN, TORN, TORN, EVERYTHING)


class Op(enum.IntEnum):
    """What an entry is of; by its number in recorder.c."""

    WRITE = 1
    SYNC = 2
    CREATE = 3
    MKDIR = 4
    UNLINK = 5
    TRUNCATE = 6
    RENAME = 7


class Entry(NamedTuple):
    """One thing that was done."""

    op: Op
    path: str
    at: int  #: of TRUNCATE: the size
    data: bytes  #: of RENAME: the name before
    synced: bool


def entries(log: Path) -> Iterator[Entry]:
    """Yield what was written down. Raises ValueError if it is of an unknown kind."""
    raw, place = log.read_bytes(), 0
    while place < len(raw):
        op, synced, at, size, path_bytes = _ENTRY.unpack_from(raw, place)
        place += _ENTRY.size
        path = raw[place : place + path_bytes].decode()
        place += path_bytes
        size = size if op in (Op.WRITE, Op.RENAME) else 0
        yield Entry(Op(op), path, at, raw[place : place + size], bool(synced))
        place += size


#: Names that come or go at once.
Change = list[tuple[str, "Node | None"]]


class Node:
    """A file or a folder: what is on the disk of it, and what may be."""

    def __init__(self, *, is_folder: bool) -> None:
        self.is_folder = is_folder
        self.content = bytearray()
        self.pending: list[tuple[int, bytes | None]] = []  #: (place, data or a cut)
        self.names: dict[str, Node] = {}  #: of a folder
        self.changes: list[Change] = []  #: of names

    def sync(self) -> None:
        for at, data in self.pending:
            put(self.content, at, data)
        for change in self.changes:
            name_all(self.names, change)
        self.pending, self.changes = [], []


def put(content: bytearray, at: int, data: bytes | None) -> None:
    if len(content) < at:
        content.extend(bytes(at - len(content)))
    if data is None:
        del content[at:]
    else:
        content[at : at + len(data)] = data


def name_all(names: dict[str, Node], change: Change) -> None:
    for name, node in change:
        if node is None:
            names.pop(name, None)
        else:
            names[name] = node


class Disk:
    """The disk, and what the process that writes it sees.

    Args:
        witnesses: files that are not part of the trial: all of them is always there.
    """

    def __init__(self, witnesses: set[str]) -> None:
        self.witnesses = witnesses
        self.root = Node(is_folder=True)
        self.live: dict[str, Node] = {"": self.root}
        self.told = defaultdict[str, bytearray](bytearray)

    def apply(self, entry: Entry) -> None:
        if entry.path in self.witnesses:
            self.told[entry.path] += entry.data
        elif entry.op in (Op.CREATE, Op.MKDIR):
            node = self.live[entry.path] = Node(is_folder=entry.op == Op.MKDIR)
            self._change(entry.path, node)
        elif entry.op == Op.UNLINK:
            del self.live[entry.path]
            self._change(entry.path, None)
        elif entry.op == Op.RENAME:
            self._rename(entry.data.decode(), entry.path)
        else:
            # One that was deleted while it was open: nobody will see it.
            node = self.live.get(entry.path.removesuffix("/"), Node(is_folder=False))
            if entry.op == Op.SYNC:
                node.sync()
            elif entry.synced:
                # By itself: what was written before may still not be there.
                put(node.content, entry.at, entry.data)
            else:
                data = None if entry.op == Op.TRUNCATE else entry.data
                node.pending.append((entry.at, data))

    def _rename(self, old: str, new: str) -> None:
        assert PurePosixPath(old).parent == PurePosixPath(new).parent
        node = self.live[old]
        for path in [each for each in self.live if f"{each}/".startswith(f"{old}/")]:
            self.live[new + path.removeprefix(old)] = self.live.pop(path)
        # At once: a name is one or the other, and never neither.
        self._change(new, node, (PurePosixPath(old).name, None))

    def _change(
        self, path: str, node: Node | None, *more: tuple[str, Node | None]
    ) -> None:
        found = PurePosixPath(path)
        above = "" if str(found.parent) == "." else str(found.parent)
        self.live[above].changes.append([(found.name, node), *more])

    def crash(self, place: Path, chance: random.Random) -> str:
        """Write what is left after a power cut into a new folder; return the way."""
        way = chance.choice(WAYS)
        left(self.root, place, way, chance)
        for name, content in self.told.items():
            (place / name).write_bytes(content)
        return way


def left(node: Node, place: Path, way: str, chance: random.Random) -> None:
    if not node.is_folder:
        place.write_bytes(content_left(node, way, chance))
        place.chmod(0o600)
        return
    place.mkdir(mode=0o700)
    names = dict(node.names)
    for change in node.changes:
        if way == EVERYTHING or (way != NOTHING and chance.random() < 0.5):
            name_all(names, change)
    for name, inside in names.items():
        left(inside, place / name, way, chance)


def content_left(node: Node, way: str, chance: random.Random) -> bytearray:
    content = bytearray(node.content)
    for at, data in node.pending if way != NOTHING else ():
        if data is None or way != TORN:
            if way == EVERYTHING or chance.random() < 0.5:
                put(content, at, data)
            continue
        for begin in range(0, len(data), SECTOR_BYTES):
            if chance.random() < 0.7:
                put(content, at + begin, data[begin : begin + SECTOR_BYTES])
    return content
