"""Generators in the running stack: the flow suspends inside of them."""

from __future__ import annotations

from greenflow import suspend
from tests.core.features import feature


def ask(name):
    kept = f"kept {name}"
    got = suspend(name)
    return got, kept


def letters(count, log=None):
    for i in range(count):
        got, kept = ask(i)
        assert kept == f"kept {i}"
        if log is not None:
            log.append(("made", i))
        yield i, got
    if log is not None:
        log.append("ended")


@feature(sends="abc", asks=[0, 1, 2], gives=[(0, "a"), (1, "b"), (2, "c")])
def for_over_a_generator():
    got = []
    for pair in letters(3):
        got.append(pair)
    return got


@feature(
    sends=["a", "x", "b", "y"],
    asks=[0, "body 0", 1, "body 1"],
    gives=([("a", "x"), ("b", "y")], [("made", 0), ("made", 1), "ended"]),
)
def suspended_in_generator_and_body_in_turn():
    got, log = [], []
    for i, value in letters(2, log):
        got.append((value, suspend(f"body {i}")))
    return got, log


@feature(
    sends="aAbB",
    asks=[0, 0, 1, 0],
    gives=([(0, "a", 0, "A"), (1, "b", 0, "B")], "else"),
)
def generators_in_nested_loops():
    got = []
    for i, outer in letters(2):
        for j, inner in letters(1):
            got.append((i, outer, j, inner))
    else:
        end = "else"
    return got, end


@feature(sends=[1, 2, 3], asks=[0, 1, 2], gives=([1, 12, 23], 3))
def generator_expression_consumed_by_for():
    got = []
    for value in (10 * i + suspend(i) for i in range(3)):
        got.append(value)
    return got, len(got)


@feature(sends=[1, 2], asks=[0, 1], gives=[0, 101, 1, 102])
def generator_expression_over_a_generator():
    got = []
    for i, value in ((i, 100 + v) for i, v in letters(2)):
        got += [i, value]
    return got


def chain(depth, log):
    log.append(("down", depth))
    if depth == 0:
        yield "first"
        got = suspend("bottom")
        yield got
        return "bottom done"
    result = yield from chain(depth - 1, log)
    log.append(("up", depth, result))
    return f"{result}, {depth}"


@feature(name="yield_from_1", args=(1,), sends="x", asks=["bottom"], gives=1)
@feature(name="yield_from_2", args=(2,), sends="x", asks=["bottom"], gives=2)
@feature(name="yield_from_3", args=(3,), sends="x", asks=["bottom"], gives=3)
@feature(name="yield_from_4", args=(4,), sends="x", asks=["bottom"], gives=4)
@feature(name="yield_from_5", args=(5,), sends="x", asks=["bottom"], gives=5)
@feature(
    name="yield_from_200",
    args=(200,),
    sends="x",
    asks=["bottom"],
    gives=200,
    frames=400,
    long=True,
)
def yield_from_chain(depth):
    log, got = [], []
    for value in chain(depth, log):
        got.append(value)
    assert log[-1][:2] == ("up", depth)
    assert log[-1][2] == ", ".join(["bottom done", *map(str, range(1, depth))])
    ups = [entry for entry in log if entry[0] == "up"]
    assert got == ["first", "x"]
    return len(ups)


def delegating():
    first = yield from letters(1)
    second = yield from [7, 8]
    third = yield from answering()
    return first, second, third


def answering():
    got = yield "ask"
    more = suspend(("answering", got))
    return got, more


@feature(
    sends=["a", "m"],
    asks=[0, ("answering", "sent")],
    gives=([(0, "a"), 7, 8, "ask"], (None, None, ("sent", "m"))),
)
def yield_from_several_things():
    got, walker = [], delegating()
    for _ in range(4):
        got.append(next(walker))
    try:
        walker.send("sent")
    except StopIteration as end:
        return got, end.value


def conversation(log):
    received = None
    while received != "bye":
        received = yield suspend(("talk", received))
        log.append(received)
    return suspend("closing")


@feature(
    sends=[1, 2, 3, "end"],
    asks=[("talk", None), ("talk", "a"), ("talk", "b"), "closing"],
    gives=([1, 2, 3], "end", ["a", "b", "bye"]),
)
def send_and_next():
    log, got = [], []
    talk = conversation(log)
    got.append(next(talk))
    got.append(talk.send("a"))
    got.append(talk.send("b"))
    try:
        talk.send("bye")
    except StopIteration as end:
        return got, end.value, log


@feature(sends=["x"], asks=[0], gives=[(0, "x"), "default", "default"])
def next_with_a_default():
    walker = letters(1)
    return [next(walker, "default"), next(walker, "default"), next(walker, "default")]


def silent_after(count):
    for _ in range(count):
        yield "quiet"
    suspend("at the end")


@feature(sends=["x"], asks=["at the end"], gives=["quiet", "default"])
def next_with_a_default_that_suspends_at_the_end():
    walker = silent_after(1)
    return [next(walker, None), next(walker, "default")]


@feature(sends=["x"], asks=["at the end"], gives=(["quiet"], "StopIteration", ()))
def next_that_suspends_at_the_end():
    walker, got = silent_after(1), []
    try:
        while True:
            got.append(walker.__next__())
    except StopIteration as end:
        return got, type(end).__name__, end.args


@feature(sends="abc", asks=[0, 0, 1], gives=([(0, "a"), (1, "c")], [(0, "b")], True))
def two_generators_in_turn():
    one, two = letters(2), letters(1)
    same = one
    first, second = [next(one)], [next(two)]
    first.append(next(same))
    return first, second, one is same


@feature(sends="ab", asks=[0, 1], gives=([(0, "a")], [(1, "b")]))
def generator_left_half_way_and_taken_up_again():
    walker = letters(2)
    first, second = [], []
    for pair in walker:
        first.append(pair)
        break
    for pair in walker:
        second.append(pair)
    return first, second


class Tree:
    def __init__(self, label, *children):
        self.label = label
        self.children = children

    def __iter__(self):
        yield self.label
        for child in self.children:
            for label in child:
                yield f"{self.label}.{label}"
        yield suspend(self.label)


@feature(
    sends=["<c", "<b", "<d", "<a"],
    asks=["c", "b", "d", "a"],
    gives=["a", "a.b", "a.b.c", "a.b.<c", "a.<b", "a.d", "a.<d", "<a"],
)
def recursive_generators_as_iter():
    tree = Tree("a", Tree("b", Tree("c")), Tree("d"))
    got = []
    for label in tree:
        got.append(label)
    return got


@feature(sends=["a", "b"], asks=["one", "two"], gives=["a", "b", "ab"])
def closure_shared_with_a_generator():
    text = ""

    def walk():
        nonlocal text
        for name in ("one", "two"):
            got = suspend(name)
            text += got
            yield got

    got = []
    for value in walk():
        got.append(value)
        assert text.endswith(value)
    return [*got, text]
