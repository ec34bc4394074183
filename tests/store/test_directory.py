"""A folder that others can write is refused, untouched; what is made is private."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenflow.errors import StoreError, UnsafeStore
from greenflow.store import LmdbStore, directory, open_store
from tests.store.helpers import add, take

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
NOBODY = 65534


def symlinked(place: Path) -> None:
    place.rename(place.with_name("real"))
    place.symlink_to(place.with_name("real"))


def linked_file(name: str) -> Callable[[Path], None]:
    def change(place: Path) -> None:
        (place / name).rename(place.parent / "elsewhere")
        (place / name).symlink_to(place.parent / "elsewhere")

    return change


def share_with_a_group(folder: Path) -> None:
    os.chown(folder, -1, NOBODY)  # several users have it
    folder.chmod(0o770)


def replaced_by_folder(place: Path) -> None:
    (place / "lock.mdb").unlink()
    (place / "lock.mdb").mkdir(0o700)


UNSAFE: dict[str, Callable[[Path], object]] = {
    "mode 0770": lambda place: place.chmod(0o770),
    "mode 0755": lambda place: place.chmod(0o755),
    "symbolic link": symlinked,
    "data.mdb is a link": linked_file("data.mdb"),
    "lock.mdb is a link": linked_file("lock.mdb"),
    "data.mdb has two names": lambda place: os.link(
        place / "data.mdb", place.parent / "second"
    ),
    "data.mdb 0644": lambda place: (place / "data.mdb").chmod(0o644),
    "lock.mdb 0620": lambda place: (place / "lock.mdb").chmod(0o620),
    "lock.mdb is a folder": replaced_by_folder,
    "workers 0777": lambda place: (place / "workers").chmod(0o777),
    "parent 0777": lambda place: place.parent.chmod(0o777),
}
FOREIGN: dict[str, Callable[[Path], object]] = {
    "folder of another": lambda place: os.chown(place, NOBODY, NOBODY),
    "data.mdb of another": lambda place: os.chown(place / "data.mdb", NOBODY, -1),
    "workers of another": lambda place: os.chown(place / "workers", NOBODY, -1),
    "parent of another": lambda place: os.chown(place.parent, NOBODY, -1),
    "parent 0770 of a shared group": lambda place: share_with_a_group(place.parent),
}


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Path]:
    """A closed store in a folder of its own."""
    place = tmp_path / "above" / "store"
    store = LmdbStore(place)
    take(store, add(store, "one"))
    store.close()
    yield place
    # Else the test runner cannot remove it.
    place.parent.chmod(0o700)


def look(place: Path) -> list[tuple[str, int, int]]:
    """Return what is there, with sizes and times of change."""
    found = []
    for path in sorted(place.rglob("*")):
        status = path.lstat()
        found.append((str(path), status.st_size, status.st_mtime_ns))
    return found


def check_refused(made: Path, change: Callable[[Path], object]) -> None:
    change(made)
    before = look(made)
    for create in (True, False):
        with pytest.raises(UnsafeStore):
            open_store(made, create=create)
    assert look(made) == before


@pytest.mark.parametrize("change", UNSAFE.values(), ids=UNSAFE)
def test_unsafe_folder_is_refused(made: Path, change: Callable[[Path], object]):
    check_refused(made, change)


@AS_ROOT
@pytest.mark.parametrize("change", FOREIGN.values(), ids=FOREIGN)
def test_folder_of_another_is_refused(made: Path, change: Callable[[Path], object]):
    check_refused(made, change)


def test_untouched_folder_is_accepted(made: Path):
    store = open_store(made)
    assert store.get("one").status == "running"
    store.close()


@pytest.mark.parametrize("change", [0o1777, 0o755, 0o700])
def test_parent_that_others_cannot_replace_the_store_in(made: Path, change: int):
    made.parent.chmod(change)
    open_store(made).close()


@pytest.mark.skipif(
    not directory._is_private_group(os.getegid()), reason="others are in this group"
)
def test_parent_that_only_the_users_own_group_can_write(made: Path):
    os.chown(made.parent, -1, os.getegid())
    made.parent.chmod(0o775)
    open_store(made).close()


def test_made_private_whatever_the_umask(tmp_path: Path):
    before = os.umask(0)
    try:
        place = tmp_path / "a" / "b" / "store"
        store = LmdbStore(place)
        take(store, add(store, "one"))
    finally:
        os.umask(before)
    modes = {
        str(path.relative_to(place)): stat.S_IMODE(path.stat().st_mode)
        for path in place.rglob("*")
    }
    lock = next(name for name in modes if name.startswith("workers/"))
    assert modes == {
        "data.mdb": 0o600,
        "lock.mdb": 0o600,
        "workers": 0o700,
        lock: 0o600,
    }
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o755
    store.close()


def test_folder_that_was_there_and_is_empty(tmp_path: Path):
    place = tmp_path / "store"
    place.mkdir(mode=0o700)
    open_store(place).close()
    assert directory.exists(str(place))


def test_folder_with_other_things_in_it(tmp_path: Path):
    place = tmp_path / "home"
    place.mkdir(mode=0o700)
    (place / "letter.txt").touch()
    with pytest.raises(StoreError, match=r"letter\.txt"):
        open_store(place)
    assert os.listdir(place) == ["letter.txt"]


def test_file_in_the_place_of_the_folder(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError):
        open_store(tmp_path / "file")
    with pytest.raises(StoreError):
        open_store(tmp_path / "file" / "store")


def test_nothing_there(tmp_path: Path):
    with pytest.raises(StoreError, match="no store") as caught:
        open_store(tmp_path / "no", create=False)
    assert not isinstance(caught.value, UnsafeStore)
    (tmp_path / "empty").mkdir(mode=0o700)
    with pytest.raises(StoreError, match="no store"):
        open_store(tmp_path / "empty", create=False)
    assert list(tmp_path.iterdir()) == [tmp_path / "empty"]
    assert list((tmp_path / "empty").iterdir()) == []


def test_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    store = open_store("here")
    assert store.location == str(tmp_path / "here")
    store.close()


def test_type_of_the_file_system_is_read_right():
    proc = os.open("/proc", os.O_RDONLY)
    here = os.open("/", os.O_RDONLY)
    try:
        assert directory.file_system(proc) == 0x9FA0
        assert directory.file_system(here) not in (0, 0x9FA0)
    finally:
        os.close(proc)
        os.close(here)


@pytest.mark.parametrize("kind", [0x6969, 0xFF534D42, 0x65735546, 0x01021997])
def test_disk_of_another_machine_is_refused(kind: int):
    with pytest.raises(UnsafeStore, match="HINT: keep the store on a disk of this"):
        directory.refuse_remote("store", kind)


@pytest.mark.parametrize("kind", [0xEF53, 0x01021994, 0x9123683E, 0x58465342])
def test_disk_of_this_machine_is_not(kind: int):
    directory.refuse_remote("store", kind)


def test_one_kind_of_remote_disk_can_be_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(UnsafeStore, match=f"{directory.REMOTE_VARIABLE}=FUSE"):
        directory.refuse_remote("store", 0x65735546)
    monkeypatch.setenv(directory.REMOTE_VARIABLE, "9p,FUSE")
    directory.refuse_remote("store", 0x65735546)
    with pytest.raises(UnsafeStore, match="NFS"):
        directory.refuse_remote("store", 0x6969)
