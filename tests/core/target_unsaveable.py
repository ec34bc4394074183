"""Flows that hold what cannot be saved, each in another place.

It is handed to them in a box, so that it lies nowhere else.
"""

from __future__ import annotations

import socket
import threading
from pathlib import Path

from greenflow import suspend


class Pool:
    def __init__(self, thing):
        self.free = {"main": [1, (2, thing)]}


class Client:
    def __init__(self, thing):
        self.pool = Pool(thing)


class Refuses:
    def __reduce__(self):
        raise ValueError("I refuse")


def open_file():
    return Path(__file__).open()


def running_thread():
    return threading.Thread(target=print)


THINGS = {
    "socket": socket.socket,
    "lock": threading.Lock,
    "open file": open_file,
    "thread": running_thread,
    "one of its own": Refuses,
}


def in_a_local(box):
    thing = box and box.pop()
    got = suspend("local")
    return got, thing is not None


def deep_inside(box):
    client = Client(box.pop())
    got = suspend("deep")
    return got, client.pool.free["main"][0]


def in_the_middle(box):
    kept = box.pop()

    def inner(n):
        return suspend("middle") if n == 0 else inner(n - 1)

    return inner(3), kept is not None


def in_a_cell(box):
    thing = box.pop()

    def reads():
        return thing

    got = suspend("cell")
    return got, reads() is not None


def in_a_generator(box):
    def walk():
        held = box.pop()
        yield 1
        yield held is not None

    walker = walk()
    next(walker)
    got = suspend("generator")
    return got, next(walker)


def in_an_expression(box):
    return [box.pop(), suspend("expression")][1], True


def in_the_keywords(**named):
    got = suspend("keywords")
    return got, bool(named)


def in_the_request(box):
    return suspend([box.pop()]), True


#: Function, and what the message must name besides the function itself.
PLACES = {
    "local": (in_a_local, "'thing'"),
    "deep": (deep_inside, "'client'"),
    "middle": (in_the_middle, "'kept'"),
    "cell": (in_a_cell, "'thing'"),
    "generator": (in_a_generator, "'walker'"),
    "expression": (in_an_expression, ""),
    "request": (in_the_request, "suspended with"),
}
