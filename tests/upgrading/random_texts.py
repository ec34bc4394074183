"""What random edits put into functions."""

from __future__ import annotations

from typing import Final

NEW_STATEMENTS: Final = (
    *("out('new')", "out('new')", "a = 5", "b = 6", "out(a)", "out(b)", "d = 4"),
    *("out((lambda: a)())", "out((lambda: b)())", "out(d)", "fresh = 7", "out(fresh)"),
    *("suspend(1)", "a = suspend(1)", "out(suspend(2))", "a += suspend(0)"),
    *("if n > 1:\n    out('more')", "for a in (1, 2):\n    out(a)"),
    *("with Block(9):\n    out('in')", "del b", "a, b = b, a", "return 5"),
    *("try:\n    a = 1 // 0\nexcept ZeroDivisionError:\n    out('zero')",),
    *("out([a for a in (1, 2)])", "raise OSError(3)", "a = g(1)"),
)
#: Around an expression E.
WRAPS: Final = (
    *(
        "add(E, 1)",
        "-E",
        "E + 1",
        "(E, 3)[0]",
        "add(1, E)",
        "1 + E",
        "E if E > 3 else E",
    ),
    *(
        "E + suspend(2)",
        "suspend(E)",
        "g(E)",
        "[E for a in (1,)][0]",
        "f'{E}'",
        "(a := E)",
    ),
    *("E < 3 < 4", "E and 3", "0 or E", "lambda: E", "(lambda: E)()", "add(*[E])"),
)
