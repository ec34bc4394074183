"""Where the keys of a store come from, and how they reach the processes of its workers.

A key file must be this user's alone, as the store itself; a folder above it, too, must
not let others put another one in its place. Keys never stand in the arguments or the
environment of a process: a child is told the name of the file, or, if a function gave
the keys, the number of a pipe that it reads them from once.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final, Self

import msgspec

from greenflow.errors import WrongKey
from greenflow.later import later
from greenflow.store import directory

if TYPE_CHECKING:
    from greenflow.store import keyring
    from greenflow.store.keyring import Keyring, Provider
    from greenflow.store.lmdb import LmdbStore
else:
    keyring = later(__name__, "greenflow.store.keyring")

#: The file that has the keys.
FILE_VARIABLE: Final = "GREENFLOW_KEY_FILE"
#: A descriptor that they are read from, once; only greenflow itself sets it.
PIPE_VARIABLE: Final = "GREENFLOW_KEY_FD"
_FILE_BYTES_MAX: Final = 1024 * 1024
_FILE_MODE: Final = 0o600


class Source(msgspec.Struct, frozen=True):
    """Keys, and the file that they were read from, if it is one."""

    ring: Keyring
    file: str = ""


def source(key: str | os.PathLike[str] | None, keys: Provider | None) -> Source | None:
    """Return the keys of a file or of a function; None if neither is named.

    Raises WrongKey, ValueError: both are.
    """
    if key is not None and keys is not None:
        raise ValueError("a store's keys are of a file or of a function, not of both")
    if keys is not None:
        return Source(keyring.provided(keys))
    return None if key is None else load(key)


def check_same(store: LmdbStore, given: Source | None, *, encrypt: bool) -> None:
    """Raise WrongKey if a store that is open is not what is asked for now."""
    held = store.keys.ring if store.keys is not None else None
    if given is not None and (held is None or held.keys != given.ring.keys):
        raise WrongKey(
            f"store {store.location} is open in this process with "
            f"{held or 'no key'}, and not with {given.ring}",
            hint="close() it first, or name no key",
        )
    if encrypt and (store.wrap is None or not store.wrap.encrypts):
        raise WrongKey(
            f"store {store.location} is open in this process, and is not encrypted",
            hint="close() it, and encrypt it: greenflow rekey --encrypt",
        )


def load(path: str | os.PathLike[str]) -> Source:
    """Return the keys in a file.

    Raises:
        WrongKey: it is no key file, or others can read or replace it.
    """
    place = os.path.abspath(path)
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        file = os.open(place, flags)
    except OSError as error:
        link = error.errno == errno.ELOOP
        raise WrongKey(
            f"key file {place} cannot be read: "
            + ("it is a symbolic link" if link else str(error.strerror)),
            hint="name the file itself"
            if link
            else f"name another one, or make it: greenflow key new {place}",
        ) from error
    try:
        _check_private(place, os.fstat(file))
        data = os.read(file, _FILE_BYTES_MAX + 1)
    finally:
        os.close(file)
    directory.check_parents(f"key file {place}", place, WrongKey)
    if len(data) > _FILE_BYTES_MAX:
        raise WrongKey(f"{place} is too large for a key file")
    text = data.decode("ascii", "replace")
    return Source(keyring.from_text(text, f"key file {place}"), place)


def _check_private(place: str, found: os.stat_result) -> None:
    user = os.geteuid()
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        raise WrongKey(
            f"key file {place} is no regular file, or has a second name",
            hint="name a file that has one name",
        )
    if found.st_uid != user:
        raise WrongKey(
            f"key file {place} belongs to uid {found.st_uid}; this process runs as "
            f"uid {user}",
            hint="use a key file of your own",
        )
    if found.st_mode & 0o077:
        raise WrongKey(
            f"key file {place} has mode {stat.S_IMODE(found.st_mode):04o}: others may "
            "use it",
            hint="if nobody else could have read it: chmod 600; else make another "
            "key, and: greenflow rekey",
        )


def make(path: str | os.PathLike[str], *, add: bool = False) -> Source:
    """Make a file with a new key; or ``add`` the key to a file, in front of the others.

    Returns what is in the file then. Raises WrongKey.
    """
    place = os.path.abspath(path)
    old = load(place).ring.keys if add else ()
    made = keyring.Keyring([keyring.new_key(), *old])
    target = f"{place}.new" if add else place
    try:
        _write(target, keyring.to_text(made).encode("ascii"))
        if add:
            os.replace(target, place)
        directory.sync_folder(os.path.dirname(place))
    except FileExistsError as error:
        raise WrongKey(
            f"{target} is there already",
            hint="name a new file, or put a new key in front of those in this one: "
            "greenflow key new --add FILE",
        ) from error
    except OSError as error:
        raise WrongKey(f"key file {place} cannot be written: {error}") from error
    return Source(made, place)


def _write(path: str, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, _FILE_MODE), "wb") as file:
        os.fchmod(file.fileno(), _FILE_MODE)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def from_environment() -> Source | None:
    """Return the keys that this process was told of by its environment, if it was.

    Raises WrongKey.
    """
    number = os.environ.pop(PIPE_VARIABLE, None)
    if number is not None:
        _inherited.append(Source(_read_pipe(int(number))))
    if _inherited:
        return _inherited[-1]
    named = os.environ.get(FILE_VARIABLE)
    return load(named) if named else None


def _read_pipe(number: int) -> Keyring:
    with os.fdopen(number, "rb") as pipe:
        return keyring.from_text(pipe.read().decode("ascii"), "what was inherited")


def check_outside(source: Source, store: str) -> None:
    """Refuse a key file that lies in the store that it is for. Raises WrongKey."""
    folder = os.path.realpath(store)
    if source.file and os.path.realpath(source.file).startswith(folder + os.sep):
        raise WrongKey(
            f"key file {source.file} lies inside the store: who has the one has both",
            hint="keep it elsewhere",
        )


def note(store: str, source: Source) -> None:
    """Remember what a store of this process was opened with, for its children."""
    _known[store] = source


class Handover:
    """What a child needs to open the same store. A context manager: of its start.

    Attributes:
        environment: variables that the child is given.
        files: descriptors that it inherits.
    """

    def __init__(self, store: str) -> None:
        source = _known.get(store)
        self.environment: dict[str, str] = {}
        self.files: tuple[int, ...] = ()
        if source is not None and source.file:
            self.environment[FILE_VARIABLE] = source.file
        elif source is not None:
            self.files = (_pipe_with(source.ring),)
            self.environment[PIPE_VARIABLE] = str(self.files[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for file in self.files:
            os.close(file)


def _pipe_with(ring: Keyring) -> int:
    """Return a descriptor from which a child reads the keys; they fit into a pipe."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(keyring.to_text(ring).encode("ascii"))
    return reading


#: By a store's folder: what it was opened with.
_known: dict[str, Source] = {}
#: What this process was given by the one that started it.
_inherited: list[Source] = []
