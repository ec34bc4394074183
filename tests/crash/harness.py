"""Workers that are killed and stopped all the time; is anything lost, or done twice?

Usage: harness.py FOLDER [--faults 2000] [--rate 42] [--lease 0.05] [--seed 1]

Workers, a producer and a supervised pool share a real store on a real disk. SIGKILL and
SIGSTOP hit them, 6 to 4; a stopped one goes on up to three leases later, when others
have its flows. Then all are killed, and a fresh process looks at what is left; workers
that nobody disturbs run all flows to their end, and a fresh process looks again. Prints
one line of JSON with the counts, and with what is wrong.

The workers are forked by this process, which has imported everything and never opens
the store: to start Python anew for each of them would take all the time there is.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import greenflow
from greenflow.cli import app, worker  # noqa: F401 - each fork would import them
from greenflow.runtime import forking
from greenflow.store import LEASE_VARIABLE
from tests.crash import history
from tests.crash.producer import Producer, set_up

WORKERS = 4
SUPERVISED = 2
STOP_SHARE = 0.4
CHECK_SECONDS_MAX = 150
#: One that was killed younger is started again only after a while, by its supervisor.
OLD_SECONDS = 11.0


class Run:
    """One store, and those who use it."""

    def __init__(self, folder: Path, given: argparse.Namespace) -> None:
        self.place = folder / "store"
        self.cast = folder / "cast.json"
        self.past = folder / "history"
        self.errors = folder / "errors"
        self.rate, self.lease, self.patience = given.rate, given.lease, given.drain
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.slots: dict[int, Callable[[], None]] = {}
        self.stopped: dict[int, float] = {}
        self.supervised: dict[int, float] = {}
        self.killed = set[int]()
        os.environ[history.VARIABLE] = str(self.past)
        os.environ[LEASE_VARIABLE] = str(given.lease)
        history.install()

    def work(self) -> None:
        sys.argv = ["greenflow", "worker", "--store", str(self.place)]
        sys.exit(app.run_app())

    def produce(self) -> None:
        Producer(greenflow.open(self.place), self.cast, self.past).run()

    def finish(self) -> None:
        producer = Producer(greenflow.open(self.place), self.cast, self.past)
        sys.exit(0 if producer.finish(self.patience) else 3)

    def set_up(self) -> None:
        set_up(greenflow.open(self.place), self.cast)

    def start(self, role: Callable[[], None]) -> int:
        pid = os.fork()
        if not pid:
            _become(role, self.errors)
        self.slots[pid] = role
        return pid

    def start_pool(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "greenflow", "worker", "-n", str(SUPERVISED)]
        with self.errors.open("ab") as errors:
            return subprocess.Popen(
                [*command, "--store", str(self.place)], stdout=errors, stderr=errors
            )

    def ended(self, pid: int) -> int:
        """Wait for one of the slots; return its exit code."""
        self.stopped.pop(pid, None)
        del self.slots[pid]
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    @property
    def faults(self) -> int:
        return self.counts["kills"] + self.counts["stops"]

    def disturb(self, faults: int) -> None:
        """Kill and stop so many times."""
        pool = self.start_pool()
        for _ in range(WORKERS):
            self.start(self.work)
        self.start(self.produce)
        next_fault = now = time.monotonic()
        while self.faults < faults:
            now = time.monotonic()
            for pid in [pid for pid, until in self.stopped.items() if until <= now]:
                self.go_on(pid)
            # A late fault does not drop those that it delayed.
            if next_fault <= now:
                next_fault += random.expovariate(self.rate)
                self.fault(pool.pid, now)
            wake = min([next_fault, *self.stopped.values()])
            time.sleep(max(wake - time.monotonic(), 0))
        for pid in list(self.stopped):
            self.go_on(pid)
        self.end_all(pool)

    def fault(self, pool: int, now: float) -> None:
        self.look_for_the_dead()
        found = children(pool)
        # Those that were killed are its children until it looks at them.
        self.killed &= found
        found -= self.killed
        self.supervised = {pid: self.supervised.get(pid, now) for pid in found}
        pid = random.choice([*self.slots, *self.supervised])
        kill = random.random() >= STOP_SHARE or pid in self.stopped
        if pid in self.supervised:
            self._fault_supervised(pid, kill, now)
        elif kill:
            role = self.slots[pid]
            os.kill(pid, signal.SIGKILL)
            self._check_end(self.ended(pid), {-signal.SIGKILL})
            self.counts["kills"] += 1
            self.start(role)
        else:
            self._stop(pid, now)

    def _fault_supervised(self, pid: int, kill: bool, now: float) -> None:
        # It is the supervisor who waits for it, so the number can be another's by now:
        # only of a child that was there a moment ago, and by nobody else's hand.
        if kill and now - self.supervised[pid] > OLD_SECONDS:
            os.kill(pid, signal.SIGKILL)
            self.counts["kills"] += 1
            self.counts["supervised kills"] += 1
            self.stopped.pop(pid, None)
            self.killed.add(pid)
            del self.supervised[pid]
        elif pid not in self.stopped:
            self._stop(pid, now)

    def _stop(self, pid: int, now: float) -> None:
        os.kill(pid, signal.SIGSTOP)
        self.counts["stops"] += 1
        self.stopped[pid] = now + random.uniform(0, 3 * self.lease)

    def go_on(self, pid: int) -> None:
        del self.stopped[pid]
        os.kill(pid, signal.SIGCONT)

    def look_for_the_dead(self) -> None:
        """Start again who ended though nobody killed it; that is wrong."""
        for pid, role in list(self.slots.items()):
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                self._check_end(self.ended(pid), set())
                self.start(role)

    def _check_end(self, code: int, expected: set[int]) -> None:
        if code not in expected:
            self.wrong.append(
                f"a process ended by itself with {code}: see {self.errors}"
            )

    def end_all(self, pool: subprocess.Popen[bytes]) -> None:
        """Kill everybody, at one moment."""
        victims = [pool.pid, *children(pool.pid), *self.slots]
        for pid in victims:
            os.kill(pid, signal.SIGSTOP)
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        pool.wait()
        for pid in list(self.slots):
            self.ended(pid)

    def drain(self) -> None:
        """Run all flows to their end, undisturbed."""
        for _ in range(WORKERS):
            self.start(self.work)
        finisher = self.start(self.finish)
        if self.ended(finisher):
            self.wrong.append(f"flows had not ended after {self.patience} seconds")
        workers = list(self.slots)
        for pid in workers:
            os.kill(pid, signal.SIGTERM)
        for pid in workers:
            self._check_end(self.ended(pid), {0})

    def check(self, *, ended: bool) -> None:
        """Let a fresh process look at the store and the history."""
        command = [sys.executable, "-m", "tests.crash.checks", str(self.place)]
        command += [str(self.past), str(self.cast), *(["--ended"] if ended else [])]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=CHECK_SECONDS_MAX
            )
        except subprocess.TimeoutExpired:
            # A flow of a broken store may never end.
            self.wrong.append("the store cannot be checked: it takes too long")
            return
        if done.returncode:
            self.wrong.append(f"the store cannot be checked: {done.stderr[-1000:]}")
            return
        found = json.loads(done.stdout)
        self.wrong += found["wrong"]
        self.counts.update(found["counts"] if ended else {})

    def read_errors(self) -> None:
        text = self.errors.read_text(errors="replace") if self.errors.exists() else ""
        told = [line for line in text.splitlines() if " cannot go on here" in line]
        self.wrong += told + (
            ["a traceback was printed"] if "Traceback" in text else []
        )


def _become(role: Callable[[], None], errors: Path) -> NoReturn:
    code = 1
    try:
        random.seed()
        out = os.open(errors, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(out, 1)
        os.dup2(out, 2)
        role()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)


def children(pid: int) -> set[int]:
    """Return the children of a process, also the dead that it did not look at yet."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return set()
    return {int(each) for each in text.split()}


def run(given: argparse.Namespace) -> dict[str, Any]:
    """Return the counts of one run, and what is wrong."""
    given.folder.mkdir(parents=True, exist_ok=True)
    forking.load(())  # each fork would do so, and be killed before it is done
    one = Run(given.folder, given)
    one.start(one.set_up)
    for pid in list(one.slots):
        one._check_end(one.ended(pid), {0})
    begin = time.monotonic()
    one.disturb(given.faults)
    lasted = time.monotonic() - begin
    one.check(ended=False)
    one.drain()
    one.check(ended=True)
    one.read_errors()
    return {
        "seed": given.seed,
        "faults": one.faults,
        "faults_a_minute": round(60 * one.faults / lasted),
        **one.counts,
        "wrong": sorted(set(one.wrong)),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--faults", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=42)
    parser.add_argument("--lease", type=float, default=0.05)
    parser.add_argument("--drain", type=float, default=60, help="patience, in seconds")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    given = parser.parse_args()
    random.seed(given.seed)
    gc.freeze()
    print(json.dumps(run(given)))


if __name__ == "__main__":
    main()
