"""Values of classes that moved, of every kind; what is missing makes a flow stuck."""

from __future__ import annotations

import pytest

MODELS = """
from collections import namedtuple
from dataclasses import dataclass
from enum import Enum

class Color(Enum):
    RED = 1

@dataclass
class Point:
    x: int = 1

class Slots:
    __slots__ = ("held",)
    def __init__(self, held):
        self.held = held

class Reduced:
    def __init__(self, held):
        self.held = held
    def __reduce__(self):
        return Reduced, (self.held,)

class Failed(Exception):
    pass

class Outer:
    class Inner(dict):
        class Deep:
            pass

Pair = namedtuple("Pair", "a b")

def outer(n):
    def inner():
        return n, Color.RED
    return inner
"""
APP = """
import greenflow
from shop import models as m

def work(n):
    slots = m.Slots({m.Color.RED: [m.Point(3)]})
    reduced = m.Reduced((slots, m.Outer.Inner(a=m.Outer.Inner.Deep())))
    caught = None
    try:
        raise m.Failed(m.Pair(1, reduced), m.Outer)
    except m.Failed as error:
        caught = error
    inner, kinds = m.outer(n), {m.Point: m.Color, m.Pair: m.outer}
    got = greenflow.recv()
    pair, outer = caught.args
    held = pair.b.held[0].held
    names = [type(each).__name__ for each in (*held, caught, pair, pair.b)]
    deep = pair.b.held[1]["a"]
    return got, held, names, type(deep).__qualname__, outer.Inner.__module__, inner()
"""
TOLD = {
    "module": [("shop.models", "shop.new")],
    "chain": [("shop.between", "shop.new"), ("shop.models", "shop.between")] * 2,
    "names": [
        ("shop.models:Point", "shop.new:Point"),
        ("shop.models:Outer", "shop.between:Outer"),
        ("shop.between", "shop.new"),
        ("shop.models", "shop.new"),
    ],
}
DONE = (
    "done ('x', {<Color.RED: 1>: [Point(x=3)]}, ['Color', 'Failed', 'Pair', 'Reduced'],"
    " 'Outer.Inner.Deep', 'shop.new', (5, <Color.RED: 1>))"
)


@pytest.fixture
def shop(deployed):
    folder = deployed.folder / "shop"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "models.py").write_text(MODELS)
    deployed.begin(APP)
    (folder / "models.py").unlink()
    (folder / "new.py").write_text(MODELS)
    deployed.edit(APP.replace("import models", "import new"))
    return folder


def tell(folder, told) -> None:
    calls = [f"greenflow.moved({old!r}, {new!r})\n" for old, new in told]
    (folder / "__init__.py").write_text("import greenflow\n" + "".join(calls))


@pytest.mark.parametrize("told", TOLD)
def test_values_of_classes_that_moved(shop, deployed, told: str):
    tell(shop, TOLD[told])
    assert deployed.go_on("", "x").splitlines()[-1] == DONE


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        ("", "'Slots'"),
        ("1 // 0", "ZeroDivisionError"),
        ("def broken(:", "'shop.new' cannot be imported: SyntaxError"),
    ],
    ids=["missing", "raises", "syntax"],
)
def test_it_is_stuck_until_its_classes_are_there(shop, deployed, new, reason):
    tell(shop, TOLD["module"])
    deployed.edit(APP.replace("from shop import models as m", ""))
    (shop / "new.py").write_text(new)
    said = deployed.go_on("", "x")
    assert said.splitlines()[-1].startswith("hospital")
    assert reason in said
    assert "HINT" in said
    command = ("-m", "greenflow", "--store", "store", "check", "--all")
    checked = deployed.child(*command, code=5).stdout
    assert reason in checked
    (shop / "new.py").write_text(MODELS)
    deployed.edit(APP.replace("import models", "import new"))
    deployed.child("import greenflow; greenflow.open('store').get('a').retry()")
    # its message was kept
    deployed.child("import greenflow; greenflow.open('store').run()")
    assert deployed.go_on("").splitlines()[-1] == DONE
