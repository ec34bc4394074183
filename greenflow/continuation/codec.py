"""Records to bytes and back: encode and decode, side by side.

The bytes are a sealed head (:mod:`greenflow.continuation.head`) and one pickle of all
values at once, so that identity and cycles are kept across frames. A function is
named in the head by module, qualified name and code hash where it can be found again
by these; else it lies among the values.
"""

from __future__ import annotations

from contextvars import Context
from typing import TYPE_CHECKING, Any

from greenflow import parted
from greenflow.continuation import frames, owned
from greenflow.continuation.context import saved_items
from greenflow.continuation.functions import reference, resolve
from greenflow.continuation.head import (
    PYTHON,
    Head,
    check_python,
    decode_head,
    encode_head,
    unpack,
)
from greenflow.continuation.loading import load_waiting
from greenflow.continuation.plans import Plans
from greenflow.continuation.saved import Body, Loaded, Saved
from greenflow.errors import BadContents, CodeMissing, GreenflowError, NotRestorable
from greenflow.later import later_all

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FunctionType

    from greenflow.continuation import diagnose, pickling, places, spares, summary
    from greenflow.continuation.frames import Records
    from greenflow.parted import AnyState

    _Stack = tuple[tuple[Any, ...], bytes, tuple[Any, ...]]
    Moved = Callable[[tuple[Any, ...], bytes, tuple[Any, ...]], _Stack]
else:
    _LATE = ("diagnose", "pickling", "places", "spares", "summary")
    diagnose, pickling, places, spares, summary = later_all(
        __name__, "greenflow.continuation", *_LATE
    )

_CACHE_ENTRIES_MAX = 256


# --- a suspended stack ---


def encode_stack(records: Records, value: object, context: Context) -> Saved:
    """Return the stack, the value it left with and its context variables, as bytes.

    Raises:
        NotSaveable: a value of it cannot be saved; the message tells which and where.
        TooLarge: a size is above its limit.
    """
    functions, shape, values = records.parts()
    plan = _heads_of.get((shape, functions))
    made = plan.made if plan else _new_head(functions, shape, records)
    head, by_value, trailer = made
    running = {id(gen): function for gen, function in records.generators}
    try:
        all_of_it = value, by_value, values, context if saved_items(context) else None
        chunks, generators, codes, inner = pickling.write(
            all_of_it, running, owned.owners(values)
        )
    except Exception as error:
        raise _explain(records, value, context, error) from error
    if codes:
        trailer = spares.trailer([*_codes(functions, by_value), *codes])
    return Saved(head, chunks, trailer, generators, inner)


def decode_stack(
    head: Head, head_bytes: bytes, body: Body, moved: Moved | None = None
) -> Loaded:
    """Return what :func:`encode_stack` was given.

    ``moved`` is given the functions, shape and values of the stack, and returns those
    that it is to have: see :mod:`.upgrading`.

    Raises:
        CodeMissing, CodeChanged: a function is not there, or not the same.
        NotRestorable: a value refuses to be loaded here.
        BadContents: what was saved is no valid stack.
    """
    plan = _functions_of.get(head_bytes)
    named = plan.functions if plan is not None else _resolve(head, head_bytes)
    (value, by_value, values, context), waiting = load_values(body, 4)
    if type(by_value) is not tuple or type(values) is not tuple:
        raise BadContents("a saved continuation is damaged: it holds other values")
    functions = named if not by_value else _merge(named, by_value)
    stack = functions, head.shape, values
    try:
        records = frames.records(*(stack if moved is None else moved(*stack)))
    except (ValueError, TypeError) as error:
        raise BadContents(f"a saved continuation is damaged: {error}") from error
    context = context if type(context) is Context else Context()
    return Loaded(records, value, context, waiting)


def _new_head(
    functions: tuple[FunctionType, ...], shape: bytes, records: Records
) -> tuple[bytes, tuple[FunctionType, ...], bytes]:
    references = [reference(function) for function in functions]
    head = encode_head(summary.stack_head(functions, references, shape, records))
    by_value = tuple(
        function
        for function, known in zip(functions, references, strict=True)
        if known is None
    )
    trailer = spares.trailer(_codes(functions, by_value))
    if not by_value:
        _heads_of.put((shape, functions), functions, (head, (), trailer))
    return head, by_value, trailer


def _codes(
    functions: tuple[FunctionType, ...], by_value: tuple[FunctionType, ...]
) -> list[CodeType]:
    """The code of those functions that are found by name, or behind one."""
    return [
        function.__code__
        for function in functions
        if function not in by_value or places.hidden(function) is not None
    ]


def _resolve(head: Head, head_bytes: bytes) -> tuple[FunctionType | None, ...]:
    named = tuple(
        resolve(known.module, known.qualname, known.code_hash)
        if known.code_hash
        else None
        for known in head.functions
    )
    whole = tuple(function for function in named if function is not None)
    if len(whole) == len(named):
        _functions_of.put(head_bytes, whole, None)
    return named


def _merge(
    named: tuple[FunctionType | None, ...], by_value: tuple[Any, ...]
) -> tuple[Any, ...]:
    rest = iter(by_value)
    return tuple(next(rest, None) if known is None else known for known in named)


# --- a call that has not begun, and a result ---


def encode_call(
    function: Callable[..., object], args: tuple[object, ...], kwargs: dict[str, object]
) -> Saved:
    """Return a call that has not begun as bytes. Raises NotSaveable, TooLarge."""
    described = [
        (summary.call_name(function), f"argument {name!r}", value)
        for name, value in [*enumerate(args, 1), *kwargs.items()]
    ]
    described.insert(0, (summary.call_name(function), "the function", function))
    head = encode_head(summary.call_head(function))
    return _dump_described(head, (function, args, kwargs), described)


def decode_call(
    body: Body,
) -> tuple[tuple[Callable[..., object], tuple[Any, ...], dict[str, Any]], list[Any]]:
    """Return what :func:`encode_call` was given, and the generators among that."""
    (function, args, kwargs), waiting = load_values(body, 3)
    if not callable(function) or type(args) is not tuple or type(kwargs) is not dict:
        raise BadContents("a saved call is damaged: it cannot be called")
    return (function, args, kwargs), waiting


def encode_result(
    value: object, running: dict[int, FunctionType] | None = None
) -> Saved:
    """Return what a finished function returned as bytes. Raises as encode_call().

    ``running`` is told of the generators on stacks among the values: see pickling.
    """
    head = encode_head(Head("done", PYTHON, ()))
    described = [("the flow", "its result", value)]
    return _dump_described(head, (value,), described, running)


def decode_result(body: Body) -> tuple[object, list[Any]]:
    """Return the value that :func:`encode_result` was given, and its generators."""
    (value,), waiting = load_values(body, 1)
    return value, waiting


def open_saved(state: AnyState) -> tuple[Head, bytes, Body]:
    """Return head, its bytes and the body, if this Python may go on from them.

    Raises:
        BadRecord: the bytes are not what was written.
        WrongInterpreter: another Python wrote them.
    """
    buffers = parted.buffers_of(state)
    head_bytes, body = unpack(parted.stream_of(state))
    parted.check(body, buffers)
    head = _heads.get(head_bytes)
    if head is None:
        head = decode_head(head_bytes)
        check_python(head)
        _remember(_heads, head_bytes, head, _CACHE_ENTRIES_MAX)
    return head, head_bytes, Body(body, buffers)


# --- the head ---

#: A flow that stops again and again at the same place has the same head each time.
_heads: dict[bytes, Head] = {}
_heads_of: Plans[tuple[bytes, tuple[FunctionType, ...], bytes]] = Plans()
_functions_of: Plans[None] = Plans()


def _remember(cache: dict[Any, Any], key: Any, value: Any, entries_max: int) -> None:
    if len(cache) >= entries_max:
        cache.clear()
    cache[key] = value


# --- the values ---


def load_values(body: Body, count: int) -> tuple[tuple[Any, ...], list[Any]]:
    """Return so many values that were saved together, and the generators among them.

    Raises CodeMissing, NotRestorable, BadContents.
    """
    beside = [each.data for each in body.buffers]
    try:
        values, waiting = load_waiting(body.data, beside)
    except GreenflowError:
        raise
    except (ImportError, AttributeError) as error:
        raise CodeMissing(
            f"a value of the flow needs something that is not here: {error}",
            hint="make its module importable (sys.path, installed packages), bring "
            "the name back, or say where it is now: greenflow.moved()",
        ) from error
    except Exception as error:
        raise NotRestorable(
            f"a value of the flow cannot be loaded: {type(error).__name__}: {error}",
            hint="its class must be able to load what it saved (see __setstate__), as "
            "must the load function that greenflow.register() was given for it",
        ) from error
    if type(values) is not tuple or len(values) != count:
        raise BadContents("a saved continuation is damaged: it holds other values")
    return values, waiting


def _dump_described(
    head: bytes,
    value: object,
    described: list[tuple[str, str, object]],
    running: dict[int, FunctionType] | None = None,
) -> Saved:
    try:
        chunks, generators, codes, inner = pickling.write(value, running)
    except Exception as error:
        raise diagnose.explain(described, error) from error
    return Saved(head, chunks, spares.trailer(codes), generators, inner)


def _explain(
    records: Records, value: object, context: Context, error: Exception
) -> Exception:
    described: list[tuple[str, str, object]] = []
    for number, (function, offset, _generator, variables) in enumerate(records.frames):
        code = function.__code__
        line = summary.position(code, offset)[0]
        place = f"frame {number} {code.co_qualname}() {code.co_filename}:{line}"
        described.extend(
            (place, _variable(name, code), content) for name, content in variables
        )
    described.append(("the flow", "the value it is suspended with", value))
    for variable, held in saved_items(context):
        place = f"context variable {variable.name!r}"
        described += [("the flow", place, held), ("the flow", place, variable)]
    described.extend(
        (f"frame {function.__qualname__}()", "the function", function)
        for function in records.functions
    )
    running = {id(gen): function for gen, function in records.generators}
    return diagnose.explain(described, error, running)


def _variable(name: str | int, code: CodeType) -> str:
    if isinstance(name, int):
        return f"a value that the expression still needs (stack {name})"
    kind = "free variable" if name in code.co_freevars else "local"
    return f"{kind} {name!r}"
