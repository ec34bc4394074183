"""What a flow was: its checkpoints, to look at, to go back to, to go on from anew."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from greenflow.errors import FlowExists
from greenflow.later import later
from greenflow.runtime.names import new_id_of
from greenflow.runtime.steered import Steered
from greenflow.store.base import Edit, FlowRecord, NewFlow, Waiting

if TYPE_CHECKING:
    import getpass
    import socket

    from greenflow.inspect import Diff
    from greenflow.runtime.flow import Flow
    from greenflow.store.base import Checkpoint, Saved
else:
    getpass = later(__name__, "getpass")
    socket = later(__name__, "socket")


class Past(Steered):
    """The part of a Flow that knows its checkpoints."""

    __slots__ = ()

    def history(self) -> list[Checkpoint]:
        """Return what is known of the checkpoints that are kept, the newest last.

        Each has ``seq`` (its number), ``at`` (seconds since the epoch), ``kind`` (the
        call that saved it, or ``spawn``, ``fork``, ``edit``, ``rollback``), ``label``,
        ``by`` and ``reason`` (of what somebody did from outside), ``size`` (bytes of
        the state), ``parent`` (the checkpoint that the flow went on from) and
        ``waiting``. Raises FlowNotFound.
        """
        return self._store.base.history(self._id)

    def diff(
        self, a: int | None = None, b: int | None = None, *, reveal: bool = False
    ) -> Diff:
        """Compare two checkpoints: frames, places and variables. Nothing is loaded.

        Args:
            a: the earlier one; None: the one that ``b`` was made from, if it is kept,
                else the one before it.
            b: the later one; None: the last.
            reveal: show also what has the name of a secret.

        Raises:
            FlowNotFound: there is no such flow.
            NoSuchCheckpoint: one of them is not kept, or there is none before ``b``.
            BadRecord: one is damaged.
        """
        from greenflow.inspect.past import compare  # only who looks needs it

        return compare(self._store.base, self._id, a, b, reveal=reveal)

    def rollback(self, to: int, reason: str = "") -> int:
        """Let the flow go on from an earlier checkpoint; return the new one's number.

        Nothing is deleted: one more checkpoint is added, whose parent is ``to``. The
        flow waits in it as it did then. What it did since stays done: messages that it
        took are gone, those that it sent and flows that it spawned are there. An answer
        that it was given and has not taken yet is void. A flow in the hospital is out
        of it.

        Args:
            to: the number of the checkpoint.
            reason: is kept with the new one, for people.

        Raises:
            FlowNotFound: there is no such flow.
            NoSuchCheckpoint: it is not kept.
            Conflict: the flow is running, has ended (fork it instead), or moved on
                just now.
            Deadlock: it would wait for flows that wait for it.
        """
        base = self._base
        expected = base.get(self._id).seq
        saved = base.saved(self._id, to)
        edit = Edit(
            state=saved.state,
            kind="rollback",
            parent=to,
            reason=reason,
            by=author(),
            waiting=_begun(saved.checkpoint),
            value=saved.value,
        )
        return base.edit(self._id, expected, edit).seq

    def fork(
        self,
        at: int | None = None,
        *,
        id: str | None = None,  # noqa: A002 - as in options()
    ) -> Flow[Any]:
        """Make another flow, which goes on from a checkpoint of this one.

        This one, which may be running or have ended, is left as it is. The other one
        has its name, tags, queue and number of retries, no messages and no deadline,
        and waits as this one did at that checkpoint; its own history begins there. It
        is on disk when this returns, also in a flow.

        Args:
            at: the number of the checkpoint; None: the last.
            id: the new flow's; None: one is made.

        Raises:
            FlowNotFound: there is no such flow.
            NoSuchCheckpoint: it is not kept.
            FlowExists: the id is taken.
            ValueError: it cannot be an id.
        """
        from greenflow.runtime.flow import Flow

        base = self._base
        record = base.get(self._id)
        saved = base.saved(self._id, record.seq if at is None else at)
        while True:
            made = _fork_of(record, saved, id or new_id_of(record.function))
            try:
                base.create(made)
            except FlowExists:
                if id is not None:
                    raise
            else:
                return Flow(self._store, made.record.id)


def author() -> str:
    """Return who this is, for the records: ``user@host``."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a user without a name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def _begun(checkpoint: Checkpoint) -> Waiting | None:
    """Return what a flow waits for at a checkpoint, under another number.

    That a flow has not begun is else known by its number, which is 0.
    """
    if checkpoint.seq == 0 and checkpoint.waiting is None:
        return Waiting(kind="start", due=True)
    return checkpoint.waiting


def _fork_of(record: FlowRecord, saved: Saved, flow_id: str) -> NewFlow:
    now, checkpoint = time.time(), saved.checkpoint
    made = FlowRecord(
        id=flow_id,
        status="ready",
        function=record.function,
        created=now,
        updated=now,
        seq=checkpoint.seq,
        waiting=checkpoint.waiting,
        label=checkpoint.label,
        name=record.name,
        tags=record.tags,
        queue=record.queue,
        priority=record.priority,
        retries=record.retries,
        parent=record.id,
        forked=checkpoint.seq,
    )
    return NewFlow(
        record=made,
        state=saved.state,
        value=saved.value,
        kind="fork",
        reason=f"of {record.id}@{checkpoint.seq}",
        by=author(),
    )
