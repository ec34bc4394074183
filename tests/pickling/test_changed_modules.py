"""Functions of a module that was reloaded, patched, or is another one by now."""

from __future__ import annotations

import importlib

import pytest
from msgspec.structs import astuple

from greenflow.continuation import pickling
from greenflow.continuation.functions import Reference, reference, resolve
from greenflow.errors import CodeChanged, CodeMissing
from tests.pickling import target_functions as target
from tests.pickling.copies import copy_of, saved


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module and import it anew; call it again with other text to reload."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    monkeypatch.delitem(importlib.sys.modules, "changing", raising=False)
    loaded = []

    def write(text):
        (tmp_path / "changing.py").write_text(text)
        importlib.invalidate_caches()
        if loaded:
            return importlib.reload(loaded[0])
        loaded.append(importlib.import_module("changing"))
        return loaded[0]

    yield write
    importlib.sys.modules.pop("changing", None)


def test_reference_and_resolve(module):
    function = module("def f(): return 1").f
    known = reference(function)
    assert known == Reference("changing", "f", known.code_hash)
    assert resolve(*astuple(known)) is function


def unwrapped(function):
    return function.__wrapped__


def test_reference_of_what_has_no_name():
    assert reference(target.adder(1)) is None
    assert reference(target.squares) is None
    assert reference(unwrapped(target.twice_wrapped)) is None


def test_reload_with_the_same_code(module):
    old = module("def f(): return 1").f
    data = saved(old)
    known = reference(old)
    new = module("\n\n# moved\ndef f(): return 1").f
    assert new is not old
    assert resolve(*astuple(known)) is new
    assert reference(old) is None
    assert reference(new) == known
    assert copy_of(old)() == 1
    assert resolve(*astuple(known)) is copy_of(new)
    assert data == saved(new)


def test_reload_with_other_code(module):
    old = module("def f(): return 1").f
    known = reference(old)
    module("def f(): return 2")
    with pytest.raises(CodeChanged, match=r"changing:f\(\).*changing\.py:1.*\n.*HINT"):
        resolve(*astuple(known))
    assert copy_of(old)() == 1


@pytest.mark.parametrize("text", ["", "f = 3", "class f: pass"])
def test_the_name_is_gone(module, text):
    known = reference(module("def f(): return 1").f)
    loaded = module("def f(): return 1")
    del loaded.f
    exec(text, vars(loaded))
    with pytest.raises(CodeMissing, match=r"changing:f\(\)(.|\n)*HINT"):
        resolve(*astuple(known))


def test_the_module_is_gone():
    with pytest.raises(CodeMissing, match="no_such_module"):
        resolve("no_such_module", "f", b"12345678")


def test_monkeypatched(monkeypatch):
    original, known = target.plain, reference(target.plain)
    monkeypatch.setattr(target, "plain", target.plain_again)
    assert reference(original) is None
    assert copy_of(original)(3) == 6
    # other function, same code
    assert resolve(*astuple(known)) is target.plain_again
    monkeypatch.undo()
    assert reference(original) == known


def test_its_code_was_replaced(module):
    loaded = module("def f(): return 1\ndef g(): return 2")
    known = reference(loaded.f)
    loaded.f.__code__ = loaded.g.__code__
    assert reference(loaded.f) != known
    with pytest.raises(CodeChanged):
        resolve(*astuple(known))


DECORATOR = """
import functools
def deco(function):
    @functools.wraps(function)
    def wrapper(): return function()
    return wrapper
"""


def test_a_decorator_was_added_since(module):
    known = reference(module(DECORATOR + "def f(): return 1").f)
    decorated = module(DECORATOR + "@deco\ndef f(): return 1").f
    assert resolve(*astuple(known)) is decorated.__wrapped__


def test_a_decorator_was_taken_away_since(module):
    hidden = module(DECORATOR + "@deco\ndef f(): return 1").f.__wrapped__
    data = saved(hidden)
    plain = module(DECORATOR + "def f(): return 1").f
    assert pickling.load(data) is plain


def test_nested_code_changed(module):
    text = "def f(n):\n    def g(): return n + 1\n    return g"
    data = saved(module(text).f(1))
    module(text.replace("+ 1", "+ 2"))
    with pytest.raises(CodeChanged, match=r"inside changing:f\(\)"):
        pickling.load(data)
