"""Many flows that wait, woken by one message each, all in one transaction: a wave."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lmdb

import greenflow
from bench import flows
from greenflow.runtime import values
from greenflow.store import mailbox, posting, queues

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenflow.store.work import Work

#: How often it is looked whether all flows wait again.
_LOOK_SECONDS = 0.002
#: Only a worker that has died lets anybody wait so long.
_GIVE_UP_SECONDS = 120.0


class Population:
    """Flows of :mod:`bench.flows` in a store; all wait."""

    def __init__(
        self, store: greenflow.Store, function: Callable[..., Any], count: int
    ) -> None:
        """Make them, and run them to their first recv()."""
        self.store = store
        self.flows = [
            store.spawn(function, flows.DEPTH - 1, "top", [0]) for _ in range(count)
        ]
        store.run()
        self._body = values.dump_message(1, "a number")

    def wake(self) -> None:
        """Send each flow a message."""
        letters = [mailbox.letter(flow.id, "", self._body) for flow in self.flows]
        now = time.time()
        self.store.base.write(  # type: ignore[attr-defined]  # it is LMDB's
            lambda work: [posting.send(work, letter, now) for letter in letters]
        )

    def settled(self) -> bool:
        """Return whether no flow can run, and none runs."""
        return bool(self.store.base.read(_is_settled))  # type: ignore[attr-defined]

    def wait(self) -> None:
        """Wait until others have run all. Raises TimeoutError."""
        end = time.monotonic() + _GIVE_UP_SECONDS
        while not self.settled():
            if time.monotonic() > end:
                raise TimeoutError("the flows of the benchmark do not come to wait")
            time.sleep(_LOOK_SECONDS)

    def state_bytes(self) -> int:
        """Return the size of one saved state."""
        return self.flows[0].record.state_bytes


def _is_settled(work: Work) -> bool:
    return not work.owners() and not queues.names(work.txn)


@contextmanager
def folder_on(place: str) -> Iterator[str]:
    """Yield a new folder in ``place``, and remove it with all that is in it."""
    folder = tempfile.mkdtemp(prefix="greenflow-bench-", dir=place)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def opened(folder: str) -> Iterator[greenflow.Store]:
    """Yield a new store in a folder."""
    store = greenflow.open(f"{folder}/store")
    try:
        yield store
    finally:
        store.close()


@contextmanager
def workers(
    store: greenflow.Store, count: int, **environment: str
) -> Iterator[list[int]]:
    """Let so many ``greenflow worker`` run; yield their process ids."""
    root = str(Path(__file__).parents[1])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "greenflow", "worker", "--store", store.location],
            env={**os.environ, "PYTHONPATH": path, **environment},
            stderr=subprocess.DEVNULL,
        )
        for _ in range(count)
    ]
    try:
        yield [process.pid for process in started]
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()


def cpu_seconds(pid: int) -> float:
    """Return how long a process has kept processors busy so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Raw:
    """LMDB with nothing above it, which writes as many bytes as the flows do."""

    def __init__(self, folder: str, keys: int, size: int) -> None:
        """Open one of ``keys`` values of ``size`` bytes."""
        self._env = lmdb.open(f"{folder}/raw", map_size=1 << 30)
        self._keys = [b"flow-%06d" % number for number in range(keys)]
        self._size = size
        self.write(keys)

    def write(self, group: int) -> None:
        """Put every key anew, so many in one transaction."""
        for begin in range(0, len(self._keys), group):
            with self._env.begin(write=True) as transaction:
                for key in self._keys[begin : begin + group]:
                    transaction.put(key, os.urandom(8) * (self._size // 8))

    def close(self) -> None:
        """Close it."""
        self._env.close()
