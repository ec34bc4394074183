"""A continuation that another minor version of CPython saved, on this one's stack.

Its bytecode cannot run here, but its positions tell which piece of the source each
frame waits in. That piece is found again in the source there is now, and the values on
its stack are carried by their roles (:mod:`.carrying`). Only what is certain goes on.
"""

from __future__ import annotations

from contextvars import Context
from types import CellType
from typing import TYPE_CHECKING, Any, NoReturn

from greenflow import parted
from greenflow.continuation import codec, frames, generators, places, tags
from greenflow.continuation.continuation import Continuation
from greenflow.continuation.editing.parts import (
    NOTHING,
    Record,
    put_together,
    take_apart,
    variable_names,
)
from greenflow.continuation.head import PYTHON, decode_head, unpack
from greenflow.continuation.saved import Body
from greenflow.continuation.upgrading.carrying import carried
from greenflow.continuation.upgrading.crossed import Crossing
from greenflow.continuation.upgrading.live import live_behind
from greenflow.continuation.upgrading.loading import Fate, Upgraded
from greenflow.continuation.upgrading.moving import (
    Move,
    Target,
    is_unset,
    sources_of,
)
from greenflow.continuation.upgrading.renames import renamed
from greenflow.continuation.upgrading.trees import Text, Unmatched, dump
from greenflow.errors import GreenflowError, WrongInterpreter

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FunctionType

    from greenflow.continuation.head import Head
    from greenflow.continuation.upgrading.crossed import OldCode
    from greenflow.parted import AnyState

__all__ = ["load"]


def load(
    data: AnyState,
    old_code: OldCode,
    old_texts: Callable[[bytes], list[Text]],
    texts: Callable[[CodeType], list[Text]],
) -> Upgraded:
    """Return what another Python saved, in code of this one.

    Args:
        data: as ``Continuation.loads()`` takes it.
        old_code: returns old code by its hash, as far as it can be read; or None.
        old_texts: returns texts in which its source is.
        texts: the same of code of this Python.

    Raises:
        WrongInterpreter: it is not certain how it could go on here.
        NotRestorable, BadRecord: as ``Continuation.loads()``.
    """
    buffers = parted.buffers_of(data)
    head_bytes, stream = unpack(parted.stream_of(data))
    parted.check(stream, buffers)
    head, body = decode_head(head_bytes), Body(stream, buffers)
    crossing = Crossing(stream, old_code, old_texts, texts)
    carrying = _Carrying(head, crossing)
    try:
        with crossing, generators.watching(_Generators(carrying)):
            if head.kind != "stack":
                made = Continuation.decoded(head, head_bytes, body)
                return Upgraded(made, carrying.fates)
            return _stack(head, body, carrying)
    except WrongInterpreter as error:
        _refuse(head, error.message)


def _refuse(head: Head, reason: str) -> NoReturn:
    raise WrongInterpreter(
        f"the continuation was saved by {head.python}; this is {PYTHON}, in which it "
        f"cannot go on: {reason}",
        hint="go on under the Python that saved it (major and minor version count)",
    ) from None


class _Old:
    """A function of the other Python, as far as its record needs it."""

    def __init__(self, live: FunctionType, expected: bytes, code: Any) -> None:
        self.live, self.expected, self.__code__ = live, expected, code


def _stack(head: Head, body: Body, carrying: _Carrying) -> Upgraded:
    for function in head.functions:
        if function.module == tags.MODULE:
            raise WrongInterpreter("it waits through C code")
        if function.code_hash:
            carrying.crossing.heard_of(function.code_hash)
    (value, by_value, values, context), waiting = codec.load_values(body, 4)
    if type(by_value) is not tuple or type(values) is not tuple:
        raise WrongInterpreter("its values are damaged")
    named = carrying.functions(by_value)
    parts = take_apart(named, head.shape, values)
    if parts.held is not NOTHING:
        raise WrongInterpreter("it waits through C code")
    handled = _Handled()
    for number, record in enumerate(parts.records):
        parts.records[number], found = carrying.record(record)
        if record.generator is NOTHING:
            handled.add(found)
    handled.end(parts.exc)
    try:
        records = frames.records(*put_together(parts))
    except (TypeError, ValueError) as error:
        raise WrongInterpreter(f"its stack does not fit: {error}") from error
    context = context if type(context) is Context else Context()
    made = Continuation("suspended", value, None, records, context, waiting)
    return Upgraded(made, carrying.fates)


class _Carrying:
    """Carries frames, and keeps what became of them."""

    def __init__(self, head: Head, crossing: Crossing) -> None:
        self.crossing, self.fates = crossing, list[Fate]()
        self._head = head

    def functions(self, by_value: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the functions of the stack, as its records need them."""
        rest, found = iter(by_value), []
        for each in self._head.functions:
            if each.code_hash:
                live = places.function_or_hidden(
                    each.module, each.qualname, each.code_hash
                )
                found.append(self._old(live, each.code_hash))
            else:
                found.append(self.old(next(rest, None)))
        return tuple(found)

    def old(self, function: Any) -> _Old:
        """Return what a function was under the other Python."""
        return self._old(function, self.crossing.hash_of(function))

    def _old(self, live: FunctionType, expected: bytes) -> _Old:
        try:
            return _Old(live, expected, self.crossing.old_code(expected))
        except Unmatched as reason:
            raise WrongInterpreter(f"{live.__qualname__}(): {reason}") from None

    def record(self, record: Record) -> tuple[Record, list[tuple[Any, Any]]]:
        """Return a frame as it goes on here, and what it handles: see Carried."""
        old: Any = record.function
        name = f"{old.live.__module__}:{old.live.__qualname__}"
        line = _line(old.__code__, record.pending)
        try:
            made, handled = self._moved(record, old)
        except (Unmatched, GreenflowError) as reason:
            text = reason.message if isinstance(reason, GreenflowError) else reason
            raise WrongInterpreter(f"{name}() line {line}: {text}") from None
        new_line = _line(made.code, made.pending)
        self.fates.append(Fate(name, line, new_line, "", old.__code__, made.code))
        return made, handled

    def _moved(
        self, record: Record, function: _Old
    ) -> tuple[Record, list[tuple[Any, Any]]]:
        live = function.live
        old = self.crossing.tree(function.expected)
        new = self.crossing.new_tree(live.__code__)
        names = renamed(old, new)
        unit, stack, handled = carried(record, old, new, self._head.python)
        target = Target(live.__code__, live)
        made = Move(target, unit, sources_of(record, target, names)).record(record)
        made.stack = stack
        _open_cells(made, is_same=dump(old.root) == dump(new.root))
        _check_values(made, unit)
        return made, handled


class _Generators:
    """Fills generators that wait by themselves."""

    def __init__(self, carrying: _Carrying) -> None:
        self._carrying = carrying

    def function_of(self, function: FunctionType) -> FunctionType:
        """Return the function that a generator is made of: it is in new code."""
        return function

    def made(self, shell: Any) -> None:
        """Nothing is to be kept of it."""

    def filled(
        self, shell: Any, shape: bytes, values: tuple[Any, ...]
    ) -> tuple[bytes, tuple[Any, ...]]:
        """Return what a generator is filled with."""
        old: Any = self._carrying.old(values[0])
        parts = take_apart((old,), shape, values[1:])
        record, handled = self._carrying.record(parts.records[0])
        follows = _Handled()
        follows.add(handled)
        follows.end(parts.records[0].exc)
        parts.records = [record]
        named, shape, values = put_together(parts)
        return shape, (*named, *values)


class _Handled:
    """Follows what is handled from frame to frame: each handler keeps what was before.

    So what was taken for it on the stacks is seen to be that, and nothing else.
    """

    def __init__(self) -> None:
        self._now: Any = None

    def add(self, handled: list[tuple[Any, Any]]) -> None:
        """Go on with the handlers of a frame, the outermost first."""
        for before, now in handled:
            self._check(before)
            self._now = now

    def end(self, exc: Any) -> None:
        """Check that this is handled in the innermost frame."""
        self._check(None if exc is NOTHING else exc)

    def _check(self, exc: Any) -> None:
        is_not_known = self._now is NOTHING and isinstance(exc, BaseException)
        if exc is not self._now and not is_not_known:
            raise WrongInterpreter("it is not certain what it handles")


def _line(code: Any, unit: int) -> int | None:
    line: int | None = list(code.co_positions())[unit][0]
    return line


def _open_cells(made: Record, *, is_same: bool) -> None:
    """Take variables out of cells that the new code has none for.

    From 3.12 on comprehensions are part of their function: its variables need none for
    them, and nothing else had the cell.
    """
    names, code = variable_names(made.code), made.code
    for number, value in enumerate(made.variables):
        if not isinstance(value, CellType) or names[number] in _shared(code):
            continue
        if not is_same:
            raise Unmatched(
                f"{names[number]!r} was shared with other functions, and is not now"
            )
        made.variables[number] = NOTHING if is_unset(value) else value.cell_contents


def _shared(code: CodeType) -> frozenset[str]:
    return frozenset((*code.co_cellvars, *code.co_freevars))


def _check_values(made: Record, unit: int) -> None:
    """Raise Unmatched unless all that the code may read has its value."""
    names = variable_names(made.code)
    for number in sorted(live_behind(made.code, unit)):
        if is_unset(made.variables[number]):
            raise Unmatched(f"{names[number]!r} has no value there")
