"""Values that only some CPythons can make: their source is compiled where it can be."""

from __future__ import annotations

import sys
import typing

#: From 3.12 on.
MODERN = """
def modern():
    type Tree[X] = list[Tree[X]] | X
    class Box[Q](list[Q]):
        def first[R](self, other: R) -> Q | R: return self[0]
    def known[Q: (int, str)](x: Q) -> Q: return x
    return Tree, Box, known, known.__type_params__[0]
"""
#: From 3.14 on: annotations that were never evaluated.
LAZY = """
def make_lazily():
    held = dict
    class Node:
        following: Node | None
        content: held[str, int]
        missing: NotDefined
        def method(self, x: held) -> Node: return self
    def function(a: NotDefined, b: int) -> Node: return a
    return Node, function
"""


if sys.version_info >= (3, 14):
    exec(compile(LAZY, __file__, "exec", dont_inherit=True))


def modern():
    namespace = {"__name__": __name__}
    exec(compile(MODERN, __file__, "exec", dont_inherit=True), namespace)
    return namespace["modern"]()


def modern_is_right(tree, box, known, q):
    (parameter,) = tree.__type_params__
    assert tree.__value__ == list[tree[parameter]] | parameter
    assert box([5]).first("x") == 5
    assert (repr(box.__type_params__), repr(box[int])[-8:]) == ("(Q,)", "Box[int]")
    assert known.__type_params__ == (q,)
    assert known.__annotations__ == {"x": q, "return": q}
    assert (repr(q), q.__constraints__) == ("Q", (int, str))


def lazily():
    return globals()["make_lazily"]()


def lazily_is_right(node, function):
    get = __import__("annotationlib").get_annotations
    told = get(node, format=3)  # FORWARDREF
    assert told["content"] == dict[str, int]
    assert list(told) == ["following", "content", "missing"]
    assert get(node.method) == {"x": dict, "return": node}
    assert list(get(function, format=3)) == ["a", "b", "return"]


MAKERS = [
    *([(modern, modern_is_right)] if hasattr(typing, "TypeAliasType") else ()),
    *([(lazily, lazily_is_right)] if sys.version_info >= (3, 14) else ()),
]
