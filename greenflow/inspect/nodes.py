"""What a pickle says, as inert objects: nothing of them is of a class of the user's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from blake3 import blake3

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from greenflow.parted import Buffer

Kind = Literal[
    "list",
    "tuple",
    "set",
    "frozenset",
    "dict",
    "global",  #: a name that loading would import
    "object",  #: what loading would make by a call
    "extension",  #: a number that stands for a name (copyreg)
    "persistent",  #: what only the loading program could give a meaning
    "buffer",  #: data that lies outside of the pickle; Large, if it is known
]

#: None, bool, int, float, str, bytes and bytearray stand for themselves.
Item: TypeAlias = Any


class _Made:
    __slots__ = ("args", "keywords", "make", "setter", "state")

    def __init__(self, make: Item, args: Item, keywords: Item) -> None:
        self.make, self.args, self.keywords = make, args, keywords
        self.state: Item = ABSENT
        self.setter: Item = None


class Node:
    """One object of a pickle. Shared objects and cycles are the same Node again.

    Attributes:
        kind: what it is.
        name: ``module:qualname`` of a global; of an extension its number.
        items: what a container holds; of an object, what would be appended to it.
        pairs: the keys and values of a dictionary, in the order of the pickle.
    """

    # What most have stands in the node itself: there may be a million of them.
    __slots__ = ("_made", "items", "kind", "name", "pairs")

    def __init__(
        self, kind: Kind, name: str = "", items: list[Item] | None = None
    ) -> None:
        self.kind: Kind = kind
        self.name = name
        self.items: list[Item] = [] if items is None else items
        self.pairs: list[tuple[Item, Item]] | tuple[()] = ()
        self._made: _Made | None = None

    @property
    def make(self) -> Item:
        """What would be called to make this object."""
        return self._made and self._made.make

    @property
    def args(self) -> Item:
        """What that would be given."""
        return self._made and self._made.args

    @property
    def keywords(self) -> Item:
        """What it would be given by name."""
        return self._made and self._made.keywords

    @property
    def state(self) -> Item:
        """What would be set on it afterwards, or ABSENT."""
        return ABSENT if self._made is None else self._made.state

    @property
    def setter(self) -> Item:
        """What would set the state, if the object does not do it itself."""
        return self._made and self._made.setter

    def made(self, make: Item, args: Item, keywords: Item) -> None:
        """Tell what would make this object."""
        self._made = _Made(make, args, keywords)

    def set_state(self, state: Item, setter: Item = None) -> None:
        """Tell what would be set on it, and by what."""
        if self._made is None:
            self._made = _Made(None, None, None)
        self._made.state, self._made.setter = state, setter

    def add_pairs(self, pairs: Iterable[tuple[Item, Item]]) -> None:
        """Add entries of a dictionary."""
        if isinstance(self.pairs, tuple):
            self.pairs = []
        self.pairs.extend(pairs)

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}>" if self.name else f"<{self.kind}>"


class Large(Node):
    """A large value that lies beside the pickle, of which only the beginning was read.

    Two are equal if their digests are, which are the one item of each.
    """

    __slots__ = ("first", "size")

    def __init__(self, buffer: Buffer) -> None:
        kind = "bytearray" if buffer.mutable else "bytes"
        super().__init__("buffer", kind, [buffer.digests])
        self.first = bytes(buffer.data)
        self.size = buffer.size


class Unread(Node):
    """A large container that was not looked into. Two are equal if their bytes are."""

    __slots__ = ("size",)

    def __init__(self, kind: str, size: int, data: bytes) -> None:
        super().__init__("buffer", kind, [blake3(data).digest()])
        self.size = size


#: Stands for what is not there where None would be a value.
ABSENT: Final = type("Absent", (), {"__slots__": ()})()


def made_by(item: Item) -> str:
    """Return the name of what makes this object; "" if it is none, or has no name."""
    if isinstance(item, Node) and item.kind == "object":
        return name_of(item.make)
    return ""


def name_of(item: Item) -> str:
    """Return the name of a global; "" of anything else."""
    return item.name if isinstance(item, Node) and item.kind == "global" else ""


def members(item: Item, kind: Kind = "tuple") -> list[Item]:
    """Return what a tuple, or another container, holds; nothing of anything else."""
    return item.items if isinstance(item, Node) and item.kind == kind else []


def pairs(item: Item) -> Sequence[tuple[Item, Item]]:
    """Return what a dictionary holds; nothing of anything else."""
    return item.pairs if isinstance(item, Node) and item.kind == "dict" else []
