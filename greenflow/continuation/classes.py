"""Classes that no module holds: of ``__main__``, or made inside a function.

Which class a stored one is when it is loaded: a class of ``__main__`` is the live one
where the same program runs. Every other one is made once in each process, so that a
message and a flow that were loaded apart agree on ``isinstance`` and ``match``; in the
process that saved it, it is the very class.
"""

from __future__ import annotations

import _collections_abc
import abc
import copyreg
import decimal
import sys
import types
import uuid
from contextlib import suppress
from enum import Enum
from importlib import import_module
from typing import Any, cast
from weakref import WeakKeyDictionary, WeakSet, WeakValueDictionary

from cloudpickle import cloudpickle

from greenflow.continuation import main_module, names, tags

#: What a class is known by: ((path, digest), qualname) in a program; else one random
#: name of its own.
Identity = tuple[Any, ...]

_HEAP_TYPE = 1 << 9
_SLOTS_IN_C = (
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
)
#: What a class is made with; everything else is set when it is there.
_FIRST = ("__module__", "__slots__", "__orig_bases__")

_known: WeakValueDictionary[Identity, type] = WeakValueDictionary()
_identities: WeakKeyDictionary[type, Identity] = WeakKeyDictionary()
#: Made, but its attributes are not set yet.
_hollow: WeakSet[type] = WeakSet()
#: What ABCMeta.__new__ calls for a class that there is.
_ABC_INIT = "_abc_init"
#: Types made in C that tell a name under which they are not found.
_builtins = {
    name: kind
    for module in (_collections_abc, types)
    for name, kind in vars(module).items()
    if type(kind) is type and kind.__module__ == "builtins"
} | {"local_decimal_context": type(decimal.localcontext())}
_builtin_names = {kind: name for name, kind in _builtins.items()}


def is_importable(cls: type) -> bool:
    """Return whether another program finds this very class by its name."""
    module = getattr(cls, "__module__", None)
    if not isinstance(module, str) or module in main_module.NAMES:
        return False
    found: Any = sys.modules.get(module)
    if found is None:
        return False
    if names.find(vars(found), cls.__qualname__) is cls:
        return True
    for name in cls.__qualname__.split("."):  # as pickle does it
        found = getattr(found, name, None)
    return found is cls


def stays(cls: type) -> bool:
    """Return whether this class will hardly ever go before the process does."""
    if not cls.__flags__ & _HEAP_TYPE or is_importable(cls):
        return True
    return names.find(main_module.live_globals(), cls.__qualname__) is cls


def reduce_class(cls: type) -> Any:
    """Reduce a class; NotImplemented if it is found by its name.

    Raises:
        TypeError: it is made in C and has no name.
    """
    if type(cls) in copyreg.dispatch_table or is_importable(cls):
        return NotImplemented
    if cls in (type(None), type(Ellipsis), type(NotImplemented)):
        return NotImplemented
    if cls in _builtin_names:
        return _builtin, (_builtin_names[cls],)
    if not cls.__flags__ & _HEAP_TYPE or _is_made_in_c(cls):
        return _hidden(cls)
    identity = _identity(cls)
    making = _enum_making(cls) if issubclass(cls, Enum) else _class_making(cls)
    return _shell, (identity, *making), (identity, _state(cls)), None, None, _fill


def _is_made_in_c(cls: type) -> bool:
    """Whether there is no source that says what it is: a copy would be a shadow."""
    return any(
        isinstance(held, _SLOTS_IN_C) and held.__objclass__ is cls
        for held in vars(cls).values()
    )


def _hidden(cls: type) -> Any:
    """Reduce a class made in C that lies in the module behind the one it tells."""
    module, name = f"_{cls.__module__}", cls.__qualname__
    if module in sys.modules and names.find(vars(sys.modules[module]), name) is cls:
        return _behind, (module, name)
    with suppress(ImportError):
        # The module that it tells may not be loaded, as 3.14's string.templatelib.
        import_module(cls.__module__)
        if is_importable(cls):
            return NotImplemented
    raise TypeError(f"cannot pickle class {cls.__module__}.{cls.__qualname__}")


def _behind(module: str, name: str) -> Any:
    return names.find(vars(import_module(module)), name)


def _identity(cls: type) -> Identity:
    known = _identities.get(cls)
    if known is not None:
        return known
    new: Identity = (uuid.uuid4().hex,)
    qualname = cls.__qualname__
    if cls.__module__ in main_module.NAMES and "<" not in qualname:
        live = main_module.live_globals()
        if names.find(live, qualname) is cls:
            new = (main_module.key(), qualname)
    return _register(new, cls)


def _register(identity: Identity, cls: type) -> Identity:
    _known[identity] = cls
    _identities[cls] = identity
    return identity


# --- taken apart ---


def _class_making(cls: type) -> tuple[Any, ...]:
    first = {name: vars(cls)[name] for name in _FIRST if name in vars(cls)}
    if isinstance(vars(cls).get("__dict__"), property):
        first["__dict__"] = vars(cls)["__dict__"]
    first["__qualname__"] = cls.__qualname__
    return "class", (type(cls), cls.__name__, cls.__bases__, first)


def _enum_making(cls: type[Enum]) -> tuple[Any, ...]:
    members = {name: member.value for name, member in cls.__members__.items()}
    names = cls.__name__, cls.__qualname__, cls.__module__
    return "enum", (cls.__bases__, *names, members)


def _state(cls: type) -> tuple[Any, Any]:
    if issubclass(cls, Enum):
        attributes, _ = cloudpickle._enum_getstate(cls)  # noqa: SLF001 - no public name
        return attributes, _members_state(cls)
    attributes, _ = cloudpickle._class_getstate(cls)  # noqa: SLF001 - no public name
    for name in _FIRST:
        attributes.pop(name, None)
    return attributes, None


def _members_state(cls: type[Enum]) -> dict[str, dict[str, Any]]:
    """What ``__init__`` gave the members of an enumeration."""
    return {
        member.name: {
            name: value
            for name, value in vars(member).items()
            if not (name.startswith("_") and name.endswith("_"))
        }
        for member in cls
    }


# --- put together ---


def _shell(identity: Identity, kind: str, making: tuple[Any, ...]) -> type:
    if len(identity) == 2:
        identity = (tuple(identity[0]), identity[1])
        live = main_module.find_live(*identity)
        if isinstance(live, type):
            return live
    made = _known.get(identity)
    if made is None:
        made = (_make_enum if kind == "enum" else _make_class)(*making)
        _register(identity, made)
        _hollow.add(made)
    return made


def _make_class(
    metaclass: type, name: str, bases: tuple[type, ...], first: dict[str, Any]
) -> type:
    # As it was when it was saved: the metaclass's __new__ and the __init_subclass__ of
    # its bases ran when it was defined; what they did to it is in its attributes.
    made = _made_quietly(metaclass, name, bases, first)
    if isinstance(made, abc.ABCMeta):
        init: Any = getattr(abc, _ABC_INIT)
        init(made)
    return made


def _made_quietly(
    metaclass: type, name: str, bases: tuple[type, ...], first: dict[str, Any]
) -> type:
    maker: Any = next(
        base
        for base in metaclass.__mro__
        if isinstance(vars(base).get("__new__"), types.BuiltinFunctionType)
    )
    if any(_has_hook(base) for base in bases):
        for quiet in (_Quiet, _QuietSlots):
            try:
                made: type = maker.__new__(metaclass, name, (quiet, *bases), {**first})
                made.__bases__ = bases
            except TypeError:
                continue  # other slots than these bases have
            return made
    return cast("type", maker.__new__(metaclass, name, bases, first))


def _has_hook(cls: type) -> bool:
    hook = cls.__init_subclass__
    return isinstance(getattr(hook, "__func__", None), types.FunctionType)


class _Quiet:
    """First among the bases of a class, it keeps the hooks of the others silent."""

    def __init_subclass__(cls) -> None:
        pass


class _QuietSlots:
    """The same for a class whose objects have no ``__dict__``."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        pass


def _make_enum(
    bases: tuple[type, ...],
    name: str,
    qualname: str,
    module: str,
    members: dict[str, Any],
) -> type:
    made: type = cloudpickle._make_skeleton_enum(  # noqa: SLF001 - no public name
        bases, name, qualname, members, module, None, None
    )
    return made


def _fill(cls: type, state: tuple[Identity, tuple[Any, Any]]) -> None:
    if cls not in _hollow:
        return
    attributes, members = state[1]
    registered = attributes.pop("_abc_impl", ())
    for name, value in attributes.items():
        # Not the metaclass's: an enumeration's refuses.
        type.__setattr__(cls, name, value)
    for name, own in (members or {}).items():
        member: Any = cls[name]  # type: ignore[index]
        member.__dict__.update(own)
    for subclass in registered:
        cls.register(subclass)  # type: ignore[attr-defined]
    _hollow.discard(cls)


def _builtin(name: str) -> type:
    return _builtins[name]


tags.register("class", _shell)
tags.register("class_behind", _behind)
tags.register("builtin_class", _builtin)
tags.register("fill_class", _fill)
