"""Flows that are debugged, importable in every process."""

from __future__ import annotations

import os
import time

import greenflow


def note(line):
    """Write a line to the journal: a file, so that it is seen from everywhere."""
    with open(os.environ["JOURNAL"], "a") as journal:
        journal.write(f"{line}\n")


class Order:
    def __init__(self, total):
        self.total, self.lines = total, [1, 2]

    def __repr__(self):
        return f"Order({self.total})"


def ask_boss(order, limit):
    text = f"order of {order.total}"  # noqa: F841 - it is looked at
    answer = greenflow.recv(topic="boss")
    return answer  # noqa: RET504


def approval(total=1200, limit=500):
    order, history = Order(total), ["created"]
    ok = ask_boss(order, limit)
    history.append(ok)
    if order.total > limit:
        return "too much", history, limit
    return "approved", history, limit


def countdown(start):
    while start > 0:
        got = greenflow.suspend(start)
        yield start, got
        start -= 1


def counting():
    seen = []
    for pair in countdown(3):
        seen.append(pair)
    return seen


def sharing():
    count = 1

    def inner():
        nonlocal count
        count += 1
        greenflow.suspend()
        return count

    first = inner()
    return first, count


def inner_list(items):
    greenflow.suspend()
    return items


def one_list():
    mine = [1]
    got = inner_list(mine)
    return got is mine, mine


def guarded():
    note("begun")
    try:
        note("in try")
        number = greenflow.suspend("a number")
        note(f"got {number}")
        total = helped(number)
        note(f"total {total}")
    except BaseException as error:
        note(f"except {type(error).__name__}")
        raise
    finally:
        note("finally")
    return total


def helped(number):
    double = number * 2
    note(f"double {double}")
    return double + 1


def looping():
    total = 0
    greenflow.suspend()
    for number in range(5):
        total += number
        note(f"number {number}")
    return total


def unbegun(value):
    twice = value * 2
    got = greenflow.suspend(twice)
    return twice, got


def failing():
    word = greenflow.suspend()
    raise LookupError(f"no {word}")


def failed_step():
    note("tried")
    raise OSError("once")


def operations():
    """Wait in each operation there is; the tests step over them."""
    note("one")
    greenflow.suspend("go")
    a = 1
    greenflow.checkpoint("half")
    b = a + 1
    c = greenflow.once(add, a, b)
    child = greenflow.spawn(add, 1, 2)
    d = child.result()
    e = greenflow.recv(topic="more")
    greenflow.sleep(1000)
    return a, b, c, d, e


def add(a, b):
    return a + b


def secret():
    api_key = "geheim"
    greenflow.suspend()
    return api_key


def handling():
    try:
        {}["none"]
    except KeyError as error:
        greenflow.suspend()
        text = str(error)
    return text


def chatting():
    """Receive until told to end."""
    got = []
    while True:
        word = greenflow.recv()
        note(f"word {word}")
        got.append(word)
        if word == "end":
            return got


def until_there(path):
    """Run, after a save, until a file is there."""
    count = 0
    greenflow.checkpoint()
    note("runs")
    while not os.path.exists(path):
        count += 0
        time.sleep(0.01)
    note("ran")
    greenflow.suspend()
    return count
