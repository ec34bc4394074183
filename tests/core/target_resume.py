"""Runs in a child: takes continuations one step further, answers with their bytes.

Standard input has the tasks; each result is written as soon as it is known, so that the
parent knows which task a crash belongs to.
"""

from __future__ import annotations

import os
import pickle
import sys
import traceback
from dataclasses import dataclass, field

from greenflow import Continuation
from tests.core import driving
from tests.core.features import Raised, Run, ended, load


@dataclass
class Task:
    """A feature on its way: ``data`` is its last state, None before it began."""

    name: str
    data: bytes | None = None
    run: Run = field(default_factory=Run)
    done: bool = False
    details: str = ""


def step(task: Task) -> Task:
    """Give it some answers: one, if it has not very many of them."""
    item = FEATURES[task.name]
    answers = 1 + len(item.sends) // 10
    try:
        with driving.room_for(item):
            k = Continuation.loads(task.data) if task.data is not None else None
            if k is not None:
                assert k.value == task.run.asks[-1]
            given = len(task.run.asks) + answers - 1 if k else 0
            k = driving.advance(item, task.run, k, given)
            if k.done:
                task.run.end = k.value
            else:
                task.data = k.dumps()
            task.done = k.done
    except Exception as error:
        task.run.end, task.done = ended(error), True
        task.details = "".join(traceback.format_exception(error))
    return task


def picklable(task: Task) -> bytes:
    try:
        return pickle.dumps(task)
    except Exception as error:
        failed = Run(task.run.asks[:0], Raised(RuntimeError, f"not picklable: {error}"))
        return pickle.dumps(Task(task.name, run=failed, done=True))


def main() -> None:
    # What the features print must not get between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    instrument, tasks = pickle.load(sys.stdin.buffer)
    for task in tasks:
        with driving.watching(instrument, FEATURES[task.name]):
            stepped = step(task)
        answers.write(picklable(stepped))
        answers.flush()


FEATURES = load()

if __name__ == "__main__":
    # Tasks are pickled under the module's importable name, also by this process.
    from tests.core import target_resume

    target_resume.main()
