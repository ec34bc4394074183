"""How people would write a stored object, and what parts it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from greenflow import limits
from greenflow.inspect.nodes import (
    ABSENT,
    Item,
    Large,
    Node,
    Unread,
    members,
    name_of,
    pairs,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from greenflow.inspect.saved import Saved

_BRACKETS = {
    "list": ("[", "]"),
    "tuple": ("(", ")"),
    "set": ("{", "}"),
    "frozenset": ("frozenset({", "})"),
    "dict": ("{", "}"),
}
_EMPTY = {"set": ("set(", ")"), "frozenset": ("frozenset(", ")")}
_COPIED = {"copyreg:__newobj__", "copyreg:__newobj_ex__", "_gf1:empty_instance"}


class Part(NamedTuple):
    """Something that an object holds.

    Attributes:
        step: how one would write the way to it: ``.x``, ``[0]``, ``['key']``.
        item: it.
        label: what stands before it in the text: ``x=``.
        name: a name by which it may be a secret.
        key: of an entry of a dictionary, whose way is written with it; else ABSENT.
    """

    step: str
    item: Item
    label: str = ""
    name: str = ""
    key: Item = ABSENT


class Look(NamedTuple):
    """An object as text: ``begin``, the parts shown between commas, ``end``."""

    type: str
    begin: str
    end: str = ""
    shown: Iterable[Part] = ()
    children: Iterable[Part] = ()
    size: int | None = None
    comma: bool = False  #: also behind a single part


#: Looks of what is made by a call of this name; None leaves it to plain_object().
SPECIAL: dict[str, Callable[[Node, Saved | None], Look | None]] = {}


def look(item: Item, saved: Saved | None = None) -> Look:
    """Return how an object looks; ``saved`` knows the code of its functions."""
    if not isinstance(item, Node):
        return _scalar(item)
    if item.kind in _BRACKETS:
        return _container(item)
    if item.kind == "global":
        return Look("name", f"<{item.name.replace(':', '.')}>")
    if item.kind == "extension":
        return Look("extension", f"<extension {item.name}>")
    if item.kind == "persistent":
        parts = [Part("", held) for held in item.items]
        return Look("persistent", "<persistent id ", ">", parts, parts)
    if isinstance(item, Large):
        return _large(item)
    if isinstance(item, Unread):
        text = f"<{item.name} of {item.size:,} items, too large to be looked into>"
        return Look(item.name, text, size=item.size)
    if item.kind == "buffer":
        return Look("buffer", "<buffer outside of the pickle>")
    special = SPECIAL.get(name_of(item.make))
    found = special(item, saved) if special else None
    return found or plain_object(item, item.make, members(item.args))


def _scalar(item: Item) -> Look:
    kind = type(item).__name__
    size = len(item) if isinstance(item, str | bytes | bytearray) else None
    return Look(kind, "", size=size)


def _large(value: Large) -> Look:
    first = value.first[: limits.PREVIEW_CHARS_MAX]
    text = repr(bytearray(first) if value.name == "bytearray" else first)
    return Look(value.name, f"{text}...", size=value.size)


def _container(node: Node) -> Look:
    begin, end = _BRACKETS[node.kind]
    if node.kind == "dict":
        entries = Entries(node.pairs)
        return Look("dict", begin, end, entries, entries, len(node.pairs))
    if not node.items:
        begin, end = _EMPTY.get(node.kind, (begin, end))
    parts = Items(node.items, ordered=node.kind in {"list", "tuple"})
    single = node.kind == "tuple"
    return Look(node.kind, begin, end, parts, parts, len(node.items), single)


class Items:
    """What a sequence or a set holds, as parts."""

    def __init__(self, items: list[Item], *, ordered: bool = True) -> None:
        self._items, self._ordered = items, ordered

    def __iter__(self) -> Iterator[Part]:
        form = "[{}]" if self._ordered else " item {}"
        return (Part(form.format(at), item) for at, item in enumerate(self._items))


class Entries:
    """What a dictionary holds, as parts."""

    def __init__(self, entries: Sequence[tuple[Item, Item]]) -> None:
        self._entries = entries

    def __iter__(self) -> Iterator[Part]:
        for key, item in self._entries:
            name = key if type(key) is str else ""
            yield Part("", item, name=name, key=key)


# --- objects of classes ---


def class_name(item: Item) -> str:
    """Return ``module:qualname`` of a class or function, as far as it is known."""
    name = name_of(item)
    if name or not isinstance(item, Node):
        return name or "?"
    if name_of(item.make) == "_gf1:class":
        return _made_class(members(item.args))
    args = members(item.args)
    if name_of(item.make) == "_gf1:builtin_class" and args:
        return f"builtins:{_text(args[0])}"
    if name_of(item.make) in {"_gf1:function", "_gf1:hidden"} and len(args) == 3:
        return f"{_text(args[0])}:{_text(args[1])}"
    return "?"


def _made_class(args: list[Item]) -> str:
    making = members(args[2]) if len(args) == 3 else []
    if len(making) == 4:  # a class
        first = {key: held for key, held in pairs(making[3]) if type(key) is str}
        qualname = first.get("__qualname__", making[1])
        return f"{_text(first.get('__module__'))}:{_text(qualname)}"
    if len(making) == 5:  # an enumeration
        return f"{_text(making[3])}:{_text(making[2])}"
    return "?"


def _text(item: Item) -> str:
    return item if type(item) is str else "?"


def short(name: str) -> str:
    """Return the last part of a name, as a repr would have it."""
    return name.rpartition(":")[2] or name


def plain_object(node: Node, cls: Item, args: list[Item]) -> Look:
    """Return the look of an object whose class tells no more of itself."""
    if name_of(cls) in _COPIED and args:
        cls, args = args[0], args[1:]
    elif name_of(cls) == "copyreg:_reconstructor" and len(args) == 3:
        cls, args = args[0], args[2:] if args[2] is not None else []
    name = class_name(cls)
    if name == "?" and isinstance(cls, Node) and cls.kind == "extension":
        name = f"<extension {cls.name}>"
    own = [*attributes(_own_state(node))]
    shown = [*_given(args), *_keywords(node.keywords)]
    if not shown and node.args is not None and not isinstance(node.args, Node):
        shown = [Part(" argument 1", node.args)]
    children = [*shown]
    for kind, held in (("list", node.items), ("dict", node.pairs)):
        if held:
            inner = Node("list" if kind == "list" else "dict", items=node.items)
            inner.pairs = node.pairs
            shown.append(Part(f" {kind}", inner))
            children += Items(node.items) if kind == "list" else Entries(node.pairs)
    shown += own
    children += own
    size = len(node.items) or len(node.pairs) or None
    return Look(name, f"{short(name)}(", ")", shown, children, size)


def _given(args: list[Item]) -> list[Part]:
    return [Part(f" argument {at}", item) for at, item in enumerate(args, 1)]


def _keywords(keywords: Item) -> list[Part]:
    return [
        Part(f" argument {key!r}", item, f"{key}=", key)
        for key, item in pairs(keywords)
        if type(key) is str
    ]


def attributes(state: Item) -> Iterator[Part]:
    """Yield what a state sets, as parts: attributes, if it is what they are set by."""
    if state is ABSENT or state is None:
        return
    named = [state]
    if isinstance(state, Node) and state.kind == "tuple" and len(state.items) == 2:
        named = [held for held in state.items if held is not None]
    if not all(_is_named(held) for held in named):
        yield Part(" state", state, "state=")
        return
    for held in named:
        for key, item in pairs(held):
            yield Part(f".{key}", item, f"{key}=", str(key))


def _own_state(node: Node) -> Item:
    """Return what the class itself sets; an exception's links come with it."""
    state = members(node.state)
    if name_of(node.setter) == "_gf1:fill_reduced_exception" and state:
        return state[0]
    return node.state


def _is_named(state: Any) -> bool:
    return (
        isinstance(state, Node)
        and state.kind == "dict"
        and all(type(key) is str for key, _ in state.pairs)
    )
