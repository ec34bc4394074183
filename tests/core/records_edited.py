"""A saved stack as plain lists that a test changes, and made into bytes again.

The format is that of csrc/shape.c.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

import msgspec

from greenflow import Continuation
from greenflow.continuation import codec, pickling
from greenflow.continuation.head import Head, decode_head, encode_head, pack, unpack

MISSING = object()
_HEAD = struct.Struct("<IBB")
_FRAME = struct.Struct("<IIHBB")
_EXTRAS = ("generator", "exc", "locals", "held")


@dataclass
class Frame:
    function: int
    pending: int
    stack: int
    delivery: int
    extras: dict[str, Any]
    slots: list[Any]  #: variables, then the stack

    @property
    def first(self) -> int:
        """The first slot of its stack."""
        return len(self.slots) - self.stack

    def set_stack(self, *values: Any) -> None:
        self.slots[self.first :] = values
        self.stack = len(values)


@dataclass
class Edited:
    """A stack; ``frames`` are outermost first, ``extras`` those of the whole."""

    head: Head
    functions: tuple[Any, ...]
    by_value: tuple[Any, ...]
    delivery: int
    frames: list[Frame]
    extras: dict[str, Any] = field(default_factory=dict)
    value: Any = None
    cut: tuple[int | None, int | None] = (None, None)
    more: tuple[Any, ...] = ()

    @classmethod
    def of(cls, data: bytes) -> Edited:
        head_bytes, body = unpack(data)
        head = decode_head(head_bytes)
        (value, by_value, values, _), _ = codec.load_values(codec.Body(body), 4)
        named = codec._resolve(head, head_bytes)
        functions = codec._merge(named, by_value) if by_value else named
        given = iter(values)
        count, flags, delivery = _HEAD.unpack_from(head.shape)
        extras = {
            name: next(given)
            for bit, name in enumerate(("exc", "held"))
            if flags >> bit & 1
        }
        at, frames = _HEAD.size, []
        for _ in range(count):
            number, pending, stack, how, flags = _FRAME.unpack_from(head.shape, at)
            at += _FRAME.size
            more = {
                name: next(given)
                for bit, name in enumerate(_EXTRAS)
                if flags >> bit & 1
            }
            code = functions[number].__code__
            size = len({*code.co_varnames, *code.co_cellvars, *code.co_freevars})
            size += stack
            mask = int.from_bytes(head.shape[at : at + (size + 7) // 8], "little")
            at += (size + 7) // 8
            slots = [next(given) if mask >> i & 1 else MISSING for i in range(size)]
            frames.append(Frame(number, pending, stack, how, more, slots))
        return cls(head, functions, by_value, delivery, frames, extras, value)

    def parts(self) -> tuple[tuple[Any, ...], bytes, tuple[Any, ...]]:
        """What ``frames.records()`` takes."""
        flags = ("exc" in self.extras) | ("held" in self.extras) << 1
        shape = [_HEAD.pack(len(self.frames), flags, self.delivery)]
        values = [self.extras[name] for name in ("exc", "held") if name in self.extras]
        for each in self.frames:
            flags = sum((n in each.extras) << bit for bit, n in enumerate(_EXTRAS))
            mask = sum((v is not MISSING) << i for i, v in enumerate(each.slots))
            shape += [
                _FRAME.pack(
                    each.function, each.pending, each.stack, each.delivery, flags
                ),
                mask.to_bytes((len(each.slots) + 7) // 8, "little"),
            ]
            values += [each.extras[name] for name in _EXTRAS if name in each.extras]
            values += [value for value in each.slots if value is not MISSING]
        made = b"".join(shape)[: self.cut[0]]
        return self.functions, made, (*values[: self.cut[1]], *self.more)

    def cut_to(
        self,
        *,
        shape: int | None = None,
        values: int | None = None,
        more: tuple[Any, ...] = (),
    ) -> None:
        """Let what is made of it end before, or behind."""
        self.cut, self.more = (shape, values), more

    def dumps(self) -> bytes:
        _, shape, values = self.parts()
        head = msgspec.structs.replace(self.head, shape=shape)
        everything = self.value, self.by_value, values, None
        body = pickling.dump(everything).data
        trailer = codec.spares.trailer([])
        return pack(encode_head(head), body + trailer)


def edited(function: Any, *args: Any) -> Edited:
    return Edited.of(Continuation.start(function, *args).dumps())
