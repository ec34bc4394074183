"""What C code does with what the frame inside gave it, as plain Python.

Each is the function of a frame that stands in for the C code, between the frame that
waits and the one inside. It is never called: its frame is made waiting at ``call()``,
with nothing but its arguments. From there on it is a frame like others, so what it
calls may suspend again. They are known to stored bytes by their tags.
"""

from __future__ import annotations

import dis
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from greenflow.continuation import tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType

_Made = TypeVar("_Made", bound="Callable[..., Any]")

#: (function, offset of its ``call()``, values of its arguments).
Adapter = tuple[Any, int, tuple[Any, ...]]
#: Outermost first. What the frame inside gives passes through all of them, or, with
#: none, goes to the waiting frame unchanged.
Adapters = tuple[Adapter, ...]

UNCHANGED: Adapters = ()

#: The file name of them all.
FILE = "<greenflow>"
_CLOSE_RETURNS = sys.version_info >= (3, 13)


def adapter(function: Callable[..., Any], *values: Any) -> Adapter:
    """Return what makes a frame of ``function`` that waits with these arguments."""
    return function, _offset(function.__code__), values


def then(
    below: Adapters | None, function: Callable[..., Any], *values: Any
) -> Adapters | None:
    """Return an adapter around others; None if nothing is known of these."""
    return None if below is None else (adapter(function, *values), *below)


@cache
def _offset(code: CodeType) -> int:
    for instruction in dis.get_instructions(code):
        if instruction.opname == "CALL":
            return instruction.offset
        if instruction.opname.startswith("STORE_"):
            break
    raise SystemError(f"the adapter {code.co_name}() does something before it waits")


def registered(function: _Made) -> _Made:
    """Give it its tag. Stored flows wait in its code: change it under a new name."""
    made: Any = function  # named as the shims are: its file is another one elsewhere
    made.__code__ = made.__code__.replace(co_filename=FILE)
    return tags.register(f"adapter_{function.__name__}", function)


def call() -> Any:
    """Stand for the frame inside."""
    raise SystemError("an adapter was called")


# --- what any C code may do ---


class Echo:
    """An object whose one special method returns what is given."""

    def __init__(self, value: Any) -> None:
        self.value = value


def echo(name: str, kind: tuple[str, str, str], value: Any) -> Echo:
    """Return an Echo with the special method ``name``, of a class that is named so."""

    def given(self: Echo, *_: Any) -> Any:
        return self.value

    module, qualname, class_name = kind
    names = {"__module__": module, "__qualname__": qualname, name: given}
    made: type[Echo] = type(class_name, (Echo,), names)
    return made(value)


def named(cls: type) -> tuple[str, str, str]:
    """Return what :func:`echo` takes of the real class, for the texts of errors."""
    return cls.__module__, cls.__qualname__, cls.__name__


@registered
def again(
    operate: Callable[..., Any],
    name: str,
    kind: tuple[str, str, str],
    rest: tuple[Any, ...],
) -> Any:
    """Let C code check and convert what the special method ``name`` gave."""
    value = call()
    return operate(echo(name, kind, value), *rest)


@registered
def echoed(name: str, kind: tuple[str, str, str]) -> Any:
    """Give an object for the same instruction, whose special method gives the same."""
    value = call()
    return echo(name, kind, value)


@registered
def truth(name: str, kind: tuple[str, str, str], wanted: bool) -> bool:
    """Whether what ``__bool__`` or ``__len__`` gave means ``wanted``."""
    value = call()
    return bool(echo(name, kind, value)) is wanted


@registered
def is_true(wanted: bool) -> bool:
    """Whether what was given is as true as ``wanted``."""
    value = call()
    if value:
        return wanted
    return not wanted


@registered
def instead(value: Any) -> Any:
    """Give ``value``: nobody wants the result."""
    call()
    return value


# --- calls ---


@registered
def initialised(instance: Any) -> Any:
    """Finish ``type.__call__`` behind ``__init__`` (typeobject.c, slot_tp_init)."""
    value = call()
    check_init(value)
    return instance


@registered
def created(cls: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Finish ``type.__call__`` behind ``__new__`` (typeobject.c, type_call)."""
    made = call()
    if cls not in type(made).__mro__:
        return made
    value = type(made).__init__(made, *args, **kwargs)
    check_init(value)
    return made


def check_init(value: Any) -> None:
    """Raise what slot_tp_init raises of what ``__init__`` returned."""
    if value is not None:
        kind = type(value).__name__
        raise TypeError(f"__init__() should return None, not '{kind:.200}'")


@registered
def printed(rest: tuple[Any, ...], sep: Any, end: Any, file: Any, flush: bool) -> None:
    """Finish ``print()`` with what ``str()`` gave for one of its arguments."""
    text = call()
    file.write(text)
    for value in rest:
        file.write(sep)
        file.write(str(value))
    file.write(end)
    if flush:
        file.flush()


@registered
def closed() -> Any:
    """Finish ``close()`` of a generator (genobject.c, gen_close)."""
    try:
        call()
    except StopIteration as end:
        return end.value if _CLOSE_RETURNS else None
    except GeneratorExit:
        return None
    raise RuntimeError("generator ignored GeneratorExit")


@registered
def checked(
    check: Callable[[Any, Any], bool], value: Any, rest: tuple[Any, ...]
) -> Any:
    """Finish ``isinstance()`` or ``issubclass()`` of several classes behind one."""
    given = call()
    if given:
        return True
    return check(value, rest)


# --- attributes ---


@registered
def looked_up(owner: Any, name: str, hook: bool, default: tuple[Any, ...]) -> Any:
    """Finish looking up an attribute: ``__getattr__`` and a default are left."""
    try:
        return call()
    except AttributeError:
        if not hook and not default:
            raise
    if hook:
        try:
            return type(owner).__getattr__(owner, name)
        except AttributeError:
            if not default:
                raise
    return default[0]


@registered
def is_there(owner: Any, name: str, hook: bool) -> bool:
    """Finish ``hasattr()``."""
    try:
        call()
    except AttributeError:
        if not hook:
            return False
    else:
        return True
    try:
        type(owner).__getattr__(owner, name)
    except AttributeError:
        return False
    return True


class Blank:
    """Has what attribute is set or deleted in place of the real one."""


@registered
def set_aside(name: str, there: bool) -> Any:
    """Give what a STORE_ATTR or DELETE_ATTR that is done can run on."""
    call()
    blank = Blank()
    if there:
        setattr(blank, name, None)
    return blank


# --- items ---


@registered
def made_item(mapping: Any, key: Any) -> Any:
    """Finish ``defaultdict.__missing__`` behind its factory."""
    value = call()
    mapping[key] = value
    return value


@registered
def found_in(iterator: Iterator[Any], value: Any) -> bool:
    """Finish ``value in iterator`` (abstract.c, _PySequence_IterSearch)."""
    try:
        item = call()
    except StopIteration:
        return False
    while True:
        if item is value or item == value:
            return True
        try:
            item = next(iterator)
        except StopIteration:
            return False


@registered
def searched(iterator: Iterator[Any], wanted: bool) -> bool:
    """Finish ``any()`` or ``all()``: whether an item is as true as ``wanted``."""
    try:
        item = call()
    except StopIteration:
        return not wanted
    while True:
        if item:
            if wanted:
                return True
        elif not wanted:
            return False
        try:
            item = next(iterator)
        except StopIteration:
            return not wanted
