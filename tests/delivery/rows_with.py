"""Rows: with."""

from __future__ import annotations

from tests.delivery.rows import act, row


class Manager:
    def __enter__(self):
        return act("enter")

    def __exit__(self, kind, error, traceback):
        return act(("exit", kind and kind.__name__))


@row("with", "`__enter__`, then `__exit__`", gives=0)
def entered():
    with Manager() as got:
        return got


@row("with", "`__exit__` while an exception is handled", gives=1)
def left_by_error():
    with Manager():
        raise ValueError("inside")
    return "swallowed"
