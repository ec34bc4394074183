"""Changes of a flow at rest are undone, done again, saved, or go to a fork."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import greenflow
from greenflow.debugger import Session, debug
from tests.debugger import target_shop as shop
from tests.debugger.conftest import answers, converse, shell_of, talk, waiting

Finish = Callable[[greenflow.Flow[Any]], str]


# --- undo, redo ---

EDITS = {
    "set": ("set limit 7",),
    "assign": ("!limit = 8",),
    "del": ("del text",),
    "in place": ("order.lines.append(3)",),
    "outer": ("u", "set limit 9"),
    "value": ("value [1]",),
    "throw": ("throw KeyError('x')",),
    "return": ("return 1",),
    "restart": ("restart",),
    "outer restart": ("u", "restart"),
    "drop": ("u", "drop"),
    "jump": (f"jump {shop.ask_boss.__code__.co_firstlineno + 1}",),
}


@pytest.mark.parametrize("name", EDITS)
def test_undo_and_redo_give_the_very_bytes(name: str, store: greenflow.Store) -> None:
    session = Session(waiting(shop.approval), None, None)
    seen: list[object] = []
    shell = shell_of(
        session, "set text 'first'", *EDITS[name], "undo", "undo", "redo", "redo"
    )
    again = shell.onecmd

    def onecmd(line: str) -> bool:
        stop = again(line)
        if not line.startswith("_pdbcmd"):  # what pdb tells itself, from 3.13 on
            seen.append(session.now)
        return stop

    shell.onecmd = onecmd  # type: ignore[method-assign]
    debug(shell)
    count = 1 + len(EDITS[name])
    first, second = seen[0], seen[count - 1]
    begin = Session(session.flow, None, None).now
    assert first != second
    assert begin not in (first, second)
    assert seen[count:] == [first, begin, first, second, second]
    assert "***" not in shell.stdout.getvalue()


def test_nothing_to_undo(store: greenflow.Store) -> None:
    said = answers(talk(waiting(shop.approval), "undo", "redo", "p 1", "undo"))
    assert said[:2] == ["*** nothing was changed", "*** nothing was undone"]
    assert said[3] == "*** nothing was changed"


def test_a_change_behind_an_undo_ends_the_redo(store: greenflow.Store) -> None:
    said = answers(
        talk(waiting(shop.approval), "set limit 1", "undo", "set limit 2", "redo")
    )
    assert said[3] == "*** nothing was undone"


def test_undo_ends_at_a_save(store: greenflow.Store) -> None:
    said = answers(
        talk(waiting(shop.approval), "set limit 1", "save", "undo", "p limit")
    )
    assert said[2] == "*** nothing was changed"
    assert said[3] == "1"


# --- saves ---


def test_what_a_save_keeps(store: greenflow.Store) -> None:
    flow = waiting(shop.approval)
    talk(flow, "u", "set limit 7", "save ticket 812", "set limit 8", "save")
    second, third = flow.history()[2:]
    assert (second.kind, second.reason, second.parent) == ("edit", "ticket 812", 1)
    assert second.changes == ("frame 1 approval: limit 500 -> 7",)
    assert second.waiting == flow.history()[1].waiting
    assert (third.reason, third.parent) == ("", 2)
    assert third.changes == ("frame 1 approval: limit 7 -> 8",)
    assert flow.status == "waiting"


def test_a_save_of_nothing(store: greenflow.Store) -> None:
    flow = waiting(shop.approval)
    said = answers(talk(flow, "save"))
    assert said[0] == "*** nothing was changed"
    assert flow.record.seq == 1


def test_an_earlier_checkpoint_is_saved_as_the_next_one(
    store: greenflow.Store, finish: Finish
) -> None:
    flow = waiting(shop.chatting)
    for word in ("a", "b"):
        greenflow.send(flow, word)
        greenflow.run()
    said = answers(talk(flow, "got.append('edited')", "save", at=2))
    assert "checkpoint 4" in said[1]
    assert flow.history()[-1].parent == 2
    greenflow.send(flow, "end")
    assert finish(flow) == "['a', 'edited', 'end']"


def test_one_who_moved_on_is_not_written_over(store: greenflow.Store) -> None:
    flow = waiting(shop.chatting)
    one, other = Session(flow, None, None), Session(flow, None, None)
    assert "checkpoint 2" in converse(one, "got.append(1)", "save")
    text = converse(other, "got.append(2)", "save", "p got")
    assert "moved on" in text
    assert "[2]" in text
    assert flow.record.seq == 2


def test_a_fork_of_what_was_changed(store: greenflow.Store, finish: Finish) -> None:
    flow = waiting(shop.approval)
    before = flow.record
    text = talk(flow, "u", "set limit 1500", "fork spare-1", "u", "p limit", "hist")
    assert "fork spare-1, which is held" in text
    assert "1500" in answers(text)
    assert flow.record == before
    fork = store.get("spare-1")
    assert fork.record.held
    fork.release()
    greenflow.send(fork, "yes", topic="boss")
    assert finish(fork) == "('approved', ['created', 'yes'], 1500)"


def test_a_fork_whose_id_is_taken(store: greenflow.Store) -> None:
    flow = waiting(shop.approval)
    said = answers(talk(flow, f"fork {flow.id}", "p limit"))
    assert "***" in said[0]
    assert said[1] == "500"
