"""Code that another patch level compiled otherwise: the frames go on in their own."""

from __future__ import annotations

import dis
import sys
from types import ModuleType

import msgspec
import pytest

from greenflow import BadContents, CodeChanged, Continuation
from greenflow.continuation import head as heads
from greenflow.continuation.head import PATCH, decode_head, encode_head, pack, unpack

NAME = "module_of_another_patch_level"
SOURCE = """
from greenflow import suspend

def work(n):
    total = n + suspend("here")
    return [total, *(each - n for each in range(total))]

def lazily():
    steps = (suspend(k) for k in range(2))
    return next(steps), next(steps)

def closing(n):
    def inside():
        return n + suspend("inside")
    return inside()
"""


@pytest.fixture
def module():
    made = ModuleType(NAME)
    sys.modules[NAME] = made
    exec(compile(SOURCE, f"{NAME}.py", "exec"), vars(made))
    yield made
    del sys.modules[NAME]


def by_another_patch_level(data: bytes) -> bytes:
    head, body = unpack(data)
    other = msgspec.structs.replace(decode_head(head), patch="3.0.0.final.0")
    return pack(encode_head(other), body)


def compiled_otherwise(code):
    """The same code and a NOP behind it, also inside."""
    constants = tuple(
        compiled_otherwise(constant) if hasattr(constant, "co_code") else constant
        for constant in code.co_consts
    )
    padding = bytes([dis.opmap["NOP"], 0])
    return code.replace(co_code=code.co_code + padding, co_consts=constants)


def recompile(module: ModuleType) -> None:
    for name in ("work", "lazily", "closing"):
        function = getattr(module, name)
        function.__code__ = compiled_otherwise(function.__code__)


def edit(module: ModuleType, old: str, new: str) -> None:
    exec(compile(SOURCE.replace(old, new), f"{NAME}.py", "exec"), vars(module))


@pytest.mark.parametrize(
    ("name", "args", "answers", "result"),
    [
        ("work", (2,), [1], [3, -2, -1, 0]),
        ("lazily", (), ["a", "b"], ("a", "b")),
        ("closing", (1,), [4], 5),
    ],
)
def test_another_way_to_compile_does_not_matter(module, name, args, answers, result):
    k = Continuation.start(getattr(module, name), *args)
    k = Continuation.loads(by_another_patch_level(k.dumps()))
    recompile(module)
    for answer in answers:
        k = Continuation.loads(by_another_patch_level(k.dumps()))
        k.resume(answer)
    assert k.value == result


def test_the_same_patch_level_does_not_compile_otherwise(module):
    data = Continuation.start(module.work, 2).dumps()
    recompile(module)
    with pytest.raises(CodeChanged):
        Continuation.loads(data)


@pytest.mark.parametrize(
    ("old", "new"),
    [("n + suspend", "n - suspend"), ('"here"', '"there"'), ("total, *", "0, *")],
)
def test_an_edit_matters_to_each(module, old, new):
    data = Continuation.start(module.work, 2).dumps()
    edit(module, old, new)
    for saved in (data, by_another_patch_level(data)):
        with pytest.raises(CodeChanged, match="work"):
            Continuation.loads(saved)


def test_an_edit_inside_matters_too(module):
    data = Continuation.start(module.work, 2).dumps()
    edit(module, "each - n", "each + n")
    with pytest.raises(CodeChanged):
        Continuation.loads(by_another_patch_level(data))


@pytest.mark.parametrize("damage", [b"\xff\xff\xff\x7f", b"\x03\0\0\0", b"\0"])
def test_damaged_code_is_told(module, damage):
    head, body = unpack(Continuation.start(module.work, 2).dumps())
    other = msgspec.structs.replace(decode_head(head), patch="other")
    recompile(module)
    with pytest.raises((BadContents, CodeChanged)):
        Continuation.loads(pack(encode_head(other), body[:-4] + damage))


def test_the_patch_level_is_written(module):
    data = Continuation.start(module.work, 2).dumps()
    assert heads.read_head(data).patch == PATCH
    assert PATCH.split(".")[:3] == [str(part) for part in sys.version_info[:3]]
