"""The flows that live in a store while its workers are killed.

Each tells the history what it knows (:func:`seen`) under an idempotency key: the same
key must always come with the same, however often the flow went on from there. What it
returns at the end is checked against what was sent to it: see ``results.py``. One more
kind of flow is a function here, its start in ``producer.py`` and its check there.
"""

from __future__ import annotations

import hashlib
import os
import random
import time
from collections.abc import Iterator
from typing import Any

import greenflow
from tests.crash import history

# A worker imports this module with its first flow, before the first commit.
if history.VARIABLE in os.environ:
    history.install()


def seen(*state: Any) -> None:
    """Note what the flow knows here."""
    digest = hashlib.blake2b(repr(state).encode(), digest_size=6).hexdigest()
    history.append("seen", greenflow.idempotency_key(), digest)


def numbers(topic: str) -> Iterator[Any]:
    """Yield what comes, until None does: a generator that is saved in its middle."""
    while (message := greenflow.recv(topic=topic)) is not None:
        yield message


def collector() -> list[int]:
    got = []
    for number in numbers("work"):
        got.append(number)
        seen(got)
        if number % 3 == 0:
            greenflow.checkpoint(f"at {number}")
            seen(got, "saved")
    return got


def relay(name: int, sink: Any) -> list[int]:
    got = []
    for number in numbers("work"):
        got.append(number)
        greenflow.send(sink, [name, number], topic="relayed")
        seen(got)
    greenflow.send(sink, [name, None], topic="relayed")
    return got


def sink(relays: int) -> list[list[Any]]:
    got = []
    while relays:
        message = greenflow.recv(topic="relayed")
        seen(len(got), message)
        if message[1] is None:
            relays -= 1
        else:
            got.append(message)
    return got


def late() -> list[int]:
    got = list[int]()
    for number in numbers("later"):
        got.append(number)
        seen(got)
    return got


def asker(turns: int) -> list[Any]:
    answers = []
    for turn in range(turns):
        try:
            answers.append(greenflow.suspend(turn))
        except KeyError as error:
            answers.append(["thrown", error.args[0]])
        seen(answers)
    return answers


def pay(flow: str, turn: int, once: bool) -> str:
    """The effect on the world: a line that is there even after a power cut."""
    nonce = os.urandom(6).hex()
    history.append("pay", flow, turn, once, nonce, sync=True)
    time.sleep(0.001)
    return nonce


def payer(turns: int) -> list[str]:
    flow, receipts = greenflow.current().id, []
    for turn in range(turns):
        at_most_once = turn % 2 == 1
        try:
            receipt = greenflow.once(
                pay, flow, turn, at_most_once, at_most_once=at_most_once
            )
        except greenflow.Ambiguous:
            receipt = "ambiguous"
        receipts.append(receipt)
        seen(receipts)
        greenflow.sleep(0)
    return receipts


def pinger(ponger: Any, turns: int) -> list[int]:
    return [ask(ponger, turn) for turn in range(turns)]


def ask(ponger: Any, turn: int) -> int:
    """One frame deeper."""
    greenflow.send(ponger, (greenflow.current(), turn), topic="ping")
    answer = greenflow.recv(topic="pong")
    seen(turn, answer)
    return answer


def ponger(turns: int) -> list[int]:
    got = []
    for _ in range(turns):
        asked_by, turn = greenflow.recv(topic="ping")
        got.append(turn)
        greenflow.send(asked_by, turn, topic="pong")
        seen(got)
    return got


def napper() -> None:
    """Is cancelled, or killed, by the producer."""
    try:
        greenflow.sleep(3600)
    finally:
        greenflow.sleep(0)
        seen("cleaned up")


def brief(number: int) -> int:
    """Wait for what never comes, do something, end."""
    assert greenflow.recv(topic="never", timeout=0.002, default=number) == number
    seen(number)
    greenflow.checkpoint()
    greenflow.sleep(0.003)
    seen(number, "slept")
    return number


def heavy(turns: int, size: int) -> int:
    """Save large values that change, many times: some of it in files of blocks."""
    data, before = bytearray(size), b""
    for turn in range(turns):
        data[:] = bytes([turn]) + random.Random(turn).randbytes(size - 1)
        data[-1] = turn
        greenflow.checkpoint()
        expected = bytes([turn]) + random.Random(turn).randbytes(size - 1)
        if data[:-1] != expected[:-1] or data[-1] != turn:
            return -1
        if turn and before != random.Random(turn - 1).randbytes(size - 1)[:100_000]:
            return -2
        before = bytes(data[1:100_001])
    return turns
