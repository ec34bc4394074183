"""The way out for a value that cannot be saved: what its user can do instead."""

from __future__ import annotations

import contextvars
import io
import socket
import threading
import types
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from greenflow.continuation import classes, generators

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEAP_TYPE = 1 << 9
_OTHER = "close or delete it before the call and keep what is needed to make it again"
_REGISTER = "or tell greenflow.register() how it is made again"
_OWN_CLASS = ", or give its class __reduce__() or __getstate__()"
_AGAIN = "close it and delete the variable before the call, and open it again after"
_ALONE = "delete the variable before the call: a flow runs alone"
_DIGEST = "keep the data, and begin the digest after the call"
_FINISH = "finish it before the call, or keep the data and begin it after"
_RESULT = "take its result before the call, and keep that"

_KINDS: tuple[tuple[Any, str], ...] = (
    (
        socket.socket,
        "close it before the call (a closed one can be kept) and connect after it",
    ),
    (
        io.IOBase,
        (
            "close it before the call (a closed file can be kept) and open it again "
            "after; or open it by greenflow.open_file() to read it"
        ),
    ),
    (
        (type(threading.Lock()), type(threading.RLock())),
        "release it before the call, and do not keep it in the flow: a flow runs alone",
    ),
    (contextvars.ContextVar, "bind it to a name at the top of a module"),
    (types.FrameType, "delete the variable that holds the frame before the call"),
    (generators.TYPES, "let it yield or finish before the call"),
    (types.FunctionType, "define it at the top level of a module that can be imported"),
    (memoryview, "keep the bytes instead: bytes(view)"),
    (weakref.finalize, "call it, or detach() it, before the call"),
)

#: By module and name: what cannot be saved because of what it is made of. A module
#: alone stands for all of it.
_NAMED: dict[str, str] = {
    "threading.Thread": "join it and delete the variable before the call",
    "threading.Event": _ALONE,
    "threading.Semaphore": _ALONE,
    "threading.Condition": _ALONE,
    "threading.Barrier": _ALONE,
    "queue.Queue": "keep what is in it in a list or a collections.deque",
    "_queue.SimpleQueue": "keep what is in it in a list or a collections.deque",
    "logging.Handler": "keep the name of its logger, and find it by that",
    "subprocess.Popen": (
        "wait() for it before the call, keep what it returned, and delete the variable"
    ),
    "tempfile.TemporaryDirectory": "make it by tempfile.mkdtemp(), and keep its path",
    "tempfile._TemporaryFileWrapper": "make it by tempfile.mkstemp(), keep its path",
    "concurrent.futures": _RESULT,
    "asyncio": "let asyncio.run() end before the call, and keep what it returned",
    "_asyncio": "let asyncio.run() end before the call, and keep what it returned",
    "multiprocessing": "delete the variable before the call, and make it again after",
    "zipfile": _AGAIN,
    "tarfile": _AGAIN,
    "gzip": _AGAIN,
    "bz2": _AGAIN,
    "lzma": _AGAIN,
    "shelve": _AGAIN,
    "http.cookiejar.CookieJar": "keep list(jar), and set_cookie() each into a new one",
    "posix.ScandirIterator": "take os.listdir() or list(os.scandir()) instead",
    "posix.DirEntry": "keep its path: entry.path",
    "builtins.memory_iterator": "keep the bytes instead: bytes(view)",
    "_hashlib": _DIGEST,
    "_blake2": _DIGEST,
    "_sha1": _DIGEST,
    "_sha2": _DIGEST,
    "_sha3": _DIGEST,
    "_md5": _DIGEST,
    "hmac": _DIGEST,
    "zlib": _FINISH,
    "_bz2": _FINISH,
    "_lzma": _FINISH,
    "pyexpat": _FINISH,
}


def hint_for(value: object, chain: Sequence[object] = ()) -> str:
    """Return the way out for a value, that the objects of ``chain`` lead to."""
    for holder in (*chain, value):
        named = _named(type(holder))
        if named is not None:
            return named
    hint = _of_kind(value)
    owner = next(filter(_is_instance, reversed(chain)), None)
    if owner is None or owner is value:
        return hint
    name = type(owner).__qualname__
    hint = hint.removesuffix(f", {_REGISTER}")
    return f"{hint}; or tell greenflow.register({name}, ...) how that is made again"


def _of_kind(value: object) -> str:
    for kinds, hint in _KINDS:
        if isinstance(value, kinds):
            return hint
    if isinstance(value, Iterator) and not _is_instance(value):
        return "make a list of it before the call, and go over that"
    own = _OWN_CLASS if _is_instance(value) else ""
    return f"{_OTHER}, {_REGISTER}{own}"


def _named(kind: type) -> str | None:
    for base in kind.__mro__:
        name = f"{base.__module__}.{base.__qualname__}"
        while name:
            if name in _NAMED:
                return _NAMED[name]
            name = name.rpartition(".")[0]
    return None


def _is_instance(value: object) -> bool:
    """Whether its class is written in Python."""
    kind = type(value)
    return bool(kind.__flags__ & _HEAP_TYPE) and not classes.is_made_in_c(kind)
