"""A flow that is saved by one process and gone on with by another, under observation.

``python -m tests.core.target_observed save|resume FILE``.
"""

import sys
from pathlib import Path

import greenflow
from greenflow import Continuation


def leaf(number):
    answer = greenflow.suspend(number)
    doubled = answer * 2  # after the suspend: innermost
    return doubled  # noqa: RET504


def steps(count):
    for number in range(count):
        got = leaf(number)
        yield got + 1  # after the suspend: in a generator


def work():
    total = 0
    for got in steps(3):
        total += got
    total *= 10  # after the suspend: outermost
    return helper(total)


def helper(total):
    return ("total", total)  # called after the suspend


def main(what, path):
    if what == "save":
        k = Continuation.start(work)
        k = k.resume(5)
        Path(path).write_bytes(k.dumps())
        return
    k = Continuation.loads(Path(path).read_bytes())
    while not k.done:
        k = k.resume(k.value + 100)
    print(k.value)


if __name__ == "__main__":
    # Saved functions are found by the name of their module, which is not __main__.
    from tests.core.target_observed import main as imported

    imported(*sys.argv[1:])
