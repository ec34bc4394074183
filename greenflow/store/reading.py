"""What a store of transactions answers without changing anything."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, TypeVar

from greenflow.errors import BadRecord, FlowNotFound
from greenflow.later import later_all
from greenflow.store import history, keys, states
from greenflow.store.base import Store
from greenflow.store.model import Saved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from greenflow.parted import AnyState
    from greenflow.store import deaths, ends, listing, logbook, sources, throttle
    from greenflow.store.base import (
        Checkpoint,
        FlowRecord,
        LogLine,
        Message,
        QueueLimits,
        Source,
        Status,
    )
    from greenflow.store.depot import Depot
    from greenflow.store.states import Known, Raw
    from greenflow.store.work import Work
else:
    deaths, ends, listing, logbook, sources, throttle = later_all(
        *(__name__, "greenflow.store"),
        *("deaths", "ends", "listing", "logbook", "sources", "throttle"),
    )

T = TypeVar("T")

_CANDIDATES_MAX = 6


class Reading(Store):
    """The half of a store that reads; each answer is one transaction."""

    @abstractmethod
    def read(self, call: Callable[[Work], T]) -> T:
        """Return what ``call`` returns in a read transaction. Raises StoreError."""

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

    def ids(self, prefix: str, limit: int) -> list[str]:
        """Return the first ids that begin with ``prefix``, in alphabetical order."""
        return self.read(lambda work: work.ids(prefix, limit))

    def flows(
        self,
        *,
        status: Iterable[Status] = (),
        function: str = "",
        tag: str = "",
        queue: str | None = None,
        after: str = "",
        limit: int = 0,
    ) -> Iterator[FlowRecord]:
        """Yield the flows, oldest first: see base.py.

        What others write meanwhile may be seen or not.
        """
        wanted = listing.Wanted(frozenset(status), function, tag, queue)
        return listing.flows(self, wanted, after, limit)

    def children(self, flow_id: str) -> list[str]:
        """Return the ids of the flows that this one spawned. Raises FlowNotFound."""

        def read(work: Work) -> list[str]:
            work.row(flow_id)
            found = work.under(keys.pair(keys.CHILD, flow_id))
            return [keys.pair_second(key) for key in found]

        return self.read(read)

    @property
    @abstractmethod
    def depot(self) -> Depot:
        """Where its blocks are."""

    def state(self, flow_id: str, *, shown: bool = False) -> AnyState:
        """Return the last saved continuation: see base_reads.py."""

        def read(work: Work) -> tuple[Raw, bytes]:
            return history.current(work, work.row(flow_id)), b""

        return self._opened_state(read, shown=shown)[1]

    def _opened_state(
        self, read: Callable[[Work], tuple[Raw, bytes]], *, shown: bool
    ) -> tuple[Known, AnyState, bytes]:
        """Return a state that a transaction reads, and what else that gives.

        Its large values are read after that, in one of their own: if the state has been
        deleted between the two, all is done again.
        """

        def look(work: Work) -> tuple[Raw, bytes, list[bytes]]:
            raw, record = read(work)
            firsts = history.firsts(work, raw) if shown else []
            return raw, record, firsts

        raw, record, firsts = self.read(look)
        while True:
            try:
                if shown:
                    return *states.shown(raw, firsts), record
                return *states.opened(raw, self.depot), record
            except BadRecord:
                before = raw
                raw, record, firsts = self.read(look)
                if raw == before:
                    raise

    def value(self, flow_id: str) -> bytes | None:
        """Return the payload, result or exception, pickled, if there is one."""

        def read(work: Work) -> tuple[int, bytes] | None:
            row = work.row(flow_id)
            seq = history.value_seq(row.record)
            return (seq, history.value(work, flow_id, seq)) if row.has_value else None

        found = self.read(read)
        return None if found is None else states.unseal_value(flow_id, *found)

    def history(self, flow_id: str) -> list[Checkpoint]:
        """Return the checkpoints that are kept, the oldest first."""
        return self.read(lambda work: history.checkpoints(work, work.row(flow_id)))

    def saved(self, flow_id: str, seq: int, *, shown: bool = False) -> Saved:
        """Return a checkpoint with its bytes: see base_reads.py."""

        def read(work: Work) -> tuple[Raw, bytes]:
            return history.fetch(work, work.row(flow_id), seq)

        known, state, record = self._opened_state(read, shown=shown)
        value = states.unseal_value(flow_id, seq, record) if record else None
        return Saved(checkpoint=known.checkpoint, state=state, value=value)

    def source(self, identity: bytes) -> Source | None:
        """Return the stored text of the code of a hash, if there is one."""
        record = self.read(lambda work: sources.get(work, identity))
        return sources.opened(identity, record)

    def code(self, identity: bytes) -> bytes | None:
        """Return code that states refer to, if it is there. Raises BadRecord."""
        known = self.source(identity)
        return known.code or None if known is not None else None

    def logged(self, flow_id: str, begin: int = 0) -> list[LogLine]:
        """Return the lines that the flow logged, from a number on: see base.py."""
        found = self.read(lambda work: logbook.read(work, flow_id, begin))
        return list(logbook.opened(found))

    def messages(self, flow_id: str, topic: str | None = None) -> Iterator[Message]:
        """Yield what waits in the mailbox, in order; of one topic, or of all.

        What is taken out meanwhile is left out. Raises FlowNotFound.
        """
        return listing.messages(self, flow_id, topic)

    def queue_limits(self) -> list[QueueLimits]:
        """Return the limits of all queues that have any. Raises BadRecord."""
        return self.read(throttle.everywhere)

    def ended(self, place: bytes) -> ends.Ends:
        """Return which flows have ended behind a place: see base.py."""
        return self.read(lambda work: ends.since(work, place))

    def death(self, worker: str) -> str:
        """Return how a worker died, if that was noted; else ""."""
        return self.read(lambda work: deaths.get(work.txn, worker))
