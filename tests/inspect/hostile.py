"""Pickles that would do harm if they were loaded, or would never end.

Each leaves one object on the unpickler's stack. ``MARKER`` is the file that they make.
"""

from __future__ import annotations

import marshal
import struct
import zlib

import greenflow

MARKER = "marker"
COMMAND = f"touch {MARKER}"
#: A code whose object copyreg has cached: the C unpickler asks nobody for it.
EXTENSION = 0x75


def waits(x: object) -> object:
    """The function that the hostile flows are made of."""
    return greenflow.suspend(x)


def text(content: str) -> bytes:
    data = content.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def name(module: str, qualname: str) -> bytes:
    return b"c" + module.encode() + b"\n" + qualname.encode() + b"\n"


def call(module: str, qualname: str, *arguments: bytes) -> bytes:
    return name(module, qualname) + b"(" + b"".join(arguments) + b"tR"


SYSTEM = name("os", "system")
GIVEN = text(COMMAND)
IMPORTED = name("harmful", "anything")

CALLS = {
    "reduce": call("os", "system", GIVEN),
    "reduce of an import": call("harmful", "anything", GIVEN),
    "reduce and drop": b"N" + call("os", "system", GIVEN) + b"0",
    "global": IMPORTED,
    "stack global": text("harmful") + text("anything") + b"\x93",
    "inst": b"(" + GIVEN + b"ios\nsystem\n",
    "obj": b"(" + SYSTEM + GIVEN + b"o",
    "newobj": SYSTEM + b"(" + GIVEN + b"t\x81",
    "newobj with keywords": SYSTEM + b"(" + GIVEN + b"t}\x92",
    "build": name("builtins", "object") + b")\x81}" + GIVEN + b"Nsb",
    "build of a class": IMPORTED + b"}" + text("x") + b"K\x01sb",
    "build of a module": call("importlib", "import_module", text("harmful")) + b"}b",
    "setter": b"N" + SYSTEM + b"]" + GIVEN + b"\x86R0",
    "eval": call("builtins", "eval", text(f"__import__('os').system('{COMMAND}')")),
    "extension": b"\x82" + bytes([EXTENSION]) + b"(" + GIVEN + b"tR",
    "extension of two": b"\x83" + struct.pack("<H", EXTENSION) + GIVEN + b"\x85R",
    "extension of four": b"\x84" + struct.pack("<I", EXTENSION) + GIVEN + b"\x85R",
    "persistent id": b"Pos.system\n",
    "persistent id of an object": call("os", "system", GIVEN) + b"Q",
    "append to a call": SYSTEM + b")R" + GIVEN + b"a",
    "key of a call": b"}" + call("os", "system", GIVEN) + b"Ns",
    "buffer": b"\x97\x98",
    "greenflow's own": call("_gf1", "module_globals", text("harmful")),
    "a function": call("_gf1", "function", text("harmful"), text("f"), GIVEN),
    "escape sequences": text("\x1b]0;title\x07\x1b[2J"),
    "name with escape sequences": name("\x1b[31m", "\x1b[2J"),
    "escapes in an attribute": name("m", "C") + b")\x81}" + text("\x1b[2J") + b"Nsb",
}
SIZES = {
    "bytes": b"\x8e" + struct.pack("<Q", 2**62) + b"x",
    "bytes of four": b"B" + struct.pack("<I", 2**32 - 1) + b"x",
    "bytearray": b"\x96" + struct.pack("<Q", 2**40) + b"x",
    "text": b"\x8d" + struct.pack("<Q", 2**63) + b"x",
    "long": b"\x8b" + struct.pack("<i", 2**31 - 1) + b"x",
    "negative long": b"\x8b" + struct.pack("<i", -1) + b"x",
    "frame": b"\x95" + struct.pack("<Q", 2**63) + b"N",
    "memo": b"Nr" + struct.pack("<I", 2**32 - 1),
    "memo that is not there": b"j" + struct.pack("<I", 2**32 - 1),
    "digits": b"L" + b"9" * 200_000 + b"L\n",
    "number of text": b"I" + b"9" * 200_000 + b"\n",
    "empty stack": b"0000",
    "no mark": b"t",
    "append to a number": b"K\x01Na",
    "not text": b"X\x02\x00\x00\x00\xff\xfe",
    "unicode escape": b"V\\u12\n",
    "unquoted": b"Sos.system\n",
    "protocol": b"\x80\xff",
    "unknown opcode": b"\xff",
}
#: An object whose attributes are the one before.
DOUBLING = name("m", "C") + b")\x81}(" + text("a") + b"h\x00" + text("b") + b"h\x00ub"
DOUBLING += b"q\x000"
LARGE = {
    "a large number": b"\x8b" + struct.pack("<i", 4_000_000) + b"\x7f" * 4_000_000,
    "a large text": text("x" * 8_000_000),
    "tuples that double": b")" + b"2\x86" * 60,
    "lists that double": b"]q\x000" + b"](h\x00h\x00eq\x000" * 60 + b"h\x00",
    "keys that double": b"}" + b")" + b"2\x86" * 60 + b"Ns",
    "attributes that double": b"Nq\x000" + DOUBLING * 60 + b"h\x00",
    "deep lists": b"]" * 300_000 + b"a" * 299_999,
    "deep tuples": b")" + b"\x85" * 400_000,
    "a cycle": b"]q\x00h\x00a",
    "a cycle of dictionaries": b"}q\x00" + text("me") + b"h\x00s",
    "many opcodes": b"N" + b"N0" * 450_000,
    "too many opcodes": b"N" + b"N0" * 600_000,
    "many items": b"(" + b"K\x01" * 400_000 + b"l",
    "many marks": b"(" * 500_000 + b"N",
}


def _marshalled_bomb() -> bytes:
    """A tuple that holds itself's half twice, forty times over; in a frozenset."""
    inner = b"\xa9\x01N"  # the first shared object
    for level in range(40):
        back = b"r" + struct.pack("<I", level)
        inner = b"\xa9\x03" + (inner if level == 0 else back) + back + b"N"
    return b"\0\0\0\0" + b">" + struct.pack("<I", 1) + inner


def _deep_marshal() -> bytes:
    return b"\0\0\0\0" + b")\x01" * 100_000 + b"N"


def shell(code: bytes) -> bytes:
    """A function by value with this as its code."""
    data = b"B" + struct.pack("<I", len(code)) + code
    place = b"(" + data + b"t"
    return call("_gf1", "shell", place, b"}", text("f"), b"N")


def generator(function: bytes, shape: bytes) -> bytes:
    """A generator of this function, of that shape."""
    made = call("_gf1", "generator", b"K\x00", function, text("g"), text("g"))
    data = b"B" + struct.pack("<I", len(shape)) + shape
    state = b"(" + data + b"(" + function + b"tt"
    fill = name("_gf1", "fill_generator") + b"h\x07" + state + b"\x86R0"
    return made + b"q\x07" + fill


def _line_table() -> bytes:
    def f() -> None: ...

    return marshal.dumps(f.__code__.replace(co_linetable=b"\xff" * 1_000_000))


SHAPE = struct.pack("<IBBIIHBB", 1, 0, 0, 0, 2**24, 0, 0, 0)
CODES = {
    "a marshalled bomb": generator(shell(_marshalled_bomb()), SHAPE),
    "deep marshal": generator(shell(_deep_marshal()), SHAPE),
    "no marshal": generator(shell(b"\0\0\0\0" + b"c" * 100), SHAPE),
    "a long line table": generator(shell(b"\0\0\0\0" + _line_table()), SHAPE),
    "a generator of many frames": generator(
        shell(b"\0\0\0\0" + _line_table()), b"\xff" * 100
    ),
}

PICKLES = CALLS | SIZES | LARGE | CODES


def bomb() -> bytes:
    """What unpacks to half a gigabyte of zeros."""
    packer = zlib.compressobj(9)
    zeros = b"\0" * 2**20
    packed = [packer.compress(zeros) for _ in range(512)]
    return b"".join([*packed, packer.flush()])
