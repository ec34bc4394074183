"""Flows that go on in the code that was edited while they waited."""

from __future__ import annotations

APP = """
import greenflow

def ask(n):
    got = greenflow.recv()
    return f"{got} for {n}"

def work(n):
    first = ask(n)
    total = n * 2
    return "old", first, total
"""


def test_the_flow_uses_the_fix_below_the_waiting_line(deployed):
    deployed.begin(APP)
    deployed.edit(APP.replace("n * 2", "n * 3").replace('"old"', '"new"'))
    said = deployed.go_on("upgrade", "x")
    assert said.splitlines()[-1] == "done ('new', 'x for 5', 15)"
    assert "LOG flow a: app:work() line 9 goes on in its new code, line 9" in said
