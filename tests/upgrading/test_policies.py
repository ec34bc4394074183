"""What becomes of flows whose code was changed: pinned, strict, upgrade."""

from __future__ import annotations

import pytest

import greenflow

APP = """
import greenflow

def fee(n):
    return n * 2

def ask(n):
    got = greenflow.recv()
    return f"{got} for {n}"

def work(n):
    first = ask(n)
    second = ask(n + 1)
    return "old", first, second, fee(n)
"""
CHANGED = (
    APP.replace('"old"', '"new"')
    .replace("{got} for", "{got} FOR")
    .replace("n * 2", "n * 3")
)


@pytest.fixture
def waits(deployed):
    deployed.begin(APP)
    deployed.edit(CHANGED)
    return deployed


@pytest.mark.parametrize("code", ["", "pinned"])
def test_pinned_goes_on_in_the_old_code_and_calls_the_new(waits, code):
    assert waits.go_on(code, "x") == "waiting"
    assert waits.go_on(code, "y") == "done ('old', 'x for 5', 'y FOR 6', 15)"


def test_pinned_through_many_saves_and_edits(waits):
    assert waits.go_on("", "x") == "waiting"
    waits.edit(CHANGED.replace("FOR", "VERY").replace("ask(n + 1)", "None"))
    assert waits.go_on("", "y") == "done ('old', 'x for 5', 'y FOR 6', 15)"


def test_pinned_when_the_function_is_gone(waits):
    waits.edit(APP.replace("def work", "def work_2"))
    assert waits.go_on("", "x", "y") == "done ('old', 'x for 5', 'y for 6', 10)"


def test_strict_is_stuck_with_the_reason_and_lost_is_nothing(waits):
    said = waits.go_on("strict", "x")
    assert "is not the code any more that the flow was suspended in" in said
    assert "HINT: go on with the code" in said
    assert said.splitlines()[-1].startswith("hospital")
    waits.edit(APP)
    waits.child("import greenflow; greenflow.open('store').get('a').retry()")
    assert waits.go_on("strict", "y") == "done ('old', 'x for 5', 'y for 6', 10)"


def test_a_docstring_is_no_change(deployed):
    deployed.begin(APP.replace("def work(n):", 'def work(n):\n    "One."'))
    changed = APP.replace("def work(n):", 'def work(n):\n    """Two\n\n    lines."""')
    deployed.edit(changed)
    assert deployed.go_on("strict", "x", "y") == (
        "done ('old', 'x for 5', 'y for 6', 10)"
    )


def test_a_flow_has_its_own_policy(deployed):
    deployed.begin(APP)
    deployed.child(
        """
        import app, greenflow
        store = greenflow.open("store")
        made = greenflow.options(store=store, id="b", code="strict")
        made.spawn(app.work, 5)
        store.run()
        """
    )
    deployed.edit(CHANGED)
    said = deployed.child(
        """
        import greenflow
        store = greenflow.open("store", code="pinned")
        for name in "ab":
            store.send(name, "x")
        try:
            store.run()
        except greenflow.CodeChanged:
            pass
        print([store.get(name).status for name in "ab"])
        """
    ).stdout
    assert said.strip() == "['waiting', 'hospital']"


def test_the_environment_says_it_for_workers(waits):
    waits.child("import greenflow; greenflow.open('store').send('a', 'x')")
    refused = waits.child(
        *("-m", "greenflow", "--store", "store", "worker", "--once"),
        *("--code", "strict"),
        code=None,
    )
    assert refused.returncode == 5
    assert "cannot go on" in refused.stdout + refused.stderr


@pytest.mark.parametrize("bad", ["new", ""])
def test_what_is_no_policy(tmp_path, bad):
    with pytest.raises(ValueError, match='code= is "pinned", "upgrade" or "strict"'):
        greenflow.open(tmp_path / "store", code=bad)
    with pytest.raises(ValueError, match="code= is"):
        greenflow.options(code=bad)


GENERATOR = """
import greenflow

def numbers(n):
    yield n
    got = greenflow.recv()
    yield "old", got

def closure(n):
    def inner(got):
        return "old", got, n
    return inner

def work(n):
    inner = closure(n)
    both = [each for each in numbers(n)]
    waiting = numbers(n)
    next(waiting)
    last = greenflow.recv()
    return both, inner(last), next(numbers(1)), waiting.gi_code.co_consts
"""


def test_generators_and_closures_are_pinned_too(deployed):
    deployed.begin(GENERATOR)
    deployed.edit(GENERATOR.replace('"old"', '"new"'))
    assert deployed.go_on("", "x") == "waiting"
    said = deployed.go_on("", "y")
    assert "[5, ('old', 'x')], ('old', 'y', 5), 1" in said


NESTED = """
import greenflow

def inner(n):
    a = 1
    got = greenflow.suspend("inner")
    return "old", got, n

def work(n):
    held = greenflow.Continuation.start(inner, n)
    got = greenflow.recv()
    return got, held.resume("in").value
"""


def test_a_continuation_among_the_values_is_pinned_too(deployed):
    deployed.begin(NESTED)
    deployed.edit(NESTED.replace('"old"', '"new"').replace("a = 1", "a = b = n"))
    assert deployed.go_on("", "x") == "done ('x', ('old', 'in', 5))"


def test_a_continuation_whose_code_was_not_kept_is_refused(deployed):
    """As states were saved before: nothing else may be taken for its code."""
    without = """
        from greenflow.continuation import nested, reducing
        reducing._REDUCERS  # is loaded
        reduce = nested.Nested.reduce_within
        def bare(pickler, continuation):
            return reduce(continuation, pickler.running)
        reducing._within = bare
        import app, greenflow
        store = greenflow.open("store")
        greenflow.options(store=store, id="a").spawn(app.work, 5)
        store.run()
        """
    deployed.edit(NESTED)
    deployed.child(without)
    deployed.edit(NESTED.replace('"old"', '"new"').replace("a = 1", "a = b = n"))
    said = deployed.go_on("", "x")
    assert "that a continuation among the values was suspended in" in said
    assert said.splitlines()[-1].startswith("hospital")
