"""Functions of the corpus that wait in loops and conditions."""

from __future__ import annotations

from typing import Final

SOURCE: Final = """
def f_plain(n, k=1):
    acc = [n]
    acc.append(suspend("a"))
    out("mid")
    return acc, k

def f_assign(n, k=1):
    out("start")
    acc = suspend("a")
    out(acc)
    return acc, n

def f_two(n, k=1):
    acc = [suspend("a")]
    out("between")
    acc.append(suspend("b"))
    return acc

def f_for(n, k=1):
    acc = []
    for i in range(n):
        acc.append(suspend(i))
        out(i)
    return acc

def f_for_else(n, k=1):
    acc = []
    for i in [1, 2]:
        got = suspend(i)
        acc.append(got)
    else:
        acc.append(suspend("else"))
    return acc

def f_for_break(n, k=1):
    acc = []
    for i in range(10):
        if i == n:
            break
        acc.append(suspend(i))
    out("broke")
    return acc

def f_for_continue(n, k=1):
    acc = []
    for i in range(4):
        got = suspend(i)
        if i % 2:
            continue
        acc.append(got)
    return acc

def f_nested_for(n, k=1):
    acc = []
    for i in range(2):
        for j in "ab":
            acc.append((i, j, suspend(j)))
        out(i)
    return acc

def f_while(n, k=1):
    acc = []
    while len(acc) < n:
        acc.append(suspend(len(acc)))
        out("turn")
    return acc

def f_while_true(n, k=1):
    acc = []
    while True:
        got = suspend("more")
        acc.append(got)
        if len(acc) > 1:
            break
    return acc

def f_while_test(n, k=1):
    acc = []
    while suspend("go on?") != "v1":
        acc.append("turn")
        out("turn")
    return acc

def f_if(n, k=1):
    acc = []
    if n > 2:
        acc.append(suspend("if"))
        out("then")
    else:
        out("else")
    return acc

def f_else(n, k=1):
    acc = []
    if n > 5:
        out("then")
    else:
        got = suspend("else")
        acc.append(got)
    return acc

def f_elif(n, k=1):
    acc = []
    if n > 5:
        out("a")
    elif n > 2:
        acc.append(suspend("elif"))
    else:
        out("b")
    return acc

def f_if_test(n, k=1):
    acc = []
    if suspend("test"):
        acc.append("yes")
    out("end")
    return acc
"""
