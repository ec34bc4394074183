"""Builtin objects: what is refused, and what is saved although pickle would not."""

from __future__ import annotations

import functools
import gc
import io
import logging
import operator
import os
import pickle
import socket
import sys
import threading
import types
import weakref
from dataclasses import MISSING
from pathlib import Path
from typing import TypeVar

import pytest

from tests.pickling.copies import copy_of, saved

T = TypeVar("T", bound=int)


class Holder:
    def method(self):
        return self


def open_text():
    return Path(__file__).open()


REFUSED = {
    "text file": open_text,
    "binary file": lambda: io.BufferedReader(io.FileIO(__file__)),
    "raw file": lambda: io.FileIO(__file__),
    "socket": socket.socket,
    "lock": threading.Lock,
    "reentrant lock": threading.RLock,
    "condition": threading.Condition,
    "event": threading.Event,
    "thread": lambda: threading.Thread(target=print),
    "local": threading.local,
    "frame": sys._getframe,
    "memoryview": lambda: memoryview(b"x"),
    "iterator over a memoryview": lambda: iter(memoryview(b"x")),
    "living finalizer": lambda: weakref.finalize(Holder, print),
    "directory": lambda: os.scandir("."),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("place", [lambda x: x, lambda x: [1, {"k": x}]])
def test_refused(what: str, place):
    value = REFUSED[what]()
    with pytest.raises((TypeError, pickle.PicklingError, RuntimeError)):
        saved(place(value))
    if hasattr(value, "close"):
        value.close()


def test_standard_streams_are_those_of_the_process(child, tmp_path: Path):
    child(
        """
        import pathlib, sys
        from greenflow.continuation import pickling
        streams = [sys.stdin, sys.stdout, sys.stderr, sys.__stdout__]
        pathlib.Path("a").write_bytes(pickling.dump(streams).data)
        """
    )
    child(
        """
        import pathlib, sys
        from greenflow.continuation import pickling
        value = pickling.load(pathlib.Path("a").read_bytes())
        assert value[:3] == [sys.stdin, sys.stdout, sys.stderr], value
        """
    )


def test_streams_in_memory():
    text, data = io.StringIO("abc"), io.BytesIO(b"abc")
    text.read(1)
    data.read(2)
    text, data = copy_of([text, data])
    assert (text.read(), data.read()) == ("bc", b"c")


# --- and the rest ---


def test_super_objects():
    class Sub(Holder):
        def method(self):
            return "sub"

        def up(self):
            return super()

    sub = Sub()
    bound, sub = copy_of([sub.up(), sub])
    assert type(bound) is super
    assert bound.method() is sub


def test_properties_and_class_methods():
    values = [property(operator.neg), classmethod(Holder.method), staticmethod(len)]
    prop, cls_method, static = copy_of(values)
    assert prop.fget is operator.neg
    assert cls_method.__func__ is Holder.method
    assert static.__func__ is len


def test_cached_functions():
    calls = []

    def slow(x):
        calls.append(x)
        return x

    cached = functools.lru_cache(maxsize=2)(slow)
    cached(1)
    copied = copy_of(cached)
    assert copied(1) == 1
    assert copied.cache_info() == (0, 1, 2, 1)
    assert copied.__name__ == "slow"


def test_a_cached_function_that_calls_itself():
    @functools.cache
    def fibonacci(n):
        return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

    copied = copy_of(fibonacci)
    assert copied(30) == 832040
    assert copied.cache_info().misses == 31


def test_modules():
    assert copy_of(os) is os
    assert copy_of(os.path) is os.path
    made = types.ModuleType("made_here")
    made.me, made.x = made, [1]
    copied = copy_of(made)
    assert copied.me is copied
    assert copied.x == [1]


def test_sentinels_of_dataclasses():
    assert copy_of(MISSING) is MISSING


def test_type_variables():
    assert copy_of(T) is T
    local = TypeVar("local", bound=int)
    copied = copy_of([local, local])
    assert copied[0] is copied[1]
    assert copied[0].__bound__ is int


def test_loggers():
    assert copy_of(logging.getLogger("a.b")) is logging.getLogger("a.b")
    assert copy_of(logging.getLogger()) is logging.getLogger()


def test_weak_sets():
    holder = Holder()
    weak, holder = copy_of([weakref.WeakSet([holder]), holder])
    assert list(weak) == [holder]
    del holder
    gc.collect()
    assert list(weak) == []


def test_weak_dictionaries():
    holder = Holder()
    holder.keys = weakref.WeakKeyDictionary({holder: 1})
    holder.values = weakref.WeakValueDictionary(me=holder)
    copied = copy_of(holder)
    assert copied.keys[copied] == 1
    assert copied.values["me"] is copied


def test_functions_that_dispatch():
    @functools.singledispatch
    def kind(value):
        return "other"

    @kind.register
    def _(value: int):
        return "int"

    assert kind(1) == "int"
    copied = copy_of(kind)
    assert [copied(1), copied("x"), copied(True)] == ["int", "other", "int"]
