"""DBOS with SQLite: a workflow that waits for messages: ``with_dbos.py FILE TURNS``.

It prints what each save and resume took in ms, as JSON. A save is that of a step which
does nothing, and is recorded when it returns; a resume is from ``send()`` to the line
behind ``recv()``. There is no cold one: DBOS recovers by replay.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version

from dbos import DBOS, SetWorkflowID

_WAIT_SECONDS = 30


def main(file: str, turns: str) -> None:
    """Measure, and print."""
    DBOS(
        config={
            "name": "bench",
            "system_database_url": f"sqlite:///{file}",
            "log_level": "ERROR",
        }
    )
    went_on: list[int] = []
    steps: list[float] = []
    count = int(turns)

    @DBOS.workflow()
    def workflow() -> int:
        total = 0
        for _ in range(count):
            total += DBOS.recv(timeout_seconds=_WAIT_SECONDS)
            went_on.append(time.time_ns())
        return total

    @DBOS.step()
    def step(number: int) -> int:
        return number + 1

    @DBOS.workflow()
    def stepping() -> int:
        total = 0
        for _ in range(count):
            begin = time.time_ns()
            total = step(total)
            steps.append((time.time_ns() - begin) / 1e6)
        return total

    DBOS.launch()
    resumes = []
    with SetWorkflowID("waits"):
        handle = DBOS.start_workflow(workflow)
    for turn in range(count):
        begin = time.time_ns()
        DBOS.send("waits", 1)
        while len(went_on) == turn:
            time.sleep(0.0002)
        resumes.append((went_on[turn] - begin) / 1e6)
    results = handle.get_result(), stepping()
    DBOS.destroy()
    if results != (count, count):
        raise SystemExit(f"{results} instead of {count}")
    found = {"save": steps[1:], "resume": resumes[1:], "settings": version("dbos")}
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
