"""Before a deploy: which flows could go on here, and in which code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from greenflow.continuation import Continuation, spares
from greenflow.continuation.editing import Editor
from greenflow.errors import CodeChanged, CodeMissing, GreenflowError, WrongInterpreter
from greenflow.runtime import coding, editing, texts

if TYPE_CHECKING:
    from types import CodeType

    from greenflow.continuation.upgrading.loading import Fate
    from greenflow.runtime.flow import Flow
    from greenflow.runtime.names import CodePolicy
    from greenflow.runtime.stores import Store
    from greenflow.store.base import FlowRecord

Kind = Literal["same", "pinned", "upgraded", "stuck"]


class Verdict(NamedTuple):
    """What would become of a flow that went on here.

    Attributes:
        kind: "same": its code was not changed, or nothing waits in what was; "pinned":
            some of it goes on in old code; "upgraded": all that was changed goes on in
            new code; "stuck": it cannot go on.
        reasons: why it is stuck, or not upgraded though it was to be.
        fates: of its frames that wait in old code.
    """

    kind: Kind
    reasons: tuple[str, ...] = ()
    fates: tuple[Fate, ...] = ()


def check(store: Store, record: FlowRecord, code: CodePolicy | None = None) -> Verdict:
    """Return what would become of a flow. It is loaded, and dropped again.

    Args:
        store: where it lives.
        record: of a flow that has not ended.
        code: as of open(); None: as the flow, the store or the environment say.
    """
    wanted = code or coding.policy(store, record)
    try:
        return store.within(_check, store, record, wanted)
    except GreenflowError as error:
        return Verdict("stuck", (str(error),))


def _check(store: Store, record: FlowRecord, wanted: CodePolicy) -> Verdict:
    state = store.base.state(record.id)
    try:
        with spares.using(store.base.code):
            Continuation.loads(state).discard()
    except (CodeChanged, CodeMissing):
        if wanted == "strict":
            raise
    except WrongInterpreter:
        if wanted != "upgrade":
            raise
    else:
        return Verdict("same")
    upgraded = coding.upgrade(store, state)
    upgraded.continuation.discard()
    fates = tuple(upgraded.fates)
    if not fates:
        return Verdict("same")
    if wanted == "pinned":
        return Verdict("pinned", (), fates)
    kept = [fate for fate in fates if fate.new_line is None]
    reasons = tuple(f"{each.place}() line {each.line}: {each.reason}" for each in kept)
    return Verdict("pinned" if kept else "upgraded", reasons, fates)


def upgrade(flow: Flow[Any], reason: str) -> list[Fate]:
    """Let a waiting flow go on in the code that there is now, as its next checkpoint.

    Returns:
        What became of its frames that wait in old code; none if there is none.

    Raises:
        CodeChanged: none of them can be upgraded; nothing is written.
        Conflict, FlowBusy: it is running, or has ended.
    """
    record, base = flow.record, flow.store.base
    editing.check_editable(record)
    saved = base.saved(flow.id, record.seq)
    upgraded = flow.store.within(coding.upgrade, flow.store, saved.state)
    moved = [fate for fate in upgraded.fates if fate.new_line is not None]
    if not moved:
        if upgraded.fates:
            first = upgraded.fates[0]
            raise CodeChanged(
                f"{first.place}() line {first.line} cannot go on in new code: "
                f"{first.reason}",
                hint="it goes on in its old code, or change it: greenflow debug",
            )
        return []
    changes = [
        f"{each.place}() line {each.line} is in its new code, line {each.new_line}"
        for each in moved
    ]
    state = flow.store.within(upgraded.continuation.save)
    editor = Editor(upgraded.continuation)
    edit = editing.edit_of(flow, saved, editor, state, changes, reason)
    base.edit(flow.id, record.seq, edit)
    return upgraded.fates


def lines_of(store: Store, code: CodeType | None) -> dict[int, str]:
    """Return the source lines of some code by number; none if they are not known."""
    if code is None:
        return {}
    whole = texts.file_of(code)
    if whole is not None:
        return dict(enumerate(whole.split("\n"), 1))
    for found in coding.stored(store.base, code):
        return dict(enumerate(found.text.split("\n"), found.first_line))
    return {}
