"""The sides, as functions: each runs its processes once and returns what they took."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import greenflow
from bench import by_greenflow, program
from bench.criu.repetition import KEEPS, RESUMES
from bench.workloads import clean_python, environment, new_run, until

if TYPE_CHECKING:
    from bench.workloads import Run, Workload

_HERE: Final = Path(__file__).parent
#: A worker has come to rest after so long.
_REST_SECONDS: Final = 0.02
#: What a process that goes on with a flow imports, besides greenflow itself.
_IMPORTED: Final = ("lmdb", "greenlet", "msgspec", "pickle")


class ProcessFailed(Exception):
    """A process of a side ended with an error; the text is its last line."""


def stay(workload: Workload) -> dict[str, float]:
    """greenflow in one process, which loads the flow from the store at each turn."""
    with new_run(workload) as run:
        done = _python(run, "stay.py", run.store, *workload.words)
        run.check()
    return _numbers(done)


def cold(workload: Workload) -> dict[str, float]:
    """greenflow in a new process at each turn, from its start to the flow's next line.

    The second turn is by the command line, the others by a script of six lines.
    """
    with new_run(workload) as run:
        _python(run, "cold.py", run.store, *workload.words)
        store = greenflow.open(run.store)
        try:
            [flow] = store.flows()
            found = {}
            for turn in range(program.TURNS):
                _check_waits(flow)
                flow.resume()
                begin = time.time_ns()
                if turn == 1:
                    _module(run, "greenflow", "worker", "--once", "--store", run.store)
                else:
                    _python(run, "cold.py", run.store, str(workload.depth))
                found[RESUMES[turn]] = run.resumed_ms(turn, begin)
        finally:
            store.close()
        run.check()
        found["answer"] = run.answered_ms(begin)
    found["resume_cli"] = found.pop(RESUMES[1])
    return found


def worker(workload: Workload) -> dict[str, float]:
    """A worker that runs, and keeps the flow on its stack: from a request elsewhere.

    The request is on disk before the worker hears of it.
    """
    with new_run(workload) as run:
        store = greenflow.open(run.store)
        command = ["-m", "greenflow", "worker", "--store", run.store]
        process = subprocess.Popen(
            [clean_python(), *command],
            env=run.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            found = _woken(run, store)
        finally:
            process.terminate()
            process.wait()
            store.close()
    return found


def _woken(run: Run, store: greenflow.Store) -> dict[str, float]:
    workload = run.workload
    flow = store.spawn(
        by_greenflow.start, workload.depth, workload.kind, workload.megabytes
    )
    found = {}
    for turn in range(program.TURNS):
        until(lambda: flow.status == "waiting" or flow.done(), "the flow to wait")
        _check_waits(flow)
        time.sleep(_REST_SECONDS)
        asked = time.time_ns()
        flow.resume()
        told = time.time_ns()
        run.await_stamps(2 * turn + 2)
        found[RESUMES[turn]] = run.resumed_ms(turn, asked)
        found[f"{RESUMES[turn]}_told"] = run.resumed_ms(turn, told)
    run.await_answer()
    found["answer"] = run.answered_ms(asked)
    return found | run.page.kept_ms(KEEPS)


def _check_waits(flow: greenflow.Flow[Any]) -> None:
    record = flow.record
    if record.status != "waiting":
        raise ProcessFailed(f"the flow is {record.status}: {record.error}")


def floor(workload: Workload) -> dict[str, float]:
    """Pickling the same values, and one LMDB commit of the bytes; and back."""
    with new_run(workload) as run:
        return _numbers(_python(run, "floor.py", run.folder, *workload.words))


def start(workload: Workload) -> dict[str, float]:
    """An interpreter's start, alone and with what greenflow and the program import."""
    numpy = ["numpy"] if workload.kind == "numpy" else []
    return {
        "bare": _started(),
        "imports": _started(*_IMPORTED, *numpy),
    }


def _started(*modules: str) -> float:
    begin = time.time_ns()
    command = [clean_python(), str(_HERE / "bare.py"), *modules]
    return (int(_output(command, environment())) - begin) / 1e6


def _python(run: Run, script: str, *words: str) -> str:
    command = [clean_python(), str(_HERE / script), *words]
    return _output(command, run.environment())


def _module(run: Run, *words: str) -> str:
    return _output([clean_python(), "-m", *words], run.environment())


def _output(command: list[str], env: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.partition("\nHINT:")[0].strip().splitlines()
        raise ProcessFailed(lines[-1] if lines else f"exit code {done.returncode}")
    return done.stdout


def _numbers(output: str) -> dict[str, float]:
    found: dict[str, Any] = json.loads(output)
    return found
