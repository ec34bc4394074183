"""All records are signed anew; killed at any moment, the store has one of the keys."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from greenflow import failpoints
from greenflow.errors import BadRecord, StoreBusy, WrongKey
from greenflow.store import LmdbStore, directory, keyfile
from greenflow.store.keyfile import Source
from greenflow.store.keyring import Keyring
from greenflow.store.rekey import _BATCH, rekey
from tests.conftest import child_environment
from tests.keys.helpers import HAS_CRYPTOGRAPHY, dump, everything, fill, opened, restore
from tests.upkeep.helpers import add, damage

SCRIPT = Path(__file__).with_name("target_rekey.py")
CHANGES = {
    "first key": (False, None, "sign"),
    "next key": (True, False, "sign"),
    **(
        {
            "encrypted": (True, False, "encrypt"),
            "first key, encrypted": (False, None, "encrypt"),
            "next key, encrypted": (True, True, "encrypt"),
            "signed again": (True, True, "sign"),
        }
        if HAS_CRYPTOGRAPHY
        else {}
    ),
}
POINTS = [f"{name}:1" for name in failpoints.COLD]


def alone(source: Source, which: int) -> Source:
    return Source(Keyring(source.ring.keys[which : which + 1]))


def run(place: Path, source: Source, how: str, point: str = "") -> int:
    spec = {failpoints.VARIABLE: f"{point}:kill"} if point else {}
    process = subprocess.run(
        [sys.executable, str(SCRIPT), str(place), source.file, how],
        env=child_environment(spec),
        check=False,
        capture_output=True,
        text=True,
    )
    if process.returncode == 0:
        assert process.stdout.strip() == source.ring.newest.id.hex()
    else:
        assert process.returncode == -signal.SIGKILL, process.stderr
    return process.returncode


@pytest.mark.parametrize("change", CHANGES)
def test_killed_anywhere_and_done_again(
    place: Path, tmp_path: Path, change: str
) -> None:
    keyed, encrypted, how = CHANGES[change]
    old = keyfile.make(tmp_path / "key")
    fill(place, old if keyed else None, encrypt=bool(encrypted))
    with opened(place, old if keyed else None) as store:
        wanted = everything(store)
    both = keyfile.make(tmp_path / "key", add=True) if keyed else old
    before, after = (alone(both, 1) if keyed else None), alone(both, 0)
    for point in POINTS:
        assert run(place, both, how, point) == -signal.SIGKILL
        done = opens(place, after)
        assert done != opens(place, before)
        assert done == (point.partition(":")[0] in ("after-swap", "after-rekey"))
        with opened(place, after if done else before) as store:
            assert damage(store) == []
            assert everything(store) == wanted
        if done:  # what was left over is gone when it is done again
            before = after
            both = keyfile.make(tmp_path / "key", add=True)
            after = alone(both, 0)
    assert run(place, both, how) == 0
    assert opens(place, after)
    assert not opens(place, before)
    with opened(place, after) as store:
        assert store.wrap is not None
        assert store.wrap.encrypts == (how == "encrypt")
        assert damage(store) == []
        assert everything(store) == wanted
        add(store, "another")
    assert directory.COMPACTED not in [each.name for each in place.iterdir()]
    assert len(list((place / "blocks").iterdir())) >= 1


def opens(place: Path, source: Source | None) -> bool:
    try:
        LmdbStore(place, create=False, keys=source).close()
    except WrongKey:
        return False
    return True


def test_every_point_is_reached() -> None:
    assert {point.partition(":")[0] for point in POINTS} == set(failpoints.COLD)


def test_many_records(place: Path, source: Source, encrypt: bool) -> None:
    """More than one transaction copies, and a kill between two of them."""
    with opened(place, None) as store:
        for number in range(_BATCH // 2):
            add(store, f"flow{number}")
        wanted = {each.id for each in store.flows()}
    how = "encrypt" if encrypt else "sign"
    assert run(place, source, how, "in-rekey:2") == -signal.SIGKILL
    assert opens(place, None)
    told: list[tuple[int, int]] = []
    done = rekey(
        str(place), source, encrypt=encrypt, tell=lambda *now: told.append(now)
    )
    assert done.encrypted == encrypt
    assert told[-1][0] == told[-1][1] >= done.records > _BATCH
    assert len(told) > 2
    with opened(place, source) as store:
        assert damage(store) == []
        assert {each.id for each in store.flows()} == wanted


def test_a_store_that_is_open_is_told(place: Path, source: Source) -> None:
    with opened(place, None), pytest.raises(StoreBusy, match="this process"):
        rekey(str(place), source)
    code = (
        "import sys; from greenflow.store import LmdbStore\n"
        "store = LmdbStore(sys.argv[1]); print(); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(place)],
        env=child_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(StoreBusy, match=f"process {other.pid}"):
            rekey(str(place), source)
        other.communicate()
    assert opens(place, None)


def test_a_damaged_store_is_left_as_it_is(
    place: Path, source: Source, tmp_path: Path
) -> None:
    fill(place, source)
    for key, data in list(dump(place).items())[::9]:
        restore(place, {key: data[:-1]})
        stored = dump(place)
        with pytest.raises((BadRecord, WrongKey)):
            rekey(str(place), source)
        assert dump(place) == stored
        restore(place, {key: data})
    rekey(str(place), source)


def test_with_other_keys(place: Path, source: Source, tmp_path: Path) -> None:
    fill(place, source)
    other = keyfile.make(tmp_path / "other")
    with pytest.raises(WrongKey):
        rekey(str(place), other)
    with opened(place, source) as store:
        assert damage(store) == []


def test_the_newest_signs_and_all_verify(
    place: Path, source: Source, encrypt: bool
) -> None:
    fill(place, source, encrypt=encrypt)
    both = keyfile.make(source.file, add=True)
    with opened(place, both) as store:
        add(store, "of the new key".replace(" ", "-"))
        assert damage(store) == []
    newest, oldest = (key.id for key in both.ring.keys)
    signers = {data[4:8] for data in dump(place).values()}
    assert signers == {newest, oldest}
    with opened(place, both) as store:
        assert damage(store) == []
    rekey(str(place), both)
    assert {data[4:8] for data in dump(place).values()} == {newest}
    with opened(place, alone(both, 0)) as store:
        assert damage(store) == []
