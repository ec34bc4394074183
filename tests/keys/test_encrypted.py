"""What an encrypted store shows to who can read it, and what it does not."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from greenflow.failpoints import VARIABLE
from greenflow.store import LmdbStore, keyfile
from greenflow.store.keyfile import Source
from tests.conftest import Child, child_environment
from tests.keys.helpers import HAS_CRYPTOGRAPHY, dump, fill, large, opened
from tests.upkeep.helpers import add, save

SECRET = b"this is nobody's business but mine. "

#: Adds flows until it is killed in a commit, which writes pages that nobody sees.
ADDS = """
import sys
from greenflow.store import LmdbStore, keyfile
from tests.upkeep.helpers import add
store = LmdbStore(sys.argv[1], keys=keyfile.load(sys.argv[2]))
while True:
    add(store, f"{sys.argv[3]}-{store.read(lambda work: work.txn.id())}")
"""


def whole(place: Path) -> bytes:
    files = [place / "data.mdb", *(place / "blocks").iterdir()]
    return b"".join(file.read_bytes() for file in files)


def store_secrets(place: Path, source: Source, *, encrypt: bool) -> None:
    with opened(place, source, encrypt=encrypt) as store:
        save(store, add(store, "one"), state=b"s" + SECRET, value=b"v" + SECRET)
        store.send("one", "topic", b"m" + SECRET)
        store.create(large("two", SECRET * 60_000))


@pytest.mark.parametrize("encrypted", [True, False])
def test_what_is_stored_cannot_be_read(
    place: Path, source: Source, encrypted: bool
) -> None:
    if encrypted:
        pytest.importorskip("cryptography")
    store_secrets(place, source, encrypt=encrypted)
    data = whole(place)
    assert (SECRET in data) != encrypted
    for first in (b"s", b"v", b"m"):
        assert (first + SECRET in data) != encrypted
    # Keys are not encrypted: ids, and what an index is by.
    assert b"one\0" in data
    with opened(place, source) as store:
        assert store.state("one") == b"s" + SECRET
        state = store.state("two")
        assert state.buffers[0].data == SECRET * 60_000


def test_no_nonce_comes_twice(place: Path, source: Source) -> None:
    """Also not where a process was killed after it wrote, and before that counted."""
    pytest.importorskip("cryptography")
    fill(place, source, encrypt=True)
    seen: Counter[bytes] = Counter()
    values: dict[bytes, bytes] = {}
    for number in range(4):
        process = subprocess.run(
            [sys.executable, "-c", ADDS, str(place), source.file, f"run{number}"],
            env=child_environment({VARIABLE: f"before-commit:{3 + number}:kill"}),
            check=False,
        )
        assert process.returncode == -9
        values.update({data: key for key, data in dump(place).items()})
    for data in values:
        seen[data[4:8] + data[16:38]] += 1  # key, salt and count: see wrapping.py
    assert len(seen) == len(values) > 100
    assert len({nonce[4:20] for nonce in seen}) >= 4  # salts


def test_the_same_is_never_stored_as_the_same(place: Path, source: Source) -> None:
    pytest.importorskip("cryptography")
    with opened(place, source, encrypt=True) as store:
        for name in ("one", "two"):
            save(store, add(store, name), state=b"the same", value=b"the same")
    ends = Counter(data[38:] for data in dump(place).values())
    assert set(ends.values()) == {1}


#: Opens two stores where the library is not installed, as far as imports tell.
WITHOUT = """
import sys
sys.modules["cryptography"] = None
from greenflow.errors import ExtraMissing
from greenflow.store import LmdbStore, keyfile
source = keyfile.load(sys.argv[2])
LmdbStore(sys.argv[1] + "-signed", keys=source).close()
try:
    LmdbStore(sys.argv[1], keys=source, encrypt=True)
except ExtraMissing as error:
    assert isinstance(error, ImportError)
    print(error.hint)
"""


def test_without_the_library(
    place: Path, tmp_path: Path, source: Source, child: Child
) -> None:
    script = tmp_path / "without.py"
    script.write_text(WITHOUT)
    hint = "pip install 'greenflow[crypto]'"
    assert child(str(script), str(place), source.file).stdout.strip() == hint
    assert not place.exists()
    if HAS_CRYPTOGRAPHY:  # nor is one opened that is there
        LmdbStore(place, keys=source, encrypt=True).close()
        assert child(str(script), str(place), source.file).stdout.strip() == hint


def test_a_store_says_that_it_is_encrypted(place: Path, source: Source) -> None:
    pytest.importorskip("cryptography")
    LmdbStore(place, keys=source, encrypt=True).close()
    store = LmdbStore(place, keys=source)
    assert store.wrap is not None
    assert store.wrap.encrypts
    store.close()
    assert keyfile.load(source.file).ring.newest.id in dump(place)[b"m"]
