"""The code that a flow was suspended in, kept for another patch level of its Python.

Two patch levels of one minor version run the same bytecode, but may compile the same
source to other bytecode (3.13.0 and 3.13.18 differ in one function of nine). Frames and
generators that wait go on in the code they were suspended in: it stands, compressed,
behind the saved values, and is looked at only by another patch level than wrote it, or
where the code was edited. A store keeps it once for all of its flows: what stands
behind the values then only tells which it is.
"""

from __future__ import annotations

import threading
import weakref
import zlib
from collections.abc import Callable
from contextlib import contextmanager
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Self

import msgspec

from greenflow.continuation.code import (
    APART,
    ByCode,
    code_bytes,
    code_from_bytes,
    code_hash,
)
from greenflow.continuation.recompiled import stands_for
from greenflow.envelope import unsealed
from greenflow.errors import BadContents, CodeChanged, CodeMissing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from greenflow.continuation.places import Nested

#: Returns code by its identity, compressed; None if it has it not.
Library = Callable[[bytes], bytes | None]

_LENGTH_BYTES = 4
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(dict[bytes, bytes])
_compressed: ByCode[bytes] = ByCode()


def trailer(codes: Iterable[CodeType]) -> bytes:
    """Return what follows the values. The opposite of what ``with Reading()`` reads."""
    return packed({code_hash(code): _spare(code) for code in codes})


def packed(found: dict[bytes, bytes]) -> bytes:
    """Return a trailer of code by its hash. The opposite of :func:`kept`."""
    data = _ENCODER.encode(found)
    return data + len(data).to_bytes(_LENGTH_BYTES, "little")


def _spare(code: CodeType) -> bytes:
    known = _compressed.get(code)
    if known is None:
        known = zlib.compress(code_bytes(code))
        _compressed.put(code, known)
    return known


def kept(body: bytes) -> dict[bytes, bytes]:
    """Return the code that stands behind the values: compressed bytes by hash.

    Of code that does not stand there: APART and its identity.

    Raises:
        BadContents: it is damaged.
    """
    end = len(body) - _LENGTH_BYTES
    start = end - int.from_bytes(body[end:], "little")
    if end < 0 or start < 0:
        raise BadContents("a saved continuation is damaged: its code is cut")
    try:
        return _DECODER.decode(body[start:end])
    except msgspec.DecodeError as error:
        raise BadContents(f"a saved continuation is damaged: {error}") from error


def code_in(data: bytes) -> CodeType:
    """Return the code of one entry of what :func:`kept` returns.

    Raises:
        BadContents: it is damaged.
        CodeMissing: it does not stand there, and is not in the library in use.
        WrongInterpreter: another Python wrote it.
    """
    if data.startswith(APART):
        data = _from_library(data[len(APART) :])
    try:
        return code_from_bytes(zlib.decompress(data))
    except (zlib.error, ValueError, TypeError, EOFError) as error:
        raise BadContents(f"a saved code object is damaged: {error}") from error


def _from_library(identity: bytes) -> bytes:
    data = _current.library and _current.library(identity)
    if not data:
        raise CodeMissing(
            f"the code {identity.hex()} that a flow waits in is not here",
            hint="load the flow from the store that it was saved in; if that has lost "
            "it, take it from a copy of the store, or bring the code back",
        )
    return data


def places(data: bytes) -> tuple[bytes, bytes]:
    """Return what of a saved continuation tells where it waits: its head and its code.

    The same each time that a flow stops at the same place; nothing is checked.
    """
    head, body = unsealed(data)
    end = len(body) - _LENGTH_BYTES
    start = end - int.from_bytes(body[end:], "little")
    return bytes(head), bytes(body[max(start, 0) : end])


_outdated_functions: weakref.WeakSet[FunctionType] = weakref.WeakSet()
_outdated_codes: ByCode[bool] = ByCode()


class _Current(threading.local):
    reading: Reading | None = None
    library: Library | None = None


_current = _Current()


@contextmanager
def using(library: Library) -> Iterator[None]:
    """Let code that is not with the values be taken from here, in this thread."""
    before, _current.library = _current.library, library
    try:
        yield
    finally:
        _current.library = before


class Reading:
    """While it is entered, code that was compiled otherwise is taken from ``body``.

    Attributes:
        renewed: functions, by name, whose code is another one now and that nothing is
            suspended in: they have the new code.
    """

    def __init__(
        self, body: bytes, *, outdated: bool = False, compiled_here: bool = False
    ) -> None:
        """Let code be taken from ``body``.

        Args:
            body: of a saved continuation.
            outdated: also code that was edited since; it is not saved so again.
            compiled_here: by this very patch level, so that no other code is the same.
        """
        self._body, self._outdated = body, outdated
        self._compiled_here = compiled_here
        self.renewed: list[str] = []
        self._renewed: set[FunctionType] = set()
        self._spares: dict[bytes, bytes] | None = None
        #: One function for one name within a load.
        self._functions: dict[tuple[bytes, int], FunctionType] = {}

    def __enter__(self) -> Self:
        self._before, _current.reading = _current.reading, self
        return self

    def __exit__(self, *error: object) -> None:
        _current.reading = self._before

    def code(self, expected: bytes) -> CodeType | None:
        """Return the code of that hash, if it is among what was suspended."""
        if self._spares is None:
            self._spares = kept(self._body)
        data = self._spares.get(expected)
        return None if data is None else code_in(data)

    def function(
        self, expected: bytes, live: FunctionType, place: tuple[str, str]
    ) -> FunctionType | None:
        """Return ``live``, with the code it had, or None if it is another function.

        ``place`` is the module and the dotted path that it is found by.
        """
        code = self.code(expected)
        if code is None:
            return self.in_new_code(live)
        is_same = self._is_same(live.__code__, code, live.__module__)
        if not is_same and not self._outdated:
            return None
        key = expected, id(live)
        if key not in self._functions:
            self._functions[key] = made = with_code(live, code)
            if not is_same:
                _outdated_functions.add(made)
        return self._functions[key]

    def in_new_code(self, live: FunctionType) -> FunctionType:
        """Return a function whose old code is not kept: nothing is suspended in it."""
        self.renewed.append(f"{live.__module__}:{live.__qualname__}")
        self._renewed.add(live)
        return live

    def check_suspended(self, functions: Iterable[FunctionType]) -> None:
        """Raise CodeChanged if frames of one wait, and its code was not kept."""
        for each in functions:
            if each in self._renewed:
                raise CodeChanged(
                    f"{each.__module__}:{each.__qualname__}() is not the code any more "
                    "that a continuation among the values was suspended in",
                    hint="go on with that code, or start the flow again",
                )

    def missing(self, expected: bytes, module: str, path: str) -> FunctionType | None:
        """Return what may be used instead of a function that is gone: nothing."""

    def nested(
        self, expected: bytes, live: CodeType | None, place: Nested
    ) -> CodeType | None:
        """Return the code to be used instead of ``live``, or None if it is another."""
        module = place.module
        code = self.code(expected)
        if code is None:
            return None
        if live is not None and self._is_same(live, code, module):
            return code
        if self._outdated:
            _outdated_codes.put(code, True)
            return code
        return None

    def _is_same(self, live: CodeType, code: CodeType, module: str | None) -> bool:
        return not self._compiled_here and stands_for(live, code, module)


def function(
    expected: bytes, live: FunctionType, place: tuple[str, str]
) -> FunctionType | None:
    """Return what may be used instead of ``live``, whose code has another hash."""
    reading = _current.reading
    return None if reading is None else reading.function(expected, live, place)


def missing(expected: bytes, module: str, path: str) -> FunctionType | None:
    """Return what may be used instead of a function that is gone."""
    reading = _current.reading
    return None if reading is None else reading.missing(expected, module, path)


def nested(expected: bytes, live: CodeType | None, place: Nested) -> CodeType | None:
    """Return the code that may be used instead of ``live``, which has another hash."""
    reading = _current.reading
    return None if reading is None else reading.nested(expected, live, place)


def current() -> Reading | None:
    """Return what code is taken from in this thread now."""
    return _current.reading


def is_outdated(function: FunctionType) -> bool:
    """Whether it is in code that its module has not any more: see Reading."""
    outdated = _outdated_codes.get(function.__code__)
    return function in _outdated_functions or outdated is not None


def with_code(
    live: FunctionType, code: CodeType, closure: tuple[Any, ...] | None = None
) -> FunctionType:
    """Return a function that is ``live`` but for its code, and the cells it needs."""
    cells = live.__closure__ if closure is None else closure or None
    made = FunctionType(code, live.__globals__, live.__name__, live.__defaults__, cells)
    made.__kwdefaults__ = live.__kwdefaults__
    made.__qualname__ = live.__qualname__
    made.__module__ = live.__module__
    made.__doc__ = live.__doc__
    made.__dict__.update(live.__dict__)
    return made
