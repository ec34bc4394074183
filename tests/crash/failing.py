"""Let the scenario die at one place after another, and look at what is left each time.

Usage: failing.py points|calls FOLDER OF_EACH_MAX [PATIENCE [POINT]]; prints one line of
JSON.

``points`` are those of ``greenflow/failpoints.py``, ``calls`` the system calls on the
store's files, which ``shim.c`` fails. A case is a process that dies, one that looks at
the store and plays on, and what that one finds; each has a copy of the same store.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from greenflow import failpoints
from tests.crash import history, scenario

#: Cases that run at the same time.
AT_ONCE = 2
#: What the shim does at a system call, by its number in shim.c.
MODES = ("kill before", "kill after", "half of it, kill", "EIO", "ENOSPC")
KILLING = MODES[:3]
#: How the process that is to die ends otherwise.
GAVE_UP, NOT_REACHED = 5, 6
#: Only what hangs takes so long.
PATIENCE_SECONDS = 60
#: No commit makes more system calls.
IN_A_ROW = 8


class Case(NamedTuple):
    what: str  #: a failpoint or a mode
    nth: int
    action: str = ""


#: Lets a case happen to the store at a place.
Arm = Callable[[Case, Path], None]


class Found(NamedTuple):
    case: Case
    wrong: list[str]


def forked(call: Callable[[], Any]) -> int:
    """Return the exit code of a fresh process that calls it, or minus the signal."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            call()
            code = 0
        except SystemExit as end:
            code = int(str(end.code))
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def arm_point(case: Case, place: Path) -> None:
    armed = failpoints.armed
    assert armed is not None
    armed.arm(f"{case.what}:{case.nth}:{case.action}" if case.what else "")


def arm_call(case: Case, place: Path) -> None:
    shim = ctypes.CDLL(None)
    mode = MODES.index(case.what) + 1 if case.what else 0
    shim.shim_arm(ctypes.c_long(case.nth), mode, os.fsencode(place) + b"/")


def reached(case: Case) -> int:
    """Return how often this process came to the place of a case."""
    if case.what in MODES:
        return int(ctypes.CDLL(None).shim_count())
    assert failpoints.armed is not None
    return failpoints.armed.reached[case.what]


class Trial:
    """One case."""

    def __init__(self, folder: Path, template: Path, arm: Arm, patience: int) -> None:
        self.folder, self.template, self.arm = folder, template, arm
        self.place, self.past = folder / "store", folder / "history"
        self.end, self.patience = 0, patience

    def run(self, case: Case) -> list[str]:
        self.folder.mkdir(mode=0o700)
        shutil.copytree(self.template, self.place)
        os.environ[history.VARIABLE] = str(self.past)
        code = forked(lambda: self._die(case))
        killed = case.action == "kill" or case.what in KILLING
        expected = {-signal.SIGKILL} if killed else {0, GAVE_UP}
        expected.add(NOT_REACHED)
        self.end = code if code in {GAVE_UP, NOT_REACHED} else 0
        wrong = [] if code in expected else [f"the first process ended with {code}"]
        told = self.folder / "told"
        code = forked(lambda: self._play_on(told))
        wrong += (
            json.loads(told.read_text()) if code == 0 else [f"it ended with {code}"]
        )
        if not wrong:
            shutil.rmtree(self.folder)
        return wrong

    def _die(self, case: Case) -> None:
        self.arm(case, self.place)
        try:
            scenario.play(self.place)
        except Exception as error:
            # A worker's process ends so, too, and another one goes on.
            (self.folder / "error").write_text(repr(error))
            sys.exit(GAVE_UP)
        # How often a place is reached depends a little on the time.
        if reached(case) < case.nth:
            sys.exit(NOT_REACHED)

    def _play_on(self, told: Path) -> None:
        signal.alarm(self.patience)  # what never ends is wrong as well
        wrong = scenario.look(self.place, self.past, ended=False)
        scenario.play(self.place)
        wrong += scenario.look(self.place, self.past, ended=True)
        told.write_text(json.dumps(wrong))


def count_points(folder: Path, template: Path) -> dict[str, int]:
    """Return how often each failpoint is reached when nothing fails."""
    return _counted(folder, template, arm_point, lambda: dict(failpoints.armed.reached))


def count_calls(folder: Path, template: Path) -> dict[str, int]:
    """Return how many system calls there are when nothing fails."""

    def count() -> dict[str, int]:
        return dict.fromkeys(MODES, ctypes.CDLL(None).shim_count())

    return _counted(folder, template, arm_call, count)


def _counted(
    folder: Path,
    template: Path,
    arm: Arm,
    count: Callable[[], dict[str, int]],
) -> dict[str, int]:
    trial = Trial(folder / "count", template, arm, PATIENCE_SECONDS)
    trial.folder.mkdir(mode=0o700)
    shutil.copytree(template, trial.place)
    counted = trial.folder / "counted"

    def play() -> None:
        trial.arm(Case("", 0), trial.place)
        scenario.play(trial.place)
        counted.write_text(json.dumps(count()))

    assert forked(play) == 0
    return json.loads(counted.read_text())


def chosen(counts: dict[str, int], action: str, most: int) -> list[Case]:
    """Return so many cases of each kind, or all; and one whole commit in a row."""
    cases = []
    for what, count in counts.items():
        picked = set(range(1, count + 1))
        if count > most:
            middle = range(count // 2, count // 2 + IN_A_ROW)
            picked = {1 + step * (count - 1) // (most - 1) for step in range(most)}
            picked |= set(middle) & set(range(1, count + 1))
        cases += [Case(what, nth, action) for nth in sorted(picked)]
    return cases


def run_all(
    folder: Path, template: Path, cases: list[Case], arm: Arm, patience: int
) -> tuple[Counter[str], list[Found]]:
    """Run the cases, some at a time; return how many, and in which what is wrong."""
    running: dict[int, Case] = {}
    found: list[Found] = []
    ran = Counter[str]()

    def finish_one() -> None:
        pid, status = os.wait()
        case, code = running.pop(pid), os.waitstatus_to_exitcode(status)
        told = folder / f"{pid}.wrong"
        ran[f"{case.what} {case.action}".strip()] += 1
        ran["told of an error"] += code == GAVE_UP
        ran["not reached"] += code == NOT_REACHED
        if told.exists():
            found.append(Found(case, json.loads(told.read_text())))
        elif code not in {0, GAVE_UP, NOT_REACHED}:
            found.append(Found(case, [f"the case itself ended with {code}"]))

    for case in cases:
        pid = os.fork()
        if not pid:
            trial = Trial(folder / str(os.getpid()), template, arm, patience)
            code = 1
            try:
                wrong = trial.run(case)
                if wrong:
                    (folder / f"{os.getpid()}.wrong").write_text(json.dumps(wrong))
                code = trial.end
            except BaseException:
                sys.excepthook(*sys.exc_info())
            finally:
                sys.stderr.flush()
                os._exit(code)
        running[pid] = case
        if len(running) == AT_ONCE:
            finish_one()
    while running:
        finish_one()
    return ran, found


def main() -> None:
    kind, folder, most = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    patience = int(sys.argv[4]) if sys.argv[4:] else PATIENCE_SECONDS
    history.install()
    template = folder / "template" / "store"
    template.parent.mkdir(mode=0o700)
    scenario.prepare(template)
    gc.freeze()
    if kind == "points":
        counts, arm = count_points(folder, template), arm_point
        cases = chosen(counts, "kill", most)
        # What fails in a store's own code is told, and the next process goes on.
        own = failpoints.NAMES[: failpoints.NAMES.index("before-load")]
        cases += [Case(name, 1, "raise") for name in own if name in counts]
    else:
        counts, arm = count_calls(folder, template), arm_call
        cases = chosen(counts, "", most)
    if sys.argv[5:]:
        cases = [case for case in cases if case.what == sys.argv[5]]
    ran, found = run_all(folder, template, cases, arm, patience)
    wrong = [[*each.case, each.wrong] for each in found]
    print(json.dumps({"counts": counts, "cases": ran, "wrong": wrong}))


if __name__ == "__main__":
    main()
