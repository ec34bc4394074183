"""A continuation that another minor version of CPython saved, on the stack of this one.

Its bytecode cannot run here and its positions say nothing, but the head tells which
piece of the source each frame waits in. That piece is found again in the source there
is now, and the values on its stack are carried by their roles (:mod:`.carrying`). Only
what is certain goes on: frames of functions that are found by name, each waiting in a
call, in the middle of loops, ``with`` and ``try`` blocks and of expressions.
Generators, closures, handlers and comprehensions that wait are refused.
"""

from __future__ import annotations

from contextvars import Context
from typing import TYPE_CHECKING, Any, NoReturn

from greenflow import parted
from greenflow.continuation import codec, frames, generators, places, spares, tags
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
from greenflow.continuation.upgrading.loading import Fate, Upgraded
from greenflow.continuation.upgrading.moving import Move, Target, sources_of
from greenflow.continuation.upgrading.renames import renamed
from greenflow.continuation.upgrading.trees import Text, Unmatched, parsed
from greenflow.errors import GreenflowError, WrongInterpreter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import CodeType, FunctionType

    from greenflow.continuation.head import FunctionHead, Head, PlaceHead
    from greenflow.parted import AnyState

    #: Returns what of another Python's code can be read without making it.
    OldCode = Callable[[bytes], Any]

__all__ = ["load"]

_NOT_KNOWN = "the source text or the code of the flow is not kept with it"


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
    with _Crossing(stream), generators.watching(_NoGenerators(head)):
        if head.kind != "stack":
            return Upgraded(Continuation.decoded(head, head_bytes, body), [])
        return _Stack(head, old_code, old_texts, texts).load(body)


class _Crossing(spares.Reading):
    """While it is entered, functions are those that there are, whatever their code."""

    def function(
        self, expected: bytes, live: FunctionType, place: tuple[str, str]
    ) -> FunctionType | None:
        return live

    def nested(
        self, expected: bytes, live: CodeType | None, place: places.Nested
    ) -> CodeType | None:
        return None

    def check_suspended(self, functions: Iterable[FunctionType]) -> None:
        raise WrongInterpreter("a continuation among its values waits in the middle")


class _NoGenerators:
    """Refuses them: where they wait is told by nothing but their bytecode."""

    def __init__(self, head: Head) -> None:
        self._head = head

    def function_of(self, function: FunctionType) -> FunctionType:
        name = function.__qualname__
        _refuse(self._head, f"the generator or coroutine {name}() waits in the middle")

    def made(self, shell: Any) -> None:
        """Nothing is made."""

    def filled(
        self, shell: Any, shape: bytes, values: tuple[Any, ...]
    ) -> tuple[bytes, tuple[Any, ...]]:
        return shape, values


def _refuse(head: Head, reason: str) -> NoReturn:
    raise WrongInterpreter(
        f"the continuation was saved by {head.python}; this is {PYTHON}, in which it "
        f"cannot go on: {reason}",
        hint="go on under the Python that saved it (major and minor version count)",
    )


class _Old:
    """A function of the other Python, as far as its record needs it."""

    def __init__(self, code: Any) -> None:
        self.__code__ = code


class _Stack:
    def __init__(
        self, head: Head, old_code: OldCode, old_texts: Any, texts: Any
    ) -> None:
        self._head, self._old_code = head, old_code
        self._old_texts, self._texts = old_texts, texts
        self._handled = _Handled()

    def load(self, body: Body) -> Upgraded:
        head = self._head
        codes = [self._code(function) for function in head.functions]
        try:
            (value, by_value, values, context), waiting = codec.load_values(body, 4)
        except WrongInterpreter as error:
            _refuse(head, error.message)
        if by_value:
            _refuse(head, "a function on its stack is not found by its name")
        named: Any = tuple(map(_Old, codes))
        parts = take_apart(named, head.shape, values)
        if parts.held is not NOTHING:
            _refuse(head, "it waits through C code")
        fates = []
        for number, (record, place) in enumerate(
            zip(parts.records, head.places, strict=True)
        ):
            function = head.functions[place.function]
            parts.records[number], fate = self._moved(record, place, function)
            fates.append(fate)
        if not self._handled.ends_with(parts.exc):
            _refuse(head, "it is not certain what it handles")
        try:
            records = frames.records(*put_together(parts))
        except (TypeError, ValueError) as error:
            _refuse(head, f"its stack does not fit: {error}")
        context = context if type(context) is Context else Context()
        made = Continuation("suspended", value, None, records, context, waiting)
        return Upgraded(made, fates)

    def _code(self, function: FunctionHead) -> Any:
        if function.module == tags.MODULE:
            _refuse(self._head, "it waits through C code")
        code = self._old_code(function.code_hash) if function.code_hash else None
        if code is None:
            _refuse(self._head, f"{function.qualname}(): {_NOT_KNOWN}")
        return code

    def _moved(
        self, record: Record, place: PlaceHead, function: FunctionHead
    ) -> tuple[Record, Fate]:
        name = f"{function.module}:{function.qualname}"
        try:
            live = places.function_or_hidden(
                function.module, function.qualname, function.code_hash
            )
            made, unit = self._move(record, place, function, live)
        except (Unmatched, GreenflowError) as reason:
            text = reason.message if isinstance(reason, GreenflowError) else reason
            _refuse(self._head, f"{name}() line {place.line}: {text}")
        new_line = list(live.__code__.co_positions())[unit][0]
        old: Any = record.code
        return made, Fate(name, place.line, new_line, "", old, live.__code__)

    def _move(
        self,
        record: Record,
        place: PlaceHead,
        function: FunctionHead,
        live: FunctionType,
    ) -> tuple[Record, int]:
        before: Any = record.code
        old = parsed(before, self._old_texts(function.code_hash))
        new = parsed(live.__code__, self._texts(live.__code__))
        names = renamed(old, new)
        unit, stack, handled = carried(record, old, new, self._head.python)
        self._handled.add(handled)
        target = Target(live.__code__, live)
        move = Move(target, unit, sources_of(record, target, names))
        made = move.record(record)
        made.stack = stack
        _check_values(made, unit)
        return made, unit


class _Handled:
    """Follows what is handled from frame to frame: each handler keeps what was before.

    So what was taken for it on the stacks is seen to be that, and nothing else.
    """

    def __init__(self) -> None:
        self._now: Any = None

    def add(self, handled: list[tuple[Any, Any]]) -> None:
        """Go on with the handlers of a frame, the outermost first."""
        for before, now in handled:
            if self._now is not NOTHING and before is not self._now:
                raise Unmatched("it is not certain what it handles")
            if self._now is NOTHING and not isinstance(before, BaseException):
                raise Unmatched("it is not certain what it handles")
            self._now = now

    def ends_with(self, exc: Any) -> bool:
        """Whether that is handled in the innermost frame."""
        exc = None if exc is NOTHING else exc
        if self._now is NOTHING:
            return isinstance(exc, BaseException)
        return exc is self._now


def _check_values(made: Record, unit: int) -> None:
    """Raise Unmatched unless all that the code may read has its value."""
    from greenflow.continuation.upgrading.live import live_behind
    from greenflow.continuation.upgrading.moving import is_unset

    names = variable_names(made.code)
    for number in sorted(live_behind(made.code, unit)):
        if is_unset(made.variables[number]):
            raise Unmatched(f"{names[number]!r} has no value there")
