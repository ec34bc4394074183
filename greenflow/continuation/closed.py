"""Files and sockets: what is open belongs to a process, what is closed may be kept.

``with open(...) as file`` leaves its variable behind. A closed file is nothing but its
name, so it is saved as such and is a closed file of that name again.
"""

from __future__ import annotations

import io
import os
import socket
from typing import Any

from greenflow.continuation import tags

FILE_TYPES = (
    io.TextIOWrapper,
    io.BufferedReader,
    io.BufferedWriter,
    io.BufferedRandom,
    io.FileIO,
)


def reduce_file(file: Any) -> Any:
    """Reduce a closed file. Raises TypeError for an open one."""
    if not file.closed:
        raise TypeError(f"cannot pickle an open {type(file).__qualname__!r} object")
    name = getattr(file, "name", None)
    kept = name if isinstance(name, str | bytes | int) else None
    return _closed_file, (FILE_TYPES.index(type(file)), kept)


def reduce_socket(connection: socket.socket) -> Any:
    """Reduce a closed socket. Raises TypeError for an open one."""
    if connection.fileno() != -1:
        raise TypeError("cannot pickle an open 'socket' object")
    kinds = int(connection.family), int(connection.type), connection.proto
    return _closed_socket, kinds


def _closed_file(kind: int, name: str | bytes | int | None) -> Any:
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
    return file


def _closed_socket(family: int, kind: int, proto: int) -> socket.socket:
    made = socket.socket(family, kind, proto)
    made.close()
    return made


tags.register("closed_file", _closed_file)
tags.register("closed_socket", _closed_socket)
