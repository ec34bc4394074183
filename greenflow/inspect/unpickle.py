"""Reads what a pickle says, and does nothing of it.

Nothing is imported, called, or made of another class than :class:`Node` and Python's
own numbers, text and bytes. Every length is checked against what is left, the number
of opcodes is limited, and nothing here calls itself: hostile bytes end in BadContents
or TooLarge, or in a harmless picture of what they would have done.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Final, NamedTuple

from greenflow import limits
from greenflow.errors import BadContents, TooLarge
from greenflow.inspect.inner import Inner
from greenflow.inspect.machine import Machine
from greenflow.inspect.nodes import ABSENT, Item, Kind, Node, members
from greenflow.inspect.opcodes import SIMPLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from greenflow.inspect.machine import Told
    from greenflow.parted import Buffer

_PROTOCOL_MAX: Final = 5
_STOP: Final = ord(".")


class Unpickled(NamedTuple):
    """What a pickle says.

    Attributes:
        root: the object that it is of.
        calls: names of what would be called to load it, in order, each once.
        end: where it ends, in bytes.
    """

    root: Item
    calls: tuple[str, ...]
    end: int


def unpickle(
    data: bytes,
    opcodes_max: int = limits.INSPECTED_OPCODES_MAX,
    buffers: Iterable[Buffer] = (),
    told: Told | None = None,
) -> Unpickled:
    """Return what the pickle at the beginning of ``data`` says, ``buffers`` beside it.

    Raises:
        BadContents: it is no pickle, or is damaged.
        TooLarge: it has more opcodes than ``opcodes_max``, or there is not the memory.
    """
    machine = Machine(data, told or Inner(unpickle).told, buffers)
    collecting = gc.isenabled()
    # Nothing of what is made here is garbage, and looking for some would take most of
    # the time.
    gc.disable()
    try:
        _run(machine, opcodes_max)
        root = machine.pop()
    except (IndexError, KeyError, ValueError, OverflowError) as error:
        if isinstance(error, BadContents | TooLarge):
            raise
        raise BadContents(
            f"a value is damaged at byte {machine.pos}: {type(error).__name__}: {error}"
        ) from error
    except MemoryError:
        machine.stack.clear()
        raise TooLarge("a value that needs more memory than there is") from None
    finally:
        if collecting:
            gc.enable()
    return Unpickled(root, tuple(machine.calls), machine.pos)


def _run(machine: Machine, opcodes_max: int) -> None:
    """Read up to STOP."""
    data, end = machine.data, machine.end
    for _ in range(opcodes_max):
        pos = machine.pos
        if pos >= end:
            raise BadContents("a value is damaged: it has no end")
        code = data[pos]
        machine.pos = pos + 1
        if code in SIMPLE:
            machine.stack.append(SIMPLE[code](machine))
        elif code in _OTHERS:
            _OTHERS[code](machine)
        elif code == _STOP:
            return
        else:
            raise BadContents(
                f"a value is damaged: byte {pos} is {code:#x}, which is no opcode"
            )
    raise TooLarge(
        f"a value of more than {opcodes_max:,} opcodes is not looked into",
        hint="load it: flow.inspect(load=True), which runs code of its classes",
    )


# --- the stack ---


def _mark(machine: Machine) -> None:
    machine.marks.append(machine.stack)
    machine.stack = []


def _pop(machine: Machine) -> None:
    if not machine.stack:
        machine.to_mark()
        return
    dropped = machine.pop()
    # What sets an object's state from outside is called for that alone.
    if isinstance(dropped, Node) and dropped.kind == "object":
        given = members(dropped.args)
        if len(given) == 2 and isinstance(given[0], Node):
            target, state = given
            if target.state is ABSENT:
                target.set_state(state, dropped.make)


def _pop_mark(machine: Machine) -> None:
    machine.to_mark()


def _duplicate(machine: Machine) -> None:
    machine.stack.append(machine.stack[-1])


def _put(number: Callable[[Machine], int]) -> Callable[[Machine], None]:
    def put(machine: Machine) -> None:
        machine.memo[number(machine)] = machine.stack[-1]

    return put


def _get(number: Callable[[Machine], int]) -> Callable[[Machine], None]:
    def get(machine: Machine) -> None:
        machine.stack.append(machine.memo[number(machine)])

    return get


# --- containers ---


def _marked(kind: Kind) -> Callable[[Machine], None]:
    return lambda machine: machine.container(kind, machine.to_mark())


def _tuple(count: int) -> Callable[[Machine], None]:
    def make(machine: Machine) -> None:
        items = machine.stack[-count:]
        if len(items) < count:
            raise BadContents("a value is damaged: its stack is empty")
        del machine.stack[-count:]
        machine.container("tuple", items)

    return make


def _dict(machine: Machine) -> None:
    items = machine.to_mark()
    machine.stack.append(Node("dict"))
    _add_pairs(machine, items)


def _add_pairs(machine: Machine, items: list[Item]) -> None:
    target = machine.target()
    target.add_pairs(zip(items[::2], items[1::2], strict=True))


def _append(machine: Machine) -> None:
    item = machine.pop()
    machine.target().items.append(item)


def _appends(machine: Machine) -> None:
    items = machine.to_mark()
    machine.target().items.extend(items)


def _set_item(machine: Machine) -> None:
    items = machine.stack[-2:]
    del machine.stack[-2:]
    _add_pairs(machine, items)


def _set_items(machine: Machine) -> None:
    _add_pairs(machine, machine.to_mark())


# --- what would be imported and called ---


def _global(machine: Machine) -> None:
    module, name = machine.name(), machine.name()
    machine.stack.append(Node("global", f"{module}:{name}"))


def _stack_global(machine: Machine) -> None:
    name, module = machine.pop(), machine.pop()
    if type(name) is not str or type(module) is not str:
        raise BadContents("a value is damaged: a name that is no text")
    machine.stack.append(Node("global", f"{module}:{name}"))


def _reduce(machine: Machine) -> None:
    args, make = machine.pop(), machine.pop()
    machine.made(make, args)


def _new_with_keywords(machine: Machine) -> None:
    keywords, args, make = machine.pop(), machine.pop(), machine.pop()
    machine.made(make, args, keywords)


def _old_instance(machine: Machine) -> None:
    module, name = machine.name(), machine.name()
    _called(machine, Node("global", f"{module}:{name}"), machine.to_mark())


def _old_object(machine: Machine) -> None:
    items = machine.to_mark()
    _called(machine, items[0], items[1:])


def _called(machine: Machine, make: Item, items: list[Item]) -> None:
    machine.made(make, Node("tuple", items=items))


def _build(machine: Machine) -> None:
    state = machine.pop()
    target = machine.target()
    # A second one may add to the first: both are shown.
    if target.state is not ABSENT:
        state = Node("tuple", items=[target.state, state])
    target.set_state(state)


def _protocol(machine: Machine) -> None:
    number = machine.number(1)
    if number > _PROTOCOL_MAX:
        raise BadContents(f"a value is damaged: pickle protocol {number}")


def _frame(machine: Machine) -> None:
    length = machine.number(8)
    if length > machine.end - machine.pos:
        raise BadContents(f"a value is damaged: a frame of {length} bytes")


_OTHERS: Final[dict[int, Callable[[Machine], None]]] = {
    0x97: lambda machine: machine.stack.append(machine.next_buffer()),
    0x94: lambda machine: machine.memo.__setitem__(
        len(machine.memo), machine.stack[-1]
    ),
    ord("h"): _get(lambda machine: machine.number(1)),
    ord("j"): _get(lambda machine: machine.number(4)),
    ord("g"): _get(lambda machine: int(machine.line())),
    ord("q"): _put(lambda machine: machine.number(1)),
    ord("r"): _put(lambda machine: machine.number(4)),
    ord("p"): _put(lambda machine: int(machine.line())),
    ord("("): _mark,
    ord("0"): _pop,
    ord("1"): _pop_mark,
    ord("2"): _duplicate,
    ord("a"): _append,
    ord("e"): _appends,
    0x90: _appends,
    ord("s"): _set_item,
    ord("u"): _set_items,
    ord("d"): _dict,
    ord("l"): _marked("list"),
    ord("t"): _marked("tuple"),
    0x91: _marked("frozenset"),
    0x85: _tuple(1),
    0x86: _tuple(2),
    0x87: _tuple(3),
    ord("c"): _global,
    0x93: _stack_global,
    ord("i"): _old_instance,
    ord("o"): _old_object,
    ord("R"): _reduce,
    0x81: _reduce,
    0x92: _new_with_keywords,
    ord("b"): _build,
    ord("P"): lambda machine: machine.persistent(machine.name()),
    ord("Q"): lambda machine: machine.persistent(machine.pop()),
    0x80: _protocol,
    0x95: _frame,
    0x98: lambda machine: None,
}
