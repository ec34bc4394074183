"""Every function of the corpus, edited in every way, at each place that it waits at.

What a flow does after it went on has to be what the new function does from there on, if
its frames got into the new code, and what the old one does if they stayed.
"""

from __future__ import annotations

import ast
import random
import sys
from collections import Counter
from types import CodeType, ModuleType
from typing import Any, NamedTuple

import pytest

from greenflow import Continuation
from greenflow.continuation.upgrading import loading, placing
from greenflow.continuation.upgrading.trees import Text
from tests.upgrading.corpus import FUNCTIONS, PRELUDE
from tests.upgrading.edits import EDITS, REASONS, edited

LINES = PRELUDE.count("\n")
#: A function that never ends would be the same as one that is wrong.
WAITS_MAX = 40


class Run(NamedTuple):
    """What a function did: the states that it waited in, and all that it told.

    ``told`` has what it waited with, what it told by out(), and what it returned;
    ``at`` has how much of it there was at each of the states.
    """

    states: list[bytes]
    told: list[Any]
    at: list[int]

    def behind(self, number: int) -> list[Any]:
        return self.told[self.at[number] :]


@pytest.fixture
def events(monkeypatch):
    told: list[Any] = []
    module = ModuleType("corpus_out")

    def out(what: object) -> None:
        told.append(what)

    out.__module__, out.__qualname__ = "corpus_out", "out"
    module.out = out
    monkeypatch.setitem(sys.modules, "corpus_out", module)
    yield told
    sys.modules.pop("corpus_app", None)


def _module(source: str, file: str) -> ModuleType:
    module = ModuleType("corpus_app")
    sys.modules["corpus_app"] = module
    exec(compile(PRELUDE + source, file, "exec"), module.__dict__)
    return module


def _finish(k: Continuation, told: list[Any], number: int, save=None) -> None:
    """Answer until the end."""
    while not k.done:
        told.append(("waits", k.value))
        if save is not None:
            save(k)
        if number > WAITS_MAX:
            raise AssertionError("it does not end")
        answer = f"v{number}"
        number += 1
        try:
            k.resume(answer)
        except Exception as error:
            told.append(("raised", repr(error)))
            return
    told.append(("returned", repr(k.value)))


def run_whole(function, told: list[Any]) -> Run:
    told.clear()
    states: list[bytes] = []
    at: list[int] = []

    def save(k: Continuation) -> None:
        states.append(k.dumps())
        at.append(len(told))

    try:
        k = Continuation.start(function, 3)
    except Exception as error:
        told.append(("raised", repr(error)))
        return Run([], list(told), [])
    _finish(k, told, 0, save)
    return Run(states, list(told), at)


def go_on(k: Continuation, told: list[Any], number: int) -> list[Any]:
    """Answer a loaded flow that waits for the answer of that number."""
    told.clear()
    k.value  # as who resumes it looks
    try:
        k.resume(f"v{number}")
    except Exception as error:
        told.append(("raised", repr(error)))
        return list(told)
    _finish(k, told, number + 1)
    return list(told)


def _texts(sources: dict[str, str]):
    def texts(code: CodeType) -> list[Text]:
        source = sources.get(code.co_filename)
        return [] if source is None else [Text(1, source)]

    return texts


class Found(NamedTuple):
    moved: int
    stayed: int
    wrong: list[str]
    reasons: list[str]


def compare(name: str, source: str, new_source: str, told: list[Any]) -> Found:
    """Let a flow go on in edited code from each place that it waits at."""
    old = run_whole(getattr(_module(source, "old.py"), name), told)
    new = run_whole(getattr(_module(new_source, "new.py"), name), told)
    texts = _texts({"old.py": PRELUDE + source, "new.py": PRELUDE + new_source})
    moved = stayed = 0
    wrong: list[str] = []
    reasons: list[str] = []
    for number, state in enumerate(old.states):
        upgraded = loading.load(state, texts)
        fates = [fate for fate in upgraded.fates if fate.code.co_filename == "old.py"]
        again = Continuation.loads(state) if not fates else upgraded.continuation
        kept = [fate for fate in fates if fate.new_line is None]
        reasons += [fate.reason for fate in kept]
        # What it saves in between is a state like any other.
        did = go_on(again, told, number)
        fits_old = did == old.behind(number)
        fits_new = number < len(new.states) and did == new.behind(number)
        if not kept:
            moved += 1
            # A default that is another now was given when the call began.
            right = fits_new or fits_old if not fates else fits_new
        elif len(kept) == len(fates):
            stayed += 1
            # One that calls itself calls the new code from here on.
            right = fits_old or name == "f_recursive"
        else:
            stayed += 1
            right = True  # a mixture, which neither has
        if not right:
            wrong.append(f"{number}: {did}\n old {old.behind(number)}\n new {new.told}")
    return Found(moved, stayed, wrong, reasons)


@pytest.mark.parametrize("edit", EDITS)
def test_no_flow_goes_wrong(edit: str, events: list[Any]):
    tried = Counter[str]()
    reasons = Counter[str]()
    wrong: list[str] = []
    for name, source in FUNCTIONS.items():
        new_source = edited(source, EDITS[edit])
        if new_source is None:
            continue
        found = compare(name, source, new_source, events)
        tried["pairs"] += 1
        tried["moved"] += found.moved
        tried["stayed"] += found.stayed
        reasons.update(found.reasons)
        wrong += [f"{name} {each}" for each in found.wrong]
        wrong += [
            f"{name}: strange reason {reason!r}"
            for reason in found.reasons
            if not any(known in reason for known in REASONS)
        ]
        fate = EDITS[edit].fate
        if fate == "moves" and found.stayed:
            wrong.append(f"{name} stayed: {found.reasons}")
        if fate == "stays" and found.moved:
            wrong.append(f"{name} moved")
    print(edit, dict(tried), reasons.most_common(8))
    assert tried["pairs"]
    assert not wrong, "\n".join(wrong)


def test_the_comparison_sees_a_flow_that_goes_on_elsewhere(events, monkeypatch):
    """Control: the place is taken to be the first call, whichever it waits in."""

    def first(old, node, new):
        return next(each for each in new.nodes if ast.dump(each) == ast.dump(call))

    call = ast.parse("suspend('a')", mode="eval").body
    monkeypatch.setattr(placing, "found_again", first)
    name = "f_expression"
    changed = FUNCTIONS[name].replace("return acc", "return 'new', acc")
    found = compare(name, FUNCTIONS[name], changed, events)
    assert found.moved == 2
    assert len(found.wrong) == 1


#: Not told apart by comparing what comes behind: a default that the call was made
#: without counts as it was then, and a second wait shifts all that come behind it.
NOT_COMPARED = {"default_changed", "waits_twice", "wait_deleted"}


def test_several_edits_at_once(events: list[Any]):
    chance = random.Random(7)
    names = sorted(set(FUNCTIONS) - {"f_recursive"})
    kinds = sorted(set(EDITS) - NOT_COMPARED)
    moved, wrong = 0, []
    for _ in range(150):
        name = chance.choice(names)
        source = FUNCTIONS[name]
        chosen = chance.sample(kinds, chance.choice([2, 3]))
        for edit in chosen:
            source = edited(source, EDITS[edit]) or source
        found = compare(name, FUNCTIONS[name], source, events)
        moved += found.moved
        wrong += [f"{name} {chosen} {each}" for each in found.wrong]
    assert not wrong, "\n".join(wrong)
    assert moved > 50
