"""The store on this machine's disk: LMDB, one environment for each process."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Literal, TypeVar

from msgspec.structs import replace

from greenflow.errors import (
    BadRecord,
    FlowExists,
    FlowNotFound,
    StoreClosed,
)
from greenflow.store import bells, claims, directory, keys, listing, mailbox, timers
from greenflow.store.base import ANSWERS, Claim, Committed, FlowRecord, Message, Store
from greenflow.store.bells import Bell
from greenflow.store.claiming import Claimer
from greenflow.store.lmdb_env import attach, detach
from greenflow.store.meta import settle
from greenflow.store.records import (
    Row,
    encode_index,
    seal_part,
    unseal_part,
)
from greenflow.store.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import lmdb

    from greenflow.store.base import Step
    from greenflow.store.lmdb_env import Environment

T = TypeVar("T")

_CANDIDATES_MAX = 6


class LmdbStore(Store):
    """Flows in a folder; any number of processes and threads may use it at once.

    Two of these on one folder in one process share what LMDB allows only once, and
    are two workers: what one has claimed, the other cannot claim until it is closed.
    """

    def __init__(self, path: str | os.PathLike[str], *, create: bool = True) -> None:
        """Open the store in a folder, made if need be unless ``create`` is false.

        Raises:
            UnsafeStore: others could write it, or it is on another machine's disk.
            StoreError: it is not there, is no store, or is of another format.
            BadRecord: what it says of itself was damaged.
        """
        given = os.path.abspath(path)
        above = os.path.realpath(os.path.dirname(given))
        self._path = os.path.join(above, os.path.basename(given))
        if create:
            directory.create(self._path)
        else:
            directory.require(self._path)
        directory.check(self._path)
        self._env: Environment | None = attach(self._path)
        self._workers = os.path.join(self._path, directory.WORKERS)
        self._claimer = Claimer(self._workers, self)
        try:
            directory.check(self._path)
            settle(self._env, create=create)
        except BaseException:
            self.close()
            raise

    @property
    def location(self) -> str:
        """The absolute path of the folder."""
        return self._path

    def close(self) -> None:
        """Give back files and memory. Flows that it has claimed can be claimed anew."""
        env, self._env = self._env, None
        self._claimer.close()
        if env is not None:
            detach(env)

    def create(self, record: FlowRecord, state: bytes) -> None:
        """Add a flow that is ready to run, as the record tells and nothing else yet.

        Raises:
            FlowExists: the id is taken.
            TooLarge: the state is above its limit.
            ValueError: the id is empty, too long, or has blanks or non-ASCII.
        """
        flow_id = record.id
        if not keys.is_id(flow_id):
            raise ValueError(f"{flow_id!r} cannot be the id of a flow")
        sealed = seal_part(b"state", flow_id, state)
        age_key = keys.created(record.created, flow_id)
        age = encode_index(age_key)
        # "waiting" as the status before: it stands in no index.
        new = replace(
            record, status="waiting", owner="", waiting=None, state_bytes=len(state)
        )

        def add(work: Work) -> None:
            if work.txn.get(keys.flow(flow_id)) is not None:
                raise FlowExists(
                    f"there is a flow {flow_id!r} already", hint="choose another id"
                )
            work.txn.put(age_key, age)
            work.write_part(keys.STATE, flow_id, None, sealed)
            row = Row(record=new, state=sealed.part)
            work.change(work.move(row, "ready", record.updated))

        self.write(add)

    def get(self, flow_id: str) -> FlowRecord:
        """Return the flow's record. Raises FlowNotFound."""
        return self.read(lambda work: work.row(flow_id)).record

    def resolve(self, prefix: str) -> str:
        """Return the one id that is ``prefix``, or else the only one beginning so."""
        found = self.read(lambda work: work.ids(prefix, _CANDIDATES_MAX))
        if prefix in found or len(found) == 1:
            return found[0]
        if not found:
            raise FlowNotFound(
                f"no flow's id begins with {prefix!r}",
                hint="see which there are: greenflow ls",
            )
        raise FlowNotFound(
            f"the ids of several flows begin with {prefix!r}",
            hint=f"say more of it: {', '.join(found)}",
        )

    def flows(
        self, *, status: Iterable[str] = (), function: str = "", limit: int = 0
    ) -> Iterator[FlowRecord]:
        """Yield the flows, oldest first; empty filters let all pass.

        What others write meanwhile may be seen or not.
        """
        self._environment()
        return listing.flows(self, frozenset(status), function, limit)

    def state(self, flow_id: str) -> bytes:
        """Return the last saved continuation. Raises FlowNotFound."""

        def read(work: Work) -> tuple[Row, bytes]:
            row = work.row(flow_id)
            return row, work.read_part(keys.STATE, flow_id, row.state)

        row, record = self.read(read)
        return unseal_part(b"state", flow_id, row.state, record)

    def value(self, flow_id: str) -> bytes | None:
        """Return the payload, result or exception, pickled, if there is one."""

        def read(work: Work) -> tuple[Row, bytes]:
            row = work.row(flow_id)
            if row.value is None:
                return row, b""
            return row, work.read_part(keys.VALUE, flow_id, row.value)

        row, record = self.read(read)
        if row.value is None:
            return None
        return unseal_part(b"value", flow_id, row.value, record)

    def messages(self, flow_id: str, topic: str | None = None) -> Iterator[Message]:
        """Yield what waits in the mailbox, in order; of one topic, or of all.

        What is taken out meanwhile is left out. Raises FlowNotFound.
        """
        return listing.messages(self, flow_id, topic)

    def send(self, flow_id: str, topic: str, body: bytes) -> int:
        """Put a message into a mailbox; wake the flow if it waits for it.

        Returns its seq, which counts all messages of the flow.

        Raises:
            FlowNotFound: there is no such flow.
            FlowBusy: the flow has ended, or its mailbox is full.
            TooLarge: the message or its topic is above its limit.
            ValueError: the topic begins with NUL.
        """
        mailbox.check_user_topic(topic)
        item = mailbox.letter(flow_id, topic, body)
        return self.write(lambda work: mailbox.deliver(work, item, time.time()))

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

    def cancel(self, flow_id: str, body: bytes) -> None:
        """Give a flow an exception where it waits, now or next: see base.py."""
        item = mailbox.letter(flow_id, ANSWERS, body, "throw")
        self.write(lambda work: mailbox.deliver(work, item, time.time()))

    def claim(self, flow_id: str | None = None) -> Claim | None:
        """Claim a runnable flow (this one, or the one that is ready longest).

        Runnable: "ready", "waiting" until a time that is past, or "running" under a
        worker that is dead. Those of dead workers get ready first. Returns None if
        there is none (or this one is not).

        Raises:
            FlowNotFound: there is no such flow.
            BadRecord: it is damaged, and so is not claimed. A damaged flow does not
                keep others from being claimed; a note names it.
        """
        if flow_id is None:
            return self._claimer.first()
        return self._claimer.one(flow_id)

    def wake(self) -> None:
        """Make ready what waits until a time that is past. Raises BadRecord."""
        due = self.next_due()
        if due is not None and due <= time.time():
            for error in self.write(
                lambda work: timers.wake(work, time.time())
            ).values():
                raise error

    def next_due(self) -> float | None:
        """Return when the first timer is due, in seconds since the epoch, or None."""
        return self.read(lambda work: timers.next_due(work.txn))

    def bell(self) -> Bell:
        """Return what rings when a flow may run that could not. Raises StoreError."""
        self._environment()  # raises if it is closed
        return Bell(self._workers)

    def commit(self, claim: Claim, step: Step) -> Committed:
        """Write a step.

        Raises:
            Conflict: another claim came later, or this one was given back.
            FlowNotFound, FlowBusy: a message of the step cannot be delivered.
            TooLarge: the state, the value or a message is above its limit.
            BadRecord: the flow is damaged, or the message that it waits for.
        """
        record = claim.record
        prepared = claims.prepare(record.id, step)
        row, found = self.write(
            lambda work: claims.commit(work, record, prepared, time.time())
        )
        try:
            return Committed(record=row.record, message=claims.opened(found))
        except BadRecord:
            self.release(claim)
            raise

    def release(self, claim: Claim) -> None:
        """Give a claim back with nothing written: the flow is ready again, with the
        message it was claimed with still in its mailbox. A stale claim is ignored."""
        self.write(lambda work: claims.release(work, claim.record, time.time()))

    def read(self, call: Callable[[Work], T]) -> T:
        """Return what ``call`` returns in a read transaction. Raises StoreError."""
        return self._environment().read(lambda txn: call(Work(txn)))

    def write(self, call: Callable[[Work], T]) -> T:
        """Return what ``call`` returns when all that it changed is on disk.

        It may be called more than once, each time in a new transaction, so it must
        change nothing else. Raises StoreError, and what it raises.
        """

        def change(txn: lmdb.Transaction[bytes]) -> tuple[T, bool]:
            work = Work(txn)
            result = call(work)
            work.flush()
            return result, work.wakes

        result, wakes = self._environment().write(change)
        if wakes:
            bells.ring_all(self._workers)
        return result

    def _environment(self) -> Environment:
        env = self._env
        if env is None:
            raise StoreClosed(f"store {self._path} is closed", hint="open it again")
        return env
