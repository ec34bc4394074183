"""greenflow demo: a real kill, real processes, a true transcript."""

from __future__ import annotations

import re

from tests.cli.conftest import Command


def test_the_flow_outlives_two_processes(greenflow_command: Command) -> None:
    lines = greenflow_command("demo").stdout.splitlines()
    said = [
        match.groups()
        for line in lines
        if (match := re.fullmatch(r"\[process (\d+)\] the flow (.*)", line))
    ]
    assert [what for _, what in said] == [
        "asks Ada for the price of a desk",
        "asks Bob for the price of a desk",
        "asks Bob for the price of a desk",
        "asks Cy for the price of a desk",
        "asks the boss: desk from Bob for 1150?",
        "hears from the boss: {'ok': True}",
    ]
    first, second, third = said[0][0], said[2][0], said[5][0]
    assert len({first, second, third}) == 3
    assert [pid for pid, _ in said] == [first] * 2 + [second] * 3 + [third]
    assert f"(SIGKILL to process {first})" in lines
    assert any('answer = greenflow.recv(topic="boss")' in line for line in lines)
    assert " done " in lines[-2]


def test_help_lists_every_command(greenflow_command: Command) -> None:
    listed = greenflow_command("--help").stdout
    for name in ("demo", "run", "ls", "show", "send", "resume", "worker"):
        assert re.search(rf"^  {name} +\w", listed, re.MULTILINE)
        assert greenflow_command(name, "--help").stdout.startswith("Usage: ")
    assert "No such command" in greenflow_command("nothing", code=2).stderr
    assert greenflow_command("--version").stdout.strip()[-1].isdigit()
