"""How each function of greenflow.soft is called, with what was drawn."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from tests.soft.world import Drawn, World, outcome, stepped

Plan = Callable[[Any, World, Drawn], Any]
PLANS: dict[str, Plan] = {}


def plan(*names: str) -> Callable[[Plan], Plan]:
    def add(function: Plan) -> Plan:
        for name in names or (function.__name__,):
            assert name not in PLANS
            PLANS[name] = function
        return function

    return add


def halved(value: Any) -> Any:
    return value // 2 if isinstance(value, int) else value


def odd(value: Any) -> Any:
    return value % 2 if isinstance(value, int) else value


def consuming(name: str) -> Plan:
    return lambda lib, w, d: getattr(lib, name)(w.source(d.values))


for _name in (
    "all",
    "any",
    "bytes",
    "dict",
    "frozenset",
    "list",
    "set",
    "sum",
    "tuple",
):
    PLANS[_name] = consuming(_name)
for _name in ("filter", "filterfalse", "dropwhile", "takewhile"):
    PLANS[_name] = lambda lib, w, d, name=_name: stepped(
        getattr(lib, name)(w.function(odd), w.source(d.values))
    )
    PLANS[f"{_name} none"] = lambda lib, w, d, name=_name: stepped(
        getattr(lib, name)(None, w.source(d.values))
    )
for _name in ("heappush", "heappushpop", "heapreplace"):
    PLANS[_name] = lambda lib, w, d, name=_name: heaped(lib, d, name, d.number)
for _name in ("heapify", "heappop"):
    PLANS[_name] = lambda lib, w, d, name=_name: heaped(lib, d, name)


def heaped(lib: Any, d: Drawn, name: str, *arguments: Any) -> Any:
    heap = [value for value in d.values if isinstance(value, int)]
    given = None
    if heap or name in {"heapify", "heappush", "heappushpop"}:
        lib.heapify(heap)
        given = getattr(lib, name)(heap, *arguments)
    else:
        given = outcome(lambda: getattr(lib, name)(heap, *arguments))
    return given, [lib.heappop(heap) for _ in list(heap)]


@plan("min", "max")
def extreme(lib: Any, w: World, d: Drawn) -> Any:
    raise NotImplementedError  # one for each is made below


for _name in ("min", "max"):
    PLANS[_name] = lambda lib, w, d, name=_name: getattr(lib, name)(w.source(d.values))
    PLANS[f"{_name} key"] = lambda lib, w, d, name=_name: getattr(lib, name)(
        w.source(d.values), key=w.function(halved)
    )
    PLANS[f"{_name} default"] = lambda lib, w, d, name=_name: getattr(lib, name)(
        w.source(d.values), default=d.number
    )
    PLANS[f"{_name} of several"] = lambda lib, w, d, name=_name: getattr(lib, name)(
        *d.values, key=w.function(halved)
    )
    PLANS[f"{_name} wrong"] = lambda lib, w, d, name=_name: getattr(lib, name)(
        *d.values, default=1
    )
for _name in ("bisect", "bisect_left", "bisect_right"):
    PLANS[_name] = lambda lib, w, d, name=_name: getattr(lib, name)(
        sorted(map(hash, d.values)), d.number, d.small - 3
    )
    PLANS[f"{_name} key"] = lambda lib, w, d, name=_name: getattr(lib, name)(
        sorted(map(hash, d.values)), d.number, key=w.function(halved)
    )
for _name in ("insort", "insort_left", "insort_right"):
    PLANS[_name] = lambda lib, w, d, name=_name: inserted(lib, w, d, name)
for _name in ("nlargest", "nsmallest"):
    PLANS[_name] = lambda lib, w, d, name=_name: getattr(lib, name)(
        d.small, [value for value in d.values if isinstance(value, int)], halved
    )


def inserted(lib: Any, w: World, d: Drawn, name: str) -> Any:
    values = sorted(map(hash, d.values))
    getattr(lib, name)(values, d.number, key=w.function(halved))
    return values


@plan("sorted")
def sorted_(lib: Any, w: World, d: Drawn) -> Any:
    return lib.sorted(w.source(d.values), key=w.function(halved), reverse=d.flag)


@plan("sorted plain")
def sorted_plain(lib: Any, w: World, d: Drawn) -> Any:
    return lib.sorted(w.source(d.values), reverse=d.flag)


@plan()
def list_sort(lib: Any, w: World, d: Drawn) -> Any:
    values = list(d.values)
    given = outcome(lambda: lib.list_sort(values, key=w.function(halved)))
    return given, values if given[0] == "gave" else sorted(map(repr, values))


@plan("list_sort modified")
def list_sort_modified(lib: Any, w: World, d: Drawn) -> Any:
    values = list(d.values)
    given = outcome(lambda: lib.list_sort(values, key=w.function(values.append)))
    return given, values


@plan()
def cmp_to_key(lib: Any, w: World, d: Drawn) -> Any:
    key = lib.cmp_to_key(lambda a, b: halved(a) - halved(b))
    one, other = key(d.number), key(d.small)
    compared = [
        outcome(lambda name=name: getattr(operator, name)(one, other))
        for name in ("lt", "le", "eq", "ge", "gt")
    ]
    wrong = [outcome(lambda: one < 5), outcome(lambda: hash(one))[1]]
    return sorted(d.values, key=key), compared, wrong[0], one.obj


@plan()
def list_extend(lib: Any, w: World, d: Drawn) -> Any:
    values = [1]
    given = outcome(lambda: lib.list_extend(values, w.source(d.values)))
    return given, values


@plan("dict of pairs")
def dict_of_pairs(lib: Any, w: World, d: Drawn) -> Any:
    pairs = [(key, 1) if d.flag else [key, key] for key in d.values]
    return lib.dict(w.source([*pairs, *d.others]), number=d.number)


@plan("dict_update by pairs")
def dict_update(lib: Any, w: World, d: Drawn) -> Any:
    pairs = [(key, 1) if d.flag else [key, key] for key in d.values]
    made = {1: 0}
    source = w.source([*pairs, *d.others])
    return outcome(lambda: lib.dict_update(made, source, number=d.number)), made


class Mapping:
    def __init__(self, w: World, values: list[Any]) -> None:
        self.w, self.values = w, values

    def keys(self) -> Any:
        return self.w.source(self.values, "keys")

    def __getitem__(self, key: Any) -> Any:
        self.w.tell("item", key)
        return key


class Kept(dict[Any, Any]):
    def __getitem__(self, key: Any) -> Any:
        raise AssertionError("not asked")


@plan("dict of a mapping")
def dict_of_a_mapping(lib: Any, w: World, d: Drawn) -> Any:
    return lib.dict(Mapping(w, d.values)), lib.dict(Kept(a=1)), lib.dict(a=d.number)


@plan("bytes of numbers")
def bytes_of_numbers(lib: Any, w: World, d: Drawn) -> Any:
    return lib.bytes(w.source([d.number, d.small, *d.others]))


@plan("bytes of other things")
def bytes_of_other_things(lib: Any, w: World, d: Drawn) -> Any:
    given = [d.small, "é", b"a", bytearray(b"b"), None, True]
    text = lib.bytes("é", "utf-8"), lib.bytes(), lib.bytes("é", encoding="latin-1")
    return [outcome(lambda value=value: lib.bytes(value)) for value in given], text


@plan()
def join(lib: Any, w: World, d: Drawn) -> Any:
    text = outcome(lambda: lib.join("-", w.source([str(v) for v in d.values])))
    mixed = outcome(lambda: lib.join("-", w.source(d.values)))
    return text, mixed, outcome(lambda: lib.join(b"-", w.source([b"a", b"b"])))


@plan("sum of numbers")
def sum_of_numbers(lib: Any, w: World, d: Drawn) -> Any:
    numbers = [v * 0.1 if isinstance(v, int) and v % 3 else v for v in d.values]
    start = d.number if d.flag else 0.1
    return lib.sum(w.source([n for n in numbers if not isinstance(n, str)]), start)


class Length:
    """Adds up with numbers and with its like."""

    def __init__(self, size: float) -> None:
        self.size = size

    def __add__(self, other: Any) -> Any:
        return Length(self.size + getattr(other, "size", other))

    def __radd__(self, other: Any) -> Any:
        return self.size + other if other == 3 else Length(self.size + other)

    def __repr__(self) -> str:
        return f"Length({self.size})"


@plan("sum of objects")
def sum_of_objects(lib: Any, w: World, d: Drawn) -> Any:
    values = [
        Length(v) if isinstance(v, int) and v % 2 else 0.1
        for v in [*d.values, d.number, *d.values]
    ]
    lists = lib.sum(([v] for v in d.values), [])
    refused = [outcome(lambda s=s: lib.sum([], s)) for s in ("", b"", bytearray())]
    return outcome(lambda: lib.sum(w.source(values), d.small)), lists, refused


@plan()
def reduce(lib: Any, w: World, d: Drawn) -> Any:
    function = w.function(lambda a, b: f"({a} {b})")
    if d.flag:
        return lib.reduce(function, w.source(d.values), d.number)
    return lib.reduce(function, w.source(d.values))


@plan("reduce wrong")
def reduce_wrong(lib: Any, w: World, d: Drawn) -> Any:
    return lib.reduce(w.function(halved), d.number)
