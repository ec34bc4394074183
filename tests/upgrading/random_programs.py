"""Random modules of functions that wait in many places."""

from __future__ import annotations

import re
from textwrap import indent
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

#: What no edit changes. Its place in a file differs, its code does not.
PRELUDE: Final = """\
from functools import wraps
from fuzz_out import {names}

def add(x, y=1, *z, w=0):
    return x + y + sum(z) - w

def drive(coroutine):
    try:
        coroutine.send(None)
    except StopIteration as ended:
        return ended.value

def decorated(function):
    @wraps(function)
    def inner(*args, **named):
        out("called")
        got = function(*args, **named)
        out("returned")
        return got
    return inner

when_new = when_old = decorated

class Block:
    def __init__(self, what):
        self.what = what
    def __enter__(self):
        out(("enter", self.what))
        return self.what
    def __exit__(self, kind, *error):
        out(("exit", self.what, kind and kind.__name__))
        return kind is ValueError
"""

_HEADS: Final = {
    "f": "def f(n, k=2):",
    "g": "def g(n, k=1):",
    "items": "def items(n, k=1):",
    "later": "async def later(n, k=1):",
}
_EXPRESSIONS: Final = (
    *("(E + E)", "(E - E)", "(E + E)", "(E if E > 4 else E)", "(E and E)", "(E or E)"),
    *("(E < E < E)", "-E", "len(f'{NAME}:{suspend(3)}')", "sum([E, E])", "add(E, E)"),
    *("add(E, *[E, E])", "add(E, w=E)", "[E, E][E % 2]", "(E, E)[1]"),
    *("{1: E, 2: E}.get(E, 3)", "(lambda y: suspend(y) + NAME)(E)"),
)
_CALLS: Final = {
    "g": ["g(E)", "g(E, E)"],
    "C": ["C(E).m(E)"],
    "items": ["sum([j or 0 for j in items(E)])"],
    "later": ["drive(later(E))"],
}
_SIMPLE: Final = (
    *("A = E0", "A = E0", "A = E1", "A += E0", "out(E0)", "out((E1, E1))"),
    *("a, b = E1, E1", "c[E1 % 3] = E1", "E0", "c[E1 % 3] += E1"),
    *("assert E1 != None", "a, *c[1:] = [E1, E2, 1]", "out(a)", "suspend(1)"),
)
_BEGIN: Final = "_f = enter()\na, b, c = 1, n, [k, 2, 3]\n"


def program(chance: Random) -> str:
    """Return the source of a module with a function ``f(n, k=2)``."""
    maker = _Maker(chance)
    parts = [maker.function("g")]
    parts += [maker.function(n) for n in ("items", "later") if chance.random() < 0.4]
    if chance.random() < 0.3:
        parts.append(maker.method())
    parts.append(maker.function("f"))
    return "\n".join(parts)


class _Maker:
    def __init__(self, chance: Random) -> None:
        self._chance, self._number = chance, 0
        self._calls: list[str] = []

    def function(self, name: str) -> str:
        pick = self._chance
        body = _BEGIN + self._block(pick.randint(1, 4), 0, in_loop=False)
        if name == "items":
            body += f"\nyield a\n{self._block(2, 1, in_loop=False)}\nyield b"
        if pick.random() < 0.8:
            body += f"\nreturn {self._expr(1)}"
        self._calls.append(name)
        return f"{_HEADS[name]}\n{indent(body, '    ')}\n"

    def method(self) -> str:
        body = _BEGIN + self._block(2, 1, in_loop=False) + "\nreturn self.v + b"
        self._calls.append("C")
        return (
            "class C:\n    def __init__(self, v):\n        self.v = v\n"
            f"    def m(self, n, k=1):\n{indent(body, '        ')}\n"
        )

    def _block(self, count: int, depth: int, *, in_loop: bool) -> str:
        made = [self._statement(depth, in_loop=in_loop) for _ in range(count)]
        return "\n".join(made)

    def _inner(self, depth: int, *, in_loop: bool) -> str:
        count = self._chance.randint(1, 2)
        return indent(self._block(count, depth + 1, in_loop=in_loop), "    ")

    def _name(self) -> str:
        return self._chance.choice("abd" if self._chance.random() < 0.2 else "ab")

    def _fresh(self, begin: str) -> str:
        self._number += 1
        return f"{begin}{self._number}"

    # --- statements ---

    def _statement(self, depth: int, *, in_loop: bool) -> str:
        if depth < 3 and self._chance.random() < 0.45:
            blocks: list[Callable[[int, bool], str]] = [
                *(self._if, self._for, self._while, self._with, self._try),
                *(self._match, self._def, self._try),
            ]
            return self._chance.choice(blocks)(depth, in_loop)
        return self._simple(in_loop=in_loop)

    def _simple(self, *, in_loop: bool) -> str:
        if self._chance.random() < 0.07:
            ends = ["break", "continue"] if in_loop else ["return a", "raise KeyError"]
            return f"if {self._expr(2)} > 5:\n    {self._chance.choice(ends)}"
        made = re.sub(r"\bA\b", self._name(), self._chance.choice(_SIMPLE))
        return re.sub(r"\bE([012])", lambda found: self._expr(int(found[1])), made)

    def _if(self, depth: int, in_loop: bool) -> str:
        made = f"if {self._expr(1)} > 3:\n{self._inner(depth, in_loop=in_loop)}"
        if self._chance.random() < 0.5:
            made += f"\nelse:\n{self._inner(depth, in_loop=in_loop)}"
        return made

    def _for(self, depth: int, in_loop: bool) -> str:
        over = ["(1, 2)", "range(2)", f"[{self._expr(1)}, 1]"]
        over += [f"items({self._expr(2)})"] * ("items" in self._calls)
        made = f"for {self._fresh('i')} in {self._chance.choice(over)}:\n"
        made += self._inner(depth, in_loop=True)
        if self._chance.random() < 0.2:
            made += f"\nelse:\n{self._inner(depth, in_loop=in_loop)}"
        return made

    def _while(self, depth: int, in_loop: bool) -> str:
        name = self._fresh("w")
        body = self._inner(depth, in_loop=True)
        test = f"tick() and {name} < {self._chance.choice(['2', self._expr(2)])}"
        return f"{name} = 0\nwhile {test}:\n    {name} += 1\n{body}"

    def _with(self, depth: int, in_loop: bool) -> str:
        item = f"Block({self._expr(1)})"
        if self._chance.random() < 0.5:
            item += f" as {self._name()}"
        if self._chance.random() < 0.4:
            item += f", Block({self._expr(1)}) as {self._name()}"
        return f"with {item}:\n{self._inner(depth, in_loop=in_loop)}"

    def _try(self, depth: int, in_loop: bool) -> str:
        body = self._inner(depth, in_loop=in_loop)
        if self._chance.random() < 0.5:
            body += (
                f"\n    if {self._expr(2)} > 2:\n        raise OSError({self._expr(2)})"
            )
        made = f"try:\n{body}"
        if self._chance.random() < 0.7:
            handled = self._inner(depth, in_loop=in_loop)
            made += f"\nexcept OSError as error:\n    out(str(error))\n{handled}"
            if self._chance.random() < 0.3:
                made += f"\nelse:\n{self._inner(depth, in_loop=in_loop)}"
            if self._chance.random() < 0.6:
                return made
        return f"{made}\nfinally:\n{self._inner(depth, in_loop=False)}"

    def _match(self, depth: int, in_loop: bool) -> str:
        cases = [f"{self._expr(2)} % 3", "0", f"x if x < {self._expr(2)}", "_"]
        first, *others = cases
        bodies = [indent(self._inner(depth, in_loop=in_loop), "    ") for _ in others]
        made = [f"    case {c}:\n{b}" for c, b in zip(others, bodies, strict=True)]
        return f"match {first}:\n" + "\n".join(made)

    def _def(self, depth: int, in_loop: bool) -> str:
        name = self._fresh("inner")
        shared = self._chance.choice(["", "nonlocal a\n"])
        body = (
            f"{shared}_f = enter()\na = x\nout((x, b))\nx = {self._expr(2, names='xk')}"
        )
        body += f"\nreturn {self._expr(2, names='xb')}"
        head = f"def {name}(x, k=1):"
        return (
            f"{head}\n{indent(body, '    ')}\n{self._name()} = {name}({self._expr(1)})"
        )

    # --- expressions ---

    def _expr(self, depth: int, names: str = "nkab") -> str:
        pick = self._chance
        if depth > 2 or pick.random() < 0.3 * depth:
            return pick.choice([*names, str(pick.randint(0, 9)), "suspend(0)"])
        chosen = [*_EXPRESSIONS, *["suspend(E)"] * 6]
        if depth < 2:
            chosen.append(f"sum([suspend(j) + {names[0]} for j in (1, E)])")
        if depth < 2 and names == "nkab":
            chosen.append("(a := E)")
            chosen += [each for name in self._calls for each in _CALLS[name]]
        made = pick.choice(chosen).replace("NAME", names[0])
        return re.sub(r"\bE\b", lambda _: self._expr(depth + 1, names), made)
