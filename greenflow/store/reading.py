"""What a store of transactions answers without changing anything."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, TypeVar

from greenflow.errors import FlowNotFound
from greenflow.store import deaths, ends, keys, listing, sources, throttle
from greenflow.store.base import Store
from greenflow.store.records import Part, Row, unseal_part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from greenflow.store.base import (
        FlowRecord,
        Message,
        QueueLimits,
        Source,
        Status,
    )
    from greenflow.store.work import Work

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

    def state(self, flow_id: str) -> bytes:
        """Return the last saved continuation. Raises FlowNotFound."""
        data = self._part(keys.STATE, b"state", flow_id)
        assert data is not None
        return data

    def value(self, flow_id: str) -> bytes | None:
        """Return the payload, result or exception, pickled, if there is one."""
        return self._part(keys.VALUE, b"value", flow_id)

    def _part(self, kind: bytes, name: bytes, flow_id: str) -> bytes | None:
        def read(work: Work) -> tuple[Part | None, bytes]:
            row: Row = work.row(flow_id)
            part = row.state if kind == keys.STATE else row.value
            return part, work.read_part(kind, flow_id, part) if part else b""

        part, record = self.read(read)
        return None if part is None else unseal_part(name, flow_id, part, record)

    def source(self, code_hash: bytes) -> Source | None:
        """Return the stored text of the code of a hash, if there is one."""
        record = self.read(lambda work: sources.get(work, code_hash))
        return sources.opened(code_hash, record)

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
