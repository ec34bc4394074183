"""Values that a flow has ties to this process by, and how they are made again."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import greenflow
from greenflow import Continuation, suspend


class Client:
    """A tie to a server: cannot be pickled."""

    opened = 0

    def __init__(self, address):
        self.address = address
        Client.opened += 1

    def __reduce__(self):
        raise TypeError("a client cannot be pickled")


class Secure(Client):
    pass


def address_of(client):
    return client.address


def file_of(connection):
    return connection.execute("PRAGMA database_list").fetchone()[2]


def register():
    greenflow.register(Client, address_of, Client)
    greenflow.register(sqlite3.Connection, file_of, sqlite3.connect)


def count(path):
    """A flow: its connection is another one in each process."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE seen (process)")
    clients = [Client("here")] * 2
    for _ in range(2):
        with connection:
            connection.execute("INSERT INTO seen VALUES (?)", [suspend()])
    assert clients[0] is clients[1]
    return clients[0].address, connection.execute("SELECT * FROM seen").fetchall()


def main(step, place):
    state = Path(place, "state")
    if step == "start":
        k = Continuation.start(count, str(Path(place, "data")))
    else:
        k = Continuation.loads(state.read_bytes()).resume(step)
    if k.done:
        sys.stdout.write(repr(k.value))
    else:
        state.write_bytes(k.dumps())


if __name__ == "__main__":
    if sys.argv[1] != "unregistered":
        register()
    main(*sys.argv[1:])
