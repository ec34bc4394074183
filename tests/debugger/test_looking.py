"""A flow at rest is looked at: pdb's words on its frames, checkpoints, its mailbox."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import greenflow
from greenflow.debugger import Session
from tests.debugger import target_shop as shop
from tests.debugger.conftest import Journal, answers, talk, waiting

FILE = "tests/debugger/target_shop.py"


@pytest.fixture(autouse=True)
def in_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let paths be shown from the root of the tree, wherever pytest runs."""
    monkeypatch.chdir(Path(__file__).parents[2])


def line_of(function: object, text: str) -> int:
    import inspect

    lines, first = inspect.getsourcelines(function)  # type: ignore[arg-type]
    return first + next(at for at, line in enumerate(lines) if text in line)


ASKS = line_of(shop.ask_boss, "recv")
CALLS = line_of(shop.approval, "ask_boss(")


def test_the_first_lines(store: greenflow.Store) -> None:
    flow = waiting(shop.approval)
    lines = talk(flow).splitlines()
    assert re.fullmatch(
        rf"{flow.id}  approval\(total=1200, limit=500\)  "
        r"waiting \d+s on recv topic=boss   at rest, checkpoint 1",
        lines[0],
    )
    assert lines[1:3] == [
        f"> {FILE}({ASKS})ask_boss()",
        '-> answer = greenflow.recv(topic="boss")',
    ]


def test_where_up_and_down(store: greenflow.Store) -> None:
    said = answers(talk(waiting(shop.approval), "w", "u", "u", "d", "d", "u", "where"))
    inner = f'{FILE}({ASKS})ask_boss()\n-> answer = greenflow.recv(topic="boss")'
    outer = f"{FILE}({CALLS})approval()\n-> ok = ask_boss(order, limit)"
    assert said[0] == f"  {outer}\n> {inner}"
    assert said[1] == f"> {outer}"
    assert "Oldest frame" in said[2]
    assert said[3] == f"> {inner}"
    assert "Newest frame" in said[4]
    assert said[6] == f"> {outer}\n  {inner}"


def test_the_prompt_numbers_the_frames(store: greenflow.Store) -> None:
    text = talk(waiting(shop.approval), "u", "d", "u", "q")
    assert re.findall(r"\(flow (\d)\)", text) == ["0", "1", "0", "1"]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("p limit, order.total", "(500, 1200)"),
        ("pp list(range(3))", "[0, 1, 2]"),
        ("whatis order", "<class 'tests.debugger.target_shop.Order'>"),
        ("args", "order = Order(1200)\nlimit = 500"),
        ("!limit + 1", "501"),
        ("limit + 2", "502"),
    ],
    ids=["p", "pp", "whatis", "args", "!", "bare"],
)
def test_values(word: str, expected: str, store: greenflow.Store) -> None:
    assert answers(talk(waiting(shop.approval), word))[0] == expected


def test_lists_of_lines(store: greenflow.Store) -> None:
    said = answers(talk(waiting(shop.approval), "l", "ll", "u", "ll", "source Order"))
    assert f'{ASKS}  ->\t    answer = greenflow.recv(topic="boss")' in said[0]
    assert said[1].splitlines()[0].endswith("def ask_boss(order, limit):")
    assert "->\t    ok = ask_boss(order, limit)" in said[3]
    assert "class Order:" in said[4]


def test_errors_of_expressions_leave_it_as_it_is(store: greenflow.Store) -> None:
    flow = waiting(shop.approval)
    before = flow.record
    said = answers(talk(flow, "p nothing", "1 / 0", "set", "set x", "jump", "jump x"))
    assert "NameError" in said[0]
    assert "ZeroDivisionError" in said[1]
    assert said[2:4] == ["*** set NAME EXPR"] * 2
    assert said[4:6] == ["*** jump LINE"] * 2
    assert flow.record == before


def test_help_knows_every_word(store: greenflow.Store) -> None:
    words = (
        *("set", "del", "value", "throw", "return", "restart", "drop", "jump", "undo"),
        *("redo", "diff", "hist", "at", "save", "fork", "rest", "mail", "send", "code"),
        *("release", "quit", "next", "continue", "where"),
    )
    said = answers(talk(waiting(shop.approval), "help", *(f"help {w}" for w in words)))
    for word, text in zip(words, said[1:], strict=False):
        assert word in said[0].split()
        assert text
        assert "No help" not in text


def test_nothing_of_the_flow_runs(store: greenflow.Store, journal: Journal) -> None:
    flow = waiting(shop.guarded)
    assert journal.lines() == ["begun", "in try"]
    talk(flow, "w", "p 1", "set x 1", "u", "q")
    talk(flow, "w")
    assert journal.lines() == ["begun", "in try"]
    assert flow.record.seq == 1
    assert not flow.record.held


def test_a_frame_that_handles_an_exception(store: greenflow.Store) -> None:
    flow = waiting(shop.handling)
    said = answers(talk(flow, "p error", "set error KeyError('other')", "save"))
    assert said[0] == "KeyError('none')"
    flow.resume()
    greenflow.run()
    assert flow.result() == "'other'"


def test_history_and_earlier_checkpoints(store: greenflow.Store) -> None:
    flow = waiting(shop.chatting)
    for word in ("a", "b"):
        greenflow.send(flow, word)
        greenflow.run()
    said = answers(
        talk(flow, "hist", "p got", "at 2", "p got", "diff 2 3", "at 77", "at x", "at")
    )
    assert [line.split()[0] for line in said[0].splitlines()] == ["0", "1", "2", "*"]
    assert said[0].splitlines()[-1].split() == ["*", "3", "recv"]
    assert said[1] == "['a', 'b']"
    assert said[3] == "['a']"
    assert "frame 0 chatting: + got[1] 'b'" in said[4]
    assert "frame 0 chatting: word 'a' -> 'b'" in said[4]
    assert "77" in said[5]
    assert all("***" in each for each in said[5:8])
    with_at = answers(talk(flow, "p got", "hist", at=1))
    assert with_at[0] == "[]"
    assert with_at[1].splitlines()[1].split() == ["*", "1", "recv"]


def test_a_checkpoint_before_it_began(store: greenflow.Store) -> None:
    flow = waiting(shop.chatting)
    said = answers(talk(flow, "at 0", "p got"))
    assert "had not begun" in said[0]
    assert said[1] == "[]"


def test_the_mailbox(store: greenflow.Store) -> None:
    flow = waiting(shop.approval)
    said = answers(
        talk(
            flow,
            "mail",
            "send {'n': order.total} topic=other",
            "send [1, 2]",
            "send 1 / 0",
            "send __import__('threading').Lock()",
            "mail",
        )
    )
    assert said[0] == ""
    assert "ZeroDivisionError" in said[3] or "division" in said[3]
    assert "***" in said[4]
    lines = {line.split(maxsplit=1)[1] for line in said[5].splitlines()}
    assert lines == {"[1, 2]", "topic=other  {'n': 1200}"}
    assert flow.record.seq == 1


def test_a_flow_that_was_asked_for_a_secret(store: greenflow.Store) -> None:
    flow = waiting(shop.secret)
    text = talk(flow, "set api_key 'neu'", "diff", "save")
    assert "geheim" not in text
    assert "neu" not in text.replace("set api_key 'neu'", "")
    assert Session(flow, None, None).saved.checkpoint.changes
    assert "neu" not in str(Session(flow, None, None).saved.checkpoint.changes)
