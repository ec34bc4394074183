"""The store on this machine's disk: LMDB, one environment for each process."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeVar

from greenflow import limits
from greenflow.errors import StoreClosed
from greenflow.failpoints import reach
from greenflow.later import later_all
from greenflow.store import bells, bulk, directory, keyfile, mailbox, states
from greenflow.store.base import ANSWERS, CANCELS, Outgoing
from greenflow.store.bells import Bell
from greenflow.store.claiming import Claimer
from greenflow.store.depot import Depot
from greenflow.store.lmdb_env import attach, detach
from greenflow.store.meta import Wanted, check, settle
from greenflow.store.work import Work
from greenflow.store.working import Working

if TYPE_CHECKING:
    from collections.abc import Callable

    import lmdb

    from greenflow.store import (
        bulk_cipher,
        creating,
        deaths,
        editing,
        keyed,
        posting,
        steering,
        throttle,
    )
    from greenflow.store.base import Edit, FlowRecord, NewFlow, QueueLimits
    from greenflow.store.keyfile import Source
    from greenflow.store.lmdb_env import Environment
    from greenflow.store.wrapping import Wrap
else:
    creating, deaths, editing, posting, steering, throttle = later_all(
        *(__name__, "greenflow.store"),
        *("creating", "deaths", "editing", "posting", "steering", "throttle"),
    )
    bulk_cipher, keyed = later_all(__name__, "greenflow.store", "bulk_cipher", "keyed")

T = TypeVar("T")


class LmdbStore(Working):
    """Flows in a folder; any number of processes and threads may use it at once.

    Two of these on one folder in one process share what LMDB allows only once, and
    are two workers: what one has claimed, the other cannot claim until it is closed.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        create: bool = True,
        lease_seconds: float = limits.LEASE_SECONDS,
        keys: Source | None = None,
        encrypt: bool = False,
    ) -> None:
        """Open the store in a folder, made if need be unless ``create`` is false.

        Args:
            path: the folder.
            create: make it if it is not there.
            lease_seconds: after so long without a sign, this process, if it runs
                flows, is taken for dead by others.
            keys: those that sign what it holds; else those that the environment names.
            encrypt: it must be encrypted, and is if it is made.

        Raises:
            UnsafeStore: others could write it, or it is on another machine's disk.
            StoreError: it is not there, is no store, or is of another format.
            WrongKey: it has another key than this process, or only one of them has one.
            ExtraMissing: it is encrypted, and a library for that is missing.
            BadRecord: what it says of itself was damaged.
        """
        given = os.path.abspath(path)
        above = os.path.realpath(os.path.dirname(given))
        self._path = os.path.join(above, os.path.basename(given))
        wanted = Wanted(create, keys or keyfile.from_environment(), encrypt)
        check(wanted)
        if wanted.source is not None:
            keyfile.check_outside(wanted.source, self._path)
        if create:
            directory.create(self._path)
        else:
            directory.require(self._path)
        directory.check(self._path)
        self._env: Environment | None = attach(self._path)
        self._workers = os.path.join(self._path, directory.WORKERS)
        self._wrap: Wrap | None = None
        self._depot = Depot(os.path.join(self._path, directory.BULK), self.read)
        self._claimer = Claimer(self._workers, self, lease_seconds)
        try:
            directory.check(self._path)
            self._wrap = settle(self._env, wanted)
            self._keys = wanted.source
            if self._keys is not None:
                keyfile.note(self._path, self._keys)
            if self._wrap is not None:
                cipher = bulk_cipher.cipher_of(self._wrap)
                self._depot = self._depot._replace(cipher=cipher)
        except BaseException:
            self.close()
            raise

    @property
    def location(self) -> str:
        """The absolute path of the folder."""
        return self._path

    @property
    def workers_folder(self) -> str:
        """Where its workers are registered."""
        return self._workers

    @property
    def depot(self) -> Depot:
        """Where its blocks are."""
        return self._depot

    @property
    def keys(self) -> Source | None:
        """The keys that it was opened with."""
        return self._keys

    def check_same(self, keys: Source | None, *, encrypt: bool) -> None:
        """Raise WrongKey if it has other keys than these, if any, or is in clear."""
        keyfile.check_same(self, keys, encrypt=encrypt)

    @property
    def wrap(self) -> Wrap | None:
        """What wraps its values, if it has a key."""
        return self._wrap

    @property
    def environment(self) -> Environment:
        """What it shares with other stores of this process. Raises StoreClosed."""
        return self._environment()

    def close(self) -> None:
        """Give back files and memory. Flows that it has claimed can be claimed anew."""
        env, self._env = self._env, None
        self._claimer.close()
        if env is not None:
            detach(env)

    def create(self, new: NewFlow) -> bool:
        """Add a flow; return whether there was none of its id.

        Raises:
            FlowExists: the id is taken (unless ``exist_ok``).
            TooLarge: the state or a name is above its limit.
            ValueError: the id is empty, too long, or has blanks or non-ASCII; or the
                priority or the queue's name cannot be.
        """
        prepared = creating.prepare(new, self._depot)
        with states.writing([prepared.state]):
            return self.write(lambda work: creating.create(work, prepared, time.time()))

    def send(
        self,
        flow_id: str,
        topic: str,
        body: bytes,
        *,
        key: str = "",
        at: float | None = None,
    ) -> int | None:
        """Put a message into a mailbox; wake the flow if it waits for it.

        Returns its seq, which counts all messages of the flow; None: see base.py.

        Raises:
            FlowNotFound: there is no such flow.
            FlowBusy: the flow has ended.
            MailboxFull: as many messages wait for it as may.
            TooLarge: the message or its topic is above its limit.
            ValueError: the topic begins with NUL.
        """
        item = mailbox.mail(
            Outgoing(flow=flow_id, topic=topic, body=body, key=key, at=at)
        )
        return self.write(lambda work: posting.send(work, item, time.time()))

    def answer(
        self, flow_id: str, kind: Literal["value", "throw"], body: bytes
    ) -> None:
        """Give a waiting flow the value, or the exception, its call will give it.

        Raises:
            FlowNotFound: there is no such flow.
            FlowBusy: it does not wait, has an answer already, or waits in recv() and
                this is a value.
            TooLarge: the answer is above its limit.
        """
        item = mailbox.letter(flow_id, ANSWERS, body, kind)
        self.write(lambda work: mailbox.answer(work, item, time.time()))

    def cancel(self, flow_id: str, body: bytes, error: str, value: bytes) -> None:
        """Give a flow an exception where it waits: see base.py."""
        item = mailbox.letter(flow_id, CANCELS, body, "throw")
        end = steering.ending(flow_id, error, value)
        self.write(lambda work: steering.cancel(work, item, end, time.time()))

    def kill(self, flow_id: str, error: str, value: bytes) -> None:
        """End a flow, whatever it does: see base.py."""
        end = steering.ending(flow_id, error, value)
        self.write(lambda work: steering.kill(work, flow_id, end, time.time()))

    def hold(self, flow_id: str) -> None:
        """Let a flow not run until unhold(): see base.py."""
        self.write(lambda work: steering.hold(work, flow_id, time.time()))

    def unhold(self, flow_id: str) -> None:
        """Undo hold(): see base.py."""
        self.write(lambda work: steering.unhold(work, flow_id, time.time()))

    def retry(self, flow_id: str) -> None:
        """Let a flow in trouble run now: see base.py."""
        self.write(lambda work: steering.retry(work, flow_id, time.time()))

    def edit(self, flow_id: str, expected_seq: int, edit: Edit) -> FlowRecord:
        """Let a flow go on from another state: see base.py."""
        self._claimer.free(flow_id)
        stored = partial(self.stored, flow_id)
        prepared = editing.prepare(flow_id, edit, stored, self._depot)
        with states.writing([prepared.state]):
            return self.write(
                lambda work: editing.write(
                    work, flow_id, expected_seq, prepared, time.time()
                )
            )

    def limit_queue(self, limits: QueueLimits) -> None:
        """Set the limits of a queue; without any, forget them. Raises ValueError."""
        throttle.check(limits)
        self.write(lambda work: throttle.put(work, limits))

    def note_death(self, worker: str, how: str) -> None:
        """Note how a worker died, for people: see base.py."""
        self.write(lambda work: deaths.put(work, worker, how))

    def bell(self, *, ends: bool = False) -> Bell:
        """Return what rings when a flow may run, or has ended. Raises StoreError."""
        self._environment()  # raises if it is closed
        return Bell(self._workers, bells.ENDED if ends else bells.READY)

    def read(self, call: Callable[[Work], T]) -> T:
        """Return what ``call`` returns in a read transaction. Raises StoreError."""
        return self._environment().read(lambda txn: call(self._work(txn)))

    def _work(self, txn: lmdb.Transaction[bytes]) -> Work:
        seen = txn if self._wrap is None else keyed.KeyedTxn(txn, self._wrap)
        return Work(seen, self._depot.folder, self._depot.cipher)

    def write(self, call: Callable[[Work], T]) -> T:
        """Return what ``call`` returns when all that it changed is on disk."""

        def change(txn: lmdb.Transaction[bytes]) -> tuple[T, Work]:
            work = self._work(txn)
            result = call(work)
            work.flush()
            if self._wrap is not None:
                work.txn.flush()
            return result, work

        result, work = self._environment().write(change)
        ready = (bells.READY,) if work.wakes else ()
        kinds = (*ready, bells.ENDED) if work.ends else ready
        if work.void_files:
            reach("before-unlink")
            bulk.unlink(self._depot.folder, work.void_files)
        if kinds:
            reach("before-ring")
            bells.ring_all(self._workers, kinds)
        return result

    def _environment(self) -> Environment:
        env = self._env
        if env is None:
            raise StoreClosed(f"store {self._path} is closed", hint="open it again")
        return env
