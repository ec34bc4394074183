"""How each iterator of greenflow.soft is called, with what was drawn."""

from __future__ import annotations

from typing import Any

from tests.soft.plans import PLANS, halved, odd, plan
from tests.soft.world import Drawn, World, outcome, stepped

for _name in ("permutations", "combinations", "combinations_with_replacement"):
    PLANS[_name] = lambda lib, w, d, name=_name: list(
        getattr(lib, name)(w.source(d.values), d.small)
    )


@plan()
def product(lib: Any, w: World, d: Drawn) -> Any:
    made = lib.product(w.source(d.values), w.source(d.others, "o"), repeat=d.small % 2)
    return list(made)


@plan("map")
def map_(lib: Any, w: World, d: Drawn) -> Any:
    return stepped(lib.map(w.function(halved), w.source(d.values)))


@plan("map of several")
def map_of_several(lib: Any, w: World, d: Drawn) -> Any:
    sources = w.source(d.values), w.source(d.others, "o"), w.source(d.values, "p")
    return stepped(lib.map(w.function(lambda *a: a), *sources))


@plan("map wrong")
def map_wrong(lib: Any, w: World, d: Drawn) -> Any:
    return outcome(lambda: lib.map(halved)), outcome(lambda: lib.map(halved, d.number))


@plan("zip")
def zip_(lib: Any, w: World, d: Drawn) -> Any:
    sources = w.source(d.values), w.source(d.others, "o"), w.source(d.values, "p")
    return stepped(lib.zip(*sources[: d.small], strict=d.flag))


@plan("zip wrong")
def zip_wrong(lib: Any, w: World, d: Drawn) -> Any:
    return lib.zip(d.values, d.number)


@plan()
def zip_longest(lib: Any, w: World, d: Drawn) -> Any:
    sources = w.source(d.values), w.source(d.others, "o"), w.source(d.values[1:], "p")
    return stepped(lib.zip_longest(*sources[: d.small], fillvalue=d.number))


@plan("enumerate")
def enumerate_(lib: Any, w: World, d: Drawn) -> Any:
    return stepped(lib.enumerate(w.source(d.values), d.number))


@plan("enumerate wrong")
def enumerate_wrong(lib: Any, w: World, d: Drawn) -> Any:
    return outcome(lambda: lib.enumerate([], 1.5)), outcome(lambda: lib.enumerate(1))


@plan("iter")
def iter_(lib: Any, w: World, d: Drawn) -> Any:
    left = list(d.values)

    def pop() -> Any:
        return left.pop(0) if left else d.number

    return stepped(lib.iter(w.function(pop), d.number))


@plan("iter wrong")
def iter_wrong(lib: Any, w: World, d: Drawn) -> Any:
    return outcome(lambda: lib.iter(1)), outcome(lambda: lib.iter(1, 2))


class Sequence:
    def __init__(self, w: World, values: list[Any]) -> None:
        self.w, self.values = w, values

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> Any:
        self.w.tell("item", index)
        return self.values[index]


class Reversible:
    def __init__(self, w: World, values: list[Any]) -> None:
        self.w, self.values = w, values

    def __reversed__(self) -> Any:
        self.w.tell("reversed")
        return self.w.source(self.values)


@plan("iter of a sequence")
def iter_of_a_sequence(lib: Any, w: World, d: Drawn) -> Any:
    return stepped(lib.iter(Sequence(w, d.values)))


@plan("reversed")
def reversed_(lib: Any, w: World, d: Drawn) -> Any:
    return stepped(lib.reversed(Sequence(w, d.values)))


@plan("reversed of others")
def reversed_of_others(lib: Any, w: World, d: Drawn) -> Any:
    plain = [list(lib.reversed(v)) for v in (d.values, "abc", {1: 2}, range(d.small))]
    wrong = outcome(lambda: lib.reversed(d.number)), outcome(lambda: lib.reversed({1}))
    return stepped(lib.reversed(Reversible(w, d.values))), plain, wrong


@plan()
def accumulate(lib: Any, w: World, d: Drawn) -> Any:
    function = w.function(lambda a, b: f"({a} {b})")
    initial = d.number if d.flag else None
    made = lib.accumulate(w.source(d.values), function, initial=initial)
    return stepped(made), stepped(lib.accumulate(w.source(d.others)))


@plan()
def batched(lib: Any, w: World, d: Drawn) -> Any:
    return stepped(lib.batched(w.source(d.values), d.small))


@plan("chain")
def chain(lib: Any, w: World, d: Drawn) -> Any:
    sources = w.source(d.values), w.source(d.others, "o"), d.others, *d.others
    return stepped(lib.chain(*sources))


@plan("chain.from_iterable")
def chain_from_iterable(lib: Any, w: World, d: Drawn) -> Any:
    sources = w.source(d.values), w.source(d.others, "o"), d.others, *d.others
    return stepped(lib.chain.from_iterable(w.source([*sources], "outer")))


@plan()
def compress(lib: Any, w: World, d: Drawn) -> Any:
    return stepped(lib.compress(w.source(d.values), w.source(d.others, "o")))


@plan()
def cycle(lib: Any, w: World, d: Drawn) -> Any:
    return stepped(lib.cycle(w.source(d.values)), 3 * len(d.values) + 3)


@plan()
def groupby(lib: Any, w: World, d: Drawn) -> Any:
    grouped = lib.groupby(w.source(d.values), w.function(halved) if d.flag else None)
    got = []
    for turn in range(6):
        try:
            key, group = next(grouped)
        except Exception as error:
            got.append((type(error), str(error)))
            continue
        old = group if turn == 0 else old  # noqa: F821 - of the first turn
        got.append((key, stepped(group, d.small), stepped(old, 1)))
    return got


@plan()
def islice(lib: Any, w: World, d: Drawn) -> Any:
    bounds = [None, d.small, d.small - 1, d.number][: 1 + d.number % 4]
    made = lib.islice(w.source(d.values), *bounds)
    return stepped(made)


@plan("islice from to")
def islice_from_to(lib: Any, w: World, d: Drawn) -> Any:
    stop = None if d.flag else d.small + 3
    return stepped(lib.islice(w.source(d.values), d.small, stop, 1 + d.number % 3))


@plan()
def pairwise(lib: Any, w: World, d: Drawn) -> Any:
    return stepped(lib.pairwise(w.source(d.values)))


@plan()
def starmap(lib: Any, w: World, d: Drawn) -> Any:
    rows = [(v, d.number) if d.flag else w.source([v], "row") for v in d.values]
    return stepped(lib.starmap(w.function(lambda *a: a), w.source([*rows, *d.others])))


@plan()
def tee(lib: Any, w: World, d: Drawn) -> Any:
    made = lib.tee(w.source(d.values), 2)
    first = stepped(made[0], d.small)
    second = stepped(made[1], 3)
    three = lib.tee(made[1])[1]
    return first, second, stepped(made[1], 2), stepped(made[0]), stepped(three)


@plan()
def defaultdict(lib: Any, w: World, d: Drawn) -> Any:
    left = iter(range(99))
    made = lib.defaultdict(w.function(lambda: next(left)), {1: 0})
    got = [outcome(lambda v=v: made[v]) for v in [*d.values, *d.values, d.number]]
    none = lib.defaultdict(None)
    same = made == made.copy() and type(made.copy()) is type(made)
    return got, list(made.items()), outcome(lambda: none[d.number]), same


@plan("lru_cache", "cache")
def cached(lib: Any, w: World, d: Drawn) -> Any:
    raise NotImplementedError  # one for each is made below


for _name in ("lru_cache", "cache"):
    PLANS[_name] = lambda lib, w, d, name=_name: remembered(
        getattr(lib, name)(w.function(lambda *a: a)), d
    )
PLANS["lru_cache of a size"] = lambda lib, w, d: remembered(
    lib.lru_cache(d.small - 1, typed=d.flag)(w.function(lambda *a: a)), d
)


def remembered(function: Any, d: Drawn) -> Any:
    calls = [*d.values, *d.others, 1, True, 1.0, *d.values]
    got = [outcome(lambda c=c: function(c)) for c in calls]
    info = [*function.cache_info()], function.cache_parameters()
    function.cache_clear()
    return got, info, [*function.cache_info()], outcome(lambda: function([]))


@plan("re_sub", "re_subn")
def substituted(lib: Any, w: World, d: Drawn) -> Any:
    raise NotImplementedError  # one for each is made below


PATTERNS = ("a|b", "x*", "(a)|b(?=a)", "", r"\b", "(?<=a)|b")
for _name in ("re_sub", "re_subn"):
    PLANS[_name] = lambda lib, w, d, name=_name: replaced(getattr(lib, name), w, d)


def replaced(function: Any, w: World, d: Drawn) -> Any:
    text = "".join("abx-"[hash(v) % 4] for v in [*d.values, *d.others])
    pattern = PATTERNS[d.number % len(PATTERNS)]
    replace = w.function(lambda m: None if odd(m.start()) and d.flag else f"<{m[0]}>")

    def told(match: Any) -> Any:
        return replace(Shown(match))

    given = outcome(lambda: function(pattern, told, text, count=d.small))
    plain = function(pattern, "<>", text), function("B", "<>", text, flags=2)
    raw = outcome(lambda: function(pattern.encode(), lambda m: m[0], text.encode()))
    return given, plain, raw, outcome(lambda: function(pattern, lambda m: 5, text))


class Shown:
    """A match that is told of by what it matched."""

    def __init__(self, match: Any) -> None:
        self.match = match
        self.start = match.start

    def __getitem__(self, group: int) -> Any:
        return self.match[group]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shown) and other.match.regs == self.match.regs

    __hash__ = None
