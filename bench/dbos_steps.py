"""The same job by DBOS on SQLite: workflows that wait for messages, steps in a row.

DBOS runs in a process of its own: ``python -m bench.dbos_steps FOLDER FLOWS STEPS``
prints its numbers as JSON.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import flows
from bench.waves import folder_on, opened

if TYPE_CHECKING:
    import greenflow

_TIMEOUT_SECONDS = 240


def measure(place: str, count: int, saves: int) -> dict[str, Any]:
    """Return what DBOS does in a second, or why it was not measured.

    ``messages`` is how many messages wake one of ``count`` workflows, two each;
    ``saves`` how many steps one workflow records, one after the other, and
    ``greenflow_saves`` the same with checkpoint().
    """
    if importlib.util.find_spec("dbos") is None:
        return {"skipped": "dbos is not installed"}
    with folder_on(place) as folder:
        command = [sys.executable, "-m", "bench.dbos_steps", folder]
        done = subprocess.run(
            [*command, str(count), str(saves)],
            cwd=Path(__file__).parents[1],
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
        )
        if done.returncode:
            return {"skipped": done.stderr.strip().splitlines()[-1]}
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {**found, "greenflow_saves": _saves(place, saves)}


def _saves(place: str, count: int) -> float:
    with folder_on(place) as folder, opened(folder) as store:
        flow: greenflow.Flow[int] = store.spawn(flows.saves, count)
        begin = time.perf_counter()
        store.run()
        return flow.result() / (time.perf_counter() - begin)


def main(folder: str, count: int, saves: int) -> None:
    """Measure DBOS in this process, and print it."""
    from dbos import DBOS, SetWorkflowID

    DBOS(
        config={
            "name": "bench",
            "system_database_url": f"sqlite:///{folder}/dbos.sqlite",
            "log_level": "ERROR",
        }
    )

    @DBOS.step()
    def add(number: int) -> int:
        return number + 1

    @DBOS.workflow()
    def steps() -> int:
        total = 0
        for _ in range(saves):
            total = add(total)
        return total

    @DBOS.workflow()
    def receive() -> int:
        return sum(DBOS.recv(timeout_seconds=60) for _ in range(2))

    DBOS.launch()
    begin = time.perf_counter()
    steps()
    saved = saves / (time.perf_counter() - begin)
    handles = []
    for number in range(count):
        with SetWorkflowID(f"flow-{number}"):
            handles.append(DBOS.start_workflow(receive))
    begin = time.perf_counter()
    for _ in range(2):
        for handle in handles:
            DBOS.send(handle.workflow_id, 1)
    for handle in handles:
        handle.get_result()
    messages = 2 * count / (time.perf_counter() - begin)
    DBOS.destroy()
    sys.stdout.write(json.dumps({"messages": messages, "saves": saved}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
