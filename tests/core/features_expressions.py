"""Expressions with operands that wait on the stack while the flow is suspended."""
# The odd ways to write things are what is tested.
# ruff: noqa: SIM208, SIM223

from __future__ import annotations

from greenflow import suspend
from tests.core.features import feature

RECEIVED = "nothing"


def show(*args, **kwargs):
    return args, kwargs


@feature(sends=[5], asks=["x"], gives=(7, ((1, 3, 4), {"x": 5})))
def call_with_pending_operands():
    a, rest = [2], [3, 4]
    whole = a + [show(1, x=suspend("x"), *rest)]  # noqa: B026, RUF005
    return whole[0] + 5, whole[1]


@feature(
    sends=[[1], {"k": 2}, 3],
    asks=["args", "kwargs", "d"],
    gives=((0, 1), {"k": 2, "d": 3}),
)
def call_with_every_part_suspended():
    return show(0, *suspend("args"), **suspend("kwargs"), d=suspend("d"))


@feature(sends=[1, 2, 3], asks="abc", gives=((1, 2, 3), {}))
def arguments_one_after_another():
    return show(suspend("a"), suspend("b"), suspend("c"))


@feature(sends=[2, 3], asks=["in", "out"], gives=((((2,), {}), 3), {}))
def calls_within_calls():
    return show(show(suspend("in")), suspend("out"))


@feature(sends=[3, 2], asks=["a", "b"], gives=1 + 3 * 2 - 4)
def arithmetic():
    return 1 + suspend("a") * suspend("b") - 4


@feature(sends=[5, 7], asks=["a", "b"], gives=(True, ["a", "b"]))
def chained_comparison():
    seen = []

    def ask(name):
        seen.append(name)
        return suspend(name)

    return 1 < ask("a") < ask("b") < 10, seen


@feature(sends=[50], asks=["a"], gives=False)
def chained_comparison_that_ends_early():
    return 1 < suspend("a") < 10 < suspend("never")


@feature(sends=[0, "", "x"], asks=["a", "b", "c"], gives=["x", None])
def boolean_operators():
    first = suspend("a") or suspend("b") or suspend("c") or suspend("never")
    return [first, None and suspend("never")]


@feature(sends=[1, "yes"], asks=["test", "then"], gives="yes")
def conditional_expression():
    return suspend("then") if suspend("test") else suspend("never")


@feature(sends=["a", "k", 9], asks=["value", "key", "other"], gives={"k": "a", "o": 9})
def subscript_stores():
    where: dict[str, object] = {}
    value = suspend("value")
    where[suspend("key")] = value
    where["o"] = suspend("other")
    return where


class Bag:
    pass


@feature(sends=[1, 2], asks=["plain", "more"], gives=(1, 12, True))
def attribute_stores():
    bag = same = Bag()
    bag.x = suspend("plain")
    bag.y = 10
    bag.y += suspend("more")
    return same.x, same.y, bag is same


@feature(sends=[5, [4], 6], asks=["a", "b", "c"], gives=([0, 5], [1, 4], {"k": 9}))
def augmented_stores():
    one, two, three = [0, 0], [1], {"k": 3}
    one[1] += suspend("a")
    two += suspend("b")
    three["k"] += suspend("c")
    return one, two, three


@feature(sends=[1, 3], asks=["low", "high"], gives=([1, 2], [0, 9, 3]))
def slices():
    values = [0, 1, 2, 3]
    part = values[suspend("low") : suspend("high")]
    values[1:3] = [9]
    return part, values


@feature(
    sends=[1, "b"], asks=["a", "b"], gives=[(0, 1, 2), ["x", "b"], {"k": 7}, {1, 2}]
)
def displays():
    return [(0, suspend("a"), 2), ["x", suspend("b")], {"k": 7}, {1, 2}]


@feature(
    sends=[[1, 2], {"b": 3}],
    asks=["list", "dict"],
    gives=([0, 1, 2, 9], {"a": 1, "b": 3}),
)
def displays_with_stars():
    return [0, *suspend("list"), 9], {"a": 1, **suspend("dict")}


@feature(sends=[(1, 2, 3, 4)], asks=["four"], gives=(1, [2, 3], 4))
def star_unpacking():
    first, *middle, last = suspend("four")
    return first, middle, last


@feature(sends=["x", 3.14159], asks=["text", "number"], gives="a x b 3.14 'x' c")
def formatted_text():
    return f"a {(t := suspend('text'))} b {suspend('number'):.2f} {t!r} c"


@feature(sends=[6], asks=["width"], gives="[    ab]")
def formatted_text_with_a_width():
    return f"[{'ab':>{suspend('width')}}]"


@feature(sends=[4, 5], asks=["n", "m"], gives=(9, 4, 5))
def walrus():
    return (n := suspend("n")) + (m := suspend("m")), n, m


@feature(sends=[True], asks=["check"], gives="passed")
def assertion():
    assert suspend("check"), "not reached"
    return "passed"


@feature(
    sends=[False, "why"], asks=["check", "message"], gives=("AssertionError", "why")
)
def assertion_that_fails():
    try:
        assert suspend("check"), suspend("message")
    except AssertionError as error:
        return type(error).__name__, str(error)


@feature(sends=["new"], asks=["value"], gives=("new", "new"))
def global_write():
    global RECEIVED
    RECEIVED = suspend("value")
    seen = RECEIVED
    return seen, globals()["RECEIVED"]


@feature(sends=[1], asks=["value"], gives="gone")
def global_deleted():
    global FLEETING
    FLEETING = suspend("value")
    del FLEETING
    try:
        return FLEETING
    except NameError:
        return "gone"


@feature(sends=[1, 2], asks=["one", "two"], gives=[-1, True, ~2])
def unary_operators():
    one = suspend("one")
    return [-one, not (not one), ~suspend("two")]


@feature(sends=["k"], asks=["key"], gives=(True, False, True))
def containment_and_identity():
    key = suspend("key")
    return key in {"k": 1}, key is None, key is not None


@feature(sends=[[3, 1, 2]], asks=["list"], gives=([3, 2, 1], 6, "3-2-1"))
def builtins_after_a_suspend():
    values = sorted(suspend("list"), key=lambda x: -x)
    return values, sum(values), "-".join(map(str, values))


@feature(
    sends=range(12),
    asks=range(12),
    gives=(0, (1, (2, (3, (4, (5, (6, (7, (8, (9, (10, 11))))))))))),
)
def as_deep_as_the_stack_goes():
    return (
        suspend(0),
        (
            suspend(1),
            (
                suspend(2),
                (
                    suspend(3),
                    (
                        suspend(4),
                        (
                            suspend(5),
                            (
                                suspend(6),
                                (
                                    suspend(7),
                                    (
                                        suspend(8),
                                        (suspend(9), (suspend(10), suspend(11))),
                                    ),
                                ),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    )


@feature(sends=[1, 2, 3], asks=["a", "b", "c"], gives=[[1], [[2, 3], 2], 3])
def starred_index_and_return():
    box = {(0, 1): [suspend("a")]}
    row = *box[(0, 1)], suspend("b")
    last = suspend("c")
    return [box[0, 1], [[*row[1:], last], row[-1]], last]


@feature(sends=[2, 3], asks=["matrix", "end"], gives=(2, [0, 3, 2], "tail"))
def multiple_targets():
    store = [0, 0, 0]
    a = store[2] = suspend("matrix")
    (store[1], tail) = (suspend("end"), "tail")
    return a, store, tail


@feature(sends=["m"], asks=["name"], gives=("m", "upper M"))
def method_call_with_a_pending_receiver():
    parts = ["upper"]
    name = suspend("name")
    return name, " ".join([*parts, name.upper()])
