"""Exports, backups and compacted stores that have a key."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from greenflow.errors import BadRecord, BadSignature, WrongKey
from greenflow.store import keyfile, keys
from greenflow.store.keyfile import Source
from greenflow.store.upkeep_copy import backup, compact
from greenflow.store.upkeep_export import export, read_file, write_file
from greenflow.store.upkeep_import import import_flow
from tests.keys.helpers import dump, everything, fill, opened, restore
from tests.upkeep.helpers import add, damage, save

SECRET = os.urandom(400)


@pytest.fixture
def exported(folder: Path, source: Source, encrypt: bool) -> bytes:
    """A file with a flow of a store with a key."""
    with opened(folder / "from", source, encrypt=encrypt) as store:
        save(store, add(store, "one"), state=SECRET)
        store.send("one", "topic", SECRET)
        file = io.BytesIO()
        write_file(export(store, "one", lambda _: ()), file, store.wrap)
    return file.getvalue()


def bring(place: Path, source: Source | None, data: bytes, *, trust: bool = False):
    with opened(place, source) as store:
        ring = None if source is None else source.ring
        flow = read_file(io.BytesIO(data), ring, unsigned=trust)
        import_flow(store, flow)
        assert store.state("one") == SECRET
        assert damage(store) == []


def test_there_and_back(
    folder: Path, source: Source, exported: bytes, encrypt: bool
) -> None:
    assert (SECRET in exported) != encrypt
    bring(folder / "to", source, exported)


def test_every_byte_of_an_export(folder: Path, source: Source, exported: bytes) -> None:
    for at in range(len(exported)):
        changed = bytearray(exported)
        changed[at] ^= 1 << at % 8
        with pytest.raises((BadRecord, WrongKey)):
            read_file(io.BytesIO(bytes(changed)), source.ring)
    for end in range(0, len(exported), 7):
        with pytest.raises((BadRecord, WrongKey)):
            read_file(io.BytesIO(exported[:end]), source.ring)


def test_an_export_with_another_key(
    folder: Path, tmp_path: Path, exported: bytes
) -> None:
    other = keyfile.make(tmp_path / "other")
    with pytest.raises(BadSignature):
        bring(folder / "to", other, exported)
    with pytest.raises(WrongKey, match="--unsigned"):
        bring(folder / "plain", None, exported)


def test_an_export_without_a_key(folder: Path, source: Source) -> None:
    with opened(folder / "from", None) as store:
        save(store, add(store, "one"), state=SECRET)
        file = io.BytesIO()
        write_file(export(store, "one", lambda _: ()), file, store.wrap)
    with pytest.raises(BadSignature, match="not signed"):
        bring(folder / "to", source, file.getvalue())
    bring(folder / "to", source, file.getvalue(), trust=True)
    bring(folder / "plain", None, file.getvalue())


def test_two_exports_are_not_put_together(folder: Path, source: Source) -> None:
    files = []
    for state in (b"first", b"other"):
        with opened(folder / state.decode(), source) as store:
            save(store, add(store, "one"), state=state)
            file = io.BytesIO()
            write_file(export(store, "one", lambda _: ()), file, store.wrap)
            files.append(file.getvalue())
    one, two = files
    assert len(one) == len(two)
    for cut in range(30, len(one), 10):
        with pytest.raises(BadRecord):
            read_file(io.BytesIO(one[:cut] + two[cut:]), source.ring)


def test_a_backup_has_the_same_key(place: Path, source: Source, encrypt: bool) -> None:
    fill(place, source, encrypt=encrypt)
    copy = place.with_name("copy")
    with opened(place, source) as store:
        backup(store, copy)
        wanted = everything(store)
    with pytest.raises(WrongKey):
        bring(copy, None, b"")
    with opened(copy, source) as store:
        assert everything(store) == wanted
        assert damage(store) == []


def test_a_backup_of_what_was_put_back_is_told(place: Path, source: Source) -> None:
    fill(place, source)
    key = next(key for key in dump(place) if key[:1] == keys.SENT)
    restore(place, {key: None})
    with opened(place, source) as store, pytest.raises(BadRecord, match="records"):
        backup(store, place.with_name("copy"))


def test_compact_needs_no_key(place: Path, source: Source, encrypt: bool) -> None:
    fill(place, source, encrypt=encrypt)
    before = dump(place)
    compact(str(place))
    assert dump(place) == before
    with opened(place, source) as store:
        assert damage(store) == []
