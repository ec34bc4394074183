"""greenflow check and greenflow upgrade."""

from __future__ import annotations

import json

import pytest

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
FIXED = APP.replace("n * 2", "n * 3")
LOST = APP.replace("first = ask(n)", "first = str(ask(n))")


@pytest.fixture
def tell(deployed):
    deployed.begin(APP)

    def run(*arguments: str):
        done = deployed.child(
            *("-m", "greenflow", "--store", "store", *arguments), code=None
        )
        return done.returncode, done.stdout + done.stderr

    return run


def test_check_of_what_was_not_changed(tell):
    assert tell("check", "--all") == (0, "1 flow: 1 restore as they are\n")


def test_check_tells_what_would_become_of_flows(tell, deployed):
    deployed.edit(FIXED)
    code, said = tell("check", "--all")
    assert (code, said) == (0, "a pinned: app:work() line 9\n1 flow: 1 pinned\n")
    code, said = tell("check", "a", "--code", "upgrade")
    assert (code, said) == (0, "a upgraded: app:work() line 9\n1 flow: 1 upgraded\n")
    code, said = tell("check", "--all", "--code", "strict")
    assert code == 5
    assert "a stuck: app:work()" in said
    assert "HINT:" in said
    assert said.endswith("1 flow: 1 stuck\n")


def test_check_tells_why_a_frame_would_stay(tell, deployed):
    deployed.edit(LOST)
    code, said = tell("check", "--all", "--code", "upgrade")
    assert code == 0
    assert "a pinned: app:work() line 9: the expression around it needs values" in said


def test_check_when_the_module_is_gone(tell, deployed):
    (deployed.folder / "app.py").unlink()
    code, said = tell("check", "--all", "--json")
    document = json.loads(said)
    assert code == 5
    assert document["schema"] == "greenflow.check/1"
    assert document["counts"] == {"same": 0, "pinned": 0, "upgraded": 0, "stuck": 1}
    assert "No module named 'app'" in document["flows"][0]["reasons"][0]


def test_check_needs_to_know_which(tell):
    assert tell("check")[0] == 2
    assert tell("check", "a", "--all")[0] == 2
    assert tell("check", "none")[0] == 3


def test_a_dry_run_shows_both_sources_and_writes_nothing(tell, deployed):
    deployed.edit("# one line more\n" + FIXED)
    code, said = tell("upgrade", "a", "--dry-run")
    assert code == 0
    assert "app:work() line 9 -> line 10" in said
    (place,) = [line for line in said.splitlines() if line.startswith(">")]
    assert place.split("|")[0].rstrip() == ">    9     first = ask(n)"
    assert place.split("|")[1].strip() == ">   10     first = ask(n)"
    assert "n * 2" in said
    assert "n * 3" in said
    assert "edit" not in tell("history", "a")[1]


def test_an_upgrade_is_a_checkpoint(tell, deployed):
    deployed.edit(FIXED)
    assert tell("upgrade", "a", "--reason", "ticket 7")[0] == 0
    assert "ticket 7" in tell("history", "a")[1]
    assert tell("upgrade", "a") == (0, "nothing waits in code that was changed\n")
    # In new code as the module has it: any policy goes on with it.
    assert deployed.go_on("strict", "x") == "done ('old', 'x for 5', 15)"


def test_a_flow_is_upgraded_again_after_it_was(tell, deployed):
    deployed.edit(FIXED)
    assert tell("upgrade", "a")[0] == 0
    deployed.edit("# one line more\n" + FIXED.replace("n * 3", "n * 4"))
    code, said = tell("upgrade", "a")
    assert code == 0, said
    assert "app:work() line 9 -> line 10" in said
    assert deployed.go_on("strict", "x") == "done ('old', 'x for 5', 20)"


def test_an_upgrade_that_is_not_certain_is_refused(tell, deployed):
    deployed.edit(LOST)
    code, said = tell("upgrade", "a")
    assert code == 5
    assert "error: app:work() line 9 cannot go on in new code: the expression" in said
    code, said = tell("upgrade", "a", "--dry-run", "--json")
    assert code == 5
    (frame,) = json.loads(said)["frames"]
    assert frame["new_line"] is None
    assert "to its left was not computed" in frame["reason"]
    assert deployed.go_on("", "x") == "done ('old', 'x for 5', 10)"
