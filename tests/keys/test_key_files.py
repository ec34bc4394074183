"""Key files that others can use are refused; what makes one makes it private."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

import greenflow
from greenflow.errors import WrongKey
from greenflow.store import LmdbStore, keyfile
from greenflow.store.keyring import Keyring, key_of, new_key, provided
from tests.keys.helpers import opened

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
NOBODY = 65534


def symlinked(file: Path) -> None:
    file.rename(file.with_name("real"))
    file.symlink_to("real")


UNSAFE: dict[str, tuple[Callable[[Path], object], str]] = {
    "mode 0640": (lambda file: file.chmod(0o640), "mode 0640"),
    "mode 0604": (lambda file: file.chmod(0o604), "mode 0604"),
    "symbolic link": (symlinked, "symbolic link"),
    "two names": (lambda file: os.link(file, f"{file}.2"), "second name"),
    "no file": (lambda file: (file.unlink(), file.mkdir()), "regular file"),
    "a pipe": (lambda file: (file.unlink(), os.mkfifo(file, 0o600)), "regular file"),
    "missing": (lambda file: file.unlink(), "greenflow key new"),
    "folder 0777": (lambda file: file.parent.chmod(0o777), "written by others"),
    "empty": (lambda file: file.write_bytes(b""), "no key in it"),
    "another file": (lambda file: file.write_bytes(b"\xffPEM\n"), "line 1, is no key"),
    "cut": (lambda file: file.write_bytes(file.read_bytes()[:-3]), "is no key"),
    "too large": (lambda file: file.write_bytes(bytes(2 << 20)), "too large"),
}
FOREIGN = {
    "of another": lambda file: os.chown(file, NOBODY, -1),
    "folder of another": lambda file: os.chown(file.parent, NOBODY, -1),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir(0o700)
    return Path(keyfile.make(tmp_path / "keys" / "key").file)


def test_a_new_file_is_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = keyfile.make(tmp_path / "key")
        keyfile.make(tmp_path / "key", add=True)
    finally:
        os.umask(before)
    found = (tmp_path / "key").stat()
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["key"]
    ring = keyfile.load(tmp_path / "key").ring
    assert ring.keys[1] == made.ring.newest
    assert ring.newest.secret.hex() not in repr(ring) + repr(ring.newest)


def test_a_file_that_is_there_is_left_alone(file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(WrongKey, match="there already"):
        keyfile.make(file)
    assert file.read_bytes() == before


@pytest.mark.parametrize("how", UNSAFE)
def test_what_is_not_safe_is_refused(file: Path, how: str) -> None:
    change, told = UNSAFE[how]
    change(file)
    try:
        with pytest.raises(WrongKey, match=told) as caught:
            keyfile.load(file)
        assert caught.value.hint or how == "too large"
    finally:
        file.parent.chmod(0o700)


@AS_ROOT
@pytest.mark.parametrize("how", FOREIGN)
def test_what_belongs_to_another_is_refused(file: Path, how: str) -> None:
    FOREIGN[how](file)
    with pytest.raises(WrongKey, match=str(NOBODY)):
        keyfile.load(file)


def test_read_only_is_safe(file: Path) -> None:
    file.chmod(0o400)
    keyfile.load(file)


def test_a_key_file_inside_the_store(place: Path) -> None:
    with opened(place, None):
        pass
    (place / "sub").mkdir(0o700)
    inside = keyfile.make(place / "sub" / "key")
    with pytest.raises(WrongKey, match="inside the store"):
        LmdbStore(place, keys=inside)


def test_keys_that_a_function_gives() -> None:
    one, two = b"1" * 32, b"2" * 40
    assert provided(lambda: one).newest == key_of(one)
    assert provided(lambda: [two, one]).keys == (key_of(two), key_of(one))
    for given in (b"short", [], [one, one]):
        with pytest.raises(WrongKey):
            provided(lambda given=given: given)
    with pytest.raises(WrongKey):
        Keyring([new_key() for _ in range(257)])
    key = key_of(one)
    assert key.derive(b"sign") != key.derive(b"sum") != key.secret
    assert one.hex() not in key.id.hex()


def test_open_takes_one_of_them(file: Path, place: Path) -> None:
    with pytest.raises(ValueError, match="not of both"):
        greenflow.open(place, key=file, keys=lambda: b"1" * 32)
    store = greenflow.open(place, key=file)
    assert greenflow.open(place) is store
    store.close()
    with pytest.raises(WrongKey):
        greenflow.open(place)


def test_the_environment_names_a_file(
    file: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(keyfile.FILE_VARIABLE, str(file))
    LmdbStore(place).close()
    monkeypatch.delenv(keyfile.FILE_VARIABLE)
    with pytest.raises(WrongKey):
        LmdbStore(place)


def test_an_encrypted_store_needs_a_key(place: Path, file: Path) -> None:
    with pytest.raises(WrongKey, match="needs a key"):
        LmdbStore(place, encrypt=True)


def test_a_signed_store_is_not_taken_for_an_encrypted_one(
    place: Path, file: Path
) -> None:
    pytest.importorskip("cryptography")
    LmdbStore(place, keys=keyfile.load(file)).close()
    with pytest.raises(WrongKey, match="--encrypt"):
        LmdbStore(place, keys=keyfile.load(file), encrypt=True)


def test_an_open_store_is_not_opened_with_another_key(file: Path, tmp_path: Path):
    other = keyfile.make(tmp_path / "other").file
    secret = keyfile.load(file).ring.newest.secret
    place = tmp_path / "store"
    store = greenflow.open(place, key=file)
    assert greenflow.open(place) is store
    assert greenflow.open(place, key=file) is store
    assert greenflow.open(place, keys=lambda: secret) is store
    with pytest.raises(WrongKey, match=r"is open in this process with <Keyring \w+>"):
        greenflow.open(place, key=other)
    with pytest.raises(WrongKey, match="is not encrypted"):
        greenflow.open(place, encrypt=True)
    store.close()
    plain = greenflow.open(tmp_path / "plain")
    with pytest.raises(WrongKey, match="with no key, and not with"):
        greenflow.open(tmp_path / "plain", key=file)
    plain.close()
