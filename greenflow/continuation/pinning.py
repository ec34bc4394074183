"""Flows that go on in the code they were suspended in, whatever their modules have now.

That code lies with the flow (:mod:`.spares`). Frames and generators that wait run it to
their end, and are saved by the names and hashes that they had. Functions that nothing
is suspended in are those that the modules have now: new calls get the new code.
"""

from __future__ import annotations

from importlib import import_module
from types import FunctionType
from typing import TYPE_CHECKING, Any

from greenflow.continuation import codec, functions, places, spares
from greenflow.continuation.code import code_hash
from greenflow.continuation.continuation import Continuation
from greenflow.continuation.functions import Reference
from greenflow.errors import CodeChanged

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType

    from greenflow.continuation.places import Nested
    from greenflow.parted import AnyState

#: By hash and function: one copy for all flows that wait in the same old code.
_Copies = dict[tuple[bytes, str, str], FunctionType]


def load(data: AnyState) -> Continuation:
    """Return what ``Continuation.dumps()`` saved, in the code that it was saved in.

    Raises as ``Continuation.loads()``; CodeChanged only if that code is not kept.
    """
    head, head_bytes, body = codec.open_saved(data)
    with Pinning(body.data):
        return Continuation.decoded(head, head_bytes, body)


class Pinning(spares.Reading):
    """While it is entered, what was suspended is in the code that it was suspended in.

    Attributes:
        kept: (module:path, old hash) of functions whose code is another one now.
    """

    def __init__(self, body: bytes) -> None:
        """Let code be taken from ``body``, of a saved continuation."""
        super().__init__(body)
        self.kept: dict[str, bytes] = {}
        self._copies: _Copies = {}

    def function(
        self, expected: bytes, live: FunctionType, place: tuple[str, str]
    ) -> FunctionType | None:
        """Return ``live`` in the code it had; itself if nothing is suspended in it."""
        code = self.code(expected)
        if code is None:
            return self.in_new_code(live)
        if _is_other(live, code, import_module(place[0]).__dict__):
            return self.missing(expected, *place)
        return self._copy(expected, code, live, _closure(live, code, place), place)

    def missing(self, expected: bytes, module: str, path: str) -> FunctionType | None:
        """Return a function that its module has not any more, in the code it had."""
        code = self.code(expected)
        if code is None or code.co_freevars:
            return None
        globals_ = import_module(module).__dict__
        stand_in = FunctionType(code, globals_, code.co_name)
        stand_in.__qualname__, stand_in.__module__ = code.co_qualname, module
        return self._copy(expected, code, stand_in, (), (module, path))

    def nested(
        self, expected: bytes, live: CodeType | None, place: Nested
    ) -> CodeType | None:
        """Return the code of a nested function as it was."""
        code = self.code(expected)
        if code is not None:
            self.kept[f"{place.module}:{code.co_qualname}"] = expected
            places.pin(code, place)
        return code

    def renew(self, stay: Iterable[bytes]) -> None:
        """Give new code to functions that are values, and that no frame waits in now.

        ``stay`` are the hashes of code that frames still wait in.
        """
        waited_in = set(stay)
        for (expected, module, path), made in self._copies.items():
            live = places.live_at(module, path, made.__code__.co_qualname)
            if expected in waited_in or live is None:
                continue
            if live.__code__.co_freevars == made.__code__.co_freevars:
                made.__code__ = live.__code__
                functions.pin(made, Reference(module, path, code_hash(live.__code__)))

    def _copy(
        self,
        expected: bytes,
        code: CodeType,
        live: FunctionType,
        closure: tuple[Any, ...],
        place: tuple[str, str],
    ) -> FunctionType:
        key = (expected, *place)
        if key not in self._copies:
            made = self._copies[key] = spares.with_code(live, code, closure)
            functions.pin(made, Reference(*place, expected))
            self.kept[":".join(place)] = expected
        return self._copies[key]


def _is_other(live: FunctionType, code: CodeType, namespace: dict[str, Any]) -> bool:
    """Whether it is a decorator's function of another module, and has other globals."""
    is_same = live.__code__.co_qualname == code.co_qualname
    return not is_same and live.__globals__ is not namespace


def _closure(
    live: FunctionType, code: CodeType, place: tuple[str, str]
) -> tuple[Any, ...]:
    """Return the cells that the old code of a function needs.

    Raises:
        CodeChanged: one of them is not there any more.
    """
    names = live.__code__.co_freevars
    cells = dict(zip(names, live.__closure__ or (), strict=True))
    gone = [name for name in code.co_freevars if name not in cells]
    if gone:
        raise CodeChanged(
            f"{':'.join(place)}() is not the closure any more that the flow was "
            f"suspended in: {gone[0]!r} of its decorator is not there",
            hint="put the decorator back until such flows have ended, or start them "
            "again",
        )
    return tuple(cells[name] for name in code.co_freevars)
