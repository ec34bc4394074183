"""The chain of contexts of an exception that passes through a waiting generator."""

from __future__ import annotations

import pytest

from greenflow import Continuation, suspend


def fails(ask):
    try:
        raise KeyError("second")
    except KeyError:
        ask("now")
        raise ValueError("third")  # noqa: B904 - the chain is what is tested


def handling(ask):
    try:
        raise LookupError("first")
    except LookupError:
        yield fails(ask)


def walk(ask):
    for _ in handling(ask):
        pass


def chain(error):
    found = []
    while error is not None:
        found.append(repr(error))
        error = error.__context__
    return found


@pytest.mark.parametrize("over_bytes", [False, True])
def test_no_link_is_lost(over_bytes):
    with pytest.raises(ValueError, match="third") as plain:
        walk(lambda _: None)
    k = Continuation.start(walk, suspend)
    if over_bytes:
        k = Continuation.loads(k.dumps())
    with pytest.raises(ValueError, match="third") as resumed:
        k.resume()
    assert chain(resumed.value) == chain(plain.value)
    assert chain(plain.value) == [
        "ValueError('third')",
        "KeyError('second')",
        "LookupError('first')",
    ]
