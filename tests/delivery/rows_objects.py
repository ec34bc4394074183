"""Rows: attributes, items, text and conversions."""

from __future__ import annotations

import collections
import math
import operator
from functools import partial

from tests.delivery.rows import act, add_compiled, has, having, row

__all__ = ["act", "collections", "math", "operator"]
_HERE = __name__
_MISSING = "AttributeError"


_add = partial(add_compiled, _HERE)
_has = partial(has, _HERE)

# --- attributes ---


class Described:
    """A descriptor of all kinds."""

    def __get__(self, instance, owner):
        return act(("get", instance is None))

    def __set__(self, instance, value):
        act(("set", value))

    def __delete__(self, instance):
        act("delete")


class Owner:
    described = Described()

    @property
    def prop(self):
        return act("prop")

    @prop.setter
    def prop(self, value):
        act(("prop", value))

    @prop.deleter
    def prop(self):
        act("del prop")

    def method(self):
        return "method"


class Hooked(Owner):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return act(("getattr", name))


class Watched:
    def __getattribute__(self, name):
        if name.startswith("__"):
            return object.__getattribute__(self, name)
        return act(("getattribute", name))

    def __setattr__(self, name, value):
        act(("setattr", name, value))

    def __delattr__(self, name):
        act(("delattr", name))


class WatchedAndHooked(Watched):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return act(("getattr", name))


class Below(Owner):
    def by_super(self):
        return super().prop

    def by_own(self):
        return object.__getattribute__(self, "prop")

    def set_by_own(self):
        object.__setattr__(self, "prop", 4)


class Meta(type):
    @property
    def prop(cls):
        return act("meta prop")


class Made(metaclass=Meta):
    pass


_GOT = {
    "property": "Owner().prop",
    "descriptor": "Owner().described",
    "descriptor_of_class": "Owner.described",
    "getattr_hook": "Hooked().nothing",
    "property_with_hook": "Hooked().prop",
    "getattribute": "Watched().anything",
    "getattribute_with_hook": "WatchedAndHooked().anything",
    "super_property": "Below().by_super()",
    "own_property": "Below().by_own()",
    "property_of_metaclass": "Made.prop",
}
for _name, _body in _GOT.items():
    _add(_name, _body, "LOAD_ATTR", f"`{_body}`", outcomes=_MISSING)
for _name in ("Owner().prop", "Hooked().prop", "Watched().a", "WatchedAndHooked().a"):
    _short = _name.replace("().", "_")
    _owner, _attribute = _name.split("().")
    _at = f"{_owner}(), {_attribute!r}"
    _add(
        f"get_{_short}",
        f"getattr({_at})",
        "CALL",
        f"`getattr({_at})`",
        outcomes=_MISSING,
    )
    _add(
        f"or_{_short}",
        f"getattr({_at}, 7)",
        "CALL",
        f"`getattr({_at}, 7)`",
        outcomes=_MISSING,
    )
    _add(
        f"has_{_short}",
        f"hasattr({_at})",
        "CALL",
        f"`hasattr({_at})`",
        outcomes=_MISSING,
    )
_add(
    "called_hook",
    "Hooked().nothing(3)",
    "LOAD_METHOD",
    "`a.name()` by `__getattr__`",
    gives=abs,
)
_add("called_property", "Owner().prop(3)", "LOAD_METHOD", "`a.prop()`", gives=abs)
_SET = {
    "property_set": "x = Owner()\nx.prop = 3\n1",
    "descriptor_set": "x = Owner()\nx.described = 3\n1",
    "setattr_hook": "x = Watched()\nx.anything = 3\n1",
    "property_set_by_name": "setattr(Owner(), 'prop', 3)",
    "setattr_hook_by_name": "setattr(Watched(), 'a', 3)",
    "property_set_by_own": "Below().set_by_own()",
}
for _name, _body in _SET.items():
    _add(
        _name,
        _body,
        "CALL" if "(" in _body[:8] or "own" in _name else "STORE_ATTR",
        f"`{_body.splitlines()[-2 if _body.endswith('1') else -1]}`",
    )
_DELETED = {
    "property_deleted": "x = Owner()\ndel x.prop\n1",
    "descriptor_deleted": "x = Owner()\ndel x.described\n1",
    "delattr_hook": "x = Watched()\ndel x.anything\n1",
}
for _name, _body in _DELETED.items():
    _add(_name, _body, "DELETE_ATTR", f"`{_body.splitlines()[1]}`")
_add("delattr_by_name", "delattr(Owner(), 'prop')", "CALL", "`delattr(a, 'prop')`")


# --- items ---


class Missing(dict):
    def __missing__(self, key):
        return act(("missing", key))


class Indexed:
    def __class_getitem__(cls, key):
        return act(("class item", key))


_ITEMS = having(_HERE, "__getitem__", "__setitem__", "__delitem__").__name__
_add("item", f"{_ITEMS}()[3]", "BINARY_SUBSCR", "`a[3]`", outcomes="IndexError")
_add("slice_", f"{_ITEMS}()[1:2]", "BINARY_SLICE", "`a[1:2]`")
_add("slice_step", f"{_ITEMS}()[1:2:3]", "BINARY_SUBSCR", "`a[1:2:3]`")
_add("missing", "Missing()[3]", "BINARY_SUBSCR", "`d[3]` by `__missing__`")
_add("class_item", "Indexed[int]", "BINARY_SUBSCR", "`C[int]` by `__class_getitem__`")
_add("item_set", f"x = {_ITEMS}()\nx[3] = 4\n1", "STORE_SUBSCR", "`a[3] = 4`")
_add("slice_set", f"x = {_ITEMS}()\nx[1:2] = 4\n1", "STORE_SLICE", "`a[1:2] = 4`")
_add("item_deleted", f"x = {_ITEMS}()\ndel x[3]\n1", "DELETE_SUBSCR", "`del a[3]`")
_add("slice_deleted", f"x = {_ITEMS}()\ndel x[1:2]\n1", "DELETE_SUBSCR", "`del a[1:2]`")
_add(
    "item_added",
    f"x = {_ITEMS}()\nx[3] += 'b'\n1",
    "STORE_SUBSCR",
    "`a[3] += 'b'`",
    gives="a",
)
_add(
    "getitem_function",
    f"operator.getitem({_ITEMS}(), 3)",
    "CALL",
    "`operator.getitem(a, 3)`",
)
_add(
    "setitem_function",
    f"operator.setitem({_ITEMS}(), 3, 4)",
    "CALL",
    "`operator.setitem(a, 3, 4)`",
)


@row("BINARY_SUBSCR", "`defaultdict[key]`: the factory")
def factory():
    table = collections.defaultdict(lambda: act("factory"))
    return table["key"], dict(table)


# --- text ---

_TEXT = {
    "str_": ("CALL", "str({})", "__str__"),
    "str_by_repr": ("CALL", "str({})", "__repr__"),
    "repr_": ("CALL", "repr({})", "__repr__"),
    "ascii_": ("CALL", "ascii({})", "__repr__"),
    "format_": ("CALL", "format({}, '>5')", "__format__"),
    "format_by_str": ("CALL", "format({})", "__str__"),
    "f_string": ("FORMAT", "f'<{{{}}}>'", "__format__"),
    "f_string_by_str": ("FORMAT", "f'<{{{}}}>'", "__str__"),
    "f_string_by_repr": ("FORMAT", "f'<{{{}}}>'", "__repr__"),
    "f_string_spec": ("FORMAT", "f'<{{{}:>5}}>'", "__format__"),
    "f_string_str": ("FORMAT", "f'<{{{}!s}}>'", "__str__"),
    "f_string_repr": ("FORMAT", "f'<{{{}!r}}>'", "__repr__"),
    "f_string_repr_spec": ("FORMAT", "f'<{{{}!r:>9}}>'", "__repr__"),
    "f_string_ascii": ("FORMAT", "f'<{{{}!a}}>'", "__repr__"),
    "print_": ("CALL", "print({}, 'and', 2)", "__str__"),
    "print_ended": ("CALL", "print(1, {}, sep='-', end='.', flush=True)", "__str__"),
    "bytes_": ("CALL", "bytes({})", "__bytes__"),
}
for _name, (_group, _body, _method) in _TEXT.items():
    _body = _body.format(f"{_has(_method)}()")
    _gives = b"given" if _method == "__bytes__" else "given"
    _add(
        _name,
        _body,
        _group,
        f"`{_name}` by `{_method}`",
        gives=_gives,
        outcomes="wrong type",
    )

_NUMBERS = {
    "len_": ("len({})", "__len__", 3),
    "int_": ("int({})", "__int__", 3),
    "int_by_index": ("int({})", "__index__", 3),
    "float_": ("float({})", "__float__", 1.5),
    "float_by_index": ("float({})", "__index__", 3),
    "complex_": ("complex({})", "__complex__", 2j),
    "index_": ("operator.index({})", "__index__", 3),
    "hash_": ("hash({})", "__hash__", 12345),
    "round_": ("round({})", "__round__", 3),
    "round_digits": ("round({}, 2)", "__round__", 3.25),
    "trunc": ("math.trunc({})", "__trunc__", 3),
    "floor": ("math.floor({})", "__floor__", 3),
    "ceil": ("math.ceil({})", "__ceil__", 3),
}
for _name, (_body, _method, _gives) in _NUMBERS.items():
    _call = _body.format(f"{_has(_method)}()")
    _add(
        _name,
        _call,
        "CALL",
        f"`{_body.format('a')}` by `{_method}`",
        gives=_gives,
        outcomes="wrong type",
    )
