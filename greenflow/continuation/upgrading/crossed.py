"""Functions and generators of another minor version, as this one has them.

While a :class:`Crossing` is entered, what is loaded gets the code that is here, and it
is known of each which code it had. Functions of a module are found by name. The code of
a nested function is the one that has its source, in the function that it is in; else,
if its source was edited, the only one of its name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from greenflow.continuation import places, spares
from greenflow.continuation.code import code_hash, digest, within
from greenflow.continuation.upgrading.slots import HERE
from greenflow.continuation.upgrading.trees import Text, Tree, Unmatched, dump, parsed
from greenflow.errors import WrongInterpreter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import CodeType, FunctionType

    #: Returns what of another Python's code can be read without making it.
    OldCode = Callable[[bytes], Any]

_COMPREHENSION: Final = re.compile(r"<(list|set|dict)comp>\.(<locals>\.)?")
_INLINED: Final = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>"})
_INLINED_FROM: Final = 312
_NOT_KNOWN: Final = "the source text or the code of the flow is not kept with it"


class Crossing(spares.Reading):
    """While it is entered, functions are those that there are, whatever their code."""

    def __init__(
        self,
        body: bytes,
        old_code: OldCode,
        old_texts: Callable[[bytes], list[Text]],
        texts: Callable[[CodeType], list[Text]],
    ) -> None:
        """Let functions be found; see :func:`.crossing.load` for the arguments."""
        super().__init__(body)
        self._old_code, self._old_texts, self._texts = old_code, old_texts, texts
        self._hashes: dict[int, tuple[CodeType, bytes]] = {}
        self._old: list[bytes] = []

    # --- what spares asks ---

    def code(self, expected: bytes) -> Any:
        """Return the old code of a hash, which is only read; None if it is not kept."""
        return self._old_code(expected) if expected else None

    def function(
        self, expected: bytes, live: FunctionType, place: tuple[str, str]
    ) -> FunctionType | None:
        """Return ``live``, whose code is another."""
        self._remember(live.__code__, expected)
        return live

    def nested(
        self, expected: bytes, live: CodeType | None, place: places.Nested
    ) -> CodeType | None:
        """Return the code that a nested function has now."""
        old = self.code(expected)
        top = place.path if old is None else old.co_qualname.partition(".<locals>")[0]
        outer = places.live_at(place.module, place.path, top)
        if outer is None:
            return None
        try:
            found = self._nested(expected, outer.__code__)
        except Unmatched as unmatched:
            raise WrongInterpreter(
                f"a function inside {place.module}:{place.path}(): {unmatched}"
            ) from None
        self._remember(found, expected)
        return found

    def check_suspended(self, functions: Iterable[FunctionType]) -> None:
        """Refuse continuations among the values."""
        raise WrongInterpreter("a continuation among its values waits in the middle")

    # --- what crossing asks ---

    def hash_of(self, function: FunctionType) -> bytes:
        """Return the hash of the code that a function had."""
        known = self._hashes.get(id(function.__code__))
        return code_hash(function.__code__) if known is None else known[1]

    def old_code(self, expected: bytes) -> Any:
        """Return the old code of a hash.

        Raises:
            Unmatched: it is not kept.
        """
        found = self.code(expected)
        if found is None:
            raise Unmatched(_NOT_KNOWN)
        return found

    def tree(self, expected: bytes) -> Tree:
        """Return the tree of the old code of a hash. Raises Unmatched."""
        code = self.old_code(expected)
        if expected not in self._old:
            self._old.append(expected)
        # A lambda is a part of a line: it is read in what it is in, too.
        around = [each for each in self._old if _has(self.old_code(each), expected)]
        texts = [self._old_texts(each) for each in (expected, *around)]
        return parsed(code, [text for found in texts for text in found])

    def new_tree(self, code: CodeType) -> Tree:
        """Return the tree of code that is here. Raises Unmatched."""
        return parsed(code, self._texts(code))

    def heard_of(self, expected: bytes) -> None:
        """Take note of old code in whose text other functions may be."""
        self._old.append(expected)

    # ---

    def _remember(self, code: CodeType, expected: bytes) -> None:
        known = self._hashes.setdefault(id(code), (code, expected))
        if known[1] != expected:
            raise WrongInterpreter(
                f"two functions {code.co_qualname}() have become the same one"
            )

    def _nested(self, expected: bytes, outer: CodeType) -> CodeType:
        old = self.old_code(expected)
        if old.co_name in _INLINED and HERE >= _INLINED_FROM:
            raise Unmatched(
                "it waits in a comprehension, which is part of its function from "
                "3.12 on"
            )
        named = [each for each in within(outer) if _inner(each) == _inner(old)]
        found = [each for each in named if self._has_source_of(expected, each)] or named
        first = found[0] if found else None
        if first is None or any(_place(each) != _place(first) for each in found):
            raise Unmatched(f"it is not certain which one {old.co_qualname}() is")
        if found is named and old.co_name.startswith("<"):
            raise Unmatched("its source was edited, and it has no name")
        if first.co_freevars != old.co_freevars:
            raise Unmatched(f"{old.co_qualname}() takes other variables now")
        return first

    def _has_source_of(self, expected: bytes, code: CodeType) -> bool:
        try:
            return dump(self.new_tree(code).root) == dump(self.tree(expected).root)
        except Unmatched:
            return False


def _inner(code: Any) -> str:
    """Return the name of a nested function in the function that it is in."""
    name: str = code.co_qualname
    # Up to 3.11 comprehensions are functions of their own.
    return _COMPREHENSION.sub("", name.partition(".<locals>.")[2])


def _place(code: CodeType) -> Any:
    """Return what is the same of code that was compiled more than once."""
    return code.co_firstlineno, code_hash(code), [*code.co_positions()]


def _has(outer: Any, wanted: bytes) -> bool:
    # Whether a text is a docstring only its own Python can tell.
    return any(
        wanted in (digest(each), digest(each, docs=True)) or _has(each, wanted)
        for each in outer.co_consts
        if hasattr(each, "co_code")
    )
