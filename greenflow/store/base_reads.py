"""What every store answers without changing anything: the first half of base.py."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from greenflow.parted import AnyState
    from greenflow.store import keyfile
    from greenflow.store.model import (
        Checkpoint,
        FlowRecord,
        LogLine,
        Message,
        Saved,
        Source,
        Status,
    )


class StoreReads(ABC):
    """A place whose flows can be looked at."""

    @property
    @abstractmethod
    def location(self) -> str:
        """Where it is, for messages to people."""

    @abstractmethod
    def check_same(self, keys: keyfile.Source | None, *, encrypt: bool) -> None:
        """Raise WrongKey if it has other keys than these, if any, or is in clear."""

    @abstractmethod
    def get(self, flow_id: str) -> FlowRecord:
        """Return the flow's record. Raises FlowNotFound."""

    @abstractmethod
    def resolve(self, prefix: str) -> str:
        """Return the one id that is ``prefix``, or else begins with it. Raises
        FlowNotFound, also if several begin with it."""

    @abstractmethod
    def ids(self, prefix: str, limit: int) -> list[str]:
        """Return the first ids that begin with ``prefix``, in alphabetical order."""

    @abstractmethod
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
        """Yield the flows, oldest first; empty filters let all pass.

        ``after`` is a flow: only those behind it. Raises FlowNotFound (of that).
        """

    @abstractmethod
    def children(self, flow_id: str) -> list[str]:
        """Return the ids of the flows that this one spawned. Raises FlowNotFound."""

    @abstractmethod
    def history(self, flow_id: str) -> list[Checkpoint]:
        """Return the checkpoints of a flow that are kept, the oldest first. Raises
        FlowNotFound."""

    @abstractmethod
    def saved(self, flow_id: str, seq: int, *, shown: bool = False) -> Saved:
        """Return a checkpoint with its bytes; if these are to be ``shown`` only, with
        no more than the first bytes of large values. Raises FlowNotFound,
        NoSuchCheckpoint (it is not kept)."""

    @abstractmethod
    def state(self, flow_id: str, *, shown: bool = False) -> AnyState:
        """Return the last saved continuation; ``shown`` as of :meth:`saved`. Raises
        FlowNotFound."""

    @abstractmethod
    def value(self, flow_id: str) -> bytes | None:
        """Return the payload, result or exception, pickled, if there is one."""

    @abstractmethod
    def source(self, identity: bytes) -> Source | None:
        """Return what is stored of some code, if it is there: see :class:`Source`."""

    @abstractmethod
    def code(self, identity: bytes) -> bytes | None:
        """Return code that states refer to, if it is there, as it was given."""

    @abstractmethod
    def logged(self, flow_id: str, begin: int = 0) -> list[LogLine]:
        """Return the lines that the flow logged, from a number on, as far as they are
        kept. Raises FlowNotFound."""

    @abstractmethod
    def messages(self, flow_id: str, topic: str | None = None) -> Iterator[Message]:
        """Yield what waits in the mailbox, in order; of one topic, or of all."""
