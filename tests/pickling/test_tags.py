"""What stored bytes name: nothing of greenflow that could ever move."""

from __future__ import annotations

import pickletools
import sys

import pytest

import greenflow
from greenflow.continuation import tags
from greenflow.errors import NotSaveable
from tests.pickling import target_classes, target_exceptions, target_functions
from tests.pickling.copies import copy_of, saved
from tests.pickling.test_generators import async_counting, counting
from tests.pickling.test_iterators import ITERTOOLS


def finished():
    generator = counting(0)
    list(generator)
    return generator


VALUES = {
    "function": lambda: target_functions.plain,
    "hidden": lambda: target_functions.twice_wrapped.__wrapped__,
    "closure": lambda: target_functions.adder(1),
    "lambda": lambda: target_functions.squares,
    "code": lambda: target_functions.squares.__code__,
    "cached": lambda: target_functions.cached,
    "class": lambda: target_classes.local_class(1),
    "dataclass": lambda: target_classes.local_dataclass()[1](1),
    "enum": lambda: target_classes.local_enum()[0].HIGH,
    "named tuple": lambda: target_classes.local_namedtuple()(1),
    "hooked": lambda: target_classes.local_hooks()[0],
    "generator": lambda: counting(1),
    "finished generator": finished,
    "async generator": lambda: async_counting(1),
    "views": lambda: [{}.keys(), {}.values(), {}.items()],
    "operation": lambda: greenflow.suspend,
    "own function": lambda: greenflow.spawn,
    "own class": lambda: greenflow.Continuation,
    "own error": lambda: target_exceptions.raised(NotSaveable("x", path="p")),
    **target_exceptions.ERRORS,
    **ITERTOOLS,
}


@pytest.mark.parametrize("name", VALUES)
def test_no_module_of_greenflow_is_named(name: str):
    data = saved(VALUES[name]())
    assert b"greenflow." not in data
    assert b"greenflow/" not in data.replace(b"/greenflow/tests", b"")
    assert b"cloudpickle" not in data


def globals_of(data: bytes) -> set[str]:
    """The module of every global in a pickle."""
    texts: list[str] = []
    found = set()
    for opcode, argument, _ in pickletools.genops(data):
        if "UNICODE" in opcode.name:
            texts.append(argument)
        if opcode.name == "GLOBAL":
            found.add(argument.split()[0])
    return found | {text for text in texts if text == tags.MODULE}


def test_reconstructors_are_reached_by_their_tag():
    assert tags.MODULE in globals_of(saved(target_functions.adder(1)))


def test_register():
    def made(x):
        return [x]

    class Made:
        def __init__(self, x):
            self.x = x

        def __reduce__(self):
            return made, (self.x,)

    assert tags.register("test_made", made) is made
    tags.register("test_Made", Made)
    data = saved([Made(1), Made])
    assert b"test_made" in data
    assert b"test_tags" not in data
    assert copy_of([Made(1), Made]) == [[1], Made]
    del sys.modules[tags.MODULE].test_made
    del sys.modules[tags.MODULE].test_Made


def test_operations_and_public_names_are_the_same_objects():
    for name in ("suspend", "recv", "checkpoint", "spawn", "Flow", "Continuation"):
        value = getattr(greenflow, name)
        assert copy_of(value) is value
