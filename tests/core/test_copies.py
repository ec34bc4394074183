"""One saved continuation, resumed many times; continuations inside continuations."""

from __future__ import annotations

import copy
import pickle

import pytest

from greenflow import Continuation, suspend


def collects(items):
    total = len(items)

    def add(value):
        nonlocal total
        items.append(value)
        total += 1
        return total

    add(suspend("one"))
    add(suspend("two"))
    return items, total


def test_three_values_give_three_results():
    k = Continuation.start(collects, ["given"])
    data = k.dumps()
    results = [Continuation.loads(data).resume(x).resume(-x).value for x in (1, 2, 3)]
    assert results == [(["given", x, -x], 3) for x in (1, 2, 3)]


def test_copies_share_nothing():
    data = Continuation.start(collects, []).dumps()
    one, two = Continuation.loads(data), Continuation.loads(data)
    one.resume("a")
    two.resume("b")
    assert one.resume("c").value == (["a", "c"], 2)
    assert two.resume("d").value == (["b", "d"], 2)


def test_bytes_stay_good_while_the_original_goes_on():
    k = Continuation.start(collects, [])
    first = k.dumps()
    second = k.resume("a").dumps()
    assert k.resume("b").value == (["a", "b"], 2)
    assert Continuation.loads(second).resume("c").value == (["a", "c"], 2)
    assert Continuation.loads(first).resume("d").resume("e").value == (["d", "e"], 2)


def test_saving_changes_nothing():
    k = Continuation.start(collects, [])
    assert k.dumps() == k.dumps()
    assert k.resume("a").resume("b").value == (["a", "b"], 2)


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy])
def test_the_copy_module_makes_independent_ones(make):
    k = Continuation.start(collects, [])
    other = make(k)
    assert k.resume(1).resume(2).value == ([1, 2], 2)
    assert other.resume(3).resume(4).value == ([3, 4], 2)


def half_generator():
    def walk():
        yield from range(5)

    walker = walk()
    first = next(walker)
    return first, suspend("half"), list(walker)


def test_generators_are_not_shared_between_copies():
    data = Continuation.start(half_generator).dumps()
    for answer in "ab":
        result = Continuation.loads(data).resume(answer).value
        assert result == (0, answer, [1, 2, 3, 4])


def generator_with_finally(log):
    def walk():
        try:
            yield 1
            yield 2
        finally:
            log.append("finally")

    walker = walk()
    next(walker)
    suspend(log)
    return [*walker], log


def test_a_saved_one_that_is_dropped_runs_no_finally():
    log: list[str] = []
    k = Continuation.start(generator_with_finally, log)
    data = k.dumps()
    k.discard()
    assert log == []
    assert Continuation.loads(data).resume().value == ([2], ["finally"])


def test_try_every_answer_from_one_point():
    """Backtracking: a search that takes the first choices that fit."""

    def solve():
        chosen = []
        for place in range(4):
            chosen.append(suspend((place, tuple(chosen))))
        return chosen

    def fits(chosen, new):
        return all(
            new != old and abs(new - old) != len(chosen) - row
            for row, old in enumerate(chosen)
        )

    found, waiting = [], [Continuation.start(solve).dumps()]
    while waiting:
        data = waiting.pop()
        _, chosen = Continuation.loads(data).value
        for new in range(4):
            if fits(chosen, new):
                k = Continuation.loads(data).resume(new)
                if k.done:
                    found.append(k.value)
                else:
                    waiting.append(k.dumps())
    assert sorted(found) == [[1, 3, 0, 2], [2, 0, 3, 1]]


# --- continuations inside continuations --------------------------------------------


def inner(name):
    got = suspend(f"{name} asks")
    more = suspend(f"{name} asks again")
    return name, got, more


def holds_one():
    k = Continuation.start(inner, "inner")
    asked = k.value
    answer = suspend(("outer holds", asked))
    k.resume(answer)
    last = suspend(("outer again", k.value))
    k.resume(last)
    return k.value


@pytest.mark.parametrize("over_bytes", [False, True])
def test_a_suspended_one_is_a_local_of_another(over_bytes: bool):
    k, asks = Continuation.start(holds_one), []
    while not k.done:
        asks.append(k.value)
        k = Continuation.loads(k.dumps()) if over_bytes else k
        k.resume(len(asks))
    assert asks == [("outer holds", "inner asks"), ("outer again", "inner asks again")]
    assert k.value == ("inner", 1, 2)


def drives(names):
    """A scheduler that is itself a flow: it asks the world what its flows ask it."""
    flows = {name: Continuation.start(inner, name) for name in names}
    results = []
    while flows:
        for name in list(flows):
            k = flows[name].resume(suspend(flows[name].value))
            if k.done:
                results.append(k.value)
                del flows[name]
    return results


def test_a_scheduler_is_suspended_with_all_its_flows():
    k, asks = Continuation.start(drives, "ab"), []
    while not k.done:
        asks.append(k.value)
        k = pickle.loads(pickle.dumps(k)).resume(len(asks))
    assert asks == ["a asks", "b asks", "a asks again", "b asks again"]
    assert k.value == [("a", 1, 3), ("b", 2, 4)]


def starts_below(depth):
    if depth == 0:
        k = Continuation.start(inner, "deep")
        return k.resume(suspend(k.value)).resume(suspend(k.value)).value
    return starts_below(depth - 1)


def test_one_started_inside_another_and_run_to_its_end_there():
    k = Continuation.start(starts_below, 5)
    assert k.value == "deep asks"
    k = Continuation.loads(k.dumps()).resume("x")
    assert k.value == "deep asks again"
    assert Continuation.loads(k.dumps()).resume("y").value == ("deep", "x", "y")


def suspends_inside(body):
    return suspend(("inside", body))


def nests(depth):
    if depth == 0:
        return suspend("innermost")
    k = Continuation.start(nests, depth - 1)
    asked = k.value
    answer = suspend((depth, asked))
    return depth, k.resume(answer).value


def test_continuations_nested_five_deep():
    k = Continuation.start(nests, 5)
    assert k.value[0] == 5
    k = Continuation.loads(k.dumps())
    asked = k.value
    seen = []
    while isinstance(asked, tuple):
        seen.append(asked[0])
        asked = asked[1]
    assert (seen, asked) == ([5, 4, 3, 2, 1], "innermost")
    result = k.resume("answer")
    while not result.done:
        result = Continuation.loads(result.dumps()).resume("answer")
    assert result.value[0] == 5


def error_goes_through():
    k = Continuation.start(inner, "e")
    try:
        k.throw(suspend(KeyError("thrown in")))
    except KeyError as error:
        return suspend("caught"), error.args[0], k.done


def test_an_error_goes_from_the_inner_to_the_outer():
    k = Continuation.loads(Continuation.start(error_goes_through).dumps())
    k.resume(KeyError("other"))
    assert k.value == "caught"
    assert Continuation.loads(k.dumps()).resume(1).value == (1, "other", True)
