"""Classes that no module holds: the very class in this process, made once elsewhere."""

from __future__ import annotations

import dataclasses
import gc
import sys
import weakref

import pytest

from greenflow.continuation import pickling
from tests.pickling import target_classes as target
from tests.pickling.copies import copy_of, saved


@pytest.fixture
def elsewhere(child, tmp_path):
    """Save ``value``; run ``code`` in a process that loaded it, twice, as ``value``."""

    def run(value: object, code: str) -> None:
        (tmp_path / "saved").write_bytes(saved(value))
        (tmp_path / "code.py").write_text(code)
        child(
            """
            import pathlib, sys
            from greenflow.continuation import pickling
            data = pathlib.Path("saved").read_bytes()
            value, again = pickling.load(data), pickling.load(data)
            hopped = pickling.load(pickling.dump(value).data)
            exec(pathlib.Path("code.py").read_text())
            """
        )

    return run


def test_the_very_class_in_this_process():
    local = target.local_class(3)
    assert copy_of(local) is local
    assert type(copy_of(local())) is local


def test_loading_leaves_the_live_class_as_it_is():
    local = target.local_class(3)
    data = saved(local)
    local.up()
    local.new = 5
    assert pickling.load(data).count == 4
    assert local.new == 5


def test_a_local_class_elsewhere(elsewhere):
    local = target.local_class(3)
    elsewhere(
        [local, local()],
        "cls, obj = value\n"
        "assert type(obj) is cls is again[0] is hopped[0] and type(again[1]) is cls\n"
        "assert obj.greet() == ('base', 3, 3)\n"
        "assert cls.up() == 4 and again[0].count == 4\n"
        "assert (cls.still(), obj.twice, obj.once) == (3, 6, [3])\n"
        "assert obj.once is obj.once and obj == cls() and cls.__hash__ is None\n"
        "assert cls.__doc__ == 'Told.' and cls.__name__ == 'Local'\n"
        "assert cls.__qualname__ == 'local_class.<locals>.Local'\n"
        "assert cls.__module__ == 'tests.pickling.target_classes'\n"
        "from tests.pickling.target_classes import Base\n"
        "assert cls.__bases__ == (Base,)\n",
    )


def test_dataclasses(elsewhere):
    data, more = target.local_dataclass()
    value = [data, more, more(1)]
    copied = copy_of(value)
    assert copied[2] == value[2]
    elsewhere(
        value,
        "import dataclasses\n"
        "Data, More, obj = value\n"
        "assert obj == More(1, [], 'c', 4) and Data(1) < Data(2)\n"
        "assert repr(Data(1)).endswith(\"Data(a=1, b=[], c='c')\")\n"
        "assert Data(1).b is not Data(1).b\n"
        "assert [f.name for f in dataclasses.fields(More)] == ['a', 'b', 'c', 'd']\n"
        "assert dataclasses.fields(Data)[0].default is dataclasses.MISSING\n"
        "assert dataclasses.replace(obj, a=5).a == 5\n"
        "@dataclasses.dataclass\n"
        "class Sub(More):\n"
        "    e: int = 5\n"
        "assert Sub(1).e == 5\n"
        "match obj:\n"
        "    case Data(a, b):\n"
        "        assert (a, b) == (1, [])\n"
        "    case _:\n"
        "        assert False\n",
    )


def test_slots(elsewhere):
    slots, too = target.local_slots()
    obj = too(1)
    obj.c = [obj]
    frozen = target.local_frozen()
    elsewhere(
        [slots, too, obj, frozen(2), frozen],
        "slots, too, obj, frozen, cls = value\n"
        "assert obj.a == 1 and obj.c[0] is obj and not hasattr(obj, '__dict__')\n"
        "assert not hasattr(obj, 'b') and slots(3).a == 3 and type(obj) is too\n"
        "assert frozen == cls(2) and hash(frozen) == hash(cls(2))\n"
        "assert not hasattr(frozen, '__dict__')\n",
    )


def test_enumerations(elsewhere):
    level, planet, bits = target.local_enum()
    value = [level, level.HIGH, planet.MARS, bits.A | bits.B, planet]
    assert copy_of(value)[1] is level.HIGH
    elsewhere(
        value,
        "Level, high, mars, both, Planet = value\n"
        "assert high is Level.HIGH is Level(2) is again[1] is Level.TOP and high == 2\n"
        "assert Level.LOW.up() is high and [m.name for m in Level] == ['LOW', 'HIGH']\n"
        "assert mars is Planet.MARS is hopped[2] and mars.mass == 0.6\n"
        "assert (mars.radius, mars.value) == (3.3, (0.6, 3.3))\n"
        "assert both.value == 3 and type(both).A in both\n",
    )


def test_named_tuples(elsewhere):
    pair = target.local_namedtuple()
    elsewhere(
        [pair(1), pair],
        "pair, Pair = value\n"
        "assert pair == (1, 7) and pair.total() == 8 and type(pair) is Pair\n"
        "assert pair._replace(x=2).x == 2 and Pair._make([3, 4]).y == 4\n"
        "assert pair._asdict() == {'x': 1, 'y': 7} and Pair(5).y == 7\n",
    )


def test_typed_dictionaries_and_protocols(elsewhere):
    elsewhere(
        [target.local_typed_dict(), *target.local_protocol()],
        "Options, Named, Impl = value\n"
        "assert Options(name='x', size=1) == {'name': 'x', 'size': 1}\n"
        "assert Options.__optional_keys__ == {'name', 'size'}\n"
        "assert Impl().call() == 1 and Named in Impl.__mro__\n"
        "try:\n"
        "    Named()\n"
        "except TypeError:\n"
        "    pass\n"
        "else:\n"
        "    assert False\n",
    )


def test_abstract_classes(elsewhere):
    shape, square, other = target.local_abstract()
    elsewhere(
        [shape, square(), other()],
        "Shape, square, other = value\n"
        "assert isinstance(square, Shape) and isinstance(other, Shape)\n"
        "assert square.area() == 1\n"
        "try:\n"
        "    Shape()\n"
        "except TypeError:\n"
        "    pass\n"
        "else:\n"
        "    assert False\n",
    )


def test_generic_classes(elsewhere):
    box, int_box = target.local_generic()
    elsewhere(
        [box, int_box(5)],
        "Box, obj = value\n"
        "from tests.pickling.target_classes import T\n"
        "assert obj.held == 5 and isinstance(obj, Box)\n"
        "assert Box.__parameters__ == (T,) and Box[int](3).held == 3\n",
    )


def test_metaclasses(elsewhere):
    made = target.local_meta()
    elsewhere([made], "assert value[0]().by == 'meta' and again[0] is value[0]\n")


def test_nested_classes(elsewhere):
    outer = target.local_nested()
    elsewhere(
        [outer.Inner()],
        "inner = value[0]\n"
        "Outer = inner.outer()\n"
        "assert type(inner) is Outer.Inner and type(Outer().inner()) is Outer.Inner\n",
    )


def test_subclass_hooks_are_not_run_again(elsewhere):
    sub, seen = target.local_hooks()
    assert seen == [("Sub", "t")]
    elsewhere(
        [sub, seen, sub.__mro__[1]],
        "Sub, seen, Hooked = value\n"
        "assert seen == [('Sub', 't')] and Sub.x == 3 and Sub.__bases__ == (Hooked,)\n"
        "assert Sub().__dict__ == {}\n"
        "class More(Sub, tag='more'): pass\n"
        "assert seen == [('Sub', 't'), ('More', 'more')]\n",
    )


def test_classes_go_when_nobody_has_them():
    local = target.local_class(3)
    gone = weakref.ref(local)
    saved(local)
    copy_of(local())
    del local
    gc.collect()
    assert gone() is None


def test_a_class_that_was_replaced_in_its_module(monkeypatch):
    base = target.Base
    obj = base()
    monkeypatch.setattr(target, "Base", type("Base", (), {}))
    assert type(copy_of(obj)) is base


@pytest.mark.parametrize(
    "cls", [type({}.keys()), type(iter([])), type(len), type(lambda: 0), type(type)]
)
def test_classes_of_builtins(cls):
    assert copy_of(cls) is cls


def test_a_class_made_in_c_that_has_no_name():
    with pytest.raises(TypeError, match="cannot pickle class"):
        saved(type(sys.float_info))


def test_a_rebuilt_dataclass_field_is_the_same_kind():
    data, _ = target.local_dataclass()
    copied = copy_of(dataclasses.fields(data))
    assert copied[0].default is dataclasses.MISSING
    assert copied[0]._field_type is dataclasses._FIELD
