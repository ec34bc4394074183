"""Who waits, in event loops, for flows to end: one thread for each store looks for all.

The loops do not look themselves: a read can have to wait for the disk.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import time
from contextlib import closing, suppress
from copy import copy
from typing import TYPE_CHECKING, Final, NamedTuple
from weakref import WeakKeyDictionary

from greenflow.errors import GreenflowError
from greenflow.store.base import ENDED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenflow.runtime.stores import Store
    from greenflow.store import base
    from greenflow.store.base import Bell, FlowRecord

#: What nobody rang for, and flows that are listed elsewhere, are seen after so long.
_LOOK_SECONDS: Final = 0.5
#: To look at each flow by itself may take this part of the thread's time.
_SHARE: Final = 0.05
#: The thread ends when nobody has waited for so long.
_LINGER_SECONDS: Final = 2.0
_EXIT_SECONDS: Final = 1.0


class End(NamedTuple):
    """How a flow ended."""

    record: FlowRecord
    value: bytes | None


if TYPE_CHECKING:
    from typing import TypeAlias

    Wait: TypeAlias = asyncio.Future[End | Exception]


async def end_of(store: Store, flow_id: str) -> End:
    """Wait until a flow has ended; it is not run here.

    Raises FlowNotFound, BadRecord, StoreError.
    """
    watch = _watch_of(store)
    future = watch.add(flow_id)
    try:
        found = await future
    finally:
        watch.discard(flow_id, future)
    if isinstance(found, GreenflowError):
        # Each of those who wait gets one of its own.
        raise copy(found) from found.__cause__
    if isinstance(found, Exception):
        raise found
    return found


def look_at(store: base.Store, flow_id: str) -> End | None:
    """Return how a flow ended, if it has. Raises FlowNotFound, BadRecord, StoreError"""
    record = store.get(flow_id)
    if record.status not in ENDED:
        return None
    return End(record, store.value(flow_id))


class _Watch:
    """The flows of one store whose end is waited for. Safe to use from any thread."""

    def __init__(self, store: base.Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._waits: dict[str, set[Wait]] = {}
        #: Those of them that were not looked at yet.
        self._fresh: set[str] = set()
        self._thread: threading.Thread | None = None
        self._bell: Bell | None = None
        self._rung = False
        self._closed = False

    def add(self, flow_id: str) -> Wait:
        """Return what a running loop waits by for the end of a flow."""
        future: Wait = asyncio.get_running_loop().create_future()
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(
                    target=self._run, name="greenflow-ends", daemon=True
                )
                thread.start()
                self._thread = thread
            self._waits.setdefault(flow_id, set()).add(future)
            self._fresh.add(flow_id)
            self._ring()
        return future

    def discard(self, flow_id: str, future: Wait) -> None:
        """Undo :meth:`add`."""
        with self._lock:
            waits = self._waits.get(flow_id)
            if waits is not None:
                waits.discard(future)
                if not waits:
                    del self._waits[flow_id]
                    self._fresh.discard(flow_id)

    def close(self) -> None:
        """Let the thread end, and take down its bell, before the program does."""
        with self._lock:
            self._closed, thread = True, self._thread
            self._ring()
        if thread is not None:
            thread.join(_EXIT_SECONDS)

    def forget(self) -> None:
        """Let go of it in a forked child, where the thread is not."""
        # What runs in the child as it was in the parent may still call discard().
        self._lock = threading.Lock()
        if self._bell is not None:
            self._bell.forget()

    def _ring(self) -> None:
        # One ring is enough for all who come before the thread looks.
        if self._bell is not None and not self._rung:
            self._rung = True
            self._bell.ring()

    def _run(self) -> None:
        try:
            with closing(self._store.bell(ends=True)) as bell:
                self._bell = bell
                self._look_until_idle(bell)
        except Exception as error:
            self._fail(error)

    def _look_until_idle(self, bell: Bell) -> None:
        looking, idle_since = _Looking(self._store), time.monotonic()
        while True:
            bell.clear()
            with self._lock:
                self._rung = False
                waited, fresh = frozenset(self._waits), self._fresh
                self._fresh = set()
                now = time.monotonic()
                idle_since = now if waited else idle_since
                if self._closed or now - idle_since > _LINGER_SECONDS:
                    self._thread = self._bell = None
                    self._closed = False
                    return
            if waited:
                for flow_id in looking.candidates(waited, fresh):
                    self._look(flow_id)
            bell.wait(_LOOK_SECONDS)

    def _look(self, flow_id: str) -> None:
        found: End | Exception | None
        try:
            found = look_at(self._store, flow_id)
        except Exception as error:
            found = error
        if found is not None:
            with self._lock:
                waits = self._waits.pop(flow_id, set())
            _settle_all(waits, found)

    def _fail(self, error: Exception) -> None:
        """Tell all who wait that the store failed."""
        with self._lock:
            self._thread = self._bell = None
            failed, self._waits = self._waits, {}
            self._fresh.clear()
        for waits in failed.values():
            _settle_all(waits, error)


class _Looking:
    """Which flows the thread looks at next."""

    def __init__(self, store: base.Store) -> None:
        self._store = store
        self._place = b""
        self._seen = -1
        self._next = 0.0

    def candidates(self, waited: frozenset[str], fresh: set[str]) -> Iterable[str]:
        """Return those of the flows that may have ended since the last call.

        Raises StoreError.
        """
        found, more = set(fresh), True
        while more:
            flows, self._place, more, change = self._store.ended(self._place)
            found |= waited.intersection(flows)
        if change == self._seen or time.monotonic() < self._next:
            return found
        self._seen = change
        return self._each(waited)

    def _each(self, waited: frozenset[str]) -> Iterable[str]:
        begin = time.monotonic()
        yield from waited
        now = time.monotonic()
        self._next = now + max(_LOOK_SECONDS, (now - begin) / _SHARE)


def _settle_all(waits: Iterable[Wait], found: End | Exception) -> None:
    for future in waits:
        with suppress(RuntimeError):  # its loop is closed
            future.get_loop().call_soon_threadsafe(_settle, future, found)


def _settle(future: Wait, found: End | Exception) -> None:
    if not future.done():
        future.set_result(found)


def _watch_of(store: Store) -> _Watch:
    with _changing:
        watch = _watches.get(store)
        if watch is None:
            watch = _watches[store] = _Watch(store.base)
        return watch


def _forget_after_fork() -> None:
    global _changing
    _changing = threading.Lock()
    for watch in list(_watches.values()):
        watch.forget()
    _watches.clear()


def _close_all() -> None:
    for watch in list(_watches.values()):
        watch.close()


_watches: WeakKeyDictionary[Store, _Watch] = WeakKeyDictionary()
_changing = threading.Lock()
os.register_at_fork(after_in_child=_forget_after_fork)
atexit.register(_close_all)
