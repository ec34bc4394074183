"""A flow goes on step by step: on a fork, and for real."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import greenflow
from tests.debugger import target_shop as shop
from tests.debugger.conftest import Journal, answers, line_of, stops, talk, waiting

Finish = Callable[[greenflow.Flow[Any]], str]


G = {text: line_of(shop.guarded, text) for text in ("suspend", "got", "helped", "tota")}
TOTAL = line_of(shop.guarded, 'note(f"total')


def test_steps_on_a_fork_leave_the_flow_alone(
    store: greenflow.Store, journal: Journal
) -> None:
    flow = waiting(shop.guarded)
    before, messages = flow.record, list(store.base.messages(flow.id))
    text = talk(flow, "value 5", "n", "p number", "n", "w", "q", mode="fork")
    assert "on the fork guarded-" in text
    assert stops(text)[1:3] == [(G["got"], "guarded"), (G["helped"], "guarded")]
    assert "5" in answers(text)
    assert journal.lines() == ["begun", "in try", "got 5"]
    assert flow.record == before
    assert list(store.base.messages(flow.id)) == messages
    [fork] = flow.children
    assert fork.record.held
    assert fork.status in {"held", "waiting"}


def test_a_fork_is_where_nobody_is_asked(store: greenflow.Store) -> None:
    flow = waiting(shop.guarded)
    assert "on the fork" in talk(flow, "value 5", "n", "q")


def test_steps_for_real(
    store: greenflow.Store, journal: Journal, finish: Finish
) -> None:
    flow = waiting(shop.guarded)
    text = talk(flow, "value 5", "n", "n", "s", "s", "p number", "q", mode="live")
    assert flow.children == []
    assert [name for _, name in stops(text)[-2:]] == ["helped", "helped"]
    assert journal.lines() == ["begun", "in try", "got 5"]
    assert flow.status == "ready"
    assert not flow.record.held
    greenflow.run()
    assert flow.result() == 11
    assert journal.lines()[3:] == ["got 5", "double 10", "total 11", "finally"]


def test_return_until_and_continue(store: greenflow.Store, journal: Journal) -> None:
    flow = waiting(shop.guarded)
    inner = line_of(shop.helped, "note")
    text = talk(
        flow,
        *("value 5", "n", "n", "s", "s", f"unt {inner}", "p double", "r", "n"),
        *("p total", "c"),
        mode="live",
    )
    said = answers(text)
    assert "10" in said
    assert any("->11" in each for each in said)
    assert "11" in said
    assert "is done: 11" in said[-1] or f"{flow.id} is done: 11" in text
    assert journal.lines()[-1] == "finally"
    assert flow.result() == 11


def test_until_of_a_loop(store: greenflow.Store, journal: Journal) -> None:
    flow = waiting(shop.looping)
    note = line_of(shop.looping, "note")
    text = talk(flow, "value 0", "n", "n", f"unt {note}", "unt", "p total", "q")
    back = line_of(shop.looping, "return")
    assert stops(text)[-2:] == [(note, "looping"), (back, "looping")]
    assert "10" in answers(text)


def test_breakpoints_of_an_older_frame(
    store: greenflow.Store, journal: Journal
) -> None:
    flow = waiting(shop.approval)
    appends = line_of(shop.approval, "append")
    tests = line_of(shop.approval, "if order")
    path = shop.__file__
    text = talk(
        flow,
        *("value 'yes'", f"b {path}:{appends}", f"tbreak {path}:{tests}", "c", "c"),
        *("b", "cl 1", "c"),
        mode="live",
    )
    assert "is done: ('too much', ['created', 'yes'], 500)" in text
    assert stops(text)[-2:] == [(appends, "approval"), (tests, "approval")]
    assert "breakpoint already hit 1 time" in text


def test_a_condition_of_a_breakpoint(store: greenflow.Store, journal: Journal) -> None:
    flow = waiting(shop.looping)
    note = line_of(shop.looping, "note")
    text = talk(flow, f"b {note}, number == 3", "value 0", "c", "p number, total", "c")
    assert "(3, 6)" in answers(text)
    assert stops(text).count((note, "looping")) == 1
    assert "is done: 10" in text


def test_commands_of_a_breakpoint(store: greenflow.Store, journal: Journal) -> None:
    flow = waiting(shop.looping)
    note = line_of(shop.looping, "note")
    text = talk(
        flow,
        f"b {note}",
        "commands",
        "silent",
        "p number * 11",
        "end",
        *("value 0", "c", "c", "c"),
    )
    assert [line for line in text.splitlines() if line in {"0", "11", "22"}]
    assert "22" in text


def test_breakpoints_are_of_one_session(
    store: greenflow.Store, journal: Journal
) -> None:
    note = line_of(shop.looping, "note")
    talk(waiting(shop.looping), f"b {note}", "q")
    text = talk(waiting(shop.looping), "value 0", "c")
    assert "is done: 10" in text


def test_a_jump_while_stepping(store: greenflow.Store, journal: Journal) -> None:
    flow = waiting(shop.guarded)
    text = talk(flow, "value 5", "n", "!total = 99", f"jump {TOTAL}", "c", mode="live")
    assert journal.lines() == ["begun", "in try", "total 99", "finally"]
    assert "is done: 99" in text


def test_edits_while_stepping(store: greenflow.Store, journal: Journal) -> None:
    flow = waiting(shop.guarded)
    text = talk(
        flow,
        *("value 5", "n", "n", "s", "set number 7", "n", "p number", "u"),
        *("set number 8", "d", "p number", "c"),
        mode="live",
    )
    said = answers(text)
    assert said.count("7") == 2
    assert journal.lines()[2:] == ["got 5", "double 14", "total 15", "finally"]
    assert "is done: 15" in text


def test_words_that_are_for_rest_only(store: greenflow.Store, journal: Journal) -> None:
    flow = waiting(shop.guarded)
    words = ("value 1", "throw KeyError", "return 1", "restart", "drop", "undo", "redo")
    text = talk(flow, "value 5", "n", *words, "at 1", "fork", mode="live")
    said = answers(text)[2:]
    assert [each for each in said[: len(words) + 2] if "only at rest" not in each] == []


def test_a_save_in_the_middle(
    store: greenflow.Store, journal: Journal, finish: Finish
) -> None:
    flow = waiting(shop.guarded)
    text = talk(
        flow, "value 5", "n", "n", "s", "s", "set number 50", "save", "q", mode="live"
    )
    assert "checkpoint 3, in the middle of a step" in text
    assert flow.status == "ready"
    assert not flow.record.held
    assert finish(flow) == "101"
    assert journal.lines()[2:] == ["got 5", "double 100", "total 101", "finally"]


def test_steps_behind_a_save_are_undone_by_quit(
    store: greenflow.Store, journal: Journal, finish: Finish
) -> None:
    flow = waiting(shop.looping)
    note = line_of(shop.looping, "note")
    talk(
        flow,
        *("value 0", f"unt {note}", "save", "n", "n", "n", "p total", "q"),
        mode="live",
    )
    assert journal.lines() == ["number 0", "number 1"][: len(journal.lines())]
    assert finish(flow) == "10"
    assert journal.lines()[-5:] == [f"number {n}" for n in range(5)]


def test_rest(store: greenflow.Store, journal: Journal, finish: Finish) -> None:
    flow = waiting(shop.guarded)
    text = talk(
        flow,
        *("rest", "value 5", "n", "rest in the middle", "p number", "set number 6"),
        *("n", "hist", "q"),
        mode="live",
    )
    said = answers(text)
    assert flow.history()[3].label == "in the middle"
    assert said[0] == "*** it rests"
    assert "5" in said
    assert journal.lines() == ["begun", "in try", "got 6"]
    assert "in the middle" in text
    assert finish(flow) == "13"


def test_quit_runs_nothing(
    store: greenflow.Store, journal: Journal, finish: Finish
) -> None:
    flow = waiting(shop.guarded)
    talk(flow, "value 5", "n", "n", "s", "q", mode="live")
    talk(flow, "n", "n", mode="live")  # no more words: as quit
    assert "finally" not in journal.lines()
    assert not [line for line in journal.lines() if line.startswith("except")]
    assert flow.status == "ready"
    assert finish(flow) == "11"


def test_a_flow_that_ends_by_a_step(store: greenflow.Store, journal: Journal) -> None:
    flow = waiting(shop.failing)
    text = talk(flow, "value 'x'", "n", "n", "n", "n", "n", mode="live")
    assert "LookupError" in text
    assert flow.status == "failed"
    assert f"{flow.id} is failed: LookupError: no x" in text


def test_a_thrown_error_is_seen_step_by_step(
    store: greenflow.Store, journal: Journal
) -> None:
    flow = waiting(shop.guarded)
    text = talk(flow, "throw KeyError('k')", "n", "n", "n", "c", mode="live")
    names = [line_of(shop.guarded, "except"), line_of(shop.guarded, 'note(f"except')]
    assert stops(text)[-3][0] in (G["suspend"], *names)
    assert journal.lines()[2:] == ["except KeyError", "finally"]
    assert flow.status == "failed"
