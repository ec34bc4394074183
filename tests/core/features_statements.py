"""Loops at the right turn, match, unbound and deleted locals."""
# The odd ways to write things are what is tested.
# ruff: noqa: RET503

from __future__ import annotations

from dataclasses import dataclass

from greenflow import suspend
from tests.core.features import feature


@feature(sends=["a", "b", "c", "stop"], asks=[0, 1, 2, 3], gives=(["a", "b", "c"], 3))
def while_loop():
    got, turn = [], 0
    while (answer := suspend(turn)) != "stop":
        got.append(answer)
        turn += 1
    return got, turn


@feature(sends=[1, 2, 0], asks=["test"] * 3, gives=([1, 2], "else"))
def while_else():
    got = []
    while x := suspend("test"):
        got.append(x)
    else:
        end = "else"
    return got, end


@feature(sends=[1, 2], asks=["turn"] * 2, gives=([1, 2], None))
def while_else_with_break():
    got, end = [], None
    while True:
        got.append(suspend("turn"))
        if got[-1] == 2:
            break
    else:
        end = "never"
    return got, end


@feature(sends=[7, 8, 9], asks=[0, 1, 2], gives=([7, 8, 9], "else", 2))
def for_else():
    got = []
    for i in range(3):
        got.append(suspend(i))
    else:
        end = "else"
    return got, end, i


@feature(sends=["no", "yes"], asks=["a", "b"], gives=("b", ["a", "b"]))
def for_with_break():
    seen = []
    for name in "abcd":
        seen.append(name)
        if suspend(name) == "yes":
            break
    else:
        name = "none"
    return name, seen


@feature(sends=[0, 1, 0, 1], asks=range(4), gives=[1, 3])
def for_with_continue():
    kept = []
    for i in range(4):
        if not suspend(i):
            continue
        kept.append(i)
    return kept


@feature(
    sends=["a", "b", "c", "d", "e", "f"],
    asks=[(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)],
    gives=[(0, "abc"), (1, "def")],
)
def nested_for():
    rows = []
    for row in range(2):
        text = ""
        for column in range(3):
            text += suspend((row, column))
        rows.append((row, text))
    return rows


@feature(
    sends=[1, 2, 3],
    asks=[(1, "a", 10), (1, "b", 10), (2, "a", 20)],
    gives=(6, 2, "a"),
)
def four_loops_left_at_once():
    total = 0
    for x in (1, 2):
        for y in "ab":
            for z in {10 * x}:
                while True:
                    total += suspend((x, y, z))
                    if total > 5:
                        return total, x, y
                    break


@feature(sends=range(1_000), asks=range(1_000), gives=499_500, long=True)
def a_thousand_suspends():
    total = 0
    for turn in range(1_000):
        total += suspend(turn)
    return total


@dataclass
class Point:
    x: int
    y: int


def matched(value):
    match value:
        case Point(x=0, y=y) if suspend("guard") == "ok":
            return "axis", y, suspend("axis")
        case Point(x, y):
            return "point", suspend((x, y)), x
        case {"kind": kind, **rest}:
            return "mapping", kind, rest, suspend("mapping")
        case [first, *_, last] | (first, last):
            return "sequence", first, last, suspend("sequence")
        case str() as text:
            return "text", text, suspend("text")
        case 1 | 2 | None:
            return "literal", suspend("literal")
        case _:
            return "other", suspend("other")


@feature(sends=["ok", 1], asks=["guard", "axis"], gives=("axis", 5, 1))
def match_class_with_guard():
    return matched(Point(0, 5))


@feature(sends=["no", 1], asks=["guard", (0, 5)], gives=("point", 1, 0))
def match_class_after_a_guard_failed():
    return matched(Point(0, 5))


@feature(sends=[1], asks=["mapping"], gives=("mapping", "k", {"a": 1, "b": 2}, 1))
def match_mapping():
    return matched({"a": 1, "kind": "k", "b": 2})


@feature(sends=[1], asks=["sequence"], gives=("sequence", 1, 4, 1))
def match_sequence():
    return matched([1, 2, 3, 4])


@feature(
    sends=[1, 2, 3],
    asks=["text", "literal", "other"],
    gives=[("text", "t", 1), ("literal", 2), ("other", 3)],
)
def match_the_rest():
    return [matched("t"), matched(None), matched(1.5)]


@feature(sends=[{"a": [1, {"b": 2}]}], asks=["subject"], gives=(1, 2))
def match_subject_that_suspends():
    match suspend("subject"):
        case {"a": [first, {"b": second}]}:
            return first, second


@feature(sends=[1], asks=["now"], gives=["unbound", 1])
def unbound_local():
    got = suspend("now")
    try:
        return later  # noqa: F821
    except UnboundLocalError:
        later = "unbound"
    return [later, got]


@feature(sends=[1], asks=[[1]], gives="deleted")
def deleted_local():
    values = [1]
    del values[:0]
    shown = list(values)
    del values
    suspend(shown)
    try:
        return values
    except NameError:
        return "deleted"


@feature(sends=[False, True], asks=["one", "two"], gives=["bound"])
def local_bound_in_one_branch():
    names = []
    for turn in ("one", "two"):
        if suspend(turn):
            bound = "bound"
        try:
            names.append(bound)
        except UnboundLocalError:
            assert turn == "one"
    return names


@feature(sends=["first", "second", "third"], asks=["if", "elif", "body"], gives="third")
def if_and_elif():
    if suspend("if") == "no":
        return "if"
    if suspend("elif") == "second":
        return suspend("body")
    return "else"


@feature(sends=[1, 2, 3], asks=[0, 150, 299], gives=(44_850, [1, 2, 3]))
def long_jumps():
    # The loop is longer than one byte can jump: EXTENDED_ARG before its jumps.
    total, got = 0, []
    for n in range(300):
        if n in (0, 150, 299):
            got.append(suspend(n))
        x = [n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n]
        x = [x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9], x[10], x[11]]
        x = [x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9], x[10], x[11]]
        x = [x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9], x[10], x[11]]
        x = [x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9], x[10], x[11]]
        if x[0] > 400:
            x = [x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9], x[10]]
            x = [x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9], x[10]]
            x = [x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9], x[10]]
            continue
        total += x[0]
    return total, got


@feature(sends=["w"], asks=["import"], gives=("w", "loads", "dumps"))
def imports_inside():
    import json

    got = suspend("import")
    from pickle import dumps

    return got, json.loads.__name__, dumps.__name__


@feature(sends=[1], asks=["annotated"], gives=(1, 2))
def annotations():
    x: int = suspend("annotated")
    y: list[int]
    y = [x, 2]
    return y[0], y[1]


@feature(
    sends=[0, 1, 1, 0, 0], asks=range(5), gives=[0, ("gone", 1), 2, ("gone", 3), 4]
)
def deleted_and_bound_again_in_turns():
    kept = []
    for i in range(5):
        value = i
        if i % 2:
            del value
        suspend(i)
        try:
            kept.append(value)
        except UnboundLocalError:
            kept.append(("gone", i))
    return kept
