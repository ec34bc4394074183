"""How stored objects look whose making tells little: functions, generators, errors.

The names are those that greenflow's pickles use (greenflow.continuation.tags), and
some of the standard library.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Final

from greenflow.inspect.looks import SPECIAL, Look, Part, attributes, class_name, short
from greenflow.inspect.nodes import ABSENT, Item, Node, made_by, members, pairs

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenflow.inspect.saved import Saved

    _Looks = Callable[[Node, Saved | None], Look | None]


def _tag(*names: str) -> Callable[[_Looks], _Looks]:
    def register(function: _Looks) -> _Looks:
        SPECIAL.update(dict.fromkeys(names, function))
        return function

    return register


# --- functions and what belongs to them ---


@_tag("_gf1:function", "_gf1:hidden")
def _function(node: Node, saved: Saved | None) -> Look | None:
    args = members(node.args)
    if len(args) != 3:
        return None
    return Look("function", f"<function {args[0]}.{args[1]}>")


@_tag("_gf1:shell")
def _shell(node: Node, saved: Saved | None) -> Look:
    state = members(node.state)
    parts = [Part(".__defaults__", held) for held in state[2:3] if held is not None]
    cells = members(state[1]) if len(state) > 1 else []
    code = saved.code_of(node)[1] if saved else None
    names = code.co_freevars if code else ()
    for at, cell in enumerate(cells):
        name = names[at] if at < len(names) else f"cell {at}"
        parts.append(Part(f" free variable {name}", contents(cell), f"{name}=", name))
    return Look("function", f"<function {function_name(node)}>", children=parts)


def function_name(node: Item) -> str:
    """Return the qualified name of a function that lies among the values."""
    args = members(node.args) if isinstance(node, Node) else []
    if made_by(node) in {"_gf1:function", "_gf1:hidden"} and len(args) == 3:
        return str(args[1])
    state = members(node.state) if isinstance(node, Node) else []
    if len(state) > 6 and type(state[6]) is str:
        return state[6]
    return str(args[2]) if len(args) > 2 else "?"


def contents(cell: Item) -> Item:
    """Return what a cell holds, or ABSENT; anything else is returned as it is."""
    if made_by(cell) != "_gf1:cell":
        return cell
    held = members(cell.state)
    return held[0] if held else ABSENT


@_tag("_gf1:cell")
def _cell(node: Node, saved: Saved | None) -> Look:
    held = contents(node)
    parts = [] if held is ABSENT else [Part(".cell_contents", held)]
    return Look("cell", "<cell: " if parts else "<cell: empty", ">", parts, parts)


@_tag("_gf1:generator", "_gf1:async_generator", "_gf1:finished_generator")
def _generator(node: Node, saved: Saved | None) -> Look:
    args, is_async = members(node.args), made_by(node) == "_gf1:async_generator"
    names = [held for held in args if type(held) is str]
    kind = generator_kind(args[0] if args and not is_async else 2)
    begin = f"<{kind} {names[-1] if names else '?'}"
    if made_by(node) == "_gf1:finished_generator":
        return Look(kind, f"{begin}, finished>")
    if node.state is ABSENT or saved is None:
        return Look(kind, f"{begin}, running>")
    from greenflow.inspect.generators import inner_frame

    frame = inner_frame(node, saved)
    if frame is None:
        return Look(kind, f"{begin}>")
    parts = [
        Part(f" local {name}", item, f"{name}=", name)
        for name, item in frame.variables
        if item is not ABSENT
    ]
    return Look(kind, f"{begin} at line {frame.position.line}>", children=parts)


def generator_kind(number: Item) -> str:
    """Return what a generator's number stands for (continuation/generators.py)."""
    kinds = ("generator", "coroutine", "async_generator")
    return kinds[number] if number in (0, 1, 2) else "generator"


# --- classes, exceptions and other tags ---


@_tag("_gf1:class", "_gf1:builtin_class")
def _class(node: Node, saved: Saved | None) -> Look:
    return Look("type", f"<class '{class_name(node).replace(':', '.')}'>")


@_tag("_gf1:exception")
def _exception(node: Node, saved: Saved | None) -> Look | None:
    args, state = members(node.args), members(node.state)
    if len(args) != 2:
        return None
    name = class_name(args[0])
    links = members(state[3]) if len(state) == 4 else []
    given = members(state[0]) if state else members(args[1])
    shown = [Part(f".args[{at}]", item) for at, item in enumerate(given)]
    children = [*shown]
    if len(state) == 4:
        children += [
            Part(f".{key}", item, f"{key}=", str(key)) for key, item in pairs(state[1])
        ]
        children += attributes(state[2])
    for step, link in zip(_LINKS, links, strict=False):
        if link not in (None, False):
            children.append(Part(step, link))
    return Look(name, f"{short(name)}(", ")", shown, children)


_LINKS: Final = (
    ".__cause__",
    ".__context__",
    ".__suppress_context__",
    ".__traceback__",
)


@_tag("_gf1:traceback")
def _traceback(node: Node, saved: Saved | None) -> Look:
    entries = [held for arg in members(node.args) for held in members(arg)]
    children = [Part(f" entry {at}", held) for at, held in enumerate(entries)]
    return Look(
        "traceback", f"<traceback of {len(entries)} entries>", children=children
    )


@_tag("_gf1:public", "importlib:import_module", "_gf1:flow", "_gf1:module_globals")
def _named(node: Node, saved: Saved | None) -> Look | None:
    args = members(node.args)
    if not args or type(args[0]) is not str:
        return None
    kind, form = _NAMED[made_by(node)]
    return Look(kind, form.format(args[0]))


_NAMED: Final = {
    "_gf1:public": ("name", "<greenflow.{}>"),
    "importlib:import_module": ("module", "<module '{}'>"),
    "_gf1:flow": ("greenflow:Flow", "<Flow {}>"),
    "_gf1:module_globals": ("dict", "<globals of {}>"),
}


@_tag("_gf1:sentinel", "_gf1:sentinel_of_program")
def _sentinel(node: Node, saved: Saved | None) -> Look | None:
    args = members(node.args)
    if len(args) == 2 and made_by(node) == "_gf1:sentinel_of_program":
        args = members(args[0])
    if len(args) != 2 or type(args[1]) is not str:
        return None
    return Look("object", f"<object {args[1]}>")


@_tag("_gf1:index")
def _index(node: Node, saved: Saved | None) -> Look | None:
    args = members(node.args)
    return Look("int", str(args[0])) if args and type(args[0]) is int else None


# --- of the standard library ---


@_tag("builtins:iter", "builtins:reversed")
def _iterator(node: Node, saved: Saved | None) -> Look | None:
    args = members(node.args)
    if len(args) != 1:
        return None
    at = f", at {node.state}" if type(node.state) is int else ""
    parts = [Part(" source", args[0])]
    return Look("iterator", f"<{short(made_by(node))} over ", f"{at}>", parts, parts)


@_tag("builtins:complex")
def _complex(node: Node, saved: Saved | None) -> Look | None:
    args = members(node.args)
    if len(args) != 2 or any(type(part) is not float for part in args):
        return None
    return Look("complex", repr(complex(*args)))


@_tag("builtins:range")
def _range(node: Node, saved: Saved | None) -> Look | None:
    args = members(node.args)
    if len(args) != 3 or any(type(part) is not int for part in args):
        return None
    shown = args[:2] if args[2] == 1 else args
    parts = [Part("", part) for part in shown]
    return Look("range", "range(", ")", parts)


@_tag("collections:deque")
def _deque(node: Node, saved: Saved | None) -> Look:
    args, held = members(node.args), Node("list", items=node.items)
    parts = [Part(" list", held)]
    parts += [Part(".maxlen", limit, "maxlen=") for limit in args[1:2] if limit]
    children = [Part(f"[{at}]", item) for at, item in enumerate(node.items)]
    return Look(
        "collections:deque", "deque(", ")", parts, children, size=len(node.items)
    )


@_tag("datetime:datetime", "datetime:date", "datetime:time")
def _moment(node: Node, saved: Saved | None) -> Look | None:
    args = members(node.args)
    if not args or type(args[0]) is not bytes:
        return None
    name = short(made_by(node))
    try:
        moment = _MOMENTS[name](args[0])
    except (TypeError, ValueError):
        return None
    zone = [Part(".tzinfo", held, "tzinfo=") for held in args[1:2]]
    begin = repr(moment)[:-1] + ", " * bool(zone)
    return Look(f"datetime:{name}", begin, ")", zone, zone)


_MOMENTS: Final[dict[str, Callable[[bytes], object]]] = {
    "datetime": lambda data: datetime.datetime(data),  # type: ignore[call-arg, arg-type]
    "date": lambda data: datetime.date(data),  # type: ignore[call-arg, arg-type]
    "time": lambda data: datetime.time(data),  # type: ignore[arg-type]
}
