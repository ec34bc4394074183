"""What a pickle works on: a stack, the marks in it and a memo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenflow.errors import BadContents
from greenflow.inspect.nodes import Large, Node, name_of
from greenflow.inspect.opcodes import Bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    from greenflow.inspect.nodes import Item, Kind
    from greenflow.parted import Buffer

    #: Returns what a persistent id stands for.
    Told: TypeAlias = "Callable[[Machine, Item], Item]"


class Machine(Bytes):
    """The stack, the marks in it and the memo, as the unpickler's own."""

    __slots__ = ("buffers", "calls", "marks", "memo", "stack", "told")

    def __init__(self, data: bytes, told: Told, buffers: Iterable[Buffer] = ()) -> None:
        super().__init__(data)
        self.told = told
        self.buffers = iter(buffers)
        self.stack: list[Item] = []
        self.marks: list[list[Item]] = []
        self.memo: dict[int, Item] = {}
        #: A dictionary for its order.
        self.calls: dict[str, None] = {}

    def pop(self) -> Item:
        """Take the topmost object."""
        return self.stack.pop()

    def persistent(self, number: Item) -> None:
        """Put on the stack what a persistent id stands for."""
        self.stack.append(self.told(self, number))

    def next_buffer(self) -> Item:
        """Return the next of the large values that lie beside."""
        buffer = next(self.buffers, None)
        if buffer is None:
            return Node("buffer")
        if len(buffer.data) != buffer.size:
            return Large(buffer)
        return bytearray(buffer.data) if buffer.mutable else bytes(buffer.data)

    def to_mark(self) -> list[Item]:
        """Take everything down to the mark."""
        items = self.stack
        self.stack = self.marks.pop()
        return items

    def container(self, kind: Kind, items: list[Item]) -> None:
        """Put one that holds these on the stack."""
        self.stack.append(Node(kind, "", items))

    def made(self, make: Item, args: Item, keywords: Item = None) -> None:
        """Put on the stack what a call would make."""
        node = Node("object")
        node.made(make, args, keywords)
        name = name_of(make) or repr(make)
        if name not in self.calls:
            self.calls[name] = None
        self.stack.append(node)

    def target(self) -> Node:
        """Return the topmost object, to which something is added."""
        top = self.stack[-1]
        if not isinstance(top, Node):
            raise BadContents(
                f"a value is damaged: byte {self.pos - 1} adds to a "
                f"{type(top).__name__}"
            )
        return top
