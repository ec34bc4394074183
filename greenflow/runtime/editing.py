"""A waiting flow is changed, and saved as its next checkpoint."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from greenflow import limits
from greenflow.continuation import Sent, spares
from greenflow.continuation.editing import Editor, load
from greenflow.errors import CodeChanged, Conflict, FlowBusy
from greenflow.inspect.text import MASK, is_secret
from greenflow.runtime import answers, sourcing, values
from greenflow.runtime.past import author
from greenflow.store.base import ENDED
from greenflow.store.model import Answer, Edit, Waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenflow.continuation import Thrown
    from greenflow.parted import AnyState
    from greenflow.runtime.flow import Flow
    from greenflow.runtime.stores import Store
    from greenflow.store.model import FlowRecord, Saved

_LINE_CHARS_MAX: Final = 400


class FlowEditor(Editor):
    """What ``with flow.edit() as e:`` gives: see :class:`Editor`.

    Attributes:
        checkpoint: the number of what was saved; None before the block is left.
    """

    checkpoint: int | None = None


@contextmanager
def edit(flow: Flow[Any], at: int | None, reason: str) -> Iterator[FlowEditor]:
    """Let a flow be changed: see :meth:`Flow.edit`."""
    record = flow.record
    check_editable(record)
    store, base = flow.store, flow.store.base
    seq = record.seq if at is None else at
    saved = base.saved(flow.id, seq)
    editor = store.within(_editor, store, record, saved.state)
    yield editor
    made = store.within(_made, flow, record, editor, saved, reason)
    editor.checkpoint = base.edit(flow.id, record.seq, made).seq


def check_editable(record: FlowRecord) -> None:
    """Raise FlowBusy if a flow has ended, Conflict if it runs."""
    if record.status in ENDED:
        raise FlowBusy(
            f"flow {record.id} is {record.status}: it cannot be changed any more",
            hint="go on from an earlier checkpoint in a flow of its own: fork it",
        )
    if record.status == "running":
        raise Conflict(
            f"flow {record.id} is running under worker {record.owner}",
            hint="hold it, and change it when it has left its stack",
        )


def _editor(store: Store, record: FlowRecord, state: AnyState) -> FlowEditor:
    """Return an editor of a state, also if it cannot go on in the code there is."""
    try:
        return FlowEditor(answers.loaded(store, record, state), show)
    except CodeChanged:
        with spares.using(store.base.code):
            return cast("FlowEditor", load(state, show, FlowEditor))


def _made(
    flow: Flow[Any], record: FlowRecord, editor: FlowEditor, saved: Saved, reason: str
) -> Edit:
    """Return what is to be written. Raises as Continuation.save() and loads()."""
    state = editor.continuation().save()
    # What cannot be gone on with is not written.
    answers.loaded(flow.store, record, state)
    return edit_of(flow, saved, editor, state, editor.changes, reason)


class Changed(Protocol):
    """Where a changed state stands."""

    @property
    def outcome(self) -> Sent | Thrown | None:
        """What the waiting call is to give; None: nobody said."""

    @property
    def same_wait(self) -> bool:
        """Whether it waits where it did."""

    @property
    def takes_value(self) -> bool:
        """Whether it waits, and does not go on with what stands there."""


def edit_of(
    flow: Flow[Any],
    saved: Saved,
    changed: Changed,
    state: AnyState,
    changes: list[str],
    reason: str,
) -> Edit:
    """Return what is to be written of a state that ``saved`` was changed to.

    Raises NotSaveable, TooLarge: what its call is to give cannot be saved.
    """
    waiting = waiting_of(changed, saved.checkpoint.waiting)
    is_new = waiting is not None and waiting is not saved.checkpoint.waiting
    return Edit(
        state=state,
        parent=saved.checkpoint.seq,
        reason=reason,
        by=author(),
        changes=_changes(changes),
        waiting=waiting,
        value=values.dump(None, "no payload") if is_new else None,
        answer=_answer(flow.id, changed.outcome),
        sources=sourcing.sourcing_of(flow.store).of(state, flow.id),
    )


def _changes(told: list[str]) -> tuple[str, ...]:
    """Return the lines that are kept: each of limited length, and not too many."""
    kept = [line[:_LINE_CHARS_MAX] for line in told[: limits.EDIT_LINES_MAX]]
    more = len(told) - len(kept)
    return (*kept, f"and {more} more changes") if more else tuple(kept)


def waiting_of(changed: Changed, waiting: Waiting | None) -> Waiting | None:
    """Return what a changed state waits for that waited for ``waiting`` before."""
    if not changed.takes_value:
        return None
    if changed.same_wait and (changed.outcome is None or _is_suspend(waiting)):
        return waiting
    return Waiting(kind="suspend")


def _is_suspend(waiting: Waiting | None) -> bool:
    return waiting is not None and waiting.kind == "suspend"


def _answer(flow_id: str, outcome: Sent | Thrown | None) -> Answer | None:
    if outcome is None:
        return None
    if isinstance(outcome, Sent):
        what = f"what the call of flow {flow_id} returns"
        return Answer(body=values.dump_message(outcome.value, what))
    what = f"what the call of flow {flow_id} raises"
    return Answer(kind="throw", body=values.dump_message(outcome.error, what))


def show(name: str, value: Any) -> str:
    """Return a short text for the value of that name; a mask if it is a secret's."""
    return MASK if is_secret(name) else values.preview(value)
