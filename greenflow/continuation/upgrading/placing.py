"""At which instruction of the new code does a frame wait that waits in the old one?

The node of the syntax tree tells most of it. What that was compiled to more than once,
as a ``finally`` block is, is told apart by what is on the stack.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from greenflow.continuation.editing.flowgraph import graph_of
from greenflow.continuation.upgrading.matching import found_again
from greenflow.continuation.upgrading.roles import Roles, Stack
from greenflow.continuation.upgrading.trees import BLOCKS, Tree, Unmatched, dump

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenflow.continuation.editing.flowgraph import Instruction
    from greenflow.continuation.editing.parts import Record

_NOT_BEGUN: Final = "RETURN_GENERATOR"


def unit_of(record: Record, old: Tree, new: Tree, names: Mapping[str, str]) -> int:
    """Return the unit of the new code that a frame waits at.

    Args:
        record: waits in the code of ``old``.
        old, new: its trees, both with the new names of variables.
        names: new names of variables, by old ones.

    Raises:
        Unmatched: it is not certain which one.
    """
    before, now = graph_of(old.code), graph_of(new.code)
    waiting = before.instructions[record.pending]
    if waiting.name == _NOT_BEGUN:
        return next(u for u, e in now.instructions.items() if e.name == _NOT_BEGUN)
    node = old.node_at(record.pending)
    if node is None:
        raise Unmatched("it is not known which part of the source it waits in")
    again = found_again(old, node, new)
    kept, roles = len(record.stack), Roles(old, names)
    wanted = roles.at(record.pending)[:kept]
    operands = before.depths[record.pending] - kept
    here = [
        unit
        for unit, each in before.instructions.items()
        if (each.name, each.arg) == (waiting.name, waiting.arg)
        and old.node_at(unit) is node
        and roles.at(unit)[:kept] == wanted
    ]
    # Other arguments are another number of operands; else that tells calls apart that
    # were made of one node: the enter and the exit of a with block.
    is_same = not isinstance(node, ast.Call) or dump(node) == dump(again)
    arg = waiting.arg if waiting.name.startswith("CALL") and is_same else None
    units = [
        unit
        for unit, each in sorted(now.instructions.items())
        if each.name == waiting.name
        and new.node_at(unit) is again
        and (arg is None or each.arg == arg)
    ]
    there, others = _fitting(new, units, waiting, wanted, operands)
    if not there:
        raise _no_place(wanted, others)
    if len(there) > 1 and not _same_copies(old, node, new, again, here, there):
        raise Unmatched(
            "its statement was compiled more than once, and the block around it was "
            "edited: it is not certain in which copy it waits"
        )
    return there[here.index(record.pending) if len(there) > 1 else 0]


def _fitting(
    new: Tree, units: list[int], waiting: Instruction, wanted: Stack, operands: int
) -> tuple[list[int], list[Stack]]:
    """Return the units that fit, and the stacks of those that do not."""
    graph, roles = graph_of(new.code), Roles(new, {})
    fitting, others = [], []
    for unit in units:
        more = 0
        if waiting.name.startswith("CALL"):
            more = graph.instructions[unit].arg - waiting.arg
        kept = graph.depths[unit] - operands - more
        stack = roles.at(unit)[: max(kept, 0)]
        if stack == wanted:
            fitting.append(unit)
        else:
            others.append(stack)
    return fitting, others


def _no_place(wanted: Stack, others: list[Stack]) -> Unmatched:
    if not others:
        return Unmatched("what it waits in is done by other instructions now")
    other = others[0]
    if len(other) > len(wanted):
        return Unmatched(
            "the expression around it needs values now that it did not need when it "
            "began: what is to its left was not computed"
        )
    if len(other) < len(wanted):
        return Unmatched("values that it keeps for later are not needed any more")
    return Unmatched(
        "it keeps values of what was edited: the iterator of a loop, the exit of a "
        "with block, or what is to the left of it in an expression"
    )


def _same_copies(
    old: Tree,
    node: ast.AST,
    new: Tree,
    again: ast.AST,
    here: list[int],
    there: list[int],
) -> bool:
    blocks = [
        next((e for e, _ in reversed(tree.around(n)) if isinstance(e, BLOCKS)), None)
        for tree, n in ((old, old.statement(node)), (new, new.statement(again)))
    ]
    own = [old.statement(node), new.statement(again)]
    one, other = own if isinstance(own[0], BLOCKS) else blocks
    if one is None or other is None:
        one, other = old.root, new.root
    return len(here) == len(there) and dump(one) == dump(other)
