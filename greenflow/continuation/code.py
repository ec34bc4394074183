"""What makes two code objects the same, and code objects as bytes."""

from __future__ import annotations

import marshal
import weakref
from hashlib import blake2b
from types import CodeType
from typing import TYPE_CHECKING

from greenflow.continuation import tags

if TYPE_CHECKING:
    from collections.abc import Callable

_HASH_BYTES = 8

#: By identity: equality of code objects is deep, slow, and sees line numbers.
_hashes: dict[int, tuple[weakref.ref[CodeType], bytes]] = {}
_dumped: dict[int, tuple[weakref.ref[CodeType], bytes]] = {}
#: The same bytes give the same code object again, so that it stays specialised.
_by_bytes: weakref.WeakValueDictionary[bytes, CodeType] = weakref.WeakValueDictionary()


def code_hash(code: CodeType) -> bytes:
    """Return 8 bytes that tell whether code does the same at the same offsets.

    File name and line numbers do not count: only what a suspended frame relies on.
    """
    known = _hashes.get(id(code))
    if known is not None and known[0]() is code:
        return known[1]
    digest = _digest(code)
    _hashes[id(code)] = (weakref.ref(code, _forget(_hashes, id(code))), digest)
    return digest


def code_bytes(code: CodeType) -> bytes:
    """Return the code object as bytes. The opposite of :func:`code_from_bytes`."""
    known = _dumped.get(id(code))
    if known is not None and known[0]() is code:
        return known[1]
    data = marshal.dumps(code)
    _dumped[id(code)] = (weakref.ref(code, _forget(_dumped, id(code))), data)
    return data


def code_from_bytes(data: bytes) -> CodeType:
    """Return the code object that :func:`code_bytes` was given."""
    code = _by_bytes.get(data)
    if code is None:
        loaded = marshal.loads(data)
        if not isinstance(loaded, CodeType):
            raise TypeError("these bytes are not a code object")
        code = _by_bytes[data] = loaded
    return code


tags.register("code", code_from_bytes)


def _forget(
    cache: dict[int, tuple[weakref.ref[CodeType], bytes]], key: int
) -> Callable[[weakref.ref[CodeType]], None]:
    def callback(reference: weakref.ref[CodeType]) -> None:
        known = cache.get(key)
        if known is not None and known[0] is reference:
            del cache[key]

    return callback


def _digest(code: CodeType) -> bytes:
    hasher = blake2b(digest_size=_HASH_BYTES)
    numbers = (
        code.co_argcount,
        code.co_posonlyargcount,
        code.co_kwonlyargcount,
        code.co_flags,
        code.co_stacksize,
    )
    names = (code.co_names, code.co_varnames, code.co_cellvars, code.co_freevars)
    for part in (
        repr(numbers).encode(),
        repr(names).encode(),
        code.co_code,
        code.co_exceptiontable,
        _constant(code.co_consts),
    ):
        hasher.update(len(part).to_bytes(8, "little") + part)
    return hasher.digest()


def _constant(value: object) -> bytes:
    """Bytes that tell a constant from others, the same in every process."""
    if isinstance(value, CodeType):
        return b"C" + _digest(value)
    if isinstance(value, tuple):
        return b"(" + b",".join(map(_constant, value)) + b")"
    if isinstance(value, frozenset):
        # iterated in an order that depends on the hash seed
        return b"{" + b",".join(sorted(map(_constant, value))) + b"}"
    return f"{type(value).__name__}:{value!r}".encode(errors="surrogatepass")
