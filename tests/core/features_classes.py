"""Methods, super(), instances that are called, and __init__ that suspends."""
# The odd ways to write things are what is tested.
# ruff: noqa: PIE804

from __future__ import annotations

from dataclasses import dataclass, field

from greenflow import suspend
from tests.core.features import feature


class Base:
    kind = "base"

    def __init__(self, name="base"):
        self.name = name
        self.log = [("base init", name)]

    def greet(self, word):
        self.log.append(("base", word, suspend(f"{self.kind}.greet")))
        return self.log

    @classmethod
    def make(cls, name):
        return cls.kind, suspend(cls.__name__), name

    @staticmethod
    def twice(value):
        return value * suspend(value)


class Child(Base):
    kind = "child"

    def greet(self, word):
        before = suspend("child first")
        log = super().greet(word.upper())
        log.append(("child", before))
        return log

    @classmethod
    def make(cls, name):
        kind, got, name = super().make(name + "!")
        return [kind, got, name, suspend("child make")]


class GrandChild(Child):
    def greet(self, word):
        log = super(GrandChild, self).greet(word)  # noqa: UP008
        return [*log, suspend("grand")]


class Mixin:
    def greet(self, word):
        return ["mixin", suspend("mixin"), *super().greet(word)]


class Mixed(Mixin, Child):
    pass


@feature(
    sends=[1], asks=["base.greet"], gives=[("base init", "base"), ("base", "hi", 1)]
)
def method():
    return Base().greet("hi")


@feature(
    sends=["a", "b"],
    asks=["child first", "child.greet"],
    gives=[("base init", "n"), ("base", "HI", "b"), ("child", "a")],
)
def super_without_arguments():
    thing = Child("n")
    log = thing.greet("hi")
    assert log is thing.log
    return log


@feature(
    sends=["a", "b", "c"],
    asks=["child first", "child.greet", "grand"],
    gives=[("base init", "base"), ("base", "HI", "b"), ("child", "a"), "c"],
)
def super_with_arguments():
    return GrandChild().greet("hi")


@feature(
    sends=["m", "a", "b"],
    asks=["mixin", "child first", "child.greet"],
    gives=["mixin", "m", ("base init", "base"), ("base", "HI", "b"), ("child", "a")],
)
def super_through_a_mixin():
    return Mixed().greet("hi")


@feature(sends=[1, 2], asks=["Child", "child make"], gives=["child", 1, "n!", 2])
def classmethods():
    return Child.make("n")


@feature(sends=[3, 4], asks=["ab", "x"], gives=("ababab", "xxxx"))
def staticmethods():
    return Base.twice("ab"), Child().twice("x")


@feature(
    sends=[1], asks=["base.greet"], gives=[("base init", "base"), ("base", "w", 1)]
)
def bound_method_in_a_variable():
    call = Base().greet
    return call("w")


@feature(sends=[1, 2], asks=["base.greet"] * 2, gives=(2, True))
def function_of_a_class():
    thing = Base()
    Base.greet(thing, "a")
    log = Base.greet(*[thing], word="b")
    return log[-1][2], log is thing.log


class Adder:
    def __init__(self, by):
        self.by = by

    def __call__(self, value, *, twice=False):
        got = suspend(self.by)
        return (value + self.by + got) * (2 if twice else 1)


@feature(sends=[1, 2, 3], asks=[10, 10, 10], gives=[12, 26, 16])
def instances_that_are_called():
    add = Adder(10)
    options = {"twice": True}
    return [add(1), add(1, **options), add(*[3])]


class Waiting:
    def __init__(self, name, *, size=1):
        self.name = name
        self.got = suspend(("init", name))
        self.size = size * self.got


class WaitingMore(Waiting):
    def __init__(self, name, extra):
        self.extra = [extra]
        super().__init__(name, size=3)
        self.extra.append(suspend("more"))


@feature(sends=[4], asks=[("init", "n")], gives=("n", 4, 4, "Waiting"))
def init_that_suspends():
    thing = Waiting("n")
    return thing.name, thing.got, thing.size, type(thing).__name__


@feature(sends=[4], asks=[("init", "n")], gives=8)
def init_with_a_keyword():
    return Waiting("n", size=2).size


@feature(sends=[4, 5], asks=[("init", "n"), "more"], gives=(12, ["e", 5]))
def init_of_a_subclass():
    thing = WaitingMore("n", "e")
    return thing.size, thing.extra


@feature(sends=[2, 3], asks=[("init", "a"), ("init", "b")], gives=[("a", 2), ("b", 9)])
def init_with_stars():
    first = Waiting(*["a"])
    second = Waiting(*("b",), **{"size": 3})
    return [(first.name, first.size), (second.name, second.size)]


class CellSelf:
    def __init__(self, value):
        def keep(got):
            self.got = got

        self.value = value
        keep(suspend(value))


@feature(sends=["g"], asks=["v"], gives=("v", "g"))
def init_with_self_in_a_cell():
    thing = CellSelf("v")
    return thing.value, thing.got


@dataclass
class Order:
    number: int
    lines: list[str] = field(default_factory=list)
    total: int = 0

    def __post_init__(self):
        self.lines.append(f"line {self.number}")
        self.total = self.number * suspend("post init")


@feature(sends=[6], asks=["post init"], gives=(42, ["line 7"], True))
def dataclass_post_init():
    order = Order(7)
    return order.total, order.lines, order.number == 7


@feature(sends=[1, 2], asks=["post init", "post init"], gives=[(1, 1), (2, 4)])
def instances_in_a_comprehension():
    orders = [Order(number) for number in (1, 2)]
    return [(order.number, order.total) for order in orders]


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a):
        self.a = a

    def fill(self):
        self.b = suspend(self.a)
        return self

    def __getstate__(self):
        return {name: getattr(self, name) for name in ("a", "b") if hasattr(self, name)}

    def __setstate__(self, state):
        for name, value in state.items():
            setattr(self, name, value)


@feature(sends=["b"], asks=["a"], gives=("a", "b", True))
def instance_with_slots():
    thing = Slotted("a")
    same = thing.fill()
    return same.a, same.b, same is thing


@feature(sends=[3], asks=["local"], gives=("Local", 3, "got 3"))
def class_made_inside_a_function():
    class Local:
        prefix = "got"

        def __init__(self):
            self.value = suspend("local")

        def text(self):
            return f"{self.prefix} {self.value}"

    thing = Local()
    return type(thing).__name__, thing.value, thing.text()


class Ticker:
    """An iterator of one's own: __next__ is a plain function that suspends."""

    def __init__(self, count):
        self.left = count

    def __iter__(self):
        return self

    def __next__(self):
        if self.left == 0:
            raise StopIteration("end")
        self.left -= 1
        return suspend(self.left)


@feature(sends=["a", "b", "c"], asks=[2, 1, 0], gives=(["a", "b", "c"], "else"))
def for_over_an_iterator_of_ones_own():
    got = []
    for value in Ticker(3):
        got.append(value)
    else:
        end = "else"
    return got, end
