"""Random programs as source: nested calls, loops, generators, with and try.

Each statement notes what it sees in ``log``; ``at(n)`` is a place to suspend. A program
ends for certain: every loop is over a few items, and calls go to later functions only.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

FUNCTIONS = 3
_NAMES = ("a", "b", "c")
_DEPTH_MAX = 3

PRELUDE = """
from itertools import islice
from tests.programs.stops import Kept, Manager, Problem, at, at_end, note
"""


@st.composite
def programs(draw: Any) -> str:
    """Return the source of a module with a function ``main``."""
    functions = [
        _function(draw, number, generates=draw(st.booleans()))
        for number in reversed(range(FUNCTIONS))
    ]
    body = _block(draw, 0, 0, in_loop=False, generates=False)
    main = "\n".join(["def main():", "    a = b = c = 1", *body, "    return a, b, c"])
    return "\n\n".join([PRELUDE, *functions, main]) + "\n"


def _function(draw: Any, number: int, *, generates: bool) -> str:
    body = _block(draw, number + 1, 1, in_loop=False, generates=generates)
    kind = "generator" if generates else "function"
    lines = [f"def {kind}_{number}(a, b=2, *, c=3):", *body]
    lines.append(f"    return {_expression(draw, number + 1, 1)}")
    other = "function" if generates else "generator"
    # Both are there, so that a call need not know which one was drawn.
    if generates:
        lines += ["", f"def {other}_{number}(a, b=2, *, c=3):"]
        lines += [f"    got = list_of(generator_{number}(a, b, c=c))", "    return got"]
    else:
        lines += ["", f"def {other}_{number}(a, b=2, *, c=3):"]
        lines += [f"    yield function_{number}(a, b, c=c)", "    yield at(a)"]
    if number == FUNCTIONS - 1:
        lines = ["def list_of(items):", "    return [x for x in items]", "", *lines]
    return "\n".join(lines)


def _block(
    draw: Any, level: int, depth: int, *, in_loop: bool, generates: bool
) -> list[str]:
    count = draw(st.integers(1, 3))
    lines: list[str] = []
    for _ in range(count):
        lines += _statement(draw, level, depth, in_loop=in_loop, generates=generates)
    return [f"    {line}" for line in lines]


def _statement(  # noqa: C901
    draw: Any, level: int, depth: int, *, in_loop: bool, generates: bool
) -> list[str]:
    simple = ["assign", "note", "augment", "attribute", "item"]
    if generates:
        simple += ["yield", "send"]
    if in_loop:
        simple += ["break", "continue"]
    nested = ["if", "for", "while", "try", "with", "finally", "loop", "delegate"]
    kind = draw(st.sampled_from(simple + (nested if depth < _DEPTH_MAX else [])))
    name = draw(st.sampled_from(_NAMES))
    value = _expression(draw, level, depth)

    def block(*, loop: bool = in_loop) -> list[str]:
        return _block(draw, level, depth + 1, in_loop=loop, generates=generates)

    match kind:
        case "assign":
            return [f"{name} = {value}"]
        case "note":
            return [f"note({value})"]
        case "augment":
            return [f"{name} = Kept({name})", f"{name} += {value}"]
        case "attribute":
            return [f"kept = Kept({value})", f"kept.value = at({name})", "note(kept)"]
        case "item":
            made = f"kept = Kept({value})"
            return [made, f"kept[{name}] = at(2)", f"{name} = kept[1]"]
        case "yield":
            return [f"yield {value}"]
        case "send":
            return [f"{name} = yield {name}", f"note({name})"]
        case "break" | "continue":
            return [f"if {value}:", f"    {kind}"]
        case "if":
            return [f"if {value}:", *block(), "else:", *block()]
        case "for":
            items = _iterable(draw, level, depth)
            return [f"for {name} in {items}:", *block(loop=True)]
        case "while":
            turns = f"turns_{depth}"
            counted = [f"    {turns} += 1", *block(loop=True)]
            return [f"{turns} = 0", f"while {turns} < 2 and ({value}):", *counted]
        case "try":
            risky = [f"    if {value}:", f"        raise Problem({name!r})"]
            handler = ["except Problem as error:", "    note(str(error))", *block()]
            return ["try:", *block(), *risky, *handler, "else:", "    at(5)"]
        case "finally":
            return ["try:", *block(), "finally:", "    at_end()"]
        case "with":
            return [f"with Manager({value}) as {name}:", *block()]
        case "loop":
            items = _iterable(draw, level, depth)
            return [f"{name} = [at(x) for x in {items} if {value}]"]
        case _:
            if not generates:
                return [f"note({value})"]
            return [f"{name} = yield from {_iterable(draw, level, depth)}"]


def _expression(draw: Any, level: int, depth: int) -> str:
    name, other = draw(st.sampled_from(_NAMES)), draw(st.sampled_from(_NAMES))
    kinds = ["name", "number", "at", "sum", "kept", "text", "compare", "choice"]
    if level < FUNCTIONS and depth <= _DEPTH_MAX:
        kinds += ["call", "call_by_name"]
    number = draw(st.integers(0, 3))
    later = draw(st.integers(level, FUNCTIONS - 1)) if level < FUNCTIONS else 0
    return {
        "name": name,
        "number": str(number),
        "at": f"at({name})",
        "sum": f"({name}, at({number}), {other})",
        "kept": f"Kept({name}) + at({number})",
        "text": f"f'{{Kept({name})}} {{{other}!r:>4}}'",
        "compare": f"Kept({name}) < {other}",
        "choice": f"({name} if Kept({number}) else at({other}))",
        "call": f"function_{later}({name}, at({other}))",
        "call_by_name": f"function_{later}({name}, c=at({number}))",
    }[draw(st.sampled_from(kinds))]


def _iterable(draw: Any, level: int, depth: int) -> str:
    kinds = ["tuple", "kept", "enumerate", "map"]
    if level < FUNCTIONS and depth <= _DEPTH_MAX:
        kinds += ["generator", "enumerated", "mapped", "islice"]
    later = draw(st.integers(level, FUNCTIONS - 1)) if level < FUNCTIONS else 0
    return {
        "tuple": "(1, at(2))",
        "kept": "Kept(2)",
        "enumerate": "enumerate(Kept(1))",
        "map": "map(at, [3, 0])",
        "generator": f"generator_{later}(1, at(2))",
        "enumerated": f"enumerate(generator_{later}(1), 5)",
        "mapped": f"map(at, generator_{later}(1))",
        "islice": f"islice(generator_{later}(1), 3)",
    }[draw(st.sampled_from(kinds))]
