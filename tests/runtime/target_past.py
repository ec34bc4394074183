"""Flows whose earlier states are gone back to."""

from __future__ import annotations

import os
from pathlib import Path

import greenflow


class Order:
    def __init__(self, number):
        self.number, self.lines, self.api_key = number, ["tea"], "k-123"


def approval(number):
    order = Order(number)
    total = 100
    greenflow.checkpoint("priced")
    total += 20
    order.lines.append("milk")
    answer = ask(order, total)
    return number, total, order.lines, answer


def ask(order, limit):
    first = greenflow.suspend("may I?")
    second = greenflow.suspend("sure?")
    return first, second


def paid(price):
    receipt = greenflow.once(pay, price)
    answer = greenflow.recv(topic="thanks", default="nobody", timeout=3600)
    return receipt, answer


def pay(price):
    with open(os.environ["JOURNAL"], "a") as journal:
        journal.write(f"paid {price}\n")
    return f"receipt for {price}"


def numbers(count):
    seen = []
    for number in range(count):
        seen.append(number)
        assert greenflow.checkpoint() == number + 1
    return seen


def large(size):
    data = list(range(size))
    greenflow.suspend()
    data[size // 2] = "changed"
    greenflow.suspend()
    return data


def waits_for(flow):
    greenflow.suspend()
    return flow.result()


def simple():
    return greenflow.suspend()


def fails():
    greenflow.checkpoint()
    greenflow.suspend()
    raise ValueError("always")


class Harmful:
    """Does harm where it is loaded, in every process."""

    def __reduce__(self):
        return os.system, (f"touch {Path(os.environ['JOURNAL']).parent / 'harmed'}",)


def harmful():
    bad = Harmful()
    greenflow.checkpoint()
    bad = [bad]
    greenflow.suspend(bad)
