"""Whether code that another patch level compiled is of the same source."""

from __future__ import annotations

import dis
import sys
from collections import Counter
from types import CodeType
from typing import Any

#: What an edit changes, and another way to compile does not.
_COUNTED = (
    "BINARY_",
    "COMPARE_",
    "CALL",
    "LOAD_SMALL_INT",
    "STORE_ATTR",
    "STORE_SUBSCR",
    "YIELD_",
)


def stands_for(live: CodeType, code: CodeType, module: str | None) -> bool:
    """Return whether ``live``, of a module, is what ``code`` was compiled of."""
    # The standard library changes with the patch level: who waits in it goes on in it.
    if module is not None and module.partition(".")[0] in sys.stdlib_module_names:
        return live.co_freevars == code.co_freevars
    return _source(live) == _source(code)


def _source(code: CodeType) -> tuple[Any, ...]:
    plain = [constant for constant in code.co_consts if not _is_code(constant)]
    counted = Counter(
        (shown.opname, shown.argrepr)
        for shown in dis.get_instructions(code)
        if shown.opname.startswith(_COUNTED)
    )
    return (
        code.co_qualname,
        (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount),
        (code.co_varnames, code.co_cellvars, code.co_freevars, code.co_flags),
        set(code.co_names),
        sorted(map(repr, plain)),
        counted,
        [_source(constant) for constant in code.co_consts if _is_code(constant)],
    )


def _is_code(constant: object) -> bool:
    return isinstance(constant, CodeType)
