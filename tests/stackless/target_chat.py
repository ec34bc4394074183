"""A chat server on loopback: a tasklet for each guest and one for the room.

The sockets are the main tasklet's, who carries lines in and out. So the room can be
saved while guests are there; ``target_chat.py FILE`` goes on from it if the file is
there, and the guests, who connect again, are still in the room under their names.
"""

from __future__ import annotations

import select
import socket
import sys
from pathlib import Path
from typing import Any

import greenflow
import greenflow.stackless as stackless


class Room:
    """Who is there, and what was said: shared by all tasklets."""

    def __init__(self) -> None:
        self.heard = stackless.channel(1000)
        self.said: dict[str, Any] = {}
        self.out: dict[str, list[str]] = {}
        self.history: list[str] = []


def guest(room: Room, name: str) -> None:
    """Hand on what one guest says, numbered."""
    for number, line in enumerate(room.said[name], 1):
        room.heard.send(f"{name} {number}: {line}")


def host(room: Room) -> None:
    """Tell everybody what anybody says."""
    for line in room.heard:
        room.history.append(line)
        for lines in room.out.values():
            lines.append(line)


def say(room: Room, name: str, line: str) -> None:
    if name not in room.said:
        room.said[name], room.out[name] = stackless.channel(1000), []
        stackless.tasklet(guest)(room, name)
    if line:
        room.said[name].send(line)


def serve(path: Path) -> None:
    if path.exists():
        room, _ = greenflow.loads(path.read_bytes())
    else:
        room = Room()
        stackless.tasklet(host)(room)
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    guests: dict[socket.socket, str] = {}
    buffers: dict[socket.socket, bytes] = {}
    while True:
        ready, _, _ = select.select([listener, *buffers], [], [])
        for each in ready:
            if each is listener:
                buffers[listener.accept()[0]] = b""
                continue
            data = each.recv(4096)
            *lines, buffers[each] = (buffers[each] + data).split(b"\n")
            if not data:
                del buffers[each]
                guests.pop(each, None)
            for line in lines:
                if line == b"/save":
                    everybody = [
                        t for t in stackless.main._loop.tasklets() if not t.is_main
                    ]
                    path.write_bytes(greenflow.dumps((room, everybody)))
                    return
                if each not in guests:
                    guests[each] = line.decode()
                    say(room, guests[each], "")
                else:
                    say(room, guests[each], line.decode())
        stackless.run()
        for each, name in guests.items():
            lines_out, room.out[name] = room.out[name], []
            each.sendall("".join(f"{line}\n" for line in lines_out).encode())


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
