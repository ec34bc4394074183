"""The hash and the bytes of code objects."""

from __future__ import annotations

import gc
from types import CodeType

import pytest

from greenflow.continuation.code import (
    code_bytes,
    code_from_bytes,
    code_hash,
    code_identity,
    digest,
    is_code,
)
from greenflow.errors import WrongInterpreter
from greenflow.limits import CODES_KEPT_MAX


def compiled(text: str, file: str = "a.py") -> CodeType:
    module = compile(text, file, "exec", dont_inherit=True)
    return next(const for const in module.co_consts if isinstance(const, CodeType))


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("\n\n# moved\ndef f(a): return a + 1", "a.py"),
        ("def f(a): return a + 1", "b.py"),
    ],
)
def test_where_it_lies_does_not_count(text: str, file: str):
    assert code_hash(compiled("def f(a): return a + 1")) == code_hash(
        compiled(text, file)
    )


@pytest.mark.parametrize("body", ["return a + 1", "return lambda: a", "yield a"])
def test_what_a_docstring_says_does_not_count(body: str):
    texts = [f"def f(a):\n    {doc!r}\n    {body}" for doc in ("one", "two")]
    codes = [compiled(text) for text in texts]
    assert len(set(map(code_hash, codes))) == 1
    # What was saved when it counted is found again.
    before = digest(codes[0], docs=True)
    assert before != code_hash(codes[0])
    assert is_code(codes[0], before)
    assert not is_code(codes[1], before)
    assert len(set(map(code_identity, codes))) == 2


@pytest.mark.parametrize(
    "text",
    [
        "def f(a):\n    'one'\n    return 'one'",
        "def f():\n    class A:\n        'one'\n    return A",
        "def f(a):\n    return 'one'",
        "f = lambda a: 'one'",
        "def f(a):\n    return ['one' for _ in a]",
    ],
)
def test_a_text_that_is_used_counts(text: str):
    assert code_hash(compiled(text)) != code_hash(compiled(text.replace("one", "two")))


@pytest.mark.parametrize(
    "text",
    [
        "def f(a): return a + 2",
        "def f(a): return a - 1",
        "def f(b): return b + 1",
        "def f(a, *, b=0): return a + 1",
        "def f(*a): return a + 1",
        "def f(a): return a + 1.0",
        "def f(a): return a + True",
        "def f(a): return a + -0.0",
        "def f(a): return a + 0.0",
        "def f(a): yield a + 1",
        "def f(a): return a in {1, 2}",
        "def f(a): return a in {1, 3}",
        "def f(a): return (lambda: a + 1)",
        "def f(a): return (lambda: a + 2)",
        "def f(a): return ('x', 'yz')",
        "def f(a): return ('xy', 'z')",
    ],
)
def test_what_it_does_counts(text: str):
    others = [
        "def f(a): return a + 1",
        "def f(a): return a + -0.0",
        "def f(a): return a + 0.0",
        "def f(a): return a in {1, 2}",
        "def f(a): return (lambda: a + 1)",
        "def f(a): return ('x', 'yz')",
    ]
    hashes = {code_hash(compiled(other)) for other in others if other != text}
    assert code_hash(compiled(text)) not in hashes


def test_the_hash_is_the_same_in_every_process(child):
    text = (
        "def f(a): return a in {'x', 'y', 'z', 'w'} or (lambda: ('a', 1.5, b'c', ...))"
    )
    said = {
        child(
            f"""
            from greenflow.continuation.code import code_hash
            print(code_hash(compile({text!r}, "x", "exec").co_consts[0]).hex())
            """,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert said == {code_hash(compiled(text)).hex() + "\n"}


def test_a_new_code_object_at_the_same_address():
    hashes = set()
    for number in range(50):
        hashes.add(code_hash(compiled(f"def f(): return {number}")))
        gc.collect()
    assert len(hashes) == 50


def test_the_same_bytes_give_the_same_code():
    data = code_bytes(compiled("def f(): return 'same bytes'"))
    first = code_from_bytes(data)
    assert code_from_bytes(bytes(bytearray(data))) is first
    assert code_bytes(first) == data


def test_many_codes_do_not_pile_up():
    kept = code_from_bytes(code_bytes(compiled("def f(): return 'kept'")))
    data = code_bytes(kept)
    for number in range(CODES_KEPT_MAX + 10):
        code_from_bytes(code_bytes(compiled(f"def f(): return {number}, 'many'")))
    assert code_from_bytes(data) is kept


def test_bytes_of_another_python():
    data = bytearray(code_bytes(compiled("def f(): pass")))
    data[0] ^= 255
    with pytest.raises(WrongInterpreter):
        code_from_bytes(bytes(data))
