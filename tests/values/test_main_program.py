"""A script's flow goes on under the script, under another, under the command."""

from __future__ import annotations

import json
import os

import pytest

APP = """
import dataclasses, enum, sys, typing
import greenflow

LIMIT = 10
SEEN = []

class Color(enum.Enum):
    RED = 1

class Point(typing.NamedTuple):
    x: int

@dataclasses.dataclass
class Order:
    id: int
    def label(self):
        return f"order {self.id}"

class Special(Order):
    def label(self):
        return "special " + super().label()

def checked(value):
    SEEN.append(value)
    return min(value, LIMIT)

def work():
    order, color, point = Special(7), Color.RED, Point(1)
    double = lambda n: checked(n) * 2
    message = greenflow.recv()
    match message:
        case Order(id=number):
            kind = f"order {number}"
        case other:
            kind = f"no order: {other!r}"
    live = type(order) is globals()["Special"] and work.__globals__ is globals()
    return {
        "kind": kind, "label": order.label(), "double": double(20),
        "color": color is Color.RED, "point": point.x + point[0],
        "same": live, "seen": len(SEEN),
    }

if __name__ == "__main__":
    with greenflow.open("store"):
        if sys.argv[1] == "spawn":
            greenflow.spawn(work)
        elif sys.argv[1] == "send":
            for flow in greenflow.flows():
                greenflow.send(flow, Order(5))
        greenflow.run()
"""

OTHER = """
import json
import greenflow

with greenflow.open("store"):
    greenflow.run()
    for flow in greenflow.flows():
        print(json.dumps(flow.result()))
"""

EXPECTED = {
    "kind": "order 5",
    "label": "special order 7",
    "double": 20,
    "color": True,
    "point": 2,
    "same": True,
    "seen": 1,
}


@pytest.fixture
def app(tmp_path):
    """A folder with the program, and another that knows nothing of it."""
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "other.py").write_text(OTHER)
    return tmp_path


def result(child) -> dict:
    return json.loads(child("other.py", "show").stdout)


def test_under_the_same_program(app, child):
    child("app.py", "spawn")
    child("app.py", "send")
    assert result(child) == EXPECTED


def test_under_another_program(app, child):
    child("app.py", "spawn")
    # the message's class is the stored flow's class, though they were loaded apart
    child("app.py", "send", env={"GREENFLOW_TEST": "1"})
    child("other.py", "run")
    assert result(child) == EXPECTED


def test_run_only_by_another_program(app, child):
    (app / "sender.py").write_text(
        APP.replace("greenflow.run()", "pass").replace('"spawn"', '"nothing"')
    )
    child("app.py", "spawn")
    # a class of another program is another class, whatever its name
    child("sender.py", "send")
    assert result(child)["kind"].startswith("no order: Order(id=5)")


def test_under_the_command(app, child):
    child("app.py", "spawn")
    (app / "app.py").rename(app / "gone.py")
    store = {"GREENFLOW_STORE": os.fspath(app / "store")}
    found = child("-m", "greenflow.cli", "ls", "--json", env=store).stdout
    (flow,) = json.loads(found)["flows"]
    child("-m", "greenflow.cli", "send", flow["id"], '{"a": 1}', env=store)
    child("-m", "greenflow.cli", "worker", "--once", env=store)
    assert result(child)["kind"] == "no order: {'a': 1}"


def test_an_edited_program_goes_on_with_the_stored_code(app, child):
    child("app.py", "spawn")
    (app / "app.py").write_text(APP.replace("LIMIT = 10", "LIMIT = 0"))
    child("app.py", "send")
    found = result(child)
    # all of the old program: its functions, and the globals that they use
    assert (found["double"], found["same"]) == (20, True)
    # the message is of the new program's class
    assert found["kind"].startswith("no order: Order(id=5)")


def test_globals_that_are_not_copied_are_those_of_the_program(app, child):
    changed = APP.replace(
        "greenflow.run()\n", "greenflow.run()\n    print(len(SEEN), flush=True)\n"
    )
    (app / "app.py").write_text(changed)
    child("app.py", "spawn")
    assert child("app.py", "send").stdout == "1\n"
