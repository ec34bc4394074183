"""Random programs, edited at random while they wait, against an oracle.

``GREENFLOW_EDITS=20000`` tries more of them, ``GREENFLOW_EDITS_SEED=7`` others.
"""

from __future__ import annotations

import ast
import os
import sys
from collections import Counter
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from greenflow.continuation.upgrading import placing
from greenflow.errors import CodeChanged
from tests.upgrading.random_changes import CHANGES
from tests.upgrading.random_edits import own_names, side, whole
from tests.upgrading.random_programs import program
from tests.upgrading.random_runs import (
    Endless,
    Oracle,
    Program,
    Told,
    go_on,
    load,
    renamed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

EDITS = int(os.environ.get("GREENFLOW_EDITS", "20"))
SEED = int(os.environ.get("GREENFLOW_EDITS_SEED", "0"))
#: With others an edit may be read in two ways: which of two statements is the new one?
_COPIES = {"move", "repeat"}
#: Of the places that a program waits at.
_PLACES_MAX = 6


@pytest.fixture
def modules():
    yield
    sys.modules.pop("fuzz_out", None)
    sys.modules.pop("fuzz_app", None)


def edited(chance: Random) -> tuple[ast.Module, list[str]]:
    """Return a random program with switches at its edits, and what these were."""
    while True:
        tree = ast.parse(program(chance))
        kinds = chance.choices(list(CHANGES), k=chance.choice([1, 2, 3, 4]))
        if _COPIES & set(kinds) and len(kinds) > 1:
            continue
        if all(CHANGES[kind](tree, chance) for kind in kinds):
            return tree, kinds


def reformatted(source: str, chance: Random) -> str:
    lines: list[str] = []
    for line in source.split("\n"):
        if chance.random() < 0.2:
            lines.append("# a comment")
        if "(" in line and "f'" not in line and chance.random() < 0.2:
            line = line.replace("(", "(\n  ", 1)
        lines.append(line)
    return "\n".join(lines)


class Case:
    """One edit of a program."""

    def __init__(self, chance: Random) -> None:
        tree, self.kinds = edited(chance)
        old, new, both = (side(tree, each) for each in ("old", "new", "both"))
        if not own_names(old) == own_names(new) == own_names(both):
            raise SyntaxError("the oracle has no two scopes")
        self.old, self.both = ast.unparse(old), ast.unparse(both)
        if chance.random() < 0.3:
            old = chance.choice("ab")
            renamed(chance.choice(whole(new)), old, "renamed")
            self.kinds.append("rename")
        if ast.unparse(new) == self.old:
            raise SyntaxError("nothing is edited")
        self.new = reformatted(ast.unparse(new), chance)
        for each in (self.old, self.new, self.both):
            compile(each, "side", "exec")


def compare(
    case: Case, chance: Random, monkeypatch: Any, counted: Counter[str]
) -> list[str]:
    """Return what goes otherwise than the oracle says."""
    told = Told()
    states = Program(case.old, "old.py", told).states()
    plain = Oracle(sys.maxsize, set()).run(case.both)
    assert plain == told.told, "the oracle's old side is another program"
    wrong: list[str] = []
    numbers = list(range(len(states)))
    for number in chance.sample(numbers, min(len(numbers), _PLACES_MAX)):
        state, began = states[number]
        for policy in ("upgrade", "pinned"):
            at = number, state, began
            with stuck(case, counted):
                wrong += _one(case, monkeypatch, counted, at, policy)
    return wrong


@contextmanager
def stuck(case: Case, counted: Counter[str]) -> Iterator[None]:
    """Let a flow be stuck whose decorator is gone: its variables are with that."""
    try:
        yield
    except CodeChanged as error:
        if "put the decorator back" not in str(error) or "decorate" not in case.kinds:
            raise
        counted["stuck"] += 1


def _one(
    case: Case,
    monkeypatch: Any,
    counted: Counter[str],
    at: tuple[int, bytes, int],
    policy: str,
) -> list[str]:
    number, state, began = at
    told = Told()
    new = Program(case.new, "new.py", told)
    texts = {"old.py": OLD_HEAD + case.old, "new.py": new.text}
    k, frames = load(state, texts, monkeypatch, policy)
    told.began = began
    kept = {each for each in frames.kept if each is not None}
    counted["moved"] += len(frames.moved)
    counted["kept"] += len(frames.kept)
    counted.update(frames.reasons if policy == "upgrade" else ())
    if policy == "pinned":
        kept = set(range(began + 1))
    elif None in frames.kept and frames.moved:
        counted["mixed"] += 1
        return []
    elif None in frames.kept:
        kept = set(range(began + 1))
    did = go_on(k, told, number, new)
    counted["compared"] += 1
    for values in ("", "old", "late"):
        expected = Oracle(number, kept, values).run(case.both)
        if did == expected:
            return []
    expected = Oracle(number, kept).run(case.both)
    return [f"at {number} {policy} {frames}\n did {did}\n not {expected}"]


OLD_HEAD = Program("", "old.py", Told()).text


def run(
    count: int, monkeypatch: Any, seed: object = SEED
) -> tuple[Counter[str], list[str]]:
    counted, wrong = Counter[str](), list[str]()
    for number in range(count):
        chance = Random(f"{seed} {number}")
        try:
            case = Case(chance)
        except SyntaxError:
            counted["no program"] += 1
            continue
        try:
            found = compare(case, chance, monkeypatch, counted)
        except Endless:
            counted["endless"] += 1
            continue
        except Exception as error:
            found = [f"{type(error).__name__}: {error}"]
        counted["cases"] += 1
        wrong += [f"number {number} {case.kinds} {each}" for each in found]
    return counted, wrong


def test_random_edits(modules, monkeypatch):
    counted, wrong = run(EDITS, monkeypatch)
    print(counted.most_common(40))
    assert not wrong, f"{len(wrong)}\n" + "\n".join(wrong[:20])
    assert counted["moved"] > EDITS


def test_the_oracle_sees_a_flow_that_goes_on_elsewhere(modules, monkeypatch):
    """Control: it is taken to wait in the last node that looks the same."""

    def last(old, node, new):
        return [e for e in new.nodes if ast.dump(e) == ast.dump(node)][-1]

    monkeypatch.setattr(placing, "found_again", last)
    assert any(run(1, monkeypatch, seed=f"control {each}")[1] for each in range(60))
