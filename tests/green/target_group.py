"""A thousand tasklets on shared channels: begun in one process, ended in another.

``target_group.py begin FILE`` stops in the middle and writes all to the file;
``target_group.py end FILE`` goes on and prints what came.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import greenflow
from greenflow.green import Channel, Runtime, run, schedule, spawn

SENDERS, VALUES, WORKERS = 400, 5, 599


class Log:
    """Shared by all; there is one of it in each process."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, int]] = []


def numbers(count: int):
    for number in range(count):
        schedule()  # it waits on the stack of a generator, too
        yield number


def sender(name: int, work: Channel) -> None:
    for number in numbers(VALUES):
        work.send((name, number))


def worker(work: Channel, results: Channel) -> None:
    while True:
        results.send(work.receive())


def collector(results: Channel, log: Log, count: int) -> Log:
    while len(log.lines) < count:
        log.lines.append(results.receive())


def begin(path: str) -> None:
    work, results, log = Channel(), Channel(), Log()
    for name in range(SENDERS):
        spawn(sender, name, work)
    for _ in range(WORKERS):
        spawn(worker, work, results)
    spawn(collector, results, log, SENDERS * VALUES)
    run(steps=6000)
    done = len(log.lines)
    assert 0 < done < SENDERS * VALUES, done
    Path(path).write_bytes(greenflow.dumps((work, results, log, everybody())))
    print(json.dumps([done, len(everybody())]))


def everybody():
    from greenflow.green import here

    return [each for each in here().tasklets() if not each.is_main]


def end(path: str) -> None:
    work, results, log, tasklets = greenflow.loads(Path(path).read_bytes())
    run()
    # The same objects that the tasklets use, and nobody is left but who waits for work.
    assert (work.balance, results.balance) == (-WORKERS, 0)
    assert {id(each) for each in work.waiting} <= {id(each) for each in tasklets}
    print(json.dumps(log.lines))


def snapshot(path: str) -> None:
    work, results, log = Channel(), Channel(), Log()
    for name in range(3):
        spawn(sender, name, work)
    spawn(worker, work, results)
    spawn(collector, results, log, 3 * VALUES)
    spawn(tells, log)
    run(steps=20)
    print(Runtime.snapshot(path))


def tells(log: Log) -> None:
    while len(log.lines) < 3 * VALUES:
        schedule()
    print(json.dumps(log.lines))


def restore(path: str) -> None:
    print(len(Runtime.restore(path)))
    run()


if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2])
