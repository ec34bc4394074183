"""A store's folder: made so that nobody else can write it, and refused if one can.

What is stored are pickles, and a pickle is a program: whoever can write the folder
can run code as those who run its flows.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final

from greenflow.errors import StoreError, UnsafeStore
from greenflow.later import later

if TYPE_CHECKING:
    import ctypes
    import grp
    import pwd
else:
    ctypes = later(__name__, "ctypes")
    grp = later(__name__, "grp")
    pwd = later(__name__, "pwd")

DATA: Final = "data.mdb"
LOCK: Final = "lock.mdb"
WORKERS: Final = "workers"
#: Files of blocks.
BULK: Final = "blocks"
#: What compact writes before it takes the place of the data.
COMPACTED: Final = "data.mdb.compacted"
_OWN: Final = frozenset({DATA, LOCK, WORKERS, BULK, COMPACTED})

_FOLDER_MODE: Final = 0o700
_PARENT_MODE: Final = 0o755
_OTHERS: Final = 0o077

#: statfs(2): what LMDB's locks and its memory map are not safe on.
_REMOTE: Final = {
    0x6969: "NFS",
    0x517B: "SMB",
    0xFF534D42: "CIFS",
    0xFE534D42: "SMB2",
    0x65735546: "FUSE",
    0x01021997: "9p",
    0x5346414F: "AFS",
    0x00C36400: "Ceph",
    0x73757245: "Coda",
    0x01161970: "GFS2",
    0x7461636F: "OCFS2",
    0x0BD00BD0: "Lustre",
}
#: What mountinfo calls those that LMDB is safe on; others are asked for by statfs(2).
_LOCAL: Final = frozenset({b"ext4", b"ext3", b"xfs", b"tmpfs", b"overlay", b"f2fs"})
#: Kinds of the above that are taken nevertheless, with commas between.
REMOTE_VARIABLE: Final = "GREENFLOW_ALLOW_REMOTE"
#: More than struct statfs has on any Linux.
_STATFS_BYTES: Final = 512


def create(path: str) -> None:
    """Make the folder, and the folders above it, where they are not there yet.

    Raises:
        StoreError: it cannot be made, or holds what is no store's.
    """
    try:
        for parent in reversed(_parents(path)):
            if not os.path.exists(parent):
                _make(parent, _PARENT_MODE)
                sync_folder(os.path.dirname(parent))
        _make(path, _FOLDER_MODE)
        strange = sorted(set(os.listdir(path)) - _OWN)
    except OSError as error:
        raise StoreError(f"store {path} cannot be made: {error}") from error
    if strange and not exists(path):
        raise StoreError(
            f"{path} is no store: it holds {strange[0]!r}",
            hint="name a folder that is not there yet, or is empty",
        )


def require(path: str) -> None:
    """Refuse a folder that has no store in it. Raises StoreError."""
    if not exists(path):
        raise StoreError(
            f"there is no store at {path}",
            hint="see that the path is right, or open it with create=True",
        )


def exists(path: str) -> bool:
    """Return whether there is a store's data at ``path``."""
    return os.path.lexists(os.path.join(path, DATA))


def sync(path: str) -> None:
    """Bring the names of a new store's folder and files to the disk too."""
    for folder in (path, os.path.dirname(path)):
        sync_folder(folder)


def sync_file(path: str) -> None:
    """Bring a file to the disk. Raises OSError."""
    file = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def sync_folder(folder: str) -> None:
    """Bring the names of what is in a folder to the disk. Raises OSError."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def check(path: str) -> None:
    """Refuse a folder that is not safe to keep a store in.

    Raises:
        UnsafeStore: its owner, its mode, a file in it or a folder above it lets
            others write; or it is on another machine's disk.
        StoreError: it cannot be looked at.
    """
    try:
        folder = os.open(
            path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        )
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise UnsafeStore(
                f"{path} is a symbolic link or no folder",
                hint="name the folder itself",
            ) from error
        raise StoreError(f"store {path} cannot be opened: {error}") from error
    try:
        _check_private(path, os.fstat(folder))
        if not _is_local(folder):
            refuse_remote(path, file_system(folder))
        for name in (DATA, LOCK):
            _check_entry(folder, path, name, is_file=True)
        for name in (WORKERS, BULK):
            _check_entry(folder, path, name, is_file=False)
    finally:
        os.close(folder)
    check_parents(f"store {path}", path, UnsafeStore)


def _parents(path: str) -> list[str]:
    """Return the folders above an absolute path, the nearest first."""
    found = []
    while (above := os.path.dirname(path)) != path:
        found.append(above)
        path = above
    return found


def _is_local(folder: int) -> bool:
    """Whether an open file is on one of the usual file systems of this machine.

    The list of what is mounted is read faster than ctypes is loaded. Where it does not
    tell (btrfs has devices of its own), statfs(2) is asked.
    """
    device = os.fstat(folder).st_dev
    mounted = f"{os.major(device)}:{os.minor(device)}".encode()
    try:
        with open("/proc/self/mountinfo", "rb") as file:
            lines = [line.split() for line in file]
    except OSError:
        return False
    kinds = [line[line.index(b"-") + 1] for line in lines if line[2] == mounted]
    return bool(kinds) and _LOCAL.issuperset(kinds)


def file_system(folder: int) -> int:
    """Return the type of the file system of an open file, as statfs(2) tells it."""
    answer = ctypes.create_string_buffer(_STATFS_BYTES)
    if ctypes.CDLL(None, use_errno=True).fstatfs(folder, answer) != 0:
        raise StoreError(f"fstatfs failed: {os.strerror(ctypes.get_errno())}")
    # The type is the first member: a long here, of which only 32 bits are used.
    return int.from_bytes(answer.raw[:4], "little")


def refuse_remote(path: str, kind: int) -> None:
    """Refuse a type of file system on which LMDB is not safe. Raises UnsafeStore.

    Who knows that its locks and its memory map work there can say so by
    $GREENFLOW_ALLOW_REMOTE, for this very kind: a FUSE may be a disk of this machine.
    """
    name = _REMOTE.get(kind)
    if name is not None and name not in os.environ.get(REMOTE_VARIABLE, "").split(","):
        raise UnsafeStore(
            f"store {path} is on {name}, where its locks are not safe",
            hint="keep the store on a disk of this machine; if no other machine uses "
            f"it, and locks and mmap() work there: {REMOTE_VARIABLE}={name}",
        )


def _make(path: str, mode: int) -> None:
    # Another process may make it at the same time.
    try:
        os.mkdir(path, mode)
    except FileExistsError:
        if not os.path.isdir(path):
            raise


def _check_entry(folder: int, path: str, name: str, *, is_file: bool) -> None:
    """Refuse a file or folder of the store that reaches outside, or is not private."""
    place = os.path.join(path, name)
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    if is_file:
        right = stat.S_ISREG(found.st_mode) and found.st_nlink == 1
    else:
        right = stat.S_ISDIR(found.st_mode)
    if not right:
        raise UnsafeStore(
            f"{place} is a link, has a second name, or is of the wrong kind",
            hint="take the store from a copy that cp -r made",
        )
    _check_private(place, found)


def _check_private(place: str, found: os.stat_result) -> None:
    """Refuse what others than this user may use."""
    user = os.geteuid()
    if found.st_uid != user:
        raise UnsafeStore(
            f"{place} belongs to uid {found.st_uid}; this process runs as uid {user}",
            hint="use a store of your own",
        )
    if found.st_mode & _OTHERS:
        raise UnsafeStore(
            f"{place} has mode {stat.S_IMODE(found.st_mode):04o}: others may use it",
            hint=f"if nobody else could have written it: chmod go= {place}",
        )


def check_parents(what: str, path: str, error: type[StoreError]) -> None:
    """Refuse a folder above in which others could put another one in its place.

    Args:
        what: what lies at the path, for the error.
        path: where it lies.
        error: what is raised.
    """
    user = os.geteuid()
    for parent in _parents(os.path.realpath(path)):
        found = os.stat(parent)
        if found.st_uid not in (0, user) or _others_write(found):
            raise error(
                f"{parent}, above {what}, can be written by others: uid "
                f"{found.st_uid}, mode {stat.S_IMODE(found.st_mode):04o}",
                hint="keep it in a folder of your own",
            )


def _others_write(found: os.stat_result) -> bool:
    """Whether somebody but its owner and root can put things into a folder."""
    if found.st_mode & stat.S_ISVTX:
        return False
    if found.st_mode & stat.S_IWOTH:
        return True
    return bool(found.st_mode & stat.S_IWGRP) and not _is_private_group(found.st_gid)


def _is_private_group(group: int) -> bool:
    """Whether this user alone is in the group.

    Where each user has a group of their own, a usual umask is 002, and every folder
    they make can be written by that group.
    """
    user = os.geteuid()
    try:
        members = set(grp.getgrgid(group).gr_mem)
        own = pwd.getpwuid(user).pw_name
    except KeyError:
        return False
    others = any(
        entry.pw_gid == group and entry.pw_uid != user for entry in pwd.getpwall()
    )
    return members <= {own} and not others
