"""Objects of the standard library that pickle alone would refuse or copy."""

from __future__ import annotations

import collections
import decimal
import functools
import os
import random
import re
import secrets
import struct
import subprocess
import sys

import pytest

from greenflow import Continuation, suspend
from greenflow.continuation import pickling
from tests.conftest import child_environment


def copy_of(value):
    return pickling.load(pickling.dump(value).data)


def told(match):
    return (
        match.regs,
        match.groups(),
        match.groupdict(),
        match.lastgroup,
        match.endpos,
        match.re,
        match.string,
    )


MATCHES = {
    "search": lambda: re.search(r"(?P<x>b)(c)?", "abab"),
    "match": lambda: re.match(r"a*?", "aab"),
    "fullmatch": lambda: re.fullmatch(r"a*?", "aa"),
    "bytes": lambda: re.search(rb"b", b"ab"),
    "part": lambda: re.compile("b").search("abab", 2, 4),
    "look behind": lambda: re.compile("(?<=a)b").match("ab", 1),
    "empty": lambda: re.search("$", "ab"),
}


@pytest.mark.parametrize("name", MATCHES)
def test_matches(name):
    match = MATCHES[name]()
    copied = copy_of(match)
    assert told(copied) == told(match)
    assert copied.pos == match.pos


def test_all_matches_of_a_text():
    for match in re.finditer(r"(?P<n>\d+)|(\w)|$", "a12 b3"):
        assert told(copy_of(match)) == told(match)


def test_a_match_in_a_text_that_changed_is_refused():
    text = bytearray(b"ab")
    match = re.search(b"b", text)
    text[1] = 0
    with pytest.raises(TypeError, match="text has changed"):
        pickling.dump(match)


def walrus(text):
    if match := re.search(r"(\w+)@(\w+)", text):
        suspend()
        return match[1], match.group(2)
    return None


def test_a_match_in_a_flow():
    data = Continuation.start(walrus, "to me@home").dumps()
    assert Continuation.loads(data).resume().value == ("me", "home")


# --- decimal ---


def exact(places):
    with decimal.localcontext() as context:
        context.prec = places
        suspend()
        inner = decimal.getcontext().prec
    return inner, decimal.getcontext().prec


def test_a_local_context_is_left_again():
    before = decimal.getcontext()
    k = Continuation.start(exact, 5)
    with decimal.localcontext(decimal.Context(prec=7)):
        data = k.dumps()
    decimal.setcontext(before)
    loaded = Continuation.loads(data)
    decimal.getcontext().prec = 9
    try:
        assert loaded.resume().value[1] == 28
    finally:
        decimal.setcontext(before)
        decimal.getcontext().prec = 28


def test_what_a_local_context_holds():
    outside = decimal.Context(prec=3)
    with decimal.localcontext(outside):
        manager = decimal.localcontext(decimal.Context(prec=4))
        manager.__enter__()
        manager.__exit__(None, None, None)
        copied = copy_of(manager)
    before = decimal.getcontext()
    assert copied.__enter__().prec == 4
    assert decimal.getcontext().prec == 4
    copied.__exit__(None, None, None)
    assert decimal.getcontext().prec == 3
    decimal.setcontext(before)


def test_saving_a_local_context_changes_none():
    before = decimal.getcontext()
    manager = decimal.localcontext(decimal.Context(prec=4))
    copy_of(manager)
    assert decimal.getcontext() is before


# --- and the rest ---


def test_the_environment_is_the_process_s_own():
    os.environ["GREENFLOW_SECRET"] = "secret"
    try:
        data = pickling.dump([os.environ]).data
    finally:
        del os.environ["GREENFLOW_SECRET"]
    assert b"secret" not in data
    assert pickling.load(data)[0] is os.environ
    assert type(copy_of(collections.UserDict(a=1))) is collections.UserDict


def test_others():
    assert copy_of(struct.Struct("<hb")).pack(1, 2) == b"\x01\x00\x02"
    for source in (random.SystemRandom(), secrets.SystemRandom()):
        assert 0 <= copy_of(source).random() < 1
        assert 0 <= copy_of(source.random)() < 1


def down(one, two):
    return two - one


def test_keys_that_compare():
    key = copy_of(functools.cmp_to_key(down))
    assert sorted([1, 3, 2], key=key) == [3, 2, 1]
    assert copy_of(key(5)).obj == 5
    assert copy_of(key(5)) < copy_of(key(4))
    assert copy_of(key(down)).obj is down


@pytest.mark.skipif(sys.version_info < (3, 14), reason="templates are of 3.14")
def test_a_class_of_a_module_that_was_never_imported():
    script = """
import sys
from greenflow.continuation import pickling
from tests.conftest import child_environment
kind = type(eval('t"x"'))
sys.modules.pop("string.templatelib", None)
assert pickling.load(pickling.dump(kind).data) is kind
"""
    subprocess.run([sys.executable, "-c", script], env=child_environment(), check=True)
