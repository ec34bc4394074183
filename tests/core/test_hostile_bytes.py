"""Damaged bytes: a distinct error each, and never a crash."""

from __future__ import annotations

import json
import os

import msgspec
import pytest

from greenflow import (
    BadChecksum,
    BadContents,
    BadFormat,
    BadMagic,
    BadRecord,
    CodeMissing,
    Continuation,
    TooLarge,
    Truncated,
    WrongInterpreter,
    errors,
)
from greenflow.continuation.head import PYTHON, decode_head, encode_head, pack, unpack
from tests.core.target_hostile import flow

RECORD_ERRORS = {
    name
    for name, cls in vars(errors).items()
    if isinstance(cls, type) and issubclass(cls, BadRecord | errors.NotRestorable)
}


def attack(child, kind: str) -> dict[str, int]:
    finished = child("-m", "tests.core.target_hostile", kind)
    return json.loads(finished.stdout)


@pytest.mark.parametrize("kind", ["truncated", "flipped"])
def test_bytes_that_changed_are_never_loaded(child, kind: str):
    seen = attack(child, kind)
    assert set(seen) <= {
        "BadChecksum",
        "BadFormat",
        "BadMagic",
        "TooLarge",
        "Truncated",
    }
    assert sum(seen.values()) > 1_000


@pytest.mark.parametrize("kind", ["sealed_heads", "sealed_shapes", "exchanged"])
def test_what_passes_the_checksum_is_checked_again(child, kind: str):
    seen = attack(child, kind)
    assert set(seen) <= RECORD_ERRORS | {"loaded"}
    assert seen.get("BadContents", 0) > 0


@pytest.mark.skipif(
    "asan" in os.environ.get("LD_PRELOAD", ""),
    reason="the memory limit that it needs is too small for ASAN",
)
def test_damaged_pickles_do_not_crash(child):
    seen = attack(child, "sealed_bodies")
    assert set(seen) <= RECORD_ERRORS | {"loaded"}
    assert sum(seen.values()) > 5_000


@pytest.fixture
def data() -> bytes:
    return Continuation.start(flow, [1]).dumps()


def changed_head(data: bytes, **changes: object) -> bytes:
    head, body = unpack(data)
    return pack(
        encode_head(msgspec.structs.replace(decode_head(head), **changes)), body
    )


def error_of(data: bytes) -> Exception:
    with pytest.raises(errors.GreenflowError) as caught:
        Continuation.loads(data)
    return caught.value


def test_not_a_record(data: bytes):
    for wrong in (b"", b"x", b"not a record at all", b"\x80\x05" + data[2:]):
        assert type(error_of(wrong)) is BadMagic


def test_another_format(data: bytes):
    assert type(error_of(data[:4] + b"\xff\xff" + data[6:])) is BadFormat


def test_a_piece_is_missing_or_left_over(data: bytes):
    assert type(error_of(data[:-1])) is Truncated
    assert type(error_of(data[:40])) is Truncated
    assert type(error_of(data + b"\0")) is Truncated


def test_a_byte_changed(data: bytes):
    assert type(error_of(data[:-20] + b"\0\0" + data[-18:])) is BadChecksum


def test_a_size_above_its_limit(data: bytes):
    assert type(error_of(data[:6] + b"\xff" * 12 + data[18:])) is TooLarge


@pytest.mark.parametrize(
    "python", ["cpython-310-3439", "cpython-399-1", "", "pypy39-1"]
)
def test_another_interpreter(data: bytes, python: str):
    error = error_of(changed_head(data, python=python))
    assert type(error) is WrongInterpreter
    assert PYTHON in str(error)
    assert "HINT" in str(error)


def test_a_shape_that_does_not_fit(data: bytes):
    shape = decode_head(unpack(data)[0]).shape
    for wrong in (b"", b"\0", shape[:-1], shape + b"\0", shape * 2):
        assert type(error_of(changed_head(data, shape=wrong))) is BadContents


def test_a_function_that_is_not_there(data: bytes):
    head = decode_head(unpack(data)[0])
    first = head.functions[0]
    for changes in ({"module": "no_such_module_xyz"}, {"qualname": "no_such_function"}):
        named = msgspec.structs.replace(first, **changes)
        functions = (named, *head.functions[1:])
        assert type(error_of(changed_head(data, functions=functions))) is CodeMissing


@pytest.mark.parametrize("number", [-1, -9, 9])
def test_a_place_in_a_function_that_is_not_there(data: bytes, number: int):
    head = decode_head(unpack(data)[0])
    place = msgspec.structs.replace(head.places[0], function=number)
    assert type(error_of(changed_head(data, places=(place,)))) is BadContents


def test_the_head_of_another_function(data: bytes):
    other = Continuation.start(flow, [2]).resume(1)
    if not other.done:
        pytest.fail("the flow was to end here")
    head = decode_head(unpack(data)[0])
    assert len(head.functions) >= 2
    swapped = tuple(reversed(head.functions))
    assert isinstance(
        error_of(changed_head(data, functions=swapped)),
        BadContents | errors.NotRestorable,
    )
