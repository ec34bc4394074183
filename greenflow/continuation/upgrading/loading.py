"""A saved continuation, loaded into the code that its modules have now.

It is loaded twice: once in its old code, to see where every frame waits and whether it
can be moved, and then with those that can be in new code. So generators get the size
that their new code needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import asdict

from greenflow.continuation import codec, frames, functions, generators, places
from greenflow.continuation.code import code_hash, within
from greenflow.continuation.continuation import Continuation
from greenflow.continuation.editing.parts import (
    Parts,
    Record,
    put_together,
    take_apart,
)
from greenflow.continuation.pinning import Pinning
from greenflow.continuation.upgrading.moving import Move, Target, move_of
from greenflow.continuation.upgrading.trees import Text, Unmatched

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FunctionType

    from greenflow.continuation.head import Head
    from greenflow.continuation.saved import Body
    from greenflow.parted import AnyState

    #: Returns texts in which the source of some code is; none if it is not known.
    Texts = Callable[[CodeType], list[Text]]


class Fate(NamedTuple):
    """What becomes of a frame that waits in old code.

    Attributes:
        place: ``module:function``.
        line: that it waits at, in the old source.
        new_line: that it goes on at, in the new source; None if it is pinned.
        reason: why it is pinned; "" if it is not.
        code, new_code: of the function before and now; the latter None if it is gone.
    """

    place: str
    line: int | None
    new_line: int | None
    reason: str
    code: CodeType
    new_code: CodeType | None


class Upgraded(NamedTuple):
    """A continuation, and what became of its frames that waited in old code."""

    continuation: Continuation
    fates: list[Fate]


def load(data: AnyState, texts: Texts) -> Upgraded:
    """Return what ``Continuation.dumps()`` saved, in new code wherever that is certain.

    Args:
        data: as ``Continuation.loads()`` takes it.
        texts: where the source of code is.

    Raises as ``Continuation.loads()``; CodeChanged only if its code is not kept.
    """
    head, head_bytes, body = codec.open_saved(data)
    first = _Loading(body.data)
    with first:
        pinned, shells = _decoded(first, head, head_bytes, body)
    plan = _Plan(texts)
    parts = _parts(pinned)
    stack = [plan.move(record) for record in parts.records] if parts else []
    on_stack = {
        id(record.generator): move
        for record, move in zip(parts.records if parts else [], stack, strict=True)
    }
    moves: dict[int, Move] = {}
    for number, shell in enumerate(shells):
        is_on_stack = id(shell) in on_stack
        move = on_stack[id(shell)] if is_on_stack else plan.move_alone(shell)
        if move is not None:
            moves[number] = move
    if not moves and not any(stack):
        return Upgraded(pinned, plan.fates)
    second = _Loading(body.data, stack, moves)
    with second:
        moved, _ = _decoded(second, head, head_bytes, body)
    stay = {fate.code for fate in plan.fates if fate.new_line is None}
    second.renew(code_hash(code) for code in stay)
    return Upgraded(moved, plan.fates)


def _decoded(
    loading: _Loading, head: Head, head_bytes: bytes, body: Body
) -> tuple[Continuation, list[Any]]:
    with generators.watching(loading):
        if head.kind != "stack":
            made = Continuation.decoded(head, head_bytes, body)
        else:
            loaded = codec.decode_stack(head, head_bytes, body, loading.moved)
            made = Continuation("suspended", **asdict(loaded))
    return made, loading.shells


def _parts(continuation: Continuation) -> Parts | None:
    records = continuation.held_records()
    return None if records is None else take_apart(*records.parts())


class _Loading(Pinning):
    """Loads what waits in its old code, but for what is moved."""

    def __init__(
        self,
        body: bytes,
        stack: list[Move | None] | None = None,
        moves: dict[int, Move] | None = None,
    ) -> None:
        super().__init__(body)
        self.shells: list[Any] = []
        self._stack, self._moves = stack or [], moves or {}
        self._by_shell: dict[int, Move] = {}

    def moved(
        self, named: tuple[Any, ...], shape: bytes, values: tuple[Any, ...]
    ) -> tuple[tuple[Any, ...], bytes, tuple[Any, ...]]:
        """Return what ``frames.records()`` takes, with the frames that are moved."""
        if not any(self._stack):
            return named, shape, values
        parts = take_apart(named, shape, values)
        parts.records = [
            record if move is None else move.record(record)
            for record, move in zip(parts.records, self._stack, strict=True)
        ]
        return put_together(parts)

    def function_of(self, function: FunctionType) -> FunctionType:
        """Return the function that the next generator is made of."""
        move = self._moves.get(len(self.shells))
        return function if move is None else move.target.of(function)

    def made(self, shell: Any) -> None:
        """Take note of a generator that was made."""
        move = self._moves.get(len(self.shells))
        if move is not None:
            self._by_shell[id(shell)] = move
        self.shells.append(shell)

    def filled(
        self, shell: Any, shape: bytes, values: tuple[Any, ...]
    ) -> tuple[bytes, tuple[Any, ...]]:
        """Return what a generator is filled with that waits by itself."""
        move = self._by_shell.get(id(shell))
        if move is None:
            return shape, values
        parts = take_apart((values[0],), shape, values[1:])
        parts.records = [move.record(record) for record in parts.records]
        named, shape, values = put_together(parts)
        return shape, (*named, *values)


class _Plan:
    """Decides about frames, and keeps what it decided."""

    def __init__(self, texts: Texts) -> None:
        self.fates: list[Fate] = []
        self._texts = texts

    def move(self, record: Record) -> Move | None:
        """Return how a frame is moved; None if it stays in the code that it is in."""
        place = _place(record.function)
        if place is None:
            return None
        target, code = _target(record.function), record.code
        move, reason = None, "its function is not there any more"
        if target is not None:
            try:
                move = move_of(
                    record, target, self._texts(code), self._texts(target.code)
                )
            except Unmatched as unmatched:
                reason = str(unmatched)
        self.fates.append(
            Fate(
                place,
                _line(code, record.pending),
                None if move is None else _line(move.target.code, move.pending),
                "" if move is not None else reason,
                code,
                None if target is None else target.code,
            )
        )
        return move

    def move_alone(self, generator: Any) -> Move | None:
        """Return the same of a generator that waits by itself."""
        _, function, shape, values, *_ = frames.generator_state(generator)
        if function is None:
            return None
        parts = take_apart((function,), shape, values[1:])
        return self.move(parts.records[0])


def _line(code: CodeType, unit: int) -> int | None:
    return list(code.co_positions())[unit][0]


def _place(function: FunctionType) -> str | None:
    """Return where a function was found whose code is old; None if it is not."""
    known, nested = functions.pinned(function), places.pinned(function.__code__)
    if known is not None:
        return f"{known.module}:{known.qualname}"
    if nested is not None:
        return f"{nested.module}:{function.__code__.co_qualname}"
    return None


def _target(function: FunctionType) -> Target | None:
    """Return the new code of a function; None if there is none, or several."""
    known, wanted = functions.pinned(function), function.__code__.co_qualname
    if known is not None:
        path = known.qualname
        live = places.live_at(known.module, path, wanted)
        if live is None or _is_another(live.__code__, function.__code__, path):
            return None
        return Target(live.__code__, live)
    nested = places.pinned(function.__code__)
    top = wanted.partition(".<locals>")[0]
    outer = nested and places.live_at(nested.module, nested.path, top)
    if outer is None:
        return None
    found = [code for code in within(outer.__code__) if code.co_qualname == wanted]
    return Target(found[0], None) if len(found) == 1 else None


def _is_another(live: CodeType, old: CodeType, path: str) -> bool:
    """Whether it is what a decorator made, that stands under the same name now."""
    names = old.co_name, path.rpartition(".")[2]
    return "<locals>" in live.co_qualname and live.co_name not in names
