"""Functions, classes and modules that have another place now: greenflow.moved()."""

from __future__ import annotations

import pytest

import greenflow
from greenflow.continuation import moves

OLD = """
import greenflow

class Order:
    def __init__(self, n):
        self.n = n
    def ask(self):
        got = greenflow.recv()
        return got, self.n

def helper(n):
    return n * 2

def numbers(n):
    yield n
    yield greenflow.recv()

def work(n):
    order, then, again = Order(n), helper, numbers(n)
    next(again)
    def inner():
        return order.ask()
    first = inner()
    return first, next(again), then(n), type(order).__name__, type(order).__module__
"""
NEW = OLD.replace("Order", "Purchase").replace("helper", "double")
STEPS = ("x", "y")
DONE = "done (('x', 5), 'y', 10, 'Purchase', 'shop.new')"


@pytest.fixture
def moved(child, deployed):
    """Let a flow wait in shop/old.py, then let there be shop/new.py instead."""
    shop = deployed.folder / "shop"
    shop.mkdir()
    (shop / "__init__.py").touch()
    (shop / "old.py").write_text(OLD)
    deployed.begin("from shop.old import work\n")
    (deployed.folder / "app.py").unlink()
    (shop / "old.py").unlink()

    def to(new: str, *told: tuple[str, str]) -> str:
        (shop / "new.py").write_text(new)
        calls = [f"greenflow.moved({old!r}, {now!r})\n" for old, now in told]
        (shop / "__init__.py").write_text("import greenflow\n" + "".join(calls))
        return deployed.go_on("", *STEPS)

    return to


ALL = (
    ("shop.old:Order", "shop.new:Purchase"),
    ("shop.old:helper", "shop.new:double"),
    ("shop.old", "shop.new"),
)


def test_a_module_that_was_moved_and_names_in_it(moved):
    assert last(moved(NEW, *ALL)) == DONE


def last(said: str) -> str:
    return said.splitlines()[-1]


def test_what_was_moved_and_edited_is_pinned(moved):
    edited = NEW.replace("return first,", "return 'new', first,").replace("* 2", "* 3")
    assert last(moved(edited, *ALL)) == DONE.replace("10", "15")


def test_moved_more_than_once(moved):
    chain = [("shop.old", "shop.between"), ("shop.between", "shop.new")]
    assert last(moved(OLD, *chain)) == DONE.replace("Purchase", "Order")


def test_it_is_stuck_until_somebody_says_where_it_is(moved, deployed):
    said = moved(NEW)
    assert last(said).startswith("hospital")
    assert "CodeMissing" in said
    assert "No module named 'shop.old'" in said
    deployed.child("import greenflow; greenflow.open('store').get('a').retry()")
    # its messages were kept: more of them are left over
    assert last(moved(NEW, *ALL)) == DONE


def test_the_reason_names_the_remedy(moved, deployed):
    moved(NEW)
    said = deployed.child("-m", "greenflow", "--store", "store", "check", "a", code=5)
    assert "greenflow.moved()" in said.stdout


def test_a_circle_is_refused_when_it_is_told(monkeypatch):
    monkeypatch.setattr(moves, "_known", {})
    greenflow.moved("a:f", "b:f")
    greenflow.moved("a:f", "b:f")  # told again it is the same
    greenflow.moved("b:f", "c:f")
    with pytest.raises(ValueError, match="and from there back to 'c:f'"):
        greenflow.moved("c:f", "a:f")
    assert moves.now("a", "f") == ("c", "f")
    greenflow.moved("c", "d")
    with pytest.raises(ValueError, match="back to 'd'"):
        greenflow.moved("d", "c")


def test_a_circle_strands_no_flow_without_a_word(moved):
    circle = [("shop.old", "shop.new"), ("shop.new", "shop.old")]
    said = moved("", *circle)
    assert last(said).startswith("hospital")
    assert "and from there back to 'shop.new'" in said


@pytest.mark.parametrize(
    ("old", "new"),
    [("a:f", "b"), ("a", "b:f"), ("a:f", "a:f"), ("a:", "b:"), ("", "b"), ("a b", "c")],
)
def test_what_is_no_place(old: str, new: str):
    with pytest.raises(ValueError, match=r"module|to itself"):
        greenflow.moved(old, new)
