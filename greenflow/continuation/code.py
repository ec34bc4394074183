"""What makes two code objects the same, and code objects as bytes."""

from __future__ import annotations

import marshal
import opcode
import weakref
from importlib._bootstrap_external import MAGIC_NUMBER
from types import CodeType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from greenflow.continuation import tags
from greenflow.digests import blake2b
from greenflow.errors import WrongInterpreter
from greenflow.limits import CODES_KEPT_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator

_HASH_BYTES = 8
_OF_CONSTANTS = frozenset(opcode.hasconst)
_EXTENDED_ARG = opcode.opmap["EXTENDED_ARG"]
_IDENTITY_BYTES = 16
#: Stands, before its identity, for code that is not with a state but in its store. No
#: compressed data begins so.
APART = b"\0"

_Value = TypeVar("_Value")


class ByCode(Generic[_Value]):
    """Something known of code objects, each by its identity, while it lives.

    Not a dictionary by code: equality of code objects is deep, slow, and sees line
    numbers.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[CodeType], _Value]] = {}

    def get(self, code: CodeType) -> _Value | None:
        """Return what is known of this very code object, or None."""
        known = self._known.get(id(code))
        return known[1] if known is not None and known[0]() is code else None

    def put(self, code: CodeType, value: _Value) -> None:
        """Keep ``value`` while the code object lives."""
        key, known = id(code), self._known

        def forget(reference: weakref.ref[CodeType]) -> None:
            entry = known.get(key)
            if entry is not None and entry[0] is reference:
                del known[key]

        known[key] = weakref.ref(code, forget), value


_hashes: ByCode[bytes] = ByCode()
_identities: ByCode[bytes] = ByCode()
_dumped: ByCode[bytes] = ByCode()
#: The same bytes give the same code object again, so that it stays specialised, and so
#: that what is known of it stays known.
_by_bytes: weakref.WeakValueDictionary[bytes, CodeType] = weakref.WeakValueDictionary()
#: Keeps the latest alive between two loads.
_kept: dict[bytes, CodeType] = {}


def code_hash(code: CodeType) -> bytes:
    """Return 8 bytes that tell whether code does the same at the same offsets.

    File name, lines and docstrings do not count: only what a suspended frame relies on.
    """
    known = _hashes.get(code)
    if known is None:
        known = digest(code)
        _hashes.put(code, known)
    return known


def code_identity(code: CodeType) -> bytes:
    """Return 16 bytes that tell a code object from any other, of all Pythons.

    As code_hash(), but file, names, lines and docstrings count.
    """
    known = _identities.get(code)
    if known is None:
        known = identity(code)
        _identities.put(code, known)
    return known


def identity(code: Any, *, first_line: int = 0) -> bytes:
    """Return code_identity() of a code object, or of what was read of one.

    Args:
        code: the code, or what has its names, and the ``magic`` of its Python.
        first_line: lines are counted from here on.
    """
    magic = getattr(code, "magic", MAGIC_NUMBER)
    hasher = blake2b(magic, digest_size=_IDENTITY_BYTES)
    hasher.update(digest(code, docs=True))
    _add_places(code, first_line, hasher)
    return hasher.digest()


def _add_places(code: Any, first_line: int, hasher: Any) -> None:
    line = code.co_firstlineno - first_line
    names = code.co_filename, code.co_name, code.co_qualname, line
    hasher.update(_sized(repr(names).encode(errors="surrogatepass")))
    hasher.update(_sized(code.co_linetable))
    for each in code.co_consts:
        if hasattr(each, "co_code"):
            _add_places(each, first_line, hasher)


def is_code(code: CodeType, expected: bytes) -> bool:
    """Return whether code has a hash, as it is or as it was when docstrings counted."""
    return code_hash(code) == expected or digest(code, docs=True) == expected


def within(code: CodeType) -> Iterator[CodeType]:
    """Yield the code of all that is defined inside of some code."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from within(constant)


def code_bytes(code: CodeType) -> bytes:
    """Return the code object as bytes. The opposite of :func:`code_from_bytes`.

    Raises:
        ValueError: a constant of it is no constant of Python.
    """
    known = _dumped.get(code)
    if known is None:
        # The bytecode is this very Python's: no other may be given it.
        known = MAGIC_NUMBER + marshal.dumps(code)
        _dumped.put(code, known)
    return known


def code_from_bytes(data: bytes) -> CodeType:
    """Return the code object that :func:`code_bytes` was given.

    Raises:
        WrongInterpreter: another Python wrote it.
        ValueError, TypeError, EOFError: the bytes are damaged.
    """
    code = _by_bytes.get(data)
    if code is not None:
        return code
    if not data.startswith(MAGIC_NUMBER):
        raise WrongInterpreter(
            "a function was saved with the bytecode of another Python",
            hint="load it with the Python that saved it",
        )
    loaded = marshal.loads(memoryview(data)[len(MAGIC_NUMBER) :])
    if not isinstance(loaded, CodeType):
        raise TypeError("these bytes are not a code object")
    # Two threads may load it at once: the first one counts.
    code = _by_bytes.setdefault(data, loaded)
    if len(_kept) >= CODES_KEPT_MAX:
        _kept.clear()
    _kept[data] = code
    # marshal's bytes depend on reference counts: the same code stays the same bytes
    _dumped.put(code, data)
    return code


tags.register("code", code_from_bytes)


def digest(code: Any, *, docs: bool = False) -> bytes:
    """Return the hash of a code object, or of what was read of one and has its names.

    As :func:`code_hash`, which remembers it; ``docs``: docstrings count.
    """
    constants = code.co_consts
    if not docs and constants and type(constants[0]) is str and not _loads_first(code):
        constants = (None, *constants[1:])
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
        repr(names).encode(errors="surrogatepass"),
        code.co_code,
        code.co_exceptiontable,
        _constant(constants, docs),
    ):
        hasher.update(_sized(part))
    return hasher.digest()


def _loads_first(code: Any) -> bool:
    """Return whether the first constant is more than a docstring: it is loaded."""
    units = code.co_code
    return any(
        units[at] in _OF_CONSTANTS
        and units[at + 1] == 0
        and (at == 0 or units[at - 2] != _EXTENDED_ARG)
        for at in range(0, len(units) - 1, 2)
    )


def _constant(value: object, docs: bool) -> bytes:
    """Bytes that tell a constant from others, the same in every process."""
    if hasattr(value, "co_code"):
        return b"C" + digest(value, docs=docs)
    if isinstance(value, tuple):
        return b"(" + b"".join(_sized(_constant(item, docs)) for item in value)
    if isinstance(value, frozenset):
        # iterated in an order that depends on the hash seed
        return b"{" + b"".join(sorted(_sized(_constant(item, docs)) for item in value))
    return f"{type(value).__name__}:{value!r}".encode(errors="surrogatepass")


def _sized(part: bytes) -> bytes:
    return len(part).to_bytes(8, "little") + part
