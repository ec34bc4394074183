"""A saved continuation that is loaded to be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenflow.continuation import codec, spares
from greenflow.continuation.continuation import Continuation
from greenflow.continuation.editing.editor import Editor
from greenflow.continuation.head import PATCH
from greenflow.errors import CodeChanged

if TYPE_CHECKING:
    from greenflow.continuation.editing.editor import Show
    from greenflow.parted import AnyState


def load(
    data: AnyState, show: Show | None = None, editor: type[Editor] = Editor
) -> Editor:
    """Return an editor of what ``Continuation.dumps()`` returned.

    Its frames may be in code that their modules have not any more. Each of these must
    be restarted or dropped before it can be saved: else that raises CodeChanged.

    Raises:
        ContinuationError: it does not wait.
        NotRestorable, BadRecord: as ``Continuation.loads()``, but not CodeChanged as
            long as its code is kept with it.
    """
    given = () if show is None else (show,)
    try:
        return editor(Continuation.loads(data), *given)
    except CodeChanged:
        pass
    head, head_bytes, body = codec.open_saved(data)
    here = head.patch == PATCH
    with spares.Reading(body.data, outdated=True, compiled_here=here) as reading:
        found = editor(Continuation.decoded(head, head_bytes, body), *given)
    for name in dict.fromkeys(reading.renewed):
        found.note(f"function {name} is in its new code")
    return found
