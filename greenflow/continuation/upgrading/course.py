"""Where control goes in the code of any known minor version, and what is handled where.

It tells apart what was compiled more than once, as ``finally`` blocks and the tests of
loops are: two places are alike if from both the same statements are reached, one after
another, to the end.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from greenflow.continuation.editing.parts import variable_names
from greenflow.continuation.head import PYTHON
from greenflow.continuation.upgrading.minors import MINORS, ends, jump
from greenflow.continuation.upgrading.trees import Unmatched, range_of

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from greenflow.continuation.upgrading.trees import Position, Tree

_CACHE: Final = 0
#: They do nothing that the source tells of, or belong to what follows.
_SILENT: Final = frozenset(
    {
        *(
            "COPY",
            "END_FOR",
            "EXTENDED_ARG",
            "JUMP_BACKWARD",
            "JUMP_BACKWARD_NO_INTERRUPT",
        ),
        *("JUMP_FORWARD", "KW_NAMES", "LOAD_COMMON_CONSTANT", "LOAD_CONST"),
        *("LOAD_SMALL_INT", "NOP", "NOT_TAKEN", "POP_EXCEPT", "POP_ITER", "POP_TOP"),
        *("PRECALL", "PUSH_EXC_INFO", "PUSH_NULL", "RESUME", "SWAP"),
    }
)
_END: Final = -1
_MORE: Final = 64

_NEVER_RAISE: Final = frozenset(
    {"COPY", "LOAD_CONST", "NOP", "POP_EXCEPT", "POP_TOP", "PUSH_EXC_INFO", "SWAP"}
)

#: What is handled; None if that is not certain.
_Active: TypeAlias = "tuple[Handler, ...] | None"
#: What an instruction belongs to, for people who read the source; see _label().
_Label: TypeAlias = tuple[str, int | str] | None


class Step(NamedTuple):
    """An instruction; ``name`` is "" if nothing need be known of it."""

    name: str
    arg: int
    following: tuple[int, ...]


class Handler(NamedTuple):
    """An entry of the exception table; ``low`` slots are kept, ``place`` one is added.

    ``units`` are those whose errors it takes.
    """

    units: range
    target: int
    low: int
    place: int


class Course:
    """The course of control through a code object of some minor version."""

    def __init__(self, tree: Tree, python: str = PYTHON) -> None:
        """Look at the code of a tree, which a head's ``python`` compiled.

        Raises:
            Unmatched: the bytecode of that Python is not known.
        """
        names = MINORS.get(python)
        if names is None:
            raise Unmatched(f"the bytecode of {python} is not known here")
        self._tree = tree
        self._has_inlined = "LOAD_FAST_AND_CLEAR" in names.values()
        self.steps = dict(_steps(tree.code.co_code, names))
        self.handlers = list(_handlers(tree.code.co_exceptiontable))

    def active(self, unit: int) -> tuple[Handler, ...]:
        """Return the handlers that have taken an error where an instruction begins.

        Raises:
            Unmatched: it is not certain.
        """
        found = self._active.get(unit)
        if found is None:
            raise Unmatched("it is not certain what it handles")
        return found

    @cached_property
    def _active(self) -> dict[int, _Active]:
        found: dict[int, _Active] = {0: ()}
        todo = [0]
        while todo:
            unit = todo.pop()
            for following, active in self._onward(unit, found[unit]):
                known = found.get(following, active)
                if following not in found or (known is not None and known != active):
                    found[following] = active if following not in found else None
                    todo.append(following)
        return found

    def _onward(self, unit: int, active: _Active) -> Iterator[tuple[int, _Active]]:
        step = self.steps[unit]
        for each in self.handlers if step.name not in _NEVER_RAISE else ():
            if unit in each.units and active is not None:
                kept = (h for h in active if h.low + h.place < each.low)
                yield each.target, tuple(kept)
        if step.name == "PUSH_EXC_INFO" and active is not None:
            own = [each for each in self.handlers if each.target == unit]
            # Its entries have one depth: they differ in the units alone.
            active = (*active, own[0]._replace(units=range(0)))
        elif step.name == "POP_EXCEPT" and active is not None:
            active = active[:-1] if active else None
        for following in step.following:
            yield following, active

    def is_reached(self, unit: int) -> bool:
        """Whether control ever comes to an instruction."""
        return unit in self._active

    def first_place(self, unit: int) -> Position | None:
        """Return where the first instruction from one on is that has a source."""
        while unit in self.steps:
            step, position = self.steps[unit], self._tree.position(unit)
            if step.name not in _SILENT and None not in position:
                return position
            if not step.following:
                break
            unit = step.following[0]
        return None

    def name_behind(self, unit: int) -> str:
        """Return the name of the instruction behind one; "" if it is not known."""
        following = self.steps[unit].following
        return self.steps[following[0]].name if following else ""

    def kept(self, comprehension: ast.AST) -> list[str]:
        """Return the variables whose values one keeps below what it makes, in order.

        Raises:
            Unmatched: comprehensions are functions of their own in that Python.
        """
        if not self._has_inlined:
            raise Unmatched(
                "it waits in a comprehension, which is a function of its own up to 3.11"
            )
        place = range_of(comprehension)
        numbers = dict.fromkeys(
            step.arg
            for unit, step in self.steps.items()
            if step.name == "LOAD_FAST_AND_CLEAR" and self._tree.position(unit) == place
        )
        names = [variable_names(self._tree.code)[number] for number in numbers]
        # The last is swapped with what it goes over first, which is to be on the top.
        return [*names[-1:], *names[:-1]]

    # --- what is alike ---

    def label(self, unit: int) -> _Label:
        """Return what an instruction does, as far as it goes on with the source."""
        name = self.steps[unit].name
        returned = self._returned(unit)
        if returned:
            return "return", returned
        if name in _SILENT:
            return None
        number = self._tree.statement_number(self._tree.position(unit))
        if name == "FOR_ITER" and self._tree.is_loop(self._tree.position(unit)):
            return name, _END if number is None else number
        if ends(name):
            return "raise", _END if number is None else number
        return None if number is None else ("at", number)

    def _returned(self, unit: int) -> str:
        """Return what is returned, if an instruction does; or makes what is."""
        step = self.steps[unit]
        if step.name in {"RETURN_CONST", "LOAD_CONST"}:
            constant = self._tree.code.co_consts[step.arg]
            told = f"constant {type(constant).__name__} {constant!r}"
        elif step.name == "LOAD_SMALL_INT":
            told = f"constant int {step.arg}"
        else:
            told = "value"
        if step.name.startswith("RETURN_") and step.name != "RETURN_GENERATOR":
            return told
        while told != "value" and step.following:
            step = self.steps[step.following[0]]
            if step.name == "RETURN_VALUE":
                return told
            if step.name not in {"NOP", "JUMP_FORWARD"}:
                break
        return ""

    def next_labels(self, unit: int) -> set[int]:
        """Return the units that another statement begins at behind one."""
        own, found, seen, todo = self.label(unit), set[int](), {unit}, [unit]
        if own is not None and own[0] == "return":
            return found
        while todo:
            for following in self.steps[todo.pop()].following:
                label = self.label(following)
                if label is not None and (label != own or label[0] != "at"):
                    found.add(following)
                elif following not in seen:
                    seen.add(following)
                    todo.append(following)
        return found


def alike(old: Course, unit: int, new: Course, units: list[int]) -> list[int]:
    """Return those of the new units from which all goes on as from the old one.

    Both courses are of the same source.
    """
    sides: list[tuple[Course, list[int]]] = [(old, [unit]), (new, units)]
    onward: dict[tuple[int, int], set[tuple[int, int]]] = {}
    label: dict[tuple[int, int], Any] = {}
    for side, (course, todo) in enumerate(sides):
        waiting = list(todo)
        while waiting:
            at = waiting.pop()
            if (side, at) in onward:
                continue
            found = course.next_labels(at)
            onward[side, at] = {(side, each) for each in found}
            label[side, at] = course.label(at)
            waiting += found
    kinds = _refined(onward, label)
    return [each for each in units if kinds[1, each] == kinds[0, unit]]


def _refined(onward: dict[Any, set[Any]], label: dict[Any, Any]) -> dict[Any, int]:
    """Return a number for each place, the same for those that nothing tells apart."""
    kinds = _numbered(label)
    while True:
        finer = _numbered(
            {at: (kinds[at], frozenset(kinds[n] for n in onward[at])) for at in kinds}
        )
        if len(set(finer.values())) == len(set(kinds.values())):
            return finer
        kinds = finer


def _numbered(keys: dict[Any, Any]) -> dict[Any, int]:
    numbers: dict[Any, int] = {}
    return {at: numbers.setdefault(key, len(numbers)) for at, key in keys.items()}


# --- bytes ---


def _steps(code: bytes, names: dict[int, str]) -> Iterator[tuple[int, Step]]:
    units = [(code[at], code[at + 1]) for at in range(0, len(code), 2)]
    unit, more = 0, 0
    while unit < len(units):
        number, arg = units[unit]
        name, arg = names.get(number, ""), arg | more
        behind = unit + 1
        while behind < len(units) and units[behind][0] == _CACHE:
            behind += 1
        following = [] if ends(name) else [behind]
        if jump(name):
            following.append(behind + jump(name) * arg)
        yield unit, Step(name, arg, tuple(following))
        more = arg << 8 if name == "EXTENDED_ARG" else 0
        unit = behind


def _handlers(table: bytes) -> Iterator[Handler]:
    numbers = _varints(table)
    for start in numbers:
        count, target, depth = next(numbers), next(numbers), next(numbers)
        yield Handler(range(start, start + count), target, depth >> 1, depth & 1)


def _varints(table: bytes) -> Iterator[int]:
    value = 0
    for byte in table:
        value = value << 6 | byte & 63
        if not byte & _MORE:
            yield value
            value = 0
