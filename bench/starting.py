"""How long until a flow goes on in a process that was not there before.

``python -m bench starting [--json] [--quick]``. From the moment somebody asks for it to
the flow's first instruction, in turns:

* ``cold``: a new Python runs ``greenflow.open(...).run()``; beside it ``imports``, a
  new Python that loads the same modules but greenflow's own;
* ``worker``: the command ``greenflow worker --once``;
* ``anew`` and ``forked``: a flow that runs alone, in a new interpreter and in one that
  is forked from a prepared parent.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import greenflow
from bench import flows
from greenflow.runtime.forked import Task
from greenflow.runtime.prepared import Prepared
from greenflow.runtime.processes import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable

GOALS = {"cold": 1.15, "forked_ms": 8.0}
_ROOT = Path(__file__).parents[1]
#: The names of the modules that the process of a flow has loaded when it goes on.
_SEEN = """
import sys
from bench import flows

def tell(now):
    print(*(name for name, module in sys.modules.items() if module is not None))
    sys.stdout.flush()
    flows.os._exit(0)

flows.stamp = tell
"""
_RESUME = "import greenflow; greenflow.open({!r}).run()"
_IMPORTS = """
import time
for name in {!r}:
    try:
        __import__(name)
    except ImportError:
        pass
from bench import flows
"""


class Starts:
    """A store with one flow that waits, and ways to let it go on elsewhere."""

    def __init__(self, folder: str) -> None:
        """Make the store in a folder."""
        self.place = f"{folder}/store"
        self.stamps = Path(folder) / "stamps"
        self.stamps.touch()
        os.environ[flows.STAMPS_VARIABLE] = str(self.stamps)
        self._store = greenflow.open(self.place)
        self._flow = self._store.spawn(flows.stamped, flows.DEPTH - 1, "top", [0])
        self._store.run()
        self._parent = Prepared(("bench.flows",))

    def close(self) -> None:
        """Let go of it."""
        self._parent.close()
        self._store.close()

    def cold(self, code: str = "") -> float:
        """Return milliseconds until a new Python has let the flow go on."""
        return self._time(lambda: _python("-c", code + _RESUME.format(self.place)))

    def worker(self) -> float:
        """Do so by the command."""
        words = ("worker", "--once", "--store", self.place)
        return self._time(lambda: _python("-m", "greenflow", *words))

    def imports(self, names: list[str]) -> float:
        """Return milliseconds until a new Python has imported these modules."""
        code = _IMPORTS.format(names) + "flows.stamp(time.time_ns())"
        return self._time(lambda: _python("-c", code), wakes=False)

    def forked(self) -> float:
        """Return milliseconds until the flow goes on alone, forked."""
        return self._alone(self._parent.start)

    def anew(self) -> float:
        """Return the same of a new interpreter."""
        return self._alone(
            lambda task: WorkerProcess(task.store, task.words(), tied=True)
        )

    def loaded(self) -> list[str]:
        """Return the modules, but greenflow's, that a cold process needs."""
        self._store.send(self._flow, 1)
        told = _python("-c", _SEEN + _RESUME.format(self.place)).split()
        self._store.run()  # what the process took with it, as it just ended
        own = ("greenflow", "_gf1", "bench", "__main__")
        return [name for name in told if not name.startswith(own)]

    def _alone(self, start: Callable[[Task], Any]) -> float:
        self._store.send(self._flow, 1)
        claim = self._store.base.claim(self._flow.id)
        if claim is None:
            raise SystemExit("the flow cannot run")
        task = Task(self.place, self._flow.id, claim.record.epoch)
        begin = time.time_ns()
        process = start(task)
        if not process.wait(60) or process.death():
            raise SystemExit(f"its process ended by {process.death()}")
        return (flows.stamps(self.stamps)[-1] - begin) / 1e6

    def _time(self, call: Callable[[], object], *, wakes: bool = True) -> float:
        if wakes:
            self._store.send(self._flow, 1)
        begin = time.time_ns()
        call()
        return (flows.stamps(self.stamps)[-1] - begin) / 1e6


def _python(*arguments: str) -> str:
    paths = os.pathsep.join([str(_ROOT), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    return done.stdout


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Return the whole report, as plain values."""
    found: dict[str, list[float]] = {}
    with ExitStack() as stack:
        temporary = tempfile.TemporaryDirectory(prefix="greenflow-bench-")
        starts = Starts(stack.enter_context(temporary))
        stack.callback(starts.close)
        names = starts.loaded()
        ways: dict[str, Callable[[], float]] = {
            "imports": lambda: starts.imports(names),
            "cold": starts.cold,
            "worker": starts.worker,
            "anew": starts.anew,
            "forked": starts.forked,
        }
        for turn in range(3 if quick else 22):
            for name, way in ways.items():
                took = way()
                if turn > 0:  # the first one has no prepared parent yet
                    found.setdefault(name, []).append(took)
    middle = {name: median(times) for name, times in found.items()}
    return {
        "python": platform.python_version(),
        "modules": len(names),
        "ms": middle,
        "spread_ms": {name: [min(times), max(times)] for name, times in found.items()},
        "ratios": {
            "cold": middle["cold"] / middle["imports"],
            "forked": middle["forked"] / middle["anew"],
        },
        "goals": GOALS,
    }


def render(report: dict[str, Any]) -> str:
    """Return the report as text for people."""
    lines = [f"CPython {report['python']}; to the flow's first instruction, medians"]
    for name, took in report["ms"].items():
        low, high = report["spread_ms"][name]
        lines.append(f"  {name:8} {took:7.1f} ms  [{low:.1f} - {high:.1f}]")
    ratios, goals = report["ratios"], report["goals"]
    cold = f"{ratios['cold']:.2f}x of {report['modules']} imports"
    forked = f"{ratios['forked']:.2f}x of a new interpreter"
    lines += [
        f"cold is {cold} (goal: at most {goals['cold']:.2f}x)",
        f"forked is {forked} (goal: at most {goals['forked_ms']:.0f} ms)",
    ]
    return "\n".join(lines)
