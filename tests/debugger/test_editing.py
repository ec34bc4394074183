"""A flow at rest is changed: variables, what its call gives, where it goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import greenflow
from greenflow.debugger import Session
from tests.debugger import target_shop as shop
from tests.debugger.conftest import Journal, answers, converse, talk, waiting

Finish = Callable[[greenflow.Flow[Any]], str]


# --- variables ---


def test_a_variable_of_an_outer_frame(store: greenflow.Store, finish: Finish) -> None:
    flow = waiting(shop.approval)
    said = answers(
        talk(flow, "u", "set limit 1500", "p limit", "d", "u", "p limit", "diff")
        + talk(flow, "u", "!limit = 1501", "d", "p limit", "u", "p limit", "save why")
    )
    assert said[2] == said[5] == "1500"
    assert said[6] == "frame 1 approval: limit 500 -> 1500"
    assert said[11] == "500"  # the inner frame has one of its own
    assert said[13] == "1501"
    assert said[14].startswith("checkpoint 2 (edit, by ")
    assert said[14].endswith(f"undo: greenflow rollback {flow.id} --to 1")
    greenflow.send(flow, "yes", topic="boss")
    assert finish(flow) == "('approved', ['created', 'yes'], 1501)"


@pytest.mark.parametrize(
    ("word", "total"),
    [
        ("set total 3", "3"),
        ("total = 3", "3"),
        ("!total = 3", "3"),
        ("set total total + 1", "1"),
        ("total += 2", "2"),
        ("for total in range(9): pass", "8"),
    ],
    ids=["set", "bare", "!", "of itself", "augmented", "loop"],
)
def test_ways_to_assign(
    word: str, total: str, store: greenflow.Store, finish: Finish, journal: Journal
) -> None:
    flow = waiting(shop.looping)
    said = answers(talk(flow, word, "p total", "save"))
    assert said[1] == total
    assert finish(flow) == str(10 + int(total))


def test_parts_of_values(store: greenflow.Store, finish: Finish) -> None:
    flow = waiting(shop.approval)
    words = ("set order.total 1", "set order.lines[0] 'x'", "u", "p order.lines")
    said = answers(talk(flow, *words, "history.append('seen')", "diff", "save"))
    assert said[3] == "['x', 2]"
    assert said[5].splitlines() == [
        "frame 1 approval: order.total 1200 -> 1",
        "frame 1 approval: order.lines[0] 1 -> 'x'",
        "frame 1 approval: + history[1] 'seen'",
    ]
    greenflow.send(flow, "yes", topic="boss")
    assert finish(flow) == "('approved', ['created', 'seen', 'yes'], 500)"


def test_unbinding(store: greenflow.Store, finish: Finish) -> None:
    flow = waiting(shop.approval)
    said = answers(
        talk(flow, "del text", "p text", "del text", "set text 'new'", "p text")
        + talk(flow, "del text", "diff", "save", "p text")
    )
    assert "NameError" in said[1]
    assert "has no value" in said[2]
    assert said[4] == "'new'"
    assert said[7] == "frame 0 ask_boss: - text 'order of 1200'"
    assert "NameError" in said[9]
    greenflow.send(flow, "yes", topic="boss")
    assert finish(flow) == "('too much', ['created', 'yes'], 500)"


def test_a_name_that_is_no_variable(store: greenflow.Store) -> None:
    said = answers(talk(waiting(shop.approval), "set nothing 1", "diff"))
    assert said == ["*** ask_boss has no variable nothing", "no difference", ""]


def test_the_frame_of_a_generator(store: greenflow.Store, finish: Finish) -> None:
    flow = waiting(shop.counting)
    said = answers(talk(flow, "p start", "set start 1", "u", "p seen", "d", "save"))
    assert said[0] == "3"
    assert said[3] == "[]"
    assert finish(flow) == "[(1, 'an answer')]"


@pytest.mark.parametrize("words", [("set count 40",), ("u", "set count 40")])
def test_a_cell_of_two_functions(
    words: tuple[str, ...], store: greenflow.Store, finish: Finish
) -> None:
    flow = waiting(shop.sharing)
    said = answers(talk(flow, *words, "u", "p count", "d", "p count", "save"))
    assert "40" in said
    assert said.count("40") == 2
    assert finish(flow) == "(40, 40)"


def test_a_cell_that_called_code_changed(store: greenflow.Store) -> None:
    # The copy that f_locals is up to 3.12 is of before the call.
    flow = waiting(shop.sharing)
    word = "setattr(inner.__closure__[0], 'cell_contents', 7)"
    said = answers(talk(flow, "u", word, "p count", "d", "p count"))
    assert said[2] == "7"
    assert said[4] == "7"


def test_an_object_of_two_frames(store: greenflow.Store, finish: Finish) -> None:
    flow = waiting(shop.one_list)
    said = answers(talk(flow, "items.append(2)", "u", "p mine", "save"))
    assert said[2] == "[1, 2]"
    assert finish(flow) == "(True, [1, 2])"
    flow = waiting(shop.one_list)
    talk(flow, "u", "mine.append(3)", "d", "set items items + [4]", "save")
    assert finish(flow) == "(False, [1, 3])"


def test_what_cannot_be_saved_is_taken_back(
    store: greenflow.Store, finish: Finish
) -> None:
    flow = waiting(shop.approval)
    session = Session(flow, None, None)
    said = answers(
        converse(
            session,
            "set limit 7",
            "set text __import__('threading').Lock()",
            "p text, limit",
            "u",
            "history.append(__import__('threading').Lock())",
            "u",
            "p history",
            "diff",
        )
    )
    assert "lock" in said[1]
    assert "***" in said[1]
    assert said[2] == "('order of 1200', 7)"
    assert "***" in said[4]
    assert said[6] == "['created']"
    assert said[7] == "frame 0 ask_boss: limit 500 -> 7"


# --- what its call gives ---


def test_the_value_of_the_call(store: greenflow.Store, finish: Finish) -> None:
    flow = waiting(shop.approval)
    said = answers(talk(flow, "value order.total * 2", "diff", "save", "diff"))
    assert said[1].splitlines() == [
        "waits for recv topic=boss -> suspend",
        "its call returns 2400",
    ]
    assert "checkpoint 2" in said[2]
    assert said[3] == "no difference"
    assert finish(flow) == "('too much', ['created', 2400], 500)"


def test_an_exception_of_the_call(store: greenflow.Store, journal: Journal) -> None:
    flow = waiting(shop.guarded)
    said = answers(talk(flow, "throw ValueError('no')", "diff", "throw 1", "save"))
    assert said[1] == "its call raises ValueError('no')"
    assert "an exception is needed" in said[2]
    greenflow.run()
    assert journal.lines()[2:] == ["except ValueError", "finally"]
    assert flow.status == "failed"
    assert "no" in flow.record.error


def test_a_value_of_a_flow_that_waits_for_none(
    store: greenflow.Store, journal: Journal
) -> None:
    flow = waiting(shop.looping)
    line = shop.looping.__code__.co_firstlineno + 3
    said = answers(talk(flow, f"jump {line}", "value 1", "throw KeyError", "save"))
    assert "goes on at line" in said[0]
    assert "waits for nothing" in said[1]
    assert "waits for nothing" in said[2]
    assert flow.status == "ready"


@pytest.mark.parametrize(
    "word",
    [
        "value 1 / 0",
        "value nothing",
        "throw nothing",
        "value __import__('threading').Lock()",
    ],
    ids=["zero", "name", "error's name", "file"],
)
def test_a_value_that_is_none(word: str, store: greenflow.Store) -> None:
    flow = waiting(shop.approval)
    said = answers(talk(flow, word, "save", "undo"))
    assert any(each.startswith("***") for each in said)
    assert flow.record.seq == 1


# --- where it goes on ---


def test_a_forced_return(store: greenflow.Store, finish: Finish) -> None:
    flow = waiting(shop.approval)
    said = answers(talk(flow, "return {'ok': limit}", "w", "p history", "save"))
    assert "frame 0 ask_boss: returns {'ok': 500}" in said[0]
    assert "ask_boss()" not in said[0].partition("> ")[2]
    assert said[2] == "['created']"
    assert finish(flow) == "('too much', ['created', {'ok': 500}], 500)"


def test_the_outermost_frame_returns_to_nobody(store: greenflow.Store) -> None:
    flow = waiting(shop.approval)
    said = answers(talk(flow, "u", "return 1", "return 1 / 0", "diff"))
    assert "nobody is there" in said[1]
    assert "ZeroDivisionError" in said[2]
    assert said[3] == "no difference"


def test_a_frame_begins_anew(
    store: greenflow.Store, finish: Finish, journal: Journal
) -> None:
    flow = waiting(shop.approval)
    said = answers(
        talk(flow, "u", "set limit 5000", "restart", "p limit", "p history", "save")
    )
    assert "begins anew" in said[2]
    assert said[3] == "5000"
    assert "NameError" in said[4]
    assert flow.status == "ready"
    greenflow.run()
    greenflow.send(flow, "yes", topic="boss")
    assert finish(flow) == "('approved', ['created', 'yes'], 5000)"


def test_inner_frames_are_dropped(store: greenflow.Store, finish: Finish) -> None:
    flow = waiting(shop.approval)
    said = answers(talk(flow, "u", "drop", "w", "value 'dropped'", "save"))
    assert "dropped what is inside of it" in said[1]
    assert "ask_boss()" not in said[2]
    assert finish(flow) == "('too much', ['created', 'dropped'], 500)"


def test_a_jump_in_an_outer_frame(store: greenflow.Store, finish: Finish) -> None:
    flow = waiting(shop.approval)
    line = shop.approval.__code__.co_firstlineno + 4
    said = answers(talk(flow, "u", f"jump {line}", "p limit", "set limit 1", "save"))
    assert f"goes on at line {line}" in said[1]
    assert finish(flow) == "('too much', ['created'], 1)"


def test_refused_jumps_change_nothing(store: greenflow.Store) -> None:
    flow = waiting(shop.guarded)
    before = flow.record
    first = shop.guarded.__code__.co_firstlineno
    said = answers(
        talk(flow, f"jump {first + 500}", f"jump {first + 8}", "diff", "undo")
    )
    assert "***" in said[0]
    assert "***" in said[1]
    assert said[2] == "no difference"
    assert said[3] == "*** nothing was changed"
    assert flow.record == before
