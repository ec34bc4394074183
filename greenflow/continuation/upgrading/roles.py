"""What each value on a frame's stack is there for, told by what put it there.

A role is text: the iterator of a loop over something, the exit of a ``with`` block,
what a handler handles, an operand of a pending expression. Stacks of the old and of the
new code fit if they have the same roles in the same order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from greenflow.continuation.editing.flowgraph import Instruction, graph_of
from greenflow.continuation.editing.parts import variable_names
from greenflow.continuation.upgrading.matching import header

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenflow.continuation.upgrading.trees import Tree

#: Of one place on the stack: several, where ways through the code meet.
Role = frozenset[str]
Stack = tuple[Role, ...]

_BORROWED: Final = "_BORROW"


class Roles:
    """The roles on the stack at each instruction of a code object."""

    def __init__(self, tree: Tree, names: Mapping[str, str]) -> None:
        """Look at the code of a tree; ``names`` are new names of variables by old."""
        self._tree, self._graph = tree, graph_of(tree.code)
        self._variables = [names.get(n, n) for n in variable_names(tree.code)]
        self._constants = tree.code.co_consts
        self._stacks: dict[int, Stack] = {0: ()}
        self._walk()

    def at(self, unit: int) -> Stack:
        """Return the roles as an instruction begins, the lowest first."""
        return self._stacks.get(unit, ())

    def _walk(self) -> None:
        todo = [0]
        while todo:
            unit = todo.pop()
            stack, instruction = self._stacks[unit], self._graph.instructions[unit]
            for handler in self._graph.handlers_of(unit):
                depth = self._graph.depths[handler.target]
                pushed = ["place of the error"] * (depth - handler.depth - 1)
                roles = (frozenset({each}) for each in (*pushed, "raised error"))
                entered = (*stack[: handler.depth], *roles)
                todo += self._reach(handler.target, entered)
            behind = self._behind(instruction, stack)
            for following in instruction.following:
                depth = self._graph.depths[following]
                todo += self._reach(following, self._filled(behind, depth, unit))

    def _reach(self, unit: int, stack: Stack) -> list[int]:
        known = self._stacks.get(unit)
        if known is None:
            self._stacks[unit] = stack
            return [unit]
        joined = tuple(one | other for one, other in zip(known, stack, strict=False))
        if joined == known:
            return []
        self._stacks[unit] = joined
        return [unit]

    def _behind(self, each: Instruction, stack: Stack) -> Stack:
        if each.name == "SWAP":
            swapped = list(stack)
            swapped[-1], swapped[-each.arg] = swapped[-each.arg], swapped[-1]
            return tuple(swapped)
        if each.name == "COPY":
            return (*stack, stack[-each.arg])
        return stack[: self._graph.low(each.unit)]

    def _filled(self, stack: Stack, depth: int, unit: int) -> Stack:
        """Return the stack with what the instruction has pushed on it."""
        if len(stack) >= depth:
            return stack[:depth]
        pushed = self._pushed(self._graph.instructions[unit], depth - len(stack))
        return (*stack, *(frozenset({role}) for role in pushed))

    def _pushed(self, each: Instruction, count: int) -> list[str]:
        name = each.name.replace(_BORROWED, "")
        if name == "LOAD_FAST_LOAD_FAST" and count == 2:
            return [self._variable(each.arg >> 4), self._variable(each.arg & 15)]
        if name == "STORE_FAST_LOAD_FAST" and count == 1:
            return [self._variable(each.arg & 15)]
        if count == 1 and name in {"LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_DEREF"}:
            return [self._variable(each.arg)]
        if name == "LOAD_FAST_AND_CLEAR":
            return [f"kept {self._variable(each.arg)}"]
        if name == "LOAD_CONST":
            return [f"constant {self._constants[each.arg]!r}"]
        if name == "LOAD_SMALL_INT":
            return [f"constant {each.arg}"]
        if name == "PUSH_NULL":
            return ["null"]
        node = self._tree.node_at(each.unit)
        made = header(node) if node is not None else ""
        return [f"{name} {at} {made}" for at in range(count)]

    def _variable(self, number: int) -> str:
        return f"variable {self._variables[number]}"
