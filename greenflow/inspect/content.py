"""What frames share: the bytes taken apart, code objects, where texts come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenflow.errors import BadContents
from greenflow.inspect.nodes import members
from greenflow.inspect.saved import Saved
from greenflow.inspect.shape import FrameState, StackState, read_shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenflow.continuation.head import Head
    from greenflow.inspect.codes import Code, Codes
    from greenflow.inspect.sources import Texts
    from greenflow.parted import AnyState
    from greenflow.store.model import Source

    #: Gives the real objects of a frame (its number): by name, operands by number.
    FrameLoader = Callable[[int], dict[str | int, Any]]


class Content:
    """A stack's bytes, taken apart. It knows no frames, so that no cycle arises."""

    def __init__(
        self,
        data: AnyState,
        *,
        texts: Texts | None = None,
        codes: Codes | None = None,
        load: FrameLoader | None = None,
        reveal: bool = False,
    ) -> None:
        """Take the bytes apart. Raises BadRecord."""
        self.saved = Saved(data, codes)
        self.reveal = reveal
        self._texts, self._load = texts, load
        self._state: StackState | None = None
        self._codes = list(self._found_codes())

    @property
    def head(self) -> Head:
        """What the bytes say of themselves."""
        return self.saved.head

    @property
    def keys(self) -> set[bytes]:
        """What the texts of all code that it refers to may be stored under."""
        kept = (self.saved.keys(code_hash) for code_hash in self.saved.hashes)
        waiting = (found for found, _ in self._codes)
        return {key for found in (*kept, *waiting) for key in found}

    def source_keys(self, function: int) -> tuple[bytes, ...]:
        """Return what the text of a function's code, by its number, may be under."""
        return self._codes[function][0]

    def stored_source(self, keys: tuple[bytes, ...]) -> Source | None:
        """Return the stored text that is under one of these, if there is one."""
        if self._texts is None:
            return None
        found = filter(None, map(self._texts, keys))
        return next((each for each in found if each.text), None)

    def loader_of(self, number: int, key: str | int) -> Callable[[], Any] | None:
        """Return what loads a variable of a frame, or an operand; None if nothing."""
        load = self._load
        return None if load is None else lambda: load(number)[key]

    def frame_state(self, number: int) -> tuple[FrameState, Code]:
        """Return values and code of a frame. Raises BadRecord."""
        frame = self.state().frames[-1 - number]
        code = self._codes[frame.function][1]
        assert code is not None
        return frame, code

    def state(self) -> StackState:
        """Return the values of all frames. Raises BadRecord."""
        if self._state is None:
            self.saved.check()
            whole = members(self.saved.root)
            if len(whole) != 4:
                raise BadContents("a saved continuation is damaged: it holds no stack")
            self._state = read_shape(
                self.head.shape, members(whole[2]), self._variables_count
            )
            if len(self._state.frames) != len(self.head.places):
                raise BadContents("a saved continuation is damaged: frames are missing")
        return self._state

    def _variables_count(self, function: int) -> int:
        if function >= len(self._codes):
            raise BadContents("a saved stack is damaged: a function is missing")
        code = self._codes[function][1]
        if code is None:
            name = self.head.functions[function].qualname
            raise BadContents(
                f"the names of the variables of {name}() are not here: its code is "
                "not kept with the flow, or is damaged"
            )
        return len(code.names)

    def _found_codes(self) -> Iterator[tuple[tuple[bytes, ...], Code | None]]:
        whole = members(self.saved.root)
        by_value = iter(members(whole[1]) if len(whole) == 4 else ())
        for function in self.head.functions:
            if function.code_hash:
                known = function.code_hash
                yield self.saved.keys(known), self.saved.code(known)
            else:
                yield self.saved.code_of(next(by_value, None))
