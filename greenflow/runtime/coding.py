"""Flows whose code was changed while they waited: which code do they go on in?

What is asked first: the flow's own options, then what its store was opened with, then
the environment, which worker processes inherit. See :func:`greenflow.open`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, cast

from greenflow.continuation import pinning
from greenflow.runtime.names import check_code

if TYPE_CHECKING:
    from greenflow.continuation import Continuation
    from greenflow.errors import NotRestorable
    from greenflow.parted import AnyState
    from greenflow.runtime.names import CodePolicy
    from greenflow.runtime.upkeep import Upkeep
    from greenflow.store.base import FlowRecord

#: For a process and those it starts: what open() is told with ``code=``.
VARIABLE: Final = "GREENFLOW_CODE"


def policy(store: Upkeep, record: FlowRecord) -> CodePolicy:
    """Return what is to be done with a flow whose code was changed.

    Raises:
        ValueError: the environment says something else.
    """
    said = record.code or store.code or os.environ.get(VARIABLE) or "pinned"
    check_code(said)
    return cast("CodePolicy", said)


def load(
    store: Upkeep, record: FlowRecord, state: AnyState, error: NotRestorable
) -> Continuation:
    """Return a flow whose state could not be loaded as it is, because of ``error``.

    Raises:
        NotRestorable: nor can it be loaded otherwise.
    """
    if policy(store, record) == "strict":
        raise error
    return pinning.load(state)
