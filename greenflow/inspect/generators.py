"""The frames of generators that wait in the middle, as values of a stored stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from greenflow.errors import BadContents, TooLarge
from greenflow.inspect.known import contents, function_name
from greenflow.inspect.nodes import ABSENT, Item, Node, made_by, members
from greenflow.inspect.shape import FrameState, read_shape

if TYPE_CHECKING:
    from greenflow.inspect.codes import Code
    from greenflow.inspect.lines import Position
    from greenflow.inspect.saved import Saved

_TAGS = frozenset({"_gf1:generator", "_gf1:async_generator"})


class Inner(NamedTuple):
    """The frame of a generator.

    ``variables`` are in the order of the code; ABSENT is one that is not set.
    """

    qualname: str
    source_keys: tuple[bytes, ...]
    code: Code
    position: Position
    variables: list[tuple[str, Item]]
    operands: list[Item]


def inner_frame(item: Item, saved: Saved) -> Inner | None:
    """Return the frame of a generator; None if it is none, or has none that waits."""
    if not isinstance(item, Node) or made_by(item) not in _TAGS:
        return None
    state = members(item.state)
    values = members(state[1]) if len(state) == 2 else []
    if not values or type(state[0]) is not bytes or not state[0]:
        return None
    source_keys, code = saved.code_of(values[0])
    if code is None:
        return None
    try:
        shape = read_shape(state[0], values[1:], lambda _: len(code.names))
        (frame,) = shape.frames
        position = code.position(frame.unit)
    except (BadContents, TooLarge, ValueError):
        return None
    return Inner(
        function_name(values[0]),
        source_keys,
        code,
        position,
        variables_of(frame, code),
        operands_of(frame, code),
    )


def variables_of(frame: FrameState, code: Code) -> list[tuple[str, Item]]:
    """Return the names and values of a frame's variables, cells opened."""
    found: dict[str, Item] = {}
    for slot, name in enumerate(code.names):
        item = frame.slots[slot]
        if code.holds_cell(slot):
            item = contents(item)
        # Up to 3.12 a comprehension's variable may have the name of one outside.
        if item is not ABSENT or name not in found:
            found[name] = item
    return list(found.items())


def operands_of(frame: FrameState, code: Code) -> list[Item]:
    """Return what the pending expression, and the blocks around it, still need."""
    return [item for item in frame.slots[len(code.names) :] if item is not ABSENT]
