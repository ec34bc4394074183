"""A debugged flow goes on: over operations, from where it stands, to its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import greenflow
from greenflow.debugger import Session
from tests.debugger import target_shop as shop
from tests.debugger.conftest import (
    Journal,
    answers,
    converse,
    line_of,
    stops,
    talk,
    waiting,
)

Finish = Callable[[greenflow.Flow[Any]], str]


def test_over_every_operation(store: greenflow.Store, journal: Journal) -> None:
    flow = waiting(shop.operations)
    line = {
        text: line_of(shop.operations, text)
        for text in ("a = 1", "checkpoint", "b = ", "once", "spawn", "result", "recv")
    }
    text = talk(flow, "value 0", *["n"] * 7, "p a, b, c", "n", "w", "hist", mode="live")
    lines = [number for number, _ in stops(text)]
    assert lines[1:7] == [
        *(line["a = 1"], line["checkpoint"], line["b = "], line["once"]),
        *(line["spawn"], line["result"]),
    ]
    # it waits for the flow that it spawned: at rest again
    assert "(1, 2, 3)" in answers(text)
    assert flow.record.waiting.kind == "join"
    assert flow.record.label == "half"
    assert f"join {flow.children[0].id}" in text
    text = talk(flow, "n", "q", mode="live")
    assert "nothing is there for it to go on with" in text
    greenflow.run()
    assert flow.record.waiting.kind == "recv"
    text = talk(flow, "send 'm' topic=more", "n", "p d, e", "n", "q", mode="live")
    assert "(3, 'm')" in answers(text)
    assert flow.record.waiting.kind == "sleep"
    text = talk(flow, "n", "value None", "c", mode="live")
    assert "the flow waits in sleep" in text
    assert "is done: (1, 2, 3, 3, 'm')" in text


def test_it_waits_again(store: greenflow.Store, journal: Journal) -> None:
    flow = waiting(shop.chatting)
    text = talk(
        flow,
        *("send 'a'", "c", "p got", "hist", "send 'end'", "n", "p word", "c"),
        mode="live",
    )
    said = answers(text)
    assert f"{flow.id} waits" in text or "recv" in said[1]
    assert "['a']" in said
    assert "'end'" in said
    assert "is done: ['a', 'end']" in text


def test_changes_are_saved_before_a_step(
    store: greenflow.Store, journal: Journal
) -> None:
    flow = waiting(shop.chatting)
    talk(flow, "got.append('edited')", "value 'x'", "n", "q", mode="live")
    edit = flow.history()[-1]
    assert edit.kind == "edit"
    assert edit.changes[0] == "frame 0 chatting: + got[0] 'edited'"
    greenflow.run()
    assert journal.lines() == ["word x", "word x"][: len(journal.lines())]
    greenflow.send(flow, "end")
    greenflow.run()
    assert flow.result() == ["edited", "x", "end"]


def test_an_earlier_checkpoint_goes_on(
    store: greenflow.Store, journal: Journal
) -> None:
    flow = waiting(shop.chatting)
    for word in ("a", "b"):
        greenflow.send(flow, word)
        greenflow.run()
    text = talk(flow, "n", "value 'c'", "n", "n", "p got, word", at=2, mode="live")
    assert "nothing is there" in text
    assert "(['a'], 'c')" in answers(text)
    assert flow.history()[-1].parent == 2


def test_a_flow_that_was_answered_and_did_not_run(
    store: greenflow.Store, journal: Journal
) -> None:
    flow = waiting(shop.guarded)
    flow.resume(4)
    text = talk(flow, "n", "p number", "c", mode="live")
    assert "4" in answers(text)
    assert "is done: 9" in text


def test_a_flow_that_has_not_begun(store: greenflow.Store, journal: Journal) -> None:
    flow = greenflow.spawn(shop.unbegun, 4)
    text = talk(flow, "p value", "n", "p twice", "c", "p twice", "hist", mode="live")
    assert "has not begun" in text
    said = answers(text)
    assert "4" in said
    assert "8" in said
    assert stops(text)[0][1] == "unbegun"
    assert flow.status == "waiting"
    fresh = greenflow.spawn(shop.unbegun, 4)
    before = fresh.record
    text = talk(fresh, "n", "n", "q")
    assert "on the fork" in text
    assert fresh.record == before


def test_flows_that_have_ended(store: greenflow.Store, journal: Journal) -> None:
    flow = waiting(shop.chatting)
    greenflow.send(flow, "end")
    greenflow.run()
    text = talk(flow, "p got", "set got [1]", "save", "value 'end'", "n", "p got")
    said = answers(text)
    assert said[0] == "[]"
    assert "has ended" in said[2]
    assert "on the fork" in said[4]
    assert said[5] == "[1]"
    with pytest.raises(greenflow.FlowBusy, match="is done: it does not go on"):
        Session(flow, None, "live")


def test_a_flow_that_failed_is_looked_at(
    store: greenflow.Store, journal: Journal
) -> None:
    flow = waiting(shop.failing)
    flow.resume("x")
    greenflow.run()
    assert flow.status == "failed"
    text = talk(flow, "w", "value 'y'", "n", "p word")
    assert "failed" in text.splitlines()[0]
    assert "'y'" in answers(text)


def test_an_operation_at_the_prompt_is_refused(
    store: greenflow.Store, journal: Journal
) -> None:
    flow = waiting(shop.guarded)
    words = ("p __import__('greenflow').recv()", "p __import__('greenflow').suspend()")
    text = talk(flow, *words, "value 5", "n", *words, "p number", "c", mode="live")
    said = answers(text)
    assert all(each.startswith("***") for each in (*said[:2], *said[4:6]))
    assert said[6] == "5"
    assert "is done: 11" in text


def test_a_value_that_cannot_be_saved_while_stepping(
    store: greenflow.Store, journal: Journal
) -> None:
    flow = waiting(shop.guarded)
    text = talk(
        flow,
        *("value 5", "n", "!total = __import__('threading').Lock()", "save"),
        *("!total = 1", "save", "q"),
        mode="live",
    )
    said = answers(text)
    assert "lock" in said[3]
    assert said[3].startswith("***")
    assert said[5] == "checkpoint 3, in the middle of a step"


def test_the_hold_is_as_before(store: greenflow.Store, journal: Journal) -> None:
    flow = waiting(shop.chatting)
    talk(flow, "send 'a'", "n", "q", mode="live")
    assert not flow.record.held
    flow.hold()
    talk(flow, "n", "n", "c", "q", mode="live")
    assert flow.record.held
    talk(flow, "release", "q")
    assert not flow.record.held


def test_an_ended_flow_is_held_no_more(
    store: greenflow.Store, journal: Journal
) -> None:
    flow = waiting(shop.looping)
    session = Session(flow, None, "live")
    assert "is done" in converse(session, "value 0", "c")
    assert not flow.record.held
