"""Files and sockets: what is open belongs to a process, what is closed may be kept.

``with open(...) as file`` leaves its variable behind. A closed file is nothing but its
name, so it is saved as such and is a closed file of that name again.
"""

from __future__ import annotations

import io
import os
import socket
from typing import TYPE_CHECKING, Any

from greenflow.continuation import tags

if TYPE_CHECKING:
    from collections.abc import Callable

FILE_TYPES = (
    io.TextIOWrapper,
    io.BufferedReader,
    io.BufferedWriter,
    io.BufferedRandom,
    io.FileIO,
)


def reducer_of(kind: type) -> Callable[[Any], Any] | None:
    """Return what reduces connections of multiprocessing, which hold a bare number."""
    modules = {base.__module__ for base in kind.__mro__}
    return _connection if "multiprocessing.connection" in modules else None


def _connection(connection: Any) -> Any:
    if getattr(connection, "closed", False):
        return NotImplemented
    raise TypeError(f"cannot pickle an open {type(connection).__qualname__!r} object")


def reduce_file(file: Any) -> Any:
    """Reduce a closed file. Raises TypeError for an open one."""
    if not file.closed:
        raise TypeError(f"cannot pickle an open {type(file).__qualname__!r} object")
    name = getattr(file, "name", None)
    kept = name if isinstance(name, str | bytes | int) else None
    told = [file.mode] if "mode" in getattr(file, "__dict__", ()) else []
    return _closed_file, (FILE_TYPES.index(type(file)), kept, *told)


def reduce_in_memory(file: Any) -> Any:
    """Reduce a closed file in memory; an open one does it itself."""
    return (_closed_in_memory, (type(file),)) if file.closed else NotImplemented


def _closed_in_memory(kind: Any) -> Any:
    file = kind()
    file.close()
    return file


def reduce_socket(connection: socket.socket) -> Any:
    """Reduce a closed socket. Raises TypeError for an open one."""
    if connection.fileno() != -1:
        raise TypeError("cannot pickle an open 'socket' object")
    kinds = int(connection.family), int(connection.type), connection.proto
    return _closed_socket, kinds


def _closed_file(kind: int, name: str | bytes | int | None, *modes: str) -> Any:
    wanted = FILE_TYPES[kind]
    mode = {io.BufferedWriter: "w", io.BufferedRandom: "r+"}.get(wanted, "r")
    raw: Any = io.FileIO(os.devnull, mode)
    if name is not None:
        raw.name = name
    file = raw
    if wanted is io.TextIOWrapper:
        file = io.TextIOWrapper(io.BufferedReader(raw), "utf-8")
    elif wanted is not io.FileIO:
        file = wanted(raw)
    file.close()
    for told in modes:
        file.mode = told
    return file


def _closed_socket(family: int, kind: int, proto: int) -> socket.socket:
    made = socket.socket(family, kind, proto)
    made.close()
    return made


tags.register("closed_file", _closed_file)
tags.register("closed_in_memory", _closed_in_memory)
tags.register("closed_socket", _closed_socket)
