"""Functions of the corpus that wait in the middle of expressions."""

from __future__ import annotations

from typing import Final

SOURCE: Final = """
def f_operand_left(n, k=1):
    acc = [n]
    acc = acc + [suspend("a")]
    out("added")
    return acc

def f_operand_call(n, k=1):
    acc = max(n, 1, suspend("a") == "v0")
    out(acc)
    return acc

def f_operand_tuple(n, k=1):
    acc = (n, suspend("a"), suspend("b"))
    out("made")
    return acc

def f_operand_dict(n, k=1):
    acc = {"x": suspend("a"), "y": suspend("b")}
    return acc

def f_operand_fstring(n, k=1):
    acc = f"{n}-{suspend('a')}-{suspend('b')}"
    out(acc)
    return acc

def f_keyword(n, k=1):
    acc = dict(a=n, b=suspend("a"))
    out("made")
    return acc

def f_compare(n, k=1):
    acc = n < len(suspend("a")) < 10
    out(acc)
    return acc

def f_and(n, k=1):
    acc = n and suspend("a")
    out(acc)
    return acc

def f_ternary(n, k=1):
    acc = suspend("a") if n else suspend("b")
    out(acc)
    return acc

def f_subscript(n, k=1):
    acc = {}
    acc["key"] = suspend("a")
    out("set")
    return acc

def f_augmented(n, k=1):
    acc = "x"
    acc += suspend("a")
    out(acc)
    return acc

def f_walrus(n, k=1):
    acc = []
    while (got := suspend("a")) != "v1":
        acc.append(got)
    return acc

def f_unpack(n, k=1):
    acc, other = suspend("a"), n
    out(other)
    return acc, other

def f_return(n, k=1):
    acc = [n]
    out("start")
    return acc, suspend("a")

def f_expression(n, k=1):
    acc = []
    suspend("a")
    out("next")
    suspend("b")
    return acc

def f_method(n, k=1):
    acc = []
    (acc
        .append(suspend("a")))
    return acc
"""
