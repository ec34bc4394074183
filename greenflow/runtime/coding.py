"""Flows whose code was changed while they waited: which code do they go on in?

What is asked first: the flow's own options, then what its store was opened with, then
the environment, which worker processes inherit. See :func:`greenflow.open`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, cast

from greenflow.continuation import Continuation, pinning, spares
from greenflow.continuation.code import code_hash, code_identity, digest, within
from greenflow.continuation.head import PATCH, PYTHON, decode_head, unpack
from greenflow.continuation.upgrading import crossing, loading
from greenflow.continuation.upgrading.trees import Text
from greenflow.errors import CodeChanged, CodeMissing, WrongInterpreter
from greenflow.inspect.saved import Saved
from greenflow.parted import stream_of
from greenflow.runtime import logs, texts
from greenflow.runtime.names import check_code
from greenflow.store.keys import HASH_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType

    from greenflow.continuation.upgrading.loading import Upgraded
    from greenflow.errors import NotRestorable
    from greenflow.parted import AnyState
    from greenflow.runtime.names import CodePolicy
    from greenflow.runtime.stores import Store
    from greenflow.store import base
    from greenflow.store.base import FlowRecord

#: For a process and those it starts: what open() is told with ``code=``.
VARIABLE: Final = "GREENFLOW_CODE"


def policy(store: Store, record: FlowRecord) -> CodePolicy:
    """Return what is to be done with a flow whose code was changed.

    Raises:
        ValueError: the environment says something else.
    """
    said = record.code or store.code or os.environ.get(VARIABLE) or "pinned"
    check_code(said)
    return cast("CodePolicy", said)


def load(
    store: Store, record: FlowRecord, state: AnyState, error: NotRestorable
) -> Continuation:
    """Return a flow whose state could not be loaded as it is, because of ``error``.

    Raises:
        NotRestorable: nor can it be loaded otherwise.
    """
    wanted = policy(store, record)
    head = decode_head(unpack(stream_of(state))[0])
    if head.python == PYTHON and head.patch != PATCH:
        # It may only have been compiled otherwise, and its code is in the store.
        try:
            with spares.using(store.base.code):
                return Continuation.loads(state)
        except (CodeChanged, CodeMissing) as other:
            error = other
    if wanted == "strict":
        raise error
    if wanted == "pinned" and isinstance(error, WrongInterpreter):
        raise error
    if wanted == "pinned":
        with spares.using(store.base.code):
            return pinning.load(state)
    upgraded = upgrade(store, state)
    for fate in upgraded.fates:
        if fate.new_line is None:
            said = f"line {fate.line} goes on in its old code: {fate.reason}"
        else:
            said = f"line {fate.line} goes on in its new code, line {fate.new_line}"
        logs.LOG.info("flow %s: %s() %s", record.id, fate.place, said)
    return upgraded.continuation


def upgrade(store: Store, state: AnyState) -> Upgraded:
    """Return a state in the code that there is now, where that is certain.

    Raises as ``Continuation.loads()``.
    """
    found = _Texts(store.base, state)
    head = decode_head(unpack(stream_of(state))[0])
    with spares.using(store.base.code):
        if head.python == PYTHON:
            return loading.load(state, found)
        saved = Saved(state, store.base.code)
        return crossing.load(
            state, saved.code, lambda key: found.by(saved.keys(key)), found
        )


def stored(base: base.Store, code: CodeType) -> list[Text]:
    """Return the texts of some code that are stored."""
    # Formats before 3 had texts by hash: where the code lies in it is to be looked at.
    older = {code_hash(code), digest(code, docs=True)}
    return _under(base, (code_identity(code),)) or _under(base, older)


def _under(base: base.Store, keys: Iterable[bytes]) -> list[Text]:
    found = filter(None, map(base.source, keys))
    return [
        Text(each.first_line, each.text, certain=len(each.identity) != HASH_BYTES)
        for each in found
        if each.text
    ]


class _Texts:
    """Finds the source of code: in the store, and in files that were not changed."""

    def __init__(self, base: base.Store, state: AnyState) -> None:
        self._base, self._state = base, state
        self._kept: list[CodeType] | None = None

    def __call__(self, code: CodeType) -> list[Text]:
        """Return texts in which the source of some code is."""
        whole = texts.file_of(code)
        if whole is not None:
            return [Text(1, whole)]
        # A comprehension or a lambda is a part of a line: it is read in what it is in.
        around = [each for each in self._codes() if _has(each, code)]
        return [text for each in (code, *around) for text in stored(self._base, each)]

    def by(self, keys: tuple[bytes, ...]) -> list[Text]:
        """Return the texts that are stored under these."""
        return _under(self._base, keys)

    def _codes(self) -> list[CodeType]:
        if self._kept is None:
            body = unpack(stream_of(self._state))[1]
            self._kept = list(map(spares.code_in, spares.kept(body).values()))
        return self._kept


def _has(outer: CodeType, code: CodeType) -> bool:
    wanted = code_hash(code)
    return any(code_hash(each) == wanted for each in within(outer))
