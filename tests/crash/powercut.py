"""Cut the power at any moment of the scenario: what is left of its store is looked at.

Usage: powercut.py FOLDER STATES SEED [CONTROL]; prints one line of JSON. To be run with
``recorder.c`` preloaded.

A process plays the scenario from before its store is made; the library writes down what
it does to the files. A crash state is what a disk may hold at one moment: all that was
synced, and of the rest any part. (:mod:`tests.crash.disk`.) In each the store must be
whole, hold what the history says was committed by then, and go on to the same end.

A ``CONTROL`` leaves out what makes it safe, and must be found: ``unsynced`` (LMDB does
not sync), ``bulk`` (nor is a file of blocks), ``names`` (nor is its folder).
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import random
import shutil
import signal
import sys
from collections import Counter, defaultdict
from pathlib import Path

import lmdb

import greenflow
from greenflow.store import bulk, lmdb_open
from greenflow.store.upkeep_copy import backup, compact
from tests.crash import checks, history, scenario
from tests.crash.audit import audit
from tests.crash.disk import Disk, Entry, entries
from tests.crash.failing import PATIENCE_SECONDS, forked

#: Of the states, one in so many is not only looked at: its flows go on to their end.
PLAYED_ON = 4
#: States that are looked at at the same time.
AT_ONCE = 2
#: Of the moments, so many are when all was done.
LAST = 4
#: In new folders, whose names must last as well.
STORE, BACKUP, HISTORY = "above/below/store", "backup", "history"


def without_sync() -> None:
    real = lmdb.open
    lmdb_open.lmdb.open = lambda *args, **options: real(
        *args, **{**options, "sync": False}
    )


def without_bulk_sync() -> None:
    bulk.os = _Without(bulk.os, "fdatasync")


def without_name_sync() -> None:
    bulk.sync_folder = lambda folder: None


class _Without:
    """A module one of whose functions does nothing."""

    def __init__(self, module: object, name: str) -> None:
        self._module = module
        setattr(self, name, lambda *given: None)

    def __getattr__(self, name: str) -> object:
        return getattr(self._module, name)


CONTROLS = {
    "unsynced": without_sync,
    "bulk": without_bulk_sync,
    "names": without_name_sync,
}


def record(folder: Path, log: Path, control: str) -> None:
    """Play the scenario once, and write down what it does to the disk."""
    shim = ctypes.CDLL(None)
    shim.recorder_begin(os.fsencode(folder), os.fsencode(log))
    if control:
        CONTROLS[control]()
    os.environ[history.VARIABLE] = str(folder / HISTORY)
    store = greenflow.open(folder / STORE)
    history.append("opened")
    store.close()
    scenario.play(folder / STORE)
    store = greenflow.open(folder / STORE)
    backup(store.base, folder / BACKUP)
    store.close()
    history.append("copied")
    compact(str(folder / STORE))
    history.append("compacted")


def lost(store: greenflow.Store, past: Path) -> list[str]:
    """I7: what a commit or a claim told of is there."""
    told: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for kind, *fields in history.read(past):
        if kind in ("commit", "claim"):
            flow, epoch, seq = fields[:3]
            known = told[flow]
            told[flow] = max(known[0], epoch), max(known[1], seq)
    wrong = []
    for flow, (epoch, seq) in told.items():
        try:
            record = store.base.get(flow)
        except greenflow.FlowNotFound:
            wrong.append(f"I2 {flow} is lost")
            continue
        if record.epoch < epoch or record.seq < seq:
            wrong.append(f"I7 {flow}: claim {epoch}, save {seq} of it are lost")
    return wrong


def look(folder: Path, *, play_on: bool) -> list[str]:
    """Return what is wrong with the store of a crash state."""
    signal.alarm(PATIENCE_SECONDS)  # what never ends is wrong as well
    place, past = folder / STORE, folder / HISTORY
    os.environ[history.VARIABLE] = str(past)
    store = greenflow.open(place, create=False)
    wrong = lost(store, past)
    store.close()
    wrong += scenario.look(place, past, ended=False)
    if any(kind == "copied" for kind, *_ in history.read(past)):
        wrong += [f"of the copy: {each}" for each in copy_of(folder / BACKUP, past)]
    if play_on and not wrong:
        scenario.play(place)
        wrong += scenario.look(place, past, ended=True)
    return wrong


def copy_of(place: Path, past: Path) -> list[str]:
    store = greenflow.open(place, create=False)
    wrong = lost(store, past) + audit(store.base)
    store.close()
    return wrong


def told(folder: Path, *, play_on: bool) -> None:
    try:
        wrong = look(folder, play_on=play_on)
    except Exception as error:
        wrong = [f"{type(error).__name__}: {error}"]
    (folder / "told").write_text(json.dumps(wrong[: checks.TOLD_MAX]))


class Looking:
    """Crash states that are looked at, some at a time, in processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: dict[int, tuple[Path, int, str]] = {}
        self.wrong: list[list[object]] = []
        self.ran = Counter[str]()

    def start(self, disk: Disk, number: int, at: int, chance: random.Random) -> None:
        while len(self.running) >= AT_ONCE:
            self.finish_one()
        place = self.folder / f"state {number}"
        how = disk.crash(place, chance)
        self.ran[how] += 1
        play_on = number % PLAYED_ON == 0
        self.ran["played on"] += play_on
        sys.stdout.flush()
        pid = os.fork()
        if not pid:
            os._exit(forked(lambda: told(place, play_on=play_on)) % 256)
        self.running[pid] = place, at, how

    def finish_one(self) -> None:
        pid, status = os.wait()
        place, at, how = self.running.pop(pid)
        code = os.waitstatus_to_exitcode(status)
        ended = [] if code == 0 else [f"the looking process ended with {code}"]
        found = ended or json.loads((place / "told").read_text())
        if found:
            self.wrong.append([at, how, found])
        shutil.rmtree(place)


def moments(log: list[Entry], count: int, chance: random.Random) -> list[int]:
    """Return when the power is cut: anywhere, or as soon as something was promised."""
    promises = [i for i, each in enumerate(log) if each.path == HISTORY]
    anywhere = [
        chance.randrange(promises[0] + 1, len(log) + 1) for _ in range(count // 2)
    ]
    kept = [chance.choice(promises) + 1 for _ in range(count - count // 2 - LAST)]
    return sorted(anywhere + kept + [promises[-1] + 1] * LAST)


def replay(folder: Path, log: list[Entry], count: int, seed: int) -> Looking:
    chance = random.Random(seed)
    disk, looking, done = Disk({HISTORY}), Looking(folder), 0
    for number, at in enumerate(moments(log, count, chance)):
        for each in log[done:at]:
            disk.apply(each)
        done = at
        looking.start(disk, number, at, chance)
    while looking.running:
        looking.finish_one()
    return looking


def main() -> None:
    folder, count, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    control = sys.argv[4] if sys.argv[4:] else ""
    history.install()
    gc.freeze()
    recorded = folder / "recorded"
    recorded.mkdir(mode=0o700)
    code = forked(lambda: record(recorded, folder / "log", control))
    assert code == 0, code
    log = list(entries(folder / "log"))
    shutil.rmtree(recorded)
    looking = replay(folder, log, count, seed)
    kinds = Counter(each.op.name for each in log)
    print(json.dumps({"log": kinds, "cases": looking.ran, "wrong": looking.wrong}))


if __name__ == "__main__":
    main()
