"""``greenflow debug`` in a real terminal, in a process of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import greenflow
from tests.debugger.conftest import Journal
from tests.debugger.terminal import Cli, StartTerminal

#: pexpect forks, and begins another program at once.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")


def test_the_sample_session(debugger: StartTerminal, flow: greenflow.Flow[Any]) -> None:
    shell = debugger("appr-7f")
    first, *place = shell.prompt().splitlines()
    assert re.fullmatch(
        r"appr-7f3a  approval\(order=Order\(id=7\), limit=500\)  waiting \d+s on "
        r"recv topic=boss   at rest, checkpoint 1",
        first,
    )
    assert place == [
        "> shop/approval.py(7)ask_boss()",
        '-> answer = greenflow.recv(topic="boss")',
    ]
    assert shell.say("u").splitlines() == [
        "> shop/approval.py(12)approval()",
        "-> ok = ask_boss(order, limit)",
    ]
    assert shell.say("p limit, order.total") == "(500, 1200)"
    assert shell.say("set limit 1500") == ""
    assert shell.say("diff") == "frame 1 approval: limit 500 -> 1500"
    saved = shell.say("save raise limit, ticket 812")
    assert re.fullmatch(
        r"checkpoint 2 \(edit, by \S+@\S+\) {10}undo: greenflow rollback appr-7f3a "
        r"--to 1",
        saved,
    )
    shell.process.sendline("q")
    assert shell.end() == (0, "")
    assert flow.history()[-1].reason == "raise limit, ticket 812"


def test_quit_asks_if_something_is_not_saved(
    debugger: StartTerminal, flow: greenflow.Flow[Any]
) -> None:
    shell = debugger("appr-7f3a")
    shell.prompt()
    shell.say("set limit 7")
    shell.process.sendline("q")
    shell.process.expect_exact("Leave what is not saved? [y/N] ")
    assert shell.say("n") == ""
    assert shell.say("p limit") == "7"
    shell.process.sendline("q")
    shell.process.expect_exact("Leave what is not saved? [y/N] ")
    shell.process.sendline("y")
    assert shell.end()[0] == 0
    assert flow.record.seq == 1


def test_pdbs_own_display_and_interact(
    debugger: StartTerminal, flow: greenflow.Flow[Any]
) -> None:
    shell = debugger("appr-7f3a", "--fork")
    shell.prompt()
    shell.say("u")
    assert shell.say("display limit").endswith("limit: 500")
    shell.process.sendline("interact")
    shell.process.expect_exact(">>> ")
    shell.process.sendline("order.total = limit + 7")
    shell.process.expect_exact(">>> ")
    shell.process.sendeof()
    shell.prompt()
    assert shell.say("p order.total") == "507"
    shell.say("value 'yes'")
    shell.say("d")
    while "ok, limit" not in shell.say("n"):
        pass
    assert shell.say("p order.total, ok") == "(507, 'yes')"
    shell.process.sendline("c")
    shell.end()
    assert flow.record.seq == 1


@pytest.mark.parametrize("answer", ["f", "r", "n"])
def test_who_steps_is_asked(
    answer: str, debugger: StartTerminal, flow: greenflow.Flow[Any], journal: Journal
) -> None:
    shell = debugger("appr-7f3a")
    shell.prompt()
    shell.say("value 'yes'")
    shell.process.sendline("n")
    shell.process.expect_exact("On a [f]ork, for [r]eal, [n]o? ")
    told = shell.say(answer)
    if answer == "n":
        assert told == ""
    else:
        assert "shop/approval.py(8)ask_boss()" in told
        assert shell.say("p answer") == "'yes'"
    assert ("on the fork approval-" in told) == (answer == "f")
    assert (flow.record.seq == 1) == (answer in "fn")
    assert flow.record.held == (answer == "r")


def test_killed_behind_a_save_in_the_middle(
    debugger: StartTerminal, flow: greenflow.Flow[Any], journal: Journal, cli: Cli
) -> None:
    shell = debugger("appr-7f3a", "--live")
    shell.prompt()
    shell.say("value 'yes'")
    shell.say("n")
    shell.say("r")
    shell.say("n")
    shell.say("n")
    assert "approval.py(15)" in shell.say("unt 15")
    assert shell.say("set limit 9") == ""
    assert "in the middle of a step" in shell.say("save here")
    assert journal.lines() == ["in try"]
    shell.process.kill(9)
    shell.process.wait()
    # It is held, and says so, until somebody releases it: no worker takes it.
    assert "held: until release" in cli("show", flow.id)
    cli("worker", "--once")
    assert journal.lines() == ["in try"]
    assert flow.record.label == "here"
    cli("release", flow.id)
    cli("worker", "--once")
    assert journal.lines() == ["in try", "in try again", "finally"]
    assert flow.result() == ("yes", 9)


def test_quit_in_the_middle_runs_nothing(
    debugger: StartTerminal, flow: greenflow.Flow[Any], journal: Journal, cli: Cli
) -> None:
    shell = debugger("appr-7f3a", "--live")
    shell.prompt()
    shell.say("value 'yes'")
    shell.say("n")
    shell.say("r")
    shell.say("n")
    assert "approval.py(15)" in shell.say("unt 15")
    shell.process.sendline("q")
    code, told = shell.end()
    assert code == 0
    assert told.endswith("appr-7f3a is as it was saved last, checkpoint 2")
    assert journal.lines() == ["in try"]
    assert not flow.record.held
    cli("worker", "--once")
    assert journal.lines() == ["in try"] * 2 + ["in try again", "finally"]


def test_commands_on_the_line(
    cli: Cli, flow: greenflow.Flow[Any], journal: Journal
) -> None:
    told = cli("debug", flow.id, "-c", "u", "-c", "p limit * 2", "-c", "q")
    assert "1000" in told.splitlines()[-1]
    cli("debug", flow.id, "-c", "u", "-c", "set limit 3", "-c", "save x")
    assert flow.history()[-1].changes == ("frame 1 approval: limit 500 -> 3",)
    told = cli("debug", f"{flow.id}@1", "-c", "u", "-c", "p limit")
    assert "500" in told
    told = cli("debug", flow.id, "-c", "value 1", "-c", "c")
    assert "on the fork" in told
    assert flow.record.seq == 2


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("nobody",), 3, "no flow"),
        (("appr-7f3a@77",), 3, "77"),
        (("appr-7f3a", "--attach"), 2, "attach"),
    ],
    ids=["flow", "checkpoint", "option"],
)
def test_exit_codes(
    arguments: tuple[str, ...],
    code: int,
    says: str,
    cli: Cli,
    flow: greenflow.Flow[Any],
) -> None:
    assert says in cli("debug", *arguments, code=code)


def test_an_ended_flow_does_not_go_on_for_real(
    cli: Cli, flow: greenflow.Flow[Any]
) -> None:
    flow.kill()
    told = cli("debug", flow.id, "--live", code=4)
    assert "is cancelled" in told
    assert "--fork" in told
    told = cli("debug", flow.id, "-c", "u", "-c", "p limit")
    assert "500" in told


def test_code_that_changed_since(
    cli: Cli,
    flow: greenflow.Flow[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "shop" / "approval.py"
    text = path.read_text()
    # A line above moves the function; the code is the same, and so is what is shown.
    path.write_text("# one more line\n" + text)
    told = cli("debug", flow.id, "-c", "code", "-c", "ll", "-c", "q", code=None)
    assert 'answer = greenflow.recv(topic="boss")' in told
    path.write_text(text.replace("return answer", "return not answer"))
    told = cli("debug", flow.id, "-c", "ll", "-c", "q")
    assert "return answer" in told
    monkeypatch.setenv("GREENFLOW_CODE", "strict")
    told = cli("debug", flow.id, code=5)
    assert "ask_boss" in told


def test_the_stored_text_is_shown_while_the_file_changes(
    debugger: StartTerminal, flow: greenflow.Flow[Any], tmp_path: Path
) -> None:
    shell = debugger("appr-7f3a")
    shell.prompt()
    assert shell.say("code") == ""
    path = tmp_path / "shop" / "approval.py"
    path.write_text(path.read_text().replace("return answer", "return not answer"))
    changed = shell.say("code").splitlines()
    assert "-    return answer" in changed
    assert "+    return not answer" in changed
    assert "return not answer" not in shell.say("ll")
