"""Context variables, what a flow has set them to, and the tokens that undo it.

A variable has no name of its own to find it by: it is looked for among the names of the
modules that are loaded, and of their classes.
"""

from __future__ import annotations

import decimal
import sys
from contextvars import Context, ContextVar, Token
from functools import cache
from typing import Any

from greenflow.continuation import main_module, tags
from greenflow.continuation.frames import fields_read, fields_write
from greenflow.errors import CodeMissing

#: Where a variable was found: module and dotted path.
_places: dict[ContextVar[Any], tuple[str, str]] = {}
#: Those of other programs, ``__main__``; one for each name.
_copies: dict[main_module.Held, ContextVar[Any]] = {}
_held: dict[ContextVar[Any], main_module.Held] = {}


#: What they are set to belongs to a process, and is not saved.
_local: set[ContextVar[Any]] = set()


def keep_local(variable: ContextVar[Any]) -> None:
    """Leave a variable out of what is saved of contexts."""
    _local.add(variable)


def name_variable(variable: ContextVar[Any], tag: str) -> None:
    """Let a variable of greenflow's own be found by a tag, which never moves."""
    setattr(sys.modules[tags.MODULE], tag, variable)
    _places[variable] = tags.MODULE, tag


# --- variables ---


def reduce_variable(variable: ContextVar[Any]) -> Any:
    """Reduce a variable to where it is found.

    Raises:
        TypeError: it has no name in any module.
    """
    if variable is _of_decimal():
        return _of_decimal, ()
    held = _held.get(variable)
    if held is None:
        module, path = _place(variable)
        if module not in main_module.NAMES:
            return _find, (module, path)
        held = main_module.key(), path
    return _find_in_program, (held, variable.name, _default(variable))


def _place(variable: ContextVar[Any]) -> tuple[str, str]:
    known = _places.get(variable)
    if known is not None and main_module.find_global(*known) is variable:
        return known
    for module, path, value in main_module.named():
        if value is variable:
            _places[variable] = module, path
            return module, path
    raise TypeError(
        f"cannot pickle the context variable {variable.name!r}: no module has it"
    )


def _find(module: str, path: str) -> ContextVar[Any]:
    __import__(module)
    if module == tags.MODULE:
        tags.need(path)
    found = main_module.find_global(module, path)
    if not isinstance(found, ContextVar):
        raise CodeMissing(
            f"the context variable {path} is not in the module {module}",
            hint="bring it back there, under that name",
        )
    return found


def _find_in_program(
    held: main_module.Held, name: str, default: tuple[Any, ...]
) -> ContextVar[Any]:
    program, path = held
    found = main_module.find_live(program, path)
    if isinstance(found, ContextVar):
        return found
    copy = _copies.get(held)
    if copy is None:
        copy = ContextVar(name, default=default[0]) if default else ContextVar(name)
        _copies[held], _held[copy] = copy, held
    return copy


def _default(variable: ContextVar[Any]) -> tuple[Any, ...]:
    try:
        return (Context().run(variable.get),)
    except LookupError:
        return ()


@cache
def _of_decimal() -> ContextVar[Any]:
    """The one that the C code of decimal keeps to itself."""
    context = Context()
    context.run(decimal.getcontext)
    (variable,) = context
    return variable


# --- contexts ---


def saved_items(context: Context) -> tuple[tuple[ContextVar[Any], Any], ...]:
    """Return what is set in a context and is to be saved."""
    return tuple(item for item in context.items() if item[0] not in _local)


def reduce_context(context: Context) -> Any:
    """Reduce a context to what is set in it."""
    return _new_context, (), saved_items(context), None, None, _fill_context


def _new_context() -> Context:
    return Context()


def _fill_context(
    context: Context, items: tuple[tuple[ContextVar[Any], Any], ...]
) -> None:
    for variable, value in items:
        context.run(variable.set, value)


# --- tokens ---

_TOKEN = "O!O!Oi"


def reduce_token(token: Token[Any]) -> Any:
    """Reduce what ``set()`` returned: it goes with its context.

    Raises:
        TypeError: this Python has other fields.
    """
    if not _tokens_are_known():
        raise TypeError("a Token has unknown fields in this Python")
    (context,), (variable,), old, used = fields_read(token, _TOKEN)
    return _token, (context, variable), (old, used), None, None, _fill_token


def _token(context: Context, variable: ContextVar[Any]) -> Token[Any]:
    return context.run(_unchanged, variable)


def _unchanged(variable: ContextVar[Any]) -> Token[Any]:
    token = variable.set(None)
    variable.reset(token)
    return token


def _fill_token(token: Any, state: tuple[tuple[Any, ...], int]) -> None:
    if not isinstance(token, Token) or not _tokens_are_known():
        raise TypeError("a Token has unknown fields in this Python")
    old, used = state
    context, variable, *_ = fields_read(token, _TOKEN)
    fields_write(token, _TOKEN, (context, variable, old, int(bool(used))))


@cache
def _tokens_are_known() -> bool:
    """Whether a Token has the fields here that are written above (Python/context.c)."""
    context, variable = Context(), ContextVar[int]("example")
    first = context.run(variable.set, 1)
    second = context.run(variable.set, 2)
    context.run(variable.reset, second)
    try:
        return [fields_read(token, _TOKEN) for token in (first, second)] == [
            ((context,), (variable,), (), 0),
            ((context,), (variable,), (1,), 1),
        ]
    except (TypeError, ValueError):
        return False


#: By exact type.
REDUCERS: dict[type, Any] = {
    ContextVar: reduce_variable,
    Context: reduce_context,
    Token: reduce_token,
}

tags.register("context_variable", _find)
tags.register("context_variable_of_program", _find_in_program)
tags.register("decimal_context_variable", _of_decimal)
tags.register("context", _new_context)
tags.register("fill_context", _fill_context)
tags.register("token", _token)
tags.register("fill_token", _fill_token)
