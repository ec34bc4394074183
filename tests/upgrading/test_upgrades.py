"""Flows that go on in the code that was edited while they waited."""

from __future__ import annotations

from pathlib import Path

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


ALIKE = """
import greenflow

def ask(n):
    return greenflow.recv(), n

def work(n):
    a = ask(1)
    b = ask(2)
    c = ask(3)
    return a, b, c
"""


VALUE = """
import greenflow

def ask(n):
    got = greenflow.recv()
    return f"{got} for {n}"

def work(n):
    held = [ask]
    return [each(n) for each in held * 2], held[0](9)
"""


def test_a_function_that_is_a_value_has_its_new_code_too(deployed):
    deployed.begin(VALUE)
    deployed.edit(VALUE.replace("{got} for", "{got} FOR"))
    assert deployed.go_on("upgrade", "x").endswith("waiting")
    assert deployed.go_on("upgrade", "y", "z").endswith(
        "done (['x FOR 5', 'y FOR 5'], 'z FOR 9')"
    )


def test_lines_that_moved_before_it_was_saved_are_those_that_count(deployed):
    deployed.begin(ALIKE)
    deployed.edit(ALIKE.replace("    a =", "    # why\n    a ="))
    deployed.child(
        """
        import app, greenflow
        store = greenflow.open("store")
        greenflow.options(store=store, id="b").spawn(app.work, 5)
        store.run()
        """
    )
    deployed.edit(ALIKE.replace("c = ask(3)", "c = ask(4)"))
    said = deployed.child(
        """
        import greenflow
        store = greenflow.open("store", code="upgrade")
        for answer in "xyz":
            for name in "ab":
                store.send(name, answer)
                store.run()
        print([store.get(name).result() for name in "ab"])
        """
    ).stdout
    assert said.strip() == str([(("x", 1), ("y", 2), ("z", 4))] * 2)


def test_the_flow_uses_the_fix_below_the_waiting_line(deployed):
    deployed.begin(APP)
    deployed.edit(APP.replace("n * 2", "n * 3").replace('"old"', '"new"'))
    said = deployed.go_on("upgrade", "x")
    assert said.splitlines()[-1] == "done ('new', 'x for 5', 15)"
    assert "LOG flow a: app:work() line 9 goes on in its new code, line 9" in said


@pytest.mark.parametrize(
    ("code", "result"), [("pinned", "yes: 130.00"), ("upgrade", "yes: 103.00")]
)
def test_the_example_of_a_deploy(child, code: str, result: str):
    example = Path(__file__).parents[2] / "examples" / "deploy.py"
    assert result in child(str(example), code).stdout.splitlines()


TWO = """
import greenflow

class Account:
    def __init__(self, n):
        self.n = n

    def pay(self, amount):
        ok = greenflow.recv()
        self.n -= amount
        return ok, self.n

def each(items):
    for item in items:
        yield item, greenflow.recv()

def work(n):
    account = Account(n)
    paid = account.pay(1)
    pairs = [pair for pair in each("ab")]
    return paid, pairs
"""


def test_methods_and_generators_and_one_save_after_another(deployed):
    deployed.begin(TWO)
    fixed = TWO.replace("self.n -= amount", "self.n -= 2 * amount")
    deployed.edit(fixed)
    assert "waiting" in deployed.go_on("upgrade", "x")
    fixed = fixed.replace("return paid, pairs", "return 'twice', paid, pairs")
    fixed = fixed.replace("yield item, greenflow", "yield item.upper(), greenflow")
    deployed.edit("# moved\n" + fixed)
    said = deployed.go_on("upgrade", "y")
    # item.upper() is to the left of the call: it was not computed so.
    assert "app:each() line 15 goes on in its old code" in said
    assert "app:work() line 20 goes on in its new code, line 21" in said
    said = deployed.go_on("upgrade", "z").splitlines()[-1]
    expected = "('twice', ('x', 3), [('a', 'y'), ('b', 'z')])"
    assert said == f"done {expected}"


def test_an_edit_while_the_flow_is_changed_by_hand(deployed):
    deployed.begin(APP)
    deployed.edit(APP.replace("n * 2", "n * 3"))
    deployed.child(
        """
        import greenflow
        with greenflow.open("store").get("a").edit(reason="by hand") as e:
            e.frames[-1].locals["n"] = 7
        """
    )
    assert deployed.go_on("pinned", "x") == "done ('old', 'x for 5', 14)"
