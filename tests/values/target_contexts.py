"""Flows that set context variables, and go on in another process."""

from __future__ import annotations

import contextvars
import decimal
import sys

from greenflow import Continuation, suspend

PLAIN = contextvars.ContextVar("plain", default="default")
BARE = contextvars.ContextVar("bare")


class Settings:
    INNER = contextvars.ContextVar("inner")


def inner():
    token = PLAIN.set("inner")
    suspend("inner")
    got = PLAIN.get()
    PLAIN.reset(token)
    return got


def nested_tokens():
    first = PLAIN.set("first")
    bare = BARE.set([1])
    Settings.INNER.set(BARE.get())
    got = [inner()]
    BARE.get().append(suspend("more"))
    got += [PLAIN.get(), BARE.get(), Settings.INNER.get() is BARE.get()]
    BARE.reset(bare)
    PLAIN.reset(first)
    got += [PLAIN.get(), BARE.get("unset")]
    try:
        PLAIN.reset(first)
    except RuntimeError as error:
        got.append(str(error).partition(" object")[0].partition(" ")[0])
    return got


def held_context():
    PLAIN.set("held")
    context = contextvars.copy_context()
    PLAIN.set("later")
    suspend("held")
    token = context.run(PLAIN.set, "in it")
    suspend("token of the other")
    got = [PLAIN.get(), context[PLAIN]]
    try:
        PLAIN.reset(token)
    except ValueError:
        got.append("another context")
    context.run(PLAIN.reset, token)
    return [*got, context[PLAIN]]


def variables_as_values():
    PLAIN.set(1)
    known = {PLAIN: "plain", BARE: "bare"}
    suspend("variables")
    return known[PLAIN], known[BARE], [key.name for key in known]


def decimals():
    decimal.getcontext().prec = 5
    with decimal.localcontext() as local:
        local.prec = 3
        suspend("local")
        third = decimal.Decimal(1) / 3
        same = decimal.getcontext() is local
    suspend("outside")
    return str(third), str(decimal.Decimal(1) / 3), same


FLOWS = {
    flow.__name__: flow
    for flow in (nested_tokens, held_context, variables_as_values, decimals)
}


def take_one_step(data: bytes) -> bytes:
    k = Continuation.loads(data)
    return k.resume("given").dumps()


if __name__ == "__main__":
    from tests.values import target_contexts

    sys.stdout.buffer.write(target_contexts.take_one_step(sys.stdin.buffer.read()))
