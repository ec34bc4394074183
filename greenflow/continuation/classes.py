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
from collections import OrderedDict
from contextlib import suppress
from enum import Enum
from importlib import import_module
from typing import Any, cast
from weakref import WeakKeyDictionary, WeakSet, WeakValueDictionary

from cloudpickle import cloudpickle

from greenflow.continuation import enumerations, main_module, names, tags

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
#: What others leave in a class to find it faster, and make again.
_CACHES = ("__msgspec_cache__",)

_known: WeakValueDictionary[Identity, type] = WeakValueDictionary()
_identities: WeakKeyDictionary[type, Identity] = WeakKeyDictionary()
#: Made, but its attributes are not set yet.
_hollow: WeakSet[type] = WeakSet()
#: What evaluates the annotations of a class, from 3.14 on.
_ANNOTATE = "__annotate_func__"
#: What ABCMeta.__new__ calls for a class that there is.
_ABC_INIT = "_abc_init"
_ALIAS: Any = list[int]
_OTHERS: tuple[Any, ...] = (
    *(iter("\xe9\u20ac"), iter(int, 0), iter(memoryview(b"")), iter(_ALIAS)),
    *(reversed({}), reversed({}.items()), OrderedDict().keys(), iter(OrderedDict())),
)
#: Types made in C that tell a name under which they are not found.
_builtins = (
    {
        name: kind
        for module in (_collections_abc, types)
        for name, kind in vars(module).items()
        if type(kind) is type and kind.__module__ == "builtins"
    }
    | {f"of {kind.__name__}": kind for kind in map(type, _OTHERS)}
    | {"local_decimal_context": type(decimal.localcontext())}
)
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
    if not cls.__flags__ & _HEAP_TYPE or is_made_in_c(cls):
        return _hidden(cls)
    identity = _identity(cls)
    making = (
        ("enum", enumerations.making(cls))
        if issubclass(cls, Enum)
        else _class_making(cls)
    )
    return _shell, (identity, *making), (identity, _state(cls)), None, None, _fill


def is_made_in_c(cls: type) -> bool:
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


def _state(cls: type) -> tuple[Any, Any]:
    if issubclass(cls, Enum):
        attributes, members = enumerations.state(cls)
    else:
        attributes, _ = cloudpickle._class_getstate(cls)  # noqa: SLF001 - no public name
        members = None
    for name in (*_FIRST, *_CACHES, *_slot_names(cls)):
        attributes.pop(name, None)
    # Left out by cloudpickle; from 3.14 on the only way to annotations not yet read.
    annotate = vars(cls).get(_ANNOTATE)
    return attributes if annotate is None else {
        _ANNOTATE: annotate,
        **attributes,
    }, members


def _slot_names(cls: type) -> list[str]:
    """Under which names its slots lie: private ones are not told by ``__slots__``."""
    return [
        name
        for name, held in vars(cls).items()
        if isinstance(held, types.MemberDescriptorType) and held.__objclass__ is cls
    ]


# --- put together ---


def _shell(identity: Identity, kind: str, making: tuple[Any, ...]) -> type:
    if len(identity) == 2:
        identity = (tuple(identity[0]), identity[1])
        live = main_module.find_live(*identity)
        if isinstance(live, type):
            return live
    made = _known.get(identity)
    if made is None:
        made = (enumerations.make if kind == "enum" else _make_class)(*making)
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


def _fill(cls: type, state: tuple[Identity, tuple[Any, Any]]) -> None:
    if cls not in _hollow:
        return
    attributes, members = state[1]
    registered = attributes.pop("_abc_impl", ())
    for name, value in attributes.items():
        # Not the metaclass's: an enumeration's refuses.
        type.__setattr__(cls, name, value)
    if members is not None:
        enumerations.fill(cls, attributes, members)
    for subclass in registered:
        cls.register(subclass)  # type: ignore[attr-defined]
    _hollow.discard(cls)


def _builtin(name: str) -> type:
    return _builtins[name]


tags.register("class", _shell)
tags.register("class_behind", _behind)
tags.register("builtin_class", _builtin)
tags.register("fill_class", _fill)
